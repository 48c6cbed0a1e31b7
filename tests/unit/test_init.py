"""What a new project covers: Pythons that fit the releases, and files that the other commands accept."""

import datetime as dt
import re

import pytest
from packaging.version import Version

from harness.commands.init_matrix import in_range, matrix_of, newest_minors, parse_module, parse_package, parse_python
from harness.errors import Problems, UsageError
from harness.locking.fitting_pythons import choose_pythons, fitting_pythons
from harness.locking.package_index import Release
from harness.project.import_names import PACKAGES
from harness.project.matrix_file import read_matrix
from harness.project.new_project import NewProject, files_of, guessed_module
from harness.project.script import read_scenario

LINUX = "x86_64-manylinux_2_28"


def release(version, date="2024-06-01", *wheels, requires_python=None):
    names = [f"demo-{version}-{tag}.whl" for tag in wheels]
    day = dt.datetime.fromisoformat(date).replace(tzinfo=dt.timezone.utc)
    return Release(
        version=Version(version), date=day, yanked=False, prerelease=False, requires_python=requires_python,
        wheels=tuple(names),
    )  # fmt: skip


def binary(version, date, *pythons, platform="manylinux_2_17_x86_64"):
    names = [f"cp{each.replace('.', '')}" for each in pythons]
    tags = [f"{name}-{name}{'m' if name == 'cp37' else ''}-{platform}" for name in names]
    return release(version, date, *tags)


@pytest.mark.parametrize(
    ("one", "pythons"),
    [
        (release("1.0", "2021-03-01", "py3-none-any"), ("3.6", "3.7", "3.8", "3.9")),
        (release("1.0", "2021-03-01", "py3-none-any", requires_python=">=3.8.1"), ("3.8", "3.9")),
        (release("1.0", "2021-03-01", "py3-none-any", requires_python=">=3.6, <3.8"), ("3.6", "3.7")),
        (release("1.0", "2021-03-01", "py2-none-any"), ()),
        # A wheel says more than the day: whoever built it tried that Python.
        (binary("1.0", "2022-10-25", "3.10", "3.11"), ("3.10", "3.11")),
        (binary("1.0", "2022-10-25", "3.10", platform="win_amd64"), ()),
        (binary("1.0", "2022-10-25", "3.10", platform="manylinux_2_17_aarch64"), ()),
        (release("1.0", "2022-10-25", "cp37-abi3-manylinux_2_17_x86_64"), ("3.7", "3.8", "3.9", "3.10")),
        # Only a source distribution: it is built.
        (release("1.0", "2018-12-01"), ("3.6", "3.7")),
    ],
    ids=["pure", "lower", "upper", "python2", "binary", "windows", "arm", "abi3", "source"],
)
def test_pythons_that_fit_a_release(one, pythons):
    assert fitting_pythons(one, LINUX) == pythons


RELEASES = [
    binary("0.1", "2018-01-01", "2.7"),
    binary("1.0", "2020-01-01", "3.7", "3.8"),
    binary("1.1", "2021-01-01", "3.7", "3.8", "3.9"),
    binary("1.2", "2022-01-01", "3.9", "3.10"),
    binary("1.3", "2023-01-01", "3.10", "3.11"),
    binary("1.4", "2024-01-01", "3.8"),
    binary("2.0", "2025-01-01", "3.11", "3.12"),
]


def runs_of(releases=RELEASES, *, allowed, preferred=()):
    runs, left_out = choose_pythons(releases, LINUX, allowed=allowed, preferred=preferred)
    return [(run.python, [str(each) for each in run.versions]) for run in runs], [str(each) for each in left_out]


def test_few_pythons_are_chosen_and_never_an_older_one_for_a_newer_release():
    everything = [f"3.{minor}" for minor in range(6, 15)]
    runs, left_out = runs_of(allowed=everything)
    assert runs == [("3.8", ["1.0", "1.1"]), ("3.10", ["1.2", "1.3"]), ("3.12", ["2.0"])]
    assert left_out == ["0.1", "1.4"]


def test_installed_pythons_are_preferred():
    runs, _ = runs_of(RELEASES[1:3], allowed=["3.7", "3.8", "3.9"], preferred=["3.7"])
    assert runs == [("3.7", ["1.0", "1.1"])]


def test_releases_without_an_allowed_python_are_excluded_by_the_range():
    project, left_out = matrix_of(
        "demo", RELEASES, module=None, versions=">=0", pick=None, pythons=("3.9", "3.10"), installed=()
    )
    assert [str(each) for each in left_out] == ["0.1", "1.0", "1.4", "2.0"]
    assert project.versions == ">=0,>=1.1,<=1.3"
    assert project.pythons == {"3.9": "<1.3", "3.10": ">=1.3"}


def test_no_fitting_python_names_those_that_fit():
    with pytest.raises(UsageError, match=r"has a wheel for Python 3.14\.\n.*fit: 3.7, 3.8, 3.9, 3.10, 3.11, 3.12\."):
        matrix_of("demo", RELEASES, module=None, versions=None, pick=None, pythons=("3.14",), installed=())


def test_many_releases_are_thinned_to_the_last_of_each_minor():
    many = [release(f"{minor}.{patch}", "2024-06-01", "py3-none-any") for minor in ("1.0", "1.1") for patch in range(9)]
    found = [
        matrix_of("demo", releases, module=None, versions=None, pick=pick, pythons=(), installed=())[0]
        for releases, pick in ((many, None), (many, "every"), (many, "newest"), (many[:5], None))
    ]
    assert [(each.pick, len(each.chosen)) for each in found] == [
        ("last of each minor", 2), ("every", 18), ("newest", 1), ("every", 5),
    ]  # fmt: skip
    assert found[0].chosen == ["1.0.8", "1.1.8"]


def test_range_without_a_choice_is_the_last_minor_versions():
    many = [release(f"1.{minor}.{patch}") for minor in range(20) for patch in range(2)]
    assert newest_minors(many) == ">=1.8.0"
    assert [str(each.version) for each in in_range(many, ">=1.18,<1.19")] == ["1.18.0", "1.18.1"]


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: parse_package("scikit learn"), "'scikit learn' is not the name of a package"),
        (lambda: parse_package(""), "'' is not the name of a package"),
        (lambda: parse_module("scikit-learn"), "'scikit-learn' is not the name of a module"),
        (lambda: parse_python("2.7"), "'2.7' is not a Python that can be used.\nWrite one of: 3.6, 3.7"),
        (lambda: parse_python("3.11.4"), "'3.11.4' is not a Python"),
        (lambda: in_range(RELEASES, "newest"), "'newest' is not a range of versions"),
        (lambda: in_range(RELEASES, ">=9"), "'>=9' has no release.\nThe releases are 0.1 to 2.0"),
    ],
    ids=["package", "nothing", "module", "python2", "patch", "range", "empty"],
)
def test_wrong_input_is_refused(check, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        check()


@pytest.mark.parametrize(
    ("package", "module"),
    [("scikit-learn", "sklearn"), ("Scikit_Learn", "sklearn"), ("PyYAML", "yaml"), ("tf-keras", "tf_keras")],
)
def test_module_is_guessed_from_the_package(package, module):
    assert guessed_module(package, PACKAGES) == module


def new_project(**changes):
    values = {
        "package": "Demo.Package", "module": "demo", "versions": ">=1.0", "pick": "every", "platform": LINUX,
        "pythons": {"3.8": "<1.2", "3.11": ">=1.2"}, "chosen": ["1.0", "1.1", "1.2"],
    }  # fmt: skip
    return NewProject(**{**values, **changes})


@pytest.mark.parametrize("releases", [1, 3, 9, 30])
def test_files_of_a_new_project_are_valid(tmp_path, releases):
    chosen = [f"1.{number}" for number in range(releases)]
    for name, text in files_of(new_project(chosen=chosen), command="harness").items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    matrix = read_matrix(tmp_path / "matrix.toml")
    family = matrix.family("demo-package")
    ids = [family.environment_id(Version(each)) for each in chosen]
    default = [id for id in ids if "default" in matrix.tiers_of(id)]
    assert len(default) == (releases if releases <= 8 else 6)
    assert {ids[0], ids[-1]} <= set(default)
    assert family.python_for(Version("1.1")) == "3.8"
    assert matrix.package_of("demo") == "demo-package"
    problems = Problems()
    scenario = read_scenario(tmp_path / "scenarios/example/public_names.py", subject="example", problems=problems)
    assert scenario is not None
    assert not problems


def test_usual_module_needs_no_entry():
    assert (
        "[modules]"
        not in files_of(new_project(package="scikit-learn", module="sklearn"), command="harness")["matrix.toml"]
    )
