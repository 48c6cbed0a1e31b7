"""What the reporter's environment shows. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from harness.triage.answer import Reproduction
from harness.triage.evidence import Shows
from harness.triage.observe import Problem, Ran, evidence_of

_RESULTS = {
    Shows.BUG: "reproduced",
    Shows.OTHER: "fails differently",
    Shows.PASSES: "does not fail",
    Shows.NOT_APPLICABLE: "not possible",
    Shows.NOT_TESTED: "not possible",
}


def reproduction_of(own: Iterable[Ran], problem: Problem) -> Reproduction:
    """Return what the environments closest to the reporter's show: the first of them that shows the problem."""
    found = [_reproduction(ran, problem) for ran in own]
    if not found:
        return Reproduction(environment=None, result="not possible", reason="the report names no version")
    order = list(dict.fromkeys(_RESULTS.values()))
    return min(found, key=lambda each: order.index(each.result))


def _reproduction(ran: Ran, problem: Problem) -> Reproduction:
    (evidence,) = evidence_of([ran], problem)
    return Reproduction(
        environment=ran.place,
        result=_RESULTS[evidence.shows],
        outcome=ran.attempt.outcome.value if ran.attempt is not None else None,
        error=evidence.error,
        reason=evidence.reason,
        cell=ran.cell,
    )
