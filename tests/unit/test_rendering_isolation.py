"""The comparison of forks with fresh processes, and the confirmation of transitions."""

from __future__ import annotations

from dataclasses import replace

from harness.model import Outcome
from harness.rendering.isolation_comparison import compare, render, unconfirmed, without_process
from tests.unit.test_rendering_results import cell_of, result, scenario
from tests.unit.test_rendering_transitions import results_of

PASSED = {}
FAILED = {"outcome": Outcome.FAILED, "stage": "load", "error": "ValueError: one"}
LATER = {"outcome": Outcome.FAILED, "stage": "predict", "error": "ValueError: one"}
SAYS_NO = {"outcome": Outcome.NOT_APPLICABLE}
BROKEN = {"outcome": Outcome.ERROR, "conclusive": False}


def shown(case, *attempts):
    """Return a cell with attempts, each given as its isolation and result."""
    made = result(cell_of(scenario("s"), "env", case=case), *(each for _, each in attempts))
    isolated = zip(made.attempts, attempts, strict=True)
    return replace(made, attempts=tuple(replace(each, isolation=isolation) for each, (isolation, _) in isolated))


def test_outcome_stage_and_signature_are_compared():
    comparison = compare(
        [
            shown(1, ("fork", PASSED), ("process", PASSED)),
            shown(2, ("fork", FAILED), ("process", FAILED)),
            shown(3, ("fork", PASSED), ("process", FAILED)),
            shown(4, ("fork", FAILED), ("process", LATER)),
        ]
    )
    assert len(comparison.pairs) == 4
    assert [pair.fork.cell.case.values["case"] for pair in comparison.different] == [3, 4]


def test_newest_verdict_of_each_isolation_counts_and_errors_do_not():
    comparison = compare([shown(1, ("fork", FAILED), ("process", PASSED), ("fork", PASSED), ("process", BROKEN))])
    assert (len(comparison.pairs), comparison.different) == (1, ())


def test_cells_of_one_isolation_only_are_not_compared():
    comparison = compare(
        [
            shown(1, ("fork", PASSED)),
            shown(2, ("process", PASSED)),
            shown(3),
            shown(4, ("process", BROKEN)),
            shown(5, ("process", SAYS_NO)),
            shown(6, ("process", {"outcome": Outcome.UNAVAILABLE})),
            shown(7, ("process", {"outcome": Outcome.NOT_APPLICABLE, "duration_s": 0.0})),
        ]
    )
    assert (len(comparison.pairs), comparison.own_process, comparison.not_compared) == (0, 2, 3)


def test_not_applicable_by_the_script_is_compared():
    comparison = compare(
        [shown(1, ("fork", SAYS_NO), ("process", SAYS_NO)), shown(2, ("fork", SAYS_NO), ("process", PASSED))]
    )
    assert [pair.same for pair in comparison.pairs] == [True, False]


def test_without_process_returns_cells_with_forked_verdicts_only():
    cells = [
        shown(1, ("fork", PASSED)),
        shown(2, ("fork", PASSED), ("process", PASSED)),
        shown(3, ("fork", SAYS_NO)),
        shown(4, ("fork", BROKEN)),
        shown(5),
    ]
    assert [cell.case.values["case"] for cell in without_process(cells)] == [1, 3]


def test_difference_is_reported_with_both_sides():
    text = render(compare([shown(1, ("fork", PASSED), ("process", FAILED)), shown(2, ("fork", PASSED))]))
    assert "the same in 0, and differ in 1" in text
    assert "1 were not compared" in text
    assert "* s[case=1]@env: in a fork passed, in a fresh process failed at load (ValueError: one)" in text


def isolated(results, isolation):
    """Return the results with the isolation of every attempt replaced."""
    return replace(
        results,
        cells=tuple(
            replace(cell, attempts=tuple(replace(each, isolation=isolation) for each in cell.attempts))
            for cell in results.cells
        ),
    )


def test_both_sides_of_each_transition_need_confirmation():
    results = results_of("gggbbbnnogg")
    assert unconfirmed(isolated(results, "process")) == ()
    places = [cell.environment for cell in unconfirmed(isolated(results, "fork"))]
    assert places == [f"pkg1.{place}" for place in (2, 3, 5, 8, 9)]
