"""Grades of reads, from attempts."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest

from harness.model import Attempt, Case, Cell, Evidence, Label, NoVerdict, Outcome, Pattern
from harness.transfer.grades import Check, Grade, measured_in, reading_of

CELL = Cell(case=Case(scenario="transfer"), environment="new", writer="old")
SAME = {check.value: {"same": True, "difference": 0.0} for check in Check}
LABEL = Label(stage="open", error=Pattern("Unknown layer"), label="bug", note="Register the class.", link="https://x")


def attempt(outcome=Outcome.PASSED, *, stage=None, error="", measured=None, **fields):
    stdout = "" if measured is None else f"loading\ntransfer: {json.dumps(measured)}\n"
    return Attempt(
        cell=CELL,
        key="k",
        outcome=outcome,
        stage=stage,
        error=error,
        started=dt.datetime(2026, 11, 3, tzinfo=dt.timezone.utc),
        evidence=Evidence(stdout=stdout),
        **fields,
    )


def failed(check, measured, error="AssertionError: it differs"):
    return attempt(Outcome.FAILED, stage=check, error=error, measured=measured)


def differing(*checks, error=None, **values):
    changed = {check.value: {"same": False, "difference": 0.25, "error": error, **values} for check in checks}
    return {**SAME, **changed}


@pytest.mark.parametrize(
    ("made", "grade", "differs"),
    [
        pytest.param(attempt(measured=SAME), Grade.FULL, (), id="everything is the same"),
        pytest.param(
            attempt(measured={"weights": {"same": True}, "predictions": {"same": True}, "metrics": None}),
            Grade.FULL,
            (),
            id="what the format does not keep is not missed",
        ),
        pytest.param(
            failed("metrics", differing(Check.METRICS)), Grade.PARTIAL, ("metrics",), id="only metrics differ"
        ),
        pytest.param(
            failed("training", differing(Check.TRAINING, error="ValueError: no"), "ValueError: no"),
            Grade.PARTIAL,
            ("training",),
            id="training fails",
        ),
        pytest.param(
            failed("weights", differing(Check.WEIGHTS, Check.PREDICTIONS, Check.METRICS)),
            Grade.SILENT,
            ("weights", "predictions", "metrics"),
            id="weights differ without an error",
        ),
        pytest.param(
            failed("predictions", differing(Check.PREDICTIONS)), Grade.SILENT, ("predictions",), id="predictions differ"
        ),
        pytest.param(
            failed("predictions", differing(Check.PREDICTIONS, error="TypeError: bad"), "TypeError: bad"),
            Grade.REFUSED,
            ("predictions",),
            id="it opens and cannot predict",
        ),
        pytest.param(
            failed("weights", {**differing(Check.WEIGHTS), "predictions": {"same": False, "error": "TypeError: bad"}}),
            Grade.SILENT,
            ("weights", "predictions"),
            id="weights differ, and then it cannot predict",
        ),
        pytest.param(attempt(Outcome.FAILED, stage="open", error="ValueError: no"), Grade.REFUSED, (), id="error"),
        pytest.param(attempt(Outcome.CRASHED, stage="open"), Grade.REFUSED, (), id="crash while it opens"),
        pytest.param(attempt(Outcome.TIMED_OUT, stage="open"), Grade.NOT_TESTED, (), id="a limit is no grade"),
        pytest.param(
            attempt(Outcome.FAILED, stage="exit", error="Exit: 3", measured=SAME),
            Grade.REFUSED,
            (),
            id="a failure beside good measurements is no full read",
        ),
        pytest.param(attempt(), Grade.NOT_TESTED, (), id="a pass without measurements shows nothing"),
        pytest.param(
            attempt(Outcome.FAILED, stage="define", error="ImportError: keras"),
            Grade.NOT_TESTED,
            (),
            id="failed before it opened the file",
        ),
        pytest.param(attempt(Outcome.NOT_APPLICABLE, reason="no tf_keras"), Grade.NOT_TESTED, (), id="not applicable"),
        pytest.param(
            attempt(Outcome.UNAVAILABLE, reason="old did not write"), Grade.NOT_TESTED, (), id="no file to read"
        ),
        pytest.param(
            attempt(Outcome.FAILED, stage="open", error="OSError: x", cause=NoVerdict.NO_SPACE, reason="disk full"),
            Grade.NOT_TESTED,
            (),
            id="the sandbox was the cause",
        ),
    ],
)
def test_grade(made, grade, differs):
    reading = reading_of(made)
    assert (reading.grade, reading.differs) == (grade, differs)


def test_refusal_has_stage_error_and_label():
    reading = reading_of(attempt(Outcome.FAILED, stage="open", error="ValueError: Unknown layer: 'Scale'"), [LABEL])
    assert (reading.stage, reading.error) == ("open", "ValueError: Unknown layer: 'Scale'")
    assert (reading.label, reading.note, reading.link) == ("bug", "Register the class.", "https://x")


def test_read_that_never_ends_is_refused_only_if_a_label_explains_it():
    hangs = attempt(Outcome.TIMED_OUT, stage="open", error="Timeout: over 120 s")
    label = replace(LABEL, error=Pattern("^Timeout"))
    assert reading_of(hangs, [LABEL]).grade is Grade.NOT_TESTED
    assert reading_of(hangs, [replace(label, cases=("*[model=other*",))]).grade is Grade.NOT_TESTED
    explained = reading_of(hangs, [label])
    assert (explained.grade, explained.error, explained.label) == (Grade.REFUSED, "Timeout: over 120 s", "bug")


def test_long_error_keeps_its_beginning_and_its_end():
    error = f"TypeError: cannot make Dense from {'x' * 3000} because of groups"
    shown = reading_of(attempt(Outcome.FAILED, stage="open", error=error)).error
    assert shown.startswith("TypeError: cannot make Dense")
    assert shown.endswith("because of groups")
    assert len(shown) < 500


def test_full_read_has_no_error_and_no_label():
    reading = reading_of(attempt(measured=SAME), [LABEL])
    assert (reading.stage, reading.error, reading.label) == (None, "", None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0234, 0.02), (0, 0.0), (float("nan"), None), (True, None), ("0.1", None), (1e-9, 1e-9)],
)
def test_difference_keeps_one_digit(value, expected):
    measured = differing(Check.PREDICTIONS)
    measured["predictions"]["difference"] = value
    assert reading_of(failed("predictions", measured)).difference == expected


def test_reason_of_a_cell_without_verdict_is_kept():
    assert reading_of(attempt(Outcome.NOT_APPLICABLE, reason="no\ntf_keras")).reason == "no tf_keras"


@pytest.mark.parametrize(
    "printed", ["", "transfer: {", "transfer: [1]", "transfer: " + "[" * 100_000, " transfer: {}", "transfer:{}"]
)
def test_what_is_no_measurement_is_none(printed):
    assert measured_in(printed) is None


def test_last_measurement_counts():
    assert measured_in('transfer: {"a": 1}\ntransfer: {"a": 2}\nbye') == {"a": 2}


@pytest.mark.parametrize("foreign", [{"weights": 3}, {"weights": {"same": "no"}}, {"weights": []}, {"other": {}}])
def test_foreign_measurements_are_no_difference(foreign):
    assert reading_of(attempt(measured=foreign)).differs == ()
