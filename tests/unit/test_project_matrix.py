"""matrix.toml: its values, and errors with file, key and fix."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from harness.errors import HarnessError, Problems, UsageError
from harness.model import Preparation
from harness.project.matrix_file import read_matrix, read_matrix_noting

PROJECT = Path(__file__).parents[2]
GOOD = """
imports = ["demo"]
default-tier = "small"

[variables]
ALL = "1"

[provides]
demo-cpu = "demo"

[families.demo]
package = "demo"
versions = ">=1,<3"
pythons = { "3.11" = "<2", "3.12" = ">=2" }
exclude-newer = "7 days after release"
requirements = ["demo=={version}", "other=={minor}.*"]
variables = { OWN = "2" }

[tiers.small]
environments = ["demo1*"]

[tiers.full]
environments = ["*"]

[[exclude]]
environments = ["demo1"]
scenarios = ["slow_*"]
reason = "takes a day"
"""


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "matrix.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_matrix(path)

    return read


def complaints(read, text):
    with pytest.raises(UsageError) as caught:
        read(text)
    assert "matrix.toml" in str(caught.value)
    return str(caught.value)


def test_own_matrix_of_the_project_is_valid():
    matrix = read_matrix(PROJECT / "matrix.toml")
    assert {family.name for family in matrix.families} >= {"tf", "keras", "legacy", "today"}
    assert matrix.default_tier in {tier.name for tier in matrix.tiers}
    keras = matrix.family("keras")
    origin = keras.origin_of(
        Version("3.4.1"), as_of=dt.datetime(2024, 8, 1, tzinfo=dt.timezone.utc), platform=matrix.platform
    )
    assert origin.environment == "keras3.4.1"
    assert origin.base == "keras-base"
    assert "keras==3.4.1" in origin.requirements


def test_values_are_what_was_written(read):
    matrix = read(GOOD)
    family = matrix.family("demo")
    assert (family.id, family.title, family.pick) == ("demo{version}", "demo", "every")
    assert family.variables == (("ALL", "1"), ("OWN", "2"))
    assert family.imports == ("demo",)
    assert family.days_after_release == 7
    assert family.python_for(Version("1.5")) == "3.11"
    assert family.python_for(Version("2.0")) == "3.12"
    assert matrix.tiers_of("demo1.5") == {"small", "full"}
    assert matrix.tiers_of("demo2") == {"full"}
    assert matrix.exclusions[0].covers(scenario="slow_load", environment="demo1")
    assert not matrix.exclusions[0].covers(scenario="load", environment="demo1")


def test_templates_are_filled_for_a_version(read):
    family = read(GOOD).family("demo")
    origin = family.origin_of(Version("2.1.3"), as_of=dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), platform="p")
    assert origin.requirements == ("demo==2.1.3", "other==2.1.*")
    assert (origin.environment, origin.python) == ("demo2.1.3", "3.12")


def test_package_dirs_must_be_inside_the_package(tmp_path):
    path = tmp_path / "matrix.toml"
    path.write_text(f'{GOOD}\n[package-dir.demo]\n_part = "api/_part"\n')
    assert read_matrix(path).package_dirs == (("demo", (("_part", "api/_part"),)),)
    for wrong in ("../part", "/part", "api/../../part", "", "api//part", ".git"):
        path.write_text(f'{GOOD}\n[package-dir.demo]\n_part = "{wrong}"\n')
        assert "matrix.toml: package-dir.demo._part: " in complaints(read_matrix, path)
        path.write_text(f'{GOOD}\n[package-dir.demo]\n"{wrong}" = "api"\n')
        assert "must be folders inside the package" in complaints(read_matrix, path)


def test_prepare_scripts_must_be_files_of_the_project(tmp_path):
    (tmp_path / "prepare").mkdir()
    script = tmp_path / "prepare" / "demo.py"
    script.write_text("")
    path = tmp_path / "matrix.toml"
    path.write_text(f'{GOOD}\n[prepare.demo]\nscript = "prepare/demo.py"\nwhere = {{ OLD = "1" }}\n')
    assert read_matrix(path).prepare == (Preparation(module="demo", script=script, where=(("OLD", "1"),)),)
    path.write_text(f'{GOOD}\n[prepare.demo]\nscript = "prepare/other.py"\nwhen = 1\n')
    complaint = complaints(read_matrix, path)
    assert "matrix.toml: prepare.demo.script: there is no file 'prepare/other.py'" in complaint
    assert "matrix.toml: prepare.demo.when: unknown key" in complaint
    path.write_text(f"{GOOD}\n[prepare.demo]\n")
    assert complaints(read_matrix, path).count("prepare.demo.script") == 1
    path.write_text(f'{GOOD}\n[prepare]\ndemo = "prepare/demo.py"\n')
    assert "Write [prepare.demo]" in complaints(read_matrix, path)


def test_version_without_a_python_is_reported(read):
    family = read(GOOD.replace('"3.12" = ">=2"', '"3.12" = ">=9"')).family("demo")
    with pytest.raises(UsageError, match=r"families.demo.pythons: no Python for demo 2.1") as caught:
        family.origin_of(Version("2.1"), as_of=dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), platform="p")
    assert '"3.12" = "==2.1"' in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "chosen"),
    [
        pytest.param("", ["1.0", "1.1", "2.0", "2.0.1"], id="every one"),
        pytest.param('pick = "last of each minor"', ["1.0", "1.1", "2.0.1"], id="last of each minor"),
        pytest.param('pick = "last of each minor"\nalso = ["2.0"]', ["1.0", "1.1", "2.0", "2.0.1"], id="and another one"),
        pytest.param('also = ["3.0"]', ["1.0", "1.1", "2.0", "2.0.1", "3.0"], id="one out of range"),
        pytest.param('also = ["7.0"]', ["1.0", "1.1", "2.0", "2.0.1"], id="one that was never released"),
    ],
)  # fmt: skip
def test_versions_are_selected_ascending(read, lines, chosen):
    family = read(GOOD.replace('versions = ">=1,<3"', f'versions = ">=1,<3"\n{lines}')).family("demo")
    available = [Version(each) for each in ("2.0.1", "3.0", "1.1", "2.0", "1.0", "0.9")]
    assert [str(each) for each in family.choose(available)] == chosen


def test_only_listed_versions_are_selected(read):
    family = read(GOOD.replace('">=1,<3"', '["2.0", "1.0", "4.0"]')).family("demo")
    available = [Version(each) for each in ("1.0", "1.1", "2.0")]
    assert [str(each) for each in family.choose(available)] == ["1.0", "2.0"]


def changed(old, new):
    assert old in GOOD
    return GOOD.replace(old, new)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("import = []\n" + GOOD, ["matrix.toml: import: unknown key", "Did you mean imports"], id="unknown key"),
        pytest.param(changed('package = "demo"', 'pakage = "demo"'),
                     ["families.demo.package: missing", "families.demo.pakage: unknown key", "Did you mean package"],
                     id="misspelt key"),
        pytest.param(changed('package = "demo"', "package = 3"), ["families.demo.package: 3 is not a string", "Write a string"],
                     id="number for a string"),
        pytest.param(changed('"7 days after release"', '"last tuesday"'),
                     ["families.demo.exclude-newer: invalid date 'last tuesday'", '"28 days after release" or "today"'], id="no date"),
        pytest.param(changed('">=1,<3"', '"about 3"'), ["families.demo.versions: invalid value 'about 3'"], id="no specifier"),
        pytest.param(changed('">=1,<3"', '["1.0", "one"]'), ["families.demo.versions: invalid value 'one'"], id="no version"),
        pytest.param(changed('">=1,<3"', "3"), ["families.demo.versions: 3 is not a specifier"], id="number for versions"),
        pytest.param(changed('{ "3.11" = "<2", "3.12" = ">=2" }', "{}"), ["families.demo.pythons: missing", '"3.11" = ">=2"'],
                     id="no pythons"),
        pytest.param(changed('"3.11" = "<2"', '"py311" = "<2"'), ["families.demo.pythons.py311: 'py311' is not a Python version"],
                     id="no Python"),
        pytest.param(changed('"3.11" = "<2"', '"3.11" = "old"'), ["families.demo.pythons.3.11: invalid value 'old'"],
                     id="python for no specifier"),
        pytest.param(changed("{minor}", "{major}"), ["families.demo.requirements", "has an unknown field", "{version}, {minor}"],
                     id="unknown field"),
        pytest.param(changed("{minor}", "{"), ["families.demo.requirements", "has an unknown field"], id="open brace"),
        pytest.param(changed('"demo=={version}"', '"demo = {version}"'), ["families.demo.requirements", "invalid value"],
                     id="no requirement"),
        pytest.param(changed('["demo=={version}", "other=={minor}.*"]', '"demo"'),
                     ["families.demo.requirements: 'demo' is not a list of strings"], id="string for a list"),
        pytest.param(changed('"demo=={version}"', "3"), ["families.demo.requirements", "is not a list of strings"],
                     id="number in a list"),
        pytest.param(changed('package = "demo"', 'package = "demo"\nid = "demo"'),
                     ["families.demo.id: 'demo' must contain {version} once"], id="id without a version"),
        pytest.param(changed('package = "demo"', 'package = "demo"\nid = "{name}{version}"'), ["families.demo.id", "{version}"],
                     id="id with another field"),
        pytest.param(changed('package = "demo"', 'package = "demo"\nid = "{version}{"'), ["families.demo.id", "{version}"],
                     id="id with an open brace"),
        pytest.param(changed('package = "demo"', 'package = "demo"\nid = "my demo, {version}"'), ["families.demo.id"],
                     id="id that cannot be typed"),
        pytest.param(changed('package = "demo"', 'package = "demo"\npick = "some"'),
                     ["families.demo.pick: invalid value 'some'", "every, last of each minor, last of each week"], id="unknown pick"),
        pytest.param(changed('OWN = "2"', "OWN = 2"), ["families.demo.variables.OWN: 2 is not a string", 'OWN = "2"'],
                     id="number for a variable"),
        pytest.param(changed("[tiers.small]", '[built-from]\ndemo = "../version.py"\n[tiers.small]'), ["built-from.demo: '../version.py' is no path in a wheel"],
                     id="path outside a wheel"),
        pytest.param(changed('"small"', '"smal"'), ["matrix.toml: default-tier: there is no tier 'smal'"], id="unknown tier"),
        pytest.param(changed('environments = ["*"]', ""), ["tiers.full.environments: missing"], id="empty tier"),
        pytest.param(changed('reason = "takes a day"', ""), ["exclude[1].reason: missing", "Write why"], id="no reason"),
        pytest.param(changed('environments = ["demo1"]\nscenarios = ["slow_*"]', ""), ["exclude[1]", "excludes all cells"],
                     id="excludes everything"),
        pytest.param(changed("[[exclude]]", "[exclude]"), ["matrix.toml: exclude", "is not an array of tables"], id="one bracket"),
        pytest.param("families = 3\n" + GOOD.split("[families", maxsplit=1)[0], ["matrix.toml: families: 3 is not a table"], id="no table"),
        pytest.param(changed("[families.demo]", "[families]\nx = 1\n[families.demo]"), ["families.x: 1 is not a table"],
                     id="family that is no table"),
        pytest.param(changed("[tiers.small]", "[families.demo.base]\n[tiers.small]").replace("requirements", "requirement", 1),
                     ["families.demo.requirement: unknown key", "families.demo.base.exclude-newer: missing"], id="base without a date"),
        pytest.param(changed("[tiers.small]", '[families.more]\npackage = "more"\nid = "demo{version}"\n'
                             'pythons = { "3.11" = ">=1" }\n[tiers.small]'),
                     ["families.more.id", "'demo{version}'", "families.demo"], id="id that two families have"),
        pytest.param("a = [", ["matrix.toml: invalid TOML"], id="no TOML"),
        pytest.param("a = " + "1" * 5000, ["matrix.toml: invalid TOML"], id="number without end"),
        pytest.param("a = " + "[" * 5000, ["matrix.toml: invalid TOML"], id="too deep"),
        pytest.param(b"a = '\xff'", ["matrix.toml: cannot be read", "UTF-8"], id="no UTF-8"),
    ],
)  # fmt: skip
def test_error_has_file_key_and_fix(read, text, said):
    message = complaints(read, text)
    for part in said:
        assert part in message


def test_all_errors_are_reported_at_once(read):
    text = changed('package = "demo"', "package = 3").replace('">=1,<3"', '"x"').replace('"small"', '"none"')
    message = complaints(read, text.replace('reason = "takes a day"', "resaon = 1"))
    assert message.startswith("matrix.toml cannot be used: ")
    places = [
        "families.demo.package",
        "families.demo.versions",
        "default-tier",
        "exclude[1].reason",
        "exclude[1].resaon",
    ]
    for place in places:
        assert message.count(f"{place}: ") == 1, place
    assert message.count("  * ") == int(message.split(": ")[1].split()[0])


RENAMED = [
    pytest.param('passed = ["A"]', 'pass-env = ["A"]', "passed", "pass-env", id="passed"),
    pytest.param("[most]\ntimeout = 5", "[limits]\ntimeout = 5", "most", "limits", id="most"),
    pytest.param('[built.demo]\na = "b"', '[package-dir.demo]\na = "b"', "built", "package-dir", id="built"),
]


def _joined(text):
    return f"{GOOD}\n{text}" if text.startswith("[") else f"{text}\n{GOOD}"


@pytest.mark.parametrize(("old", "new", "old_key", "new_key"), RENAMED)
def test_renamed_key_is_read_and_reported_with_its_new_name(tmp_path, old, new, old_key, new_key):
    path = tmp_path / "matrix.toml"
    problems = Problems()
    path.write_text(_joined(old))
    before = read_matrix_noting(path, problems)
    assert list(problems) == []
    assert problems.deprecations == [
        f"matrix.toml: {old_key}: deprecated: {old_key} was renamed to {new_key}. Rename it: {old_key} will be removed."
    ]
    path.write_text(_joined(new))
    assert read_matrix(path) == before


def test_renamed_date_of_families_and_bases_is_read_and_reported(tmp_path):
    path = tmp_path / "matrix.toml"
    text = GOOD.replace("[tiers.small]", "[families.demo.base]\nexclude-newer = 2024-01-01\n\n[tiers.small]")
    path.write_text(text)
    expected = read_matrix(path)
    path.write_text(text.replace("exclude-newer", "as-of"))
    problems = Problems()
    assert read_matrix_noting(path, problems) == expected
    assert [each.partition(": deprecated")[0] for each in problems.deprecations] == [
        "matrix.toml: families.demo.as-of",
        "matrix.toml: families.demo.base.as-of",
    ]


def test_old_and_new_name_of_a_key_together_are_an_error(read):
    message = complaints(read, f'passed = ["A"]\npass-env = ["A"]\n{GOOD}')
    assert "matrix.toml: passed: passed is the old name of pass-env, and both are present. Delete passed." in message


def test_missing_file_is_reported_with_next_step(tmp_path):
    with pytest.raises(UsageError, match="--project DIR"):
        read_matrix(tmp_path / "matrix.toml")


def test_folder_instead_of_the_file_is_an_error(tmp_path):
    (tmp_path / "matrix.toml").mkdir()
    with pytest.raises(UsageError, match=r"matrix\.toml: cannot be read"):
        read_matrix(tmp_path / "matrix.toml")


def test_byte_order_mark_and_windows_line_ends_are_accepted(read):
    assert read(("\ufeff" + GOOD).replace("\n", "\r\n").encode()) == read(GOOD)


keys = st.sampled_from(
    ["imports", "families", "tiers", "exclude", "demo", "package", "versions", "pythons", "as-of", "exclude-newer", "id", "base", "variables",
     "requirements", "default-tier", "environments", "reason", "show", "provides", "pick", "also", "platform", "title"]
)  # fmt: skip
scalars = st.one_of(
    st.text(max_size=6),
    st.integers(-3, 3),
    st.booleans(),
    st.sampled_from(["{version}", "{", ">=1", "1.0", "demo", "3.11"]),
)
documents = st.recursive(
    st.dictionaries(keys, scalars | st.lists(scalars, max_size=2), max_size=4),
    lambda inner: st.dictionaries(keys, inner | scalars | st.lists(inner, max_size=2), max_size=4),
    max_leaves=12,
)


def toml(value):
    """Write a value inline."""
    import json

    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value).replace("\x7f", "\\u007f")


@given(documents)
def test_any_document_is_a_matrix_or_a_usage_error(tmp_path, document):
    path = tmp_path / "matrix.toml"
    path.write_text("".join(f"{key} = {toml(value)}\n" for key, value in document.items()), encoding="utf-8")
    try:
        matrix = read_matrix(path)
    except HarnessError as error:
        assert "matrix.toml" in str(error)
    else:
        assert all(family.package for family in matrix.families)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_matrix_or_a_usage_error(tmp_path, data):
    path = tmp_path / "matrix.toml"
    path.write_bytes(data)
    try:
        assert read_matrix(path).families == ()
    except HarnessError as error:
        assert "matrix.toml" in str(error)
