"""The state of a cell as a view over its attempts."""

import datetime as dt
import hashlib
import json
from dataclasses import replace

import pytest

from harness.model import Attempt, Case, Cell, CellInputs, CellResult, Condition, Label, Outcome, Pattern

CELL = Cell(case=Case(scenario="s"), environment="tf2")
PASSED, FAILED, ERROR, UNAVAILABLE = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.UNAVAILABLE


def attempt(outcome, *, error="", stage=None, conclusive=True, number=0):
    started = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc) + dt.timedelta(hours=number)
    return Attempt(
        cell=CELL, key="k", outcome=outcome, error=error, stage=stage, conclusive=conclusive, started=started
    )


def result(*attempts, labels=()):
    return CellResult(cell=CELL, attempts=attempts, labels=tuple(labels))


def label(error, *, label="bug", stage=None, environments=(), cases=()):
    return Label(
        stage=stage, error=Pattern(error), label=label, note="why", environments=tuple(environments), cases=tuple(cases)
    )


def test_never_run_has_no_current_attempt_and_no_label():
    never = result(labels=[label("")])
    assert (never.current, never.flaky, never.label, never.passes) == (None, False, None, 0)


def test_newest_settled_attempt_is_current():
    first, second = attempt(PASSED, number=1), attempt(FAILED, error="E: x", number=2)
    assert result(first, second).current is second


def test_error_of_ours_does_not_hide_what_was_seen_before():
    seen, ours = attempt(PASSED, number=1), attempt(ERROR, conclusive=False, number=2)
    assert result(seen, ours).current is seen


def test_newest_is_current_when_none_is_settled():
    first, second = attempt(UNAVAILABLE, conclusive=False), attempt(ERROR, conclusive=False)
    assert result(first, second).current is second


@pytest.mark.parametrize(
    ("attempts", "flaky", "passes"),
    [
        pytest.param([attempt(PASSED)] * 3, False, 3, id="always passes"),
        pytest.param([attempt(FAILED, error="E: 1")] * 3, False, 0, id="always fails alike"),
        pytest.param([attempt(PASSED), attempt(FAILED, error="E: 1"), attempt(PASSED)], True, 2, id="both"),
        pytest.param([attempt(FAILED, error="E: a"), attempt(FAILED, error="E: b")], True, 0, id="fails in two ways"),
        pytest.param([attempt(FAILED, error="E: a", stage="x"), attempt(FAILED, error="E: a", stage="y")], True, 0,
                     id="fails at two stages"),
        pytest.param([attempt(FAILED, error="E: at 0x1"), attempt(FAILED, error="E: at 0x2")], False, 0,
                     id="accidents do not count"),
        pytest.param([attempt(PASSED), attempt(ERROR, conclusive=False)], False, 1, id="errors of ours do not count"),
        pytest.param([attempt(PASSED), attempt(UNAVAILABLE)], False, 1, id="nor do lost environments"),
    ],
)  # fmt: skip
def test_flaky_is_what_differs_between_repeats(attempts, flaky, passes):
    found = result(*attempts)
    assert (found.flaky, found.passes) == (flaky, passes)


@pytest.mark.parametrize("outcome", list(Outcome), ids=str)
def test_only_failures_have_a_signature(outcome):
    failures = {Outcome.FAILED, Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY}
    assert (attempt(outcome, error="E: x").signature is not None) == (outcome in failures)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param([label("other"), label("been configured", label="removed")], "removed", id="by its error"),
        pytest.param([label("been", label="bug"), label("been", label="removed")], "bug", id="first one counts"),
        pytest.param([label("been", stage="save")], None, id="another stage"),
        pytest.param([label("been", stage="load", label="by design")], "by design", id="this stage"),
        pytest.param([label("been", environments=["keras*"])], None, id="another environment"),
        pytest.param([label("been", environments=["tf*", "!tf3"], label="dependency")], "dependency", id="this environment"),
        pytest.param([label("been", cases=["other*"])], None, id="another case"),
        pytest.param([label("been", cases=["other*", str(CELL.case)])], "bug", id="this case"),
        pytest.param([], None, id="none"),
    ],
)  # fmt: skip
def test_first_label_that_matches_the_failure_applies(labels, expected):
    found = result(attempt(FAILED, stage="load", error="E: has been configured"), labels=labels).label
    assert (found.label if found else None) == expected


def test_pass_has_no_label_even_if_an_older_failure_had():
    assert result(attempt(FAILED, error="E: x"), attempt(PASSED), labels=[label("")]).label is None


BASE = {
    "script": "s", "write_key": None, "parameters": "[]", "lock": "l", "interpreter": "cpython-3.11.7",
    "variables": (("A", "1"), ("B", "2")), "worker": "w", "platform": "linux-x86_64",
}  # fmt: skip


@pytest.mark.parametrize("field", list(BASE))
def test_each_condition_changes_the_key(field):
    other = (("A", "1"),) if field == "variables" else "other"
    assert CellInputs(**{**BASE, field: other}).key != CellInputs(**BASE).key


def test_key_is_the_sum_of_one_json_list():
    """Another form would make every attempt that was ever recorded worthless."""
    content = [BASE[name] for name in ("script", "write_key", "parameters", "lock", "interpreter")]
    content += [[list(pair) for pair in BASE["variables"]], BASE["worker"], BASE["platform"], "", True]
    assert CellInputs(**BASE).key == hashlib.sha256(json.dumps(content).encode()).hexdigest()


def test_results_without_a_sandbox_have_a_key_of_their_own():
    assert CellInputs(**BASE, sandboxed=False).key != CellInputs(**BASE).key


TIMED_OUT = Outcome.TIMED_OUT


@pytest.mark.parametrize(
    ("outcome", "duration_s", "limit_s", "asked_s", "holds"),
    [
        pytest.param(PASSED, 5, 10, 60, True, id="a pass within 10 s is a pass within 60 s"),
        pytest.param(PASSED, 5, 60, 10, True, id="a pass that took 5 s is a pass within 10 s"),
        pytest.param(PASSED, 40, 60, 10, False, id="a pass that took 40 s says nothing of 10 s"),
        pytest.param(FAILED, 5, 10, 60, True, id="so does a failure"),
        pytest.param(TIMED_OUT, 10, 10, 60, False, id="a time-out after 10 s says nothing of 60 s"),
        pytest.param(TIMED_OUT, 60, 60, 10, True, id="a time-out after 60 s is one after 10 s"),
        pytest.param(TIMED_OUT, 60, 60, 60, True, id="the same limit"),
        pytest.param(PASSED, 60.4, 60, 60, True, id="with the start of the process, over the limit"),
        pytest.param(UNAVAILABLE, 0, 0, 60, True, id="never started"),
    ],
)
def test_result_under_another_time_limit(outcome, duration_s, limit_s, asked_s, holds):
    assert replace(attempt(outcome), duration_s=duration_s, limit_s=limit_s).holds_within(asked_s) is holds


@pytest.mark.parametrize(
    ("condition", "text", "options"),
    [
        pytest.param(Condition(), "", (), id="ordinary"),
        pytest.param(Condition(sandboxed=False), "sandbox off", ("--sandbox", "off"), id="sandbox"),
        pytest.param(Condition(timeout_s=2.5), "timeout 2.5 s", ("--timeout", "2.5"), id="timeout"),
        pytest.param(
            Condition(sandboxed=False, overlay="keras", timeout_s=10.0),
            "sandbox off, overlay keras, timeout 10 s",
            ("--sandbox", "off", "--overlay", "keras=DIR", "--timeout", "10"),
            id="all",
        ),
    ],
)
def test_condition_is_a_text_that_parses_back(condition, text, options):
    assert (str(condition), condition.options) == (text, options)
    assert Condition.parse(text) == condition


def test_text_that_is_no_condition_is_refused():
    with pytest.raises(ValueError, match="'sandbox on' is no part of a condition"):
        Condition.parse("timeout 3 s, sandbox on")


def test_order_of_variables_does_not_change_the_key():
    assert CellInputs(**{**BASE, "variables": (("B", "2"), ("A", "1"))}).key == CellInputs(**BASE).key
