"""The computed status of a case in a minor version, and the workarounds of a failure."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from harness.model import Outcome
from harness.rendering.results import Results, records
from harness.rendering.status import status_of, statuses
from harness.rendering.workarounds import Workarounds
from tests.unit.test_rendering_results import MEASURED, cell_of, column, result, sample, scenario

PASSED: dict = {}
FAILED = {"outcome": Outcome.FAILED, "stage": "load", "error": "ValueError: no"}
ABSENT = {"outcome": Outcome.UNAVAILABLE, "reason": "no wheel"}
INAPPLICABLE = {"outcome": Outcome.NOT_APPLICABLE, "reason": "there is no such function"}
TOO_LONG = {"outcome": Outcome.TIMED_OUT, "stage": "train", "reason": "over its limit"}
FLAKY = [PASSED, FAILED]
COLUMNS = {
    "pkg3.2.0": column("pkg3.2.0", version="3.2.0"),
    "pkg3.2.1": column("pkg3.2.1", version="3.2.1"),
    "legacy": column("legacy", "legacy", "3.2.1", [("USE_LEGACY", "1")]),
    "today": replace(column("today", "today", "3.2.1"), as_of=dt.date(2026, 1, 1)),
}


def results_of(shown):
    one = scenario("one")
    cells = [result(cell_of(one, name), *(each if isinstance(each, list) else [each])) for name, each in shown.items()]
    return Results(scenarios=(one,), environments=tuple(COLUMNS.values()), cells=tuple(cells), generated=MEASURED)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        pytest.param({"pkg3.2.0": PASSED, "pkg3.2.1": PASSED}, "works", id="all pass"),
        pytest.param({"pkg3.2.0": FAILED, "pkg3.2.1": PASSED}, "works with 3.2.1", id="fixed within the minor"),
        pytest.param({"pkg3.2.0": PASSED, "pkg3.2.1": FAILED}, "works with 3.2.0", id="broken within the minor"),
        pytest.param({"pkg3.2.0": FAILED, "pkg3.2.1": FAILED}, "broken", id="all fail"),
        pytest.param({"pkg3.2.1": FAILED, "legacy": PASSED}, "works with USE_LEGACY=1", id="a variable helps"),
        pytest.param({"pkg3.2.1": FAILED, "legacy": FAILED}, "broken", id="a variable does not help"),
        pytest.param({"pkg3.2.1": PASSED, "today": FAILED}, "works", id="another family does not count against it"),
        pytest.param({"pkg3.2.0": PASSED, "pkg3.2.1": ABSENT}, "works", id="unavailable is no failure"),
        pytest.param({"pkg3.2.1": ABSENT, "today": PASSED}, "works with today", id="shown by another family only"),
        pytest.param({"pkg3.2.1": ABSENT, "today": FAILED}, "broken", id="fails where it was run"),
        pytest.param({"pkg3.2.1": INAPPLICABLE}, "not applicable", id="does not apply"),
        pytest.param({"pkg3.2.0": INAPPLICABLE, "pkg3.2.1": ABSENT}, "unknown", id="nothing known"),
        pytest.param({"pkg3.2.1": TOO_LONG}, "unknown", id="a time limit is no verdict"),
        pytest.param({"pkg3.2.1": []}, "unknown", id="never run"),
        pytest.param({"pkg3.2.1": FLAKY}, "broken", id="flaky does not work"),
    ],
)
def test_status(shown, text):
    found = status_of(records(results_of(shown)), package="pkg", minor="3.2")
    assert (found.minor, found.text) == ("3.2", text)
    assert found.cell.startswith("one@")


def test_every_one_step_case_has_a_status_in_every_minor():
    found = statuses(records(sample()))
    assert [(each.minor, each.text) for each in found["build[shape=list,format=.h5]"]] == [
        ("3.4", "broken"), ("3.5", "works"), ("3.6", "works"),
    ]  # fmt: skip
    assert not [case for case in found if case.startswith("pair")]


def ways(results, cell):
    found = records(results)
    record = next(each for each in found if each.cell == cell)
    return [each.text for each in Workarounds(found, {"pkg": "Package"}).of(record)]


def test_workarounds_are_variables_versions_and_parameters_that_pass():
    assert ways(sample(), "build[shape=list,format=.h5]@pkg3.4.1") == [
        "use Package 3.5.0 or newer",
        "use shape=tuple",
    ]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param({"pkg3.2.1": FAILED, "legacy": PASSED}, ["set USE_LEGACY=1"], id="variable"),
        pytest.param({"pkg3.2.1": PASSED, "today": FAILED}, ["use dependencies as of 2024-08-01"], id="date"),
        pytest.param({"pkg3.2.0": PASSED, "pkg3.2.1": FAILED}, ["use Package 3.2.0"], id="earlier"),
        pytest.param({"pkg3.2.0": ABSENT, "pkg3.2.1": FAILED, "legacy": FLAKY}, [], id="nothing is known to pass"),
        pytest.param({"pkg3.2.1": PASSED}, [], id="no failure"),
    ],
)
def test_workaround(shown, expected):
    cell = "one@today" if shown.get("today") == FAILED else "one@pkg3.2.1"
    assert ways(results_of(shown), cell) == expected


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        pytest.param("FPFP", "use Package 3.1.0", id="fails again in between"),
        pytest.param("FPPF", "use Package 3.1.0", id="fails again at the end"),
        pytest.param("FFPP", "use Package 3.2.0 or newer", id="the next fails, too"),
        pytest.param("FFFP", "use Package 3.3.0", id="only the newest passes"),
        pytest.param("F?PP", "use Package 3.2.0 or newer", id="the next is unknown"),
    ],
)
def test_or_newer_only_if_all_later_versions_pass(states, expected):
    one = scenario("one")
    names = [f"pkg3.{minor}.0" for minor in range(4)]
    shown = [{"P": PASSED, "F": FAILED, "?": ABSENT}[each] for each in states]
    cells = [result(cell_of(one, name), each) for name, each in zip(names, shown, strict=True)]
    columns = tuple(column(name, version=name.removeprefix("pkg")) for name in names)
    results = Results(scenarios=(one,), environments=columns, cells=tuple(cells), generated=MEASURED)
    assert ways(results, "one@pkg3.0.0") == [expected]
