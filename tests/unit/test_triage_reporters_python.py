"""A failure that depends on the reporter's Python."""

import datetime as dt
from dataclasses import replace

import pytest

from harness.project.matrix_file import read_matrix
from harness.reports import read_report
from harness.reports.report import Claim, Place, Says
from harness.triage.claims import Checked, check
from harness.triage.evidence import Evidence, Shows
from harness.triage.reporters_python import neighbours, python_contrast, with_reporters_python
from tests.making import make_environment
from tests.unit.test_triage import MATRIX

INLINE = "python=3.12 engine-cpu==2.0 exclude-newer=2026-01-01"


@pytest.fixture(scope="module")
def matrix(tmp_path_factory):
    path = tmp_path_factory.mktemp("matrix") / "matrix.toml"
    path.write_text(MATRIX, encoding="utf-8")
    return read_matrix(path)


def evidence(environment, shows, **versions):
    return Evidence(
        cell=f"report@{environment}", environment=environment, family="engine", versions=versions, variables=(),
        shows=shows, error="ValueError: gone" if shows is Shows.BUG else "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("python", "expected"),
    [("3.12.8", "python=3.12 engine-cpu==2.0 layers==3.1"), ("3.11.2", None), ("2.7", None), ("", None)],
)
def test_reporters_python_gets_the_packages_of_the_base(matrix, python, expected):
    base = make_environment("engine2.0", **{"engine-cpu": "2.0", "layers": "3.1", "other": "1.0"})
    report = read_report(f"**Python version**: {python}\n\nIt fails.\n")
    found = with_reporters_python(report, base, matrix)
    day = base.lock.origin.as_of.date().isoformat()
    assert found == (f"{expected} exclude-newer={day}" if expected else None)


def test_python_decides_if_the_same_versions_pass_with_another():
    both = [make_environment("engine2.0"), make_environment(INLINE, python="3.12")]
    bug = evidence(INLINE, Shows.BUG, engine="2.0", numpy="1.26")
    passes = evidence("engine2.0", Shows.PASSES, engine="2.0", numpy="1.26", hub="1")
    contrast = python_contrast([passes, bug], ["engine2.0", INLINE], both)
    assert contrast is not None
    assert contrast.sentence == (
        "It depends on Python: with the same versions, Python 3.12 shows the problem and Python 3.11 does not."
    )
    assert contrast.of_python([passes, bug]) == (bug,)
    assert contrast.workaround == ("Python 3.11 with the same versions", "report@engine2.0")


def test_nothing_is_said_of_python_if_packages_differ_too():
    both = [make_environment("engine2.0"), make_environment(INLINE, python="3.12")]
    bug = evidence(INLINE, Shows.BUG, engine="2.0", numpy="2.0")
    passes = evidence("engine2.0", Shows.PASSES, engine="2.0", numpy="1.26")
    assert python_contrast([passes, bug], ["engine2.0", INLINE], both) is None
    assert python_contrast([passes, bug], ["engine2.0"], both) is None


def test_neighbours_of_the_reporters_version_are_run_with_the_same_python(matrix):
    def made(version, family="engine"):
        return replace(make_environment(f"engine{version}", **{"engine-cpu": version}), family=family)

    known = [made(each) for each in ("1.0", "2.0", "2.1", "2.2", "3.0")] + [made("2.0rc1", "derived")]
    known += [made(each, "old") for each in ("2.1", "3.0")]
    found = neighbours(made("2.0"), known, ["2.0rc1", "2.0", "9.9"], matrix)
    assert [(each.id, each.family) for each in found] == [
        ("engine2.0rc1", "derived"), ("engine2.1", "engine"), ("engine3.0", "engine"),
    ]  # fmt: skip


def test_neighbours_are_found_if_each_family_has_variables_of_its_own(matrix):
    own = replace(matrix, families=tuple(replace(each, variables=(("MODE", "x"),)) for each in matrix.families))
    base, later = (make_environment(f"engine{each}", **{"engine-cpu": each}) for each in ("2.0", "3.0"))
    assert neighbours(base, [later], ["3.0"], own) == [later]


def test_day_of_the_environment_is_no_earlier_than_what_is_pinned(matrix):
    base = make_environment("engine2.0", **{"engine-cpu": "2.0"})
    noon = dt.datetime(2026, 4, 3, 12, tzinfo=dt.timezone.utc)
    base = replace(base, lock=replace(base.lock, origin=replace(base.lock.origin, as_of=noon)))
    found = with_reporters_python(read_report("**Python version**: 3.12\n\nIt fails.\n"), base, matrix)
    assert found is not None
    assert found.endswith("exclude-newer=2026-04-04")


def test_claim_names_python_where_it_decides():
    claim = Claim(text="2.0", place=Place(line=1), says=Says.FAILS, package="engine", version="2.0")
    cells = [evidence("engine2.0", Shows.PASSES, engine="2.0"), evidence(INLINE, Shows.BUG, engine="2.0")]
    (checked,) = check([claim], cells, provides={}, own=["engine2.0", INLINE])
    assert (checked.result, checked.note) == (Checked.CONFIRMED, "it depends on Python: engine2.0 passes")
