"""The estimate of the remaining time."""

import datetime as dt

from harness.model import Attempt, Case, Cell, Outcome
from harness.progress import Estimate


def attempt(outcome, duration_s):
    cell = Cell(case=Case(scenario="s"), environment="env")
    started = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)
    return Attempt(cell=cell, key="k", outcome=outcome, started=started, duration_s=duration_s)


def test_unavailable_cells_count_as_done_but_not_in_the_estimate():
    estimate = Estimate(total=10, jobs=1)
    for _ in range(5):
        estimate.count(attempt(Outcome.UNAVAILABLE, 0.0))
    assert (estimate.done, estimate.remaining_s) == (5, None)
    for _ in range(2):
        estimate.count(attempt(Outcome.PASSED, 1.0))
    assert estimate.remaining_s is not None
    assert str(estimate).startswith("7 of 10 cells: 2 passed, 5 unavailable, about ")
