"""Parsing of scripts: header, title, markers, parameters, and the errors of invalid ones."""

import contextlib
import datetime as dt
import io
import re
import tokenize
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.errors import Problems
from harness.project.script import find_marks, parameter_defaults, read_scenario

PROJECT = Path(__file__).parents[2]
HEADER = """\
# /// script
# requires-python = ">=3.8"
# dependencies = ["demo>=1"]
#
# [tool.harness]
# issue = "https://example.org/1"
# timeout = 7
# memory = 100
# variables = ["TOKEN"]
#
# [tool.harness.parameters]
# shape = ["tuple", "list"]
# size = [1, 2]
#
# [[tool.harness.label]]
# stage = "load"
# error = "ValueError: .*"
# label = "fixed in 2.0"
# note = "because"
# link = "https://example.org/2"
# environments = "demo1*, !demo1.1"
# ///
"""
BODY = '''\
"""Loads what it saved.

More of it.
"""

# %% tags=["parameters"]
shape = "tuple"
size: int = 1
size = 2

# %% load
import demo
'''


@pytest.fixture
def read(tmp_path):
    """Return the scenario of a text, and the problems."""

    def read(text, name="scenario.py"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        problems = Problems()
        return read_scenario(path, subject="subject", problems=problems), list(problems)

    return read


def changed(old, new):
    assert old in HEADER + BODY
    return (HEADER + BODY).replace(old, new)


def marks(scenario):
    return [(mark.line, mark.stage) for mark in scenario.script.marks]


def test_values_are_what_was_written(read):
    scenario, problems = read(HEADER + BODY)
    header = scenario.header
    assert problems == []
    assert (scenario.name, scenario.title, scenario.subject) == ("scenario", "Loads what it saved.", "subject")
    assert (header.timeout_s, header.memory_mib, header.variables) == (7, 100, ("TOKEN",))
    assert header.parameters == (("shape", ("tuple", "list")), ("size", (1, 2)))
    assert [str(case) for case in scenario.cases()] == [
        "scenario[shape=tuple,size=1]", "scenario[shape=tuple,size=2]",
        "scenario[shape=list,size=1]", "scenario[shape=list,size=2]",
    ]  # fmt: skip
    assert [(label.stage, label.label, label.environments) for label in header.labels] == [
        ("load", "fixed in 2.0", ("demo1*", "!demo1.1"))
    ]
    assert marks(scenario) == [(28, "parameters"), (33, "load")]
    assert parameter_defaults(scenario.script.text).values == {"shape": "tuple", "size": 2}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="windows line ends"),
        pytest.param(lambda text: "\ufeff" + text, id="byte order mark"),
        pytest.param(lambda text: "\ufeff" + text.replace("\n", "\r\n"), id="both"),
    ],
)
def test_line_ends_and_byte_order_mark_change_nothing(read, change):
    plain, _ = read(HEADER + BODY)
    scenario, problems = read(change(HEADER + BODY))
    assert problems == []
    assert scenario == plain


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "euc_jp"])
def test_declared_encoding_is_read_and_becomes_utf_8(read, encoding):
    text = f"#!/usr/bin/python\n# -*- coding: {encoding} -*-\nprint('日本')\n"
    text = text if encoding == "euc_jp" else text.replace("日本", "Größe")
    scenario, problems = read(text.encode(encoding))
    assert problems == []
    assert scenario.script.text == text.replace(encoding, "utf-8")


def test_script_needs_no_header_or_markers(read):
    scenario, problems = read("print(1)\n", name="my report (2).py")
    assert problems == []
    assert (scenario.name, scenario.title) == ("my_report_2_", "my report (2)")
    assert marks(scenario) == []
    assert [str(case) for case in scenario.cases()] == ["my_report_2_"]


def test_file_with_invalid_python_is_a_scenario(read):
    scenario, problems = read("# %% define\nthis is no Python\n'''\n# %% never\n")
    assert problems == []
    assert marks(scenario)[0] == (1, "define")


def test_factor_of_durations_is_read_and_does_not_change_the_digest(read):
    timed, problems = read(changed("timeout = 7", 'timeout = 7\n# watch = "time"\n# factor = 5'))
    assert not problems
    assert (timed.header.watch, timed.header.factor) == ("time", 5.0)
    assert timed.digest == read(HEADER + BODY)[0].digest


def test_date_of_a_label_is_read_and_does_not_change_the_digest(read):
    dated, problems = read(changed('label = "fixed in 2.0"', 'label = "fixed in 2.0"\n# expires = 2027-03-31'))
    plain, _ = read(HEADER + BODY)
    assert not problems
    assert [label.expires for label in dated.header.labels] == [dt.date(2027, 3, 31)]
    assert [label.expires for label in plain.header.labels] == [None]
    assert dated.digest == plain.digest


def test_label_names_cases_and_does_not_change_the_digest(read):
    plain, _ = read(HEADER + BODY)
    read_one, problems = read(changed('label = "fixed in 2.0"', 'label = "fixed in 2.0"\n# cases = "*[a=1*, *b=2]"'))
    assert not problems
    assert [label.cases for label in read_one.header.labels] == [("*[a=1*", "*b=2]")]
    assert read_one.digest == plain.digest


def test_date_of_a_label_that_is_no_date_is_a_problem(read):
    _, problems = read(changed('label = "fixed in 2.0"', 'label = "fixed in 2.0"\n# expires = "next year"'))
    assert "expires: 'next year' is not a date such as 2027-03-31, without quotes" in str(list(problems))


def test_labels_and_descriptions_do_not_change_the_digest(read):
    scenario, _ = read(HEADER + BODY)
    for old, new in [("because", "why"), ("fixed in 2.0", "bug"), ("example.org/1", "example.org/9")]:
        assert read(changed(old, new))[0].script.digest == scenario.script.digest
    assert read(changed("timeout = 7", "timeout = 8"))[0].script.digest == scenario.script.digest, "attempts record it"
    for old, new in [
        (">=3.8", ">=3.9"),
        ("demo>=1", "demo>=2"),
        ("import demo", "import os"),
    ]:
        assert read(changed(old, new))[0].script.digest != scenario.script.digest


def test_deprecated_key_of_labels_is_read_and_keeps_the_digest(read, tmp_path):
    old, problems = read(changed("[[tool.harness.label]]", "[[tool.harness.known]]"))
    new, _ = read(HEADER + BODY)
    assert problems == []
    assert old.header.labels == new.header.labels
    assert old.script.digest == new.script.digest


def test_deprecated_key_of_labels_is_reported_with_its_new_name(tmp_path):
    path = tmp_path / "scenario.py"
    path.write_text(changed("[[tool.harness.label]]", "[[tool.harness.known]]"))
    problems = Problems()
    read_scenario(path, subject="subject", problems=problems)
    [deprecation] = problems.deprecations
    assert deprecation == (
        f"{path}: tool.harness.known: deprecated: known was renamed to label. Rename it: known will be removed."
    )


def test_additional_parameter_values_do_not_change_the_digest(read):
    assert read(changed("[1, 2]", "[1, 2, 3]"))[0].script.digest == read(HEADER + BODY)[0].script.digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(changed("[tool.harness]", "[tool.harness"), ["scenario.py", "'# /// script' block is malformed", "line 4"],
                     id="no TOML"),
        pytest.param(HEADER + BODY + HEADER, ["there are 2 blocks"], id="block twice"),
        pytest.param(changed("# ///\n", "\n"), ["'# /// script' block", "line 1", "has no end"], id="block without end"),
        pytest.param(changed("#\n# [tool.harness]", "\n# [tool.harness]"), ["line 1", "has no end"], id="blank line in the block"),
        pytest.param(changed("# /// script", "# /// scripts"), ["line ", "[tool.harness] is not inside a '# /// script' block"],
                     id="misspelt beginning"),
        pytest.param("# /// script\n# [tool.harnes]\n# timeout = 7\n# ///\n", ["tool.harnes", "Did you mean harness"], id="misspelt table"),
        pytest.param(changed("timeout = 7", "timout = 7"), ["scenario.py: tool.harness.timout: unknown key", "Did you mean timeout"],
                     id="misspelt key"),
        pytest.param(changed("requires-python", "require-python"), ["script.require-python: unknown key", "requires-python"],
                     id="misspelt key of the block"),
        pytest.param(changed("timeout = 7", "timeout = 0"), ["tool.harness.timeout: 0 is not a number above 0"], id="no time"),
        pytest.param(changed("timeout = 7", "factor = 1"), ["tool.harness.factor: 1 is not a number above 1"], id="factor"),
        pytest.param(changed("timeout = 7", 'factor = "5"'), ["tool.harness.factor: '5' is not a number"], id="factor as text"),
        pytest.param(changed("timeout = 7", "timeout = true"), ["tool.harness.timeout: True is not a number"], id="boolean time"),
        pytest.param(changed("timeout = 7", "timeout = nan"), ["tool.harness.timeout: nan is not a number"], id="nan"),
        pytest.param(changed("timeout = 7", "timeout = inf"), ["tool.harness.timeout: inf is not a number"], id="endless"),
        pytest.param(changed("timeout = 7", "timeout = 1e300"), ["tool.harness.timeout: 1e+300 is not a number"], id="as good as endless"),
        pytest.param(changed("memory = 100", 'memory = "1G"'), ["tool.harness.memory: '1G' is not a number"], id="memory in words"),
        pytest.param(changed(">=3.8", "3.8 or so"), ["script.requires-python: invalid value '3.8 or so'"], id="no specifier"),
        pytest.param(changed('"demo>=1"', '"demo >> 1"'), ["script.dependencies: invalid value 'demo >> 1'"], id="no requirement"),
        pytest.param(changed('["demo>=1"]', '"demo"'), ["script.dependencies: 'demo' is not a list of strings"], id="no list"),
        pytest.param("# /// script\n# [tool]\n# harness = 3\n# ///\n", ["tool.harness: 3 is not a table"], id="harness is no table"),
        pytest.param("# /// script\n# tool = 3\n# ///\n", ["script.tool: 3 is not a table"], id="tool is no table"),
        pytest.param(changed('["tuple", "list"]', '"tuple"'), ["parameters.shape: 'tuple' is not a list of values"], id="one value"),
        pytest.param(changed('["tuple", "list"]', "[]"), ["parameters.shape: [] is not a list of values"], id="no values"),
        pytest.param(changed('["tuple", "list"]', '["list", "list"]'), ["parameters.shape", "names a value twice"], id="value twice"),
        pytest.param(changed("[1, 2]", "[1, true]"), ["parameters.size", "names a value twice"], id="equal values"),
        pytest.param(changed("[1, 2]", "[1, 1.0]"), ["parameters.size", "names a value twice"], id="equal numbers"),
        pytest.param(changed("[1, 2]", "[nan]"), ["parameters.size", "nan"], id="nan as a value"),
        pytest.param(changed('["tuple", "list"]', "[[1]]"), ["parameters.shape", "string, a number or a boolean"], id="list of lists"),
        pytest.param(changed("# shape =", '# "my shape" ='), ["parameters.my shape: 'my shape' cannot be a variable"], id="no name"),
        pytest.param(changed("# shape =", "# form ="), ["parameters.form: the parameters cell does not set 'form'", "It sets shape, size"],
                     id="parameter that is not set"),
        pytest.param(changed('# %% tags=["parameters"]\n', ""), ["no parameters cell for shape, size", '# %% tags=["parameters"]'],
                     id="no parameters cell"),
        pytest.param(changed("ValueError: .*", "ValueError: ("), ["label[1].error", "invalid value", "missing )"], id="bad regex"),
        pytest.param(changed("fixed in 2.0", "broken"), ["label[1].label: 'broken' is not a label", "bug, removed"], id="no label"),
        pytest.param(changed('# note = "because"\n', ""), ["label[1].note: missing"], id="no note"),
        pytest.param(changed('# error = "ValueError: .*"\n', ""), ["label[1].error: missing"], id="label of everything"),
        pytest.param(changed("[[tool.harness.label]]", "[tool.harness.label]"), ["tool.harness.label", "not an array of tables"],
                     id="one bracket"),
        pytest.param(b"\xff\xfe", ["scenario.py: cannot be read", "UTF-16, not UTF-8"], id="no UTF-8"),
    ],
)  # fmt: skip
def test_error_has_file_key_and_fix(read, text, said):
    message = "\n".join(read(text)[1])
    assert "scenario.py: " in message
    for part in said:
        assert part in message


def test_all_errors_are_reported_at_once(read):
    text = changed("timeout = 7", "timeout = 0").replace("fixed in 2.0", "broken").replace("# shape =", "# form =")
    _, problems = read(text.replace(">=3.8", "old"))
    assert len(problems) == 4


def test_missing_file_is_a_problem(tmp_path):
    problems = Problems()
    assert read_scenario(tmp_path / "none.py", subject="", problems=problems) is None
    assert list(problems) == [f"{tmp_path / 'none.py'}: there is no such file."]


@pytest.mark.parametrize(
    ("text", "stages"),
    [
        pytest.param("# %% define\n", [(1, "define")], id="name"),
        pytest.param("#%% define\n", [(1, "define")], id="no blank"),
        pytest.param("# %%\n", [(1, "cell")], id="no name"),
        pytest.param("# %% two words \n", [(1, "two words")], id="words"),
        pytest.param("# %%% sub\n", [(1, "sub")], id="three signs"),
        pytest.param("# %% [markdown] text\n", [(1, "text")], id="cell type"),
        pytest.param('# %% load tags=["slow"]\n', [(1, "load")], id="other tags"),
        pytest.param("# %% load key=3\n", [(1, "load")], id="metadata"),
        pytest.param("if True:\n    # %% inner\n    pass\n", [], id="indented"),
        pytest.param("x = 1  # %% trailing\n", [], id="behind a statement"),
        pytest.param('"""\n# %% text\n"""\n# %% real\n', [(4, "real")], id="inside a string"),
        pytest.param("# 100 %% sure\n", [], id="a comment"),
        pytest.param(
            "# %% a\nx = (\n# %% inside\n)\n# %% b\n", [(1, "a"), (3, "inside"), (5, "b")], id="inside brackets"
        ),
    ],
)
def test_markers_are_comments_at_the_margin(text, stages):
    assert [(mark.line, mark.stage) for mark in find_marks(text)[0]] == stages


PIECES = [
    '"""', "'''", '"', "'", "\\", "\\\n", "#", "\n", "\n# %% mark\n", "# %% mark", "x = 1\n", 'r"', 'f"{', "}", "(", ")",
    "x", " + ", '"""said\nmore\n"""\n',
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example('x = """a""" + """\n# %% inside\n"""\n')
@example("x = \"'''\"; y = '''\n# %% inside\n'''\n")
@example('"""a\n"""\nx = "\\\n# %% inside\n"\n')
@example('"""a\n# %% inside\n"""\n# %% outside\n')
def test_fast_and_tokenizing_marker_search_agree(text):
    shown = []
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT and token.start[1] == 0 and re.match(r"#\s*%%", token.string):
                shown.append(token.start[0])
    assert [mark.line for mark in find_marks(text)[0]] == shown


@pytest.mark.parametrize(
    "marker",
    ['# %% tags=["parameters"]', "# %% tags=['parameters']", '# %% name tags=["a", "parameters"]', '# %% [code] tags=["parameters"]'],
)  # fmt: skip
def test_parameters_cell_has_the_tag_of_papermill(marker):
    found, start = find_marks(f"{marker}\nx = 1\n")
    assert (found[0].stage, start) == ("parameters", 1)


def test_parameters_end_with_their_cell():
    text = '# %% tags=["parameters"]\na = b = 1\nc = f()\n(d, e) = 1, 2\n# %% next\nz = 1\n'
    defaults = parameter_defaults(text)
    assert defaults.names == {"a", "b", "c"}
    assert defaults.values == {"a": 1, "b": 1}


SKIPPING = """\
# /// script
# [tool.harness.parameters]
# shape = ["list", "tuple"]
# size = [1, 2]
# [[tool.harness.skip]]
# shape = "*,!tuple"
# size = "2"
# ///
# %% tags=["parameters"]
shape = size = 1
# %% run
print(shape)
"""


def test_skipped_combinations_are_no_cases(tmp_path):
    path = tmp_path / "some.py"
    path.write_text(SKIPPING, encoding="utf-8")
    problems = Problems()
    scenario = read_scenario(path, subject="", problems=problems)
    assert list(problems) == []
    names = ["some[shape=list,size=1]", "some[shape=tuple,size=1]", "some[shape=tuple,size=2]"]
    assert [str(case) for case in scenario.cases()] == names


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('colour = "red"', "there is no parameter 'colour'"),
        ("size = 2", "is not a text with globs"),
        ('size = " "', "is not a text with globs"),
    ],
)
def test_wrong_skip_is_a_problem(tmp_path, line, told):
    path = tmp_path / "some.py"
    path.write_text(SKIPPING.replace('# size = "2"', f"# {line}"), encoding="utf-8")
    problems = Problems()
    read_scenario(path, subject="", problems=problems)
    assert told in "\n".join(problems)


class TestTwoSteps:
    @pytest.fixture
    def folder(self, tmp_path):
        folder = tmp_path / "across"
        folder.mkdir()
        (folder / "read.py").write_text(HEADER + BODY, encoding="utf-8")
        (folder / "write.py").write_text(BODY.replace("Loads", "Saves"), encoding="utf-8")
        return folder

    def read(self, folder):
        problems = Problems()
        return read_scenario(folder, subject="", problems=problems), list(problems)

    def test_reader_names_it_and_declares_the_parameters(self, folder):
        scenario, problems = self.read(folder)
        assert problems == []
        assert (scenario.name, scenario.title) == ("across", "Loads what it saved.")
        assert scenario.write.file_name == "write.py"

    def test_writer_must_set_the_parameters_too(self, folder):
        (folder / "write.py").write_text('# %% tags=["parameters"]\nshape = 1\n', encoding="utf-8")
        _, problems = self.read(folder)
        assert len(problems) == 1
        assert "write.py: tool.harness.parameters.size: the parameters cell does not set 'size'" in problems[0]

    def test_writer_must_not_declare_others(self, folder):
        other = HEADER.replace("[1, 2]", "[1, 3]") + BODY
        (folder / "write.py").write_text(other, encoding="utf-8")
        _, problems = self.read(folder)
        assert len(problems) == 1
        assert "write.py: tool.harness.parameters: differs from that of read.py" in problems[0]

    def test_writer_may_declare_fewer(self, folder):
        """What it writes is then the same for all values of the others."""
        (folder / "write.py").write_text(
            "# /// script\n# [tool.harness.parameters]\n# size = [1, 2]\n# ///\n"
            '# %% tags=["parameters"]\nsize = 1\n# %% save\nprint(size)\n',
            encoding="utf-8",
        )
        scenario, problems = self.read(folder)
        assert problems == []
        cases = list(scenario.cases())
        assert {str(scenario.written_case(case)) for case in cases} == {"across[size=1]", "across[size=2]"}
        assert len(cases) == 4

    def test_folder_without_steps_is_reported(self, folder):
        for name in ("write.py", "read.py"):
            (folder / name).unlink()
        scenario, problems = self.read(folder)
        assert scenario is None
        said = f"{folder}: a folder that is a scenario has write.py and read.py. For one step, name the script itself."
        assert problems == [said]

    def test_one_file_missing_is_a_problem(self, folder):
        (folder / "write.py").unlink()
        scenario, problems = self.read(folder)
        assert scenario is None
        assert problems == [f"{folder / 'write.py'}: there is no such file."]


pieces = st.one_of(
    st.text(max_size=20),
    st.sampled_from(HEADER.splitlines(keepends=True) + BODY.splitlines(keepends=True)),
    st.sampled_from(["# /// script\n", "# ///\n", "#\n", "# tool.harness = 1\n", '"""', "'", "(", "# %% x\n", "\r", "\x0c", "\u2028"]),
)  # fmt: skip


@given(st.lists(pieces, max_size=14).map("".join))
def test_any_text_is_a_script_or_named_problems(tmp_path, text):
    path = tmp_path / "any.py"
    path.write_bytes(text.encode())
    problems = Problems()
    scenario = read_scenario(path, subject="", problems=problems)
    assert scenario.script.file_name == "any.py"
    assert all("any.py" in problem for problem in problems)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_script_or_a_named_problem(tmp_path, data):
    path = tmp_path / "any.py"
    path.write_bytes(data)
    problems = Problems()
    scenario = read_scenario(path, subject="", problems=problems)
    assert (scenario is None) == any("cannot be read" in problem for problem in problems)


@pytest.mark.parametrize(
    "path", sorted((PROJECT / "scenarios").rglob("*.py")), ids=lambda path: str(path.relative_to(PROJECT / "scenarios"))
)
def test_cases_of_each_scenario_round_trip(path):
    from harness.model import Case

    problems = Problems()
    target = path.parent if path.name in ("read.py", "write.py") else path
    scenario = read_scenario(target, subject="", problems=problems)
    assert list(problems) == []
    assert [Case.parse(str(case)) for case in scenario.cases()] == list(scenario.cases())
