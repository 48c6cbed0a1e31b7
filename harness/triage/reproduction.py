"""The result in the reporter's environment. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.reports.report import Report, Says
from harness.triage.answer import Reproduction
from harness.triage.evidence import Evidence, Failure, Shows
from harness.triage.observed_runs import CellRun, Problem, evidence_of

NO_VERSION = "the report names no failing version that has an environment"
"""The reason why a report has no environment: its versions may not be installed here."""
_NAMES_NONE = "the report names no version that fails"
_OTHER_SYSTEM = re.compile(r"mac ?os|\bmac\b|darwin|apple|\bwindows\b|\bwin(?:10|11|32|64)\b", re.IGNORECASE)
_OWN_SYSTEM = re.compile(r"linux|ubuntu|debian|\bwsl|colab", re.IGNORECASE)
_RESULTS = {
    Shows.BUG: "reproduced",
    Shows.OTHER: "fails differently",
    Shows.PASSES: "does not fail",
    Shows.NOT_APPLICABLE: "not possible",
    Shows.NOT_TESTED: "not possible",
}


def reason_of_day(package: str, version: str, date: dt.date) -> str:
    """Return why the environment of a version of a package stands for the reporter's."""
    return f"{NO_VERSION}: of the environments, {package} {version} is the newest that was released by {date}"


def without_missing_environment(reproduction: Reproduction, report: Report) -> Reproduction:
    """Return a reproduction that speaks of no missing environment, where the report names no failing version at all."""
    if any(each.says is Says.FAILS for each in report.own_claims):
        return reproduction
    return replace(reproduction, reason=reproduction.reason.replace(NO_VERSION, _NAMES_NONE))


def common_reason(evidence: Iterable[Evidence]) -> str:
    """Return why nothing was tested, if that has one reason everywhere; empty otherwise."""
    evidence = list(evidence)
    reasons = {each.reason for each in evidence}
    nothing = all(each.shows is Shows.NOT_TESTED for each in evidence)
    return reasons.pop() if nothing and len(reasons) == 1 else ""


def reported_failure(report: Report) -> Failure | None:
    """Return the exception that a report shows."""
    failure = report.failure
    return Failure(type=failure.type, message=failure.message) if failure else None


def shown_failures(report: Report) -> tuple[Failure, ...]:
    """Return all exceptions that a report shows: one of each version that the reporter tried, for example."""
    return tuple(Failure(type=each.type, message=each.message) for each in report.failures)


def other_system(report: Report) -> str | None:
    """Return the reporter's operating system, if it is not the one on which scripts run."""
    named = report.setting("os")
    return named if named is not None and _OTHER_SYSTEM.search(named) and not _OWN_SYSTEM.search(named) else None


def reproduction_of(
    own: Iterable[CellRun], problem: Problem, *, reported: Iterable[Failure], system: str | None = None
) -> Reproduction:
    """Return the result in the environments closest to the reporter's: of the first one with the problem.

    A problem that is none of the `reported` failures is not a reproduction of the report. `system` is the reporter's
    operating system, if it is another one.
    """
    reported = tuple(reported)
    found = [_reproduction(ran, problem, reported) for ran in own]
    if not found:
        return Reproduction(environment=None, result="not possible", reason=NO_VERSION)
    order = list(dict.fromkeys(_RESULTS.values()))
    best = min(found, key=lambda each: order.index(each.result))
    if system is None or best.reason or best.result not in ("does not fail", "fails differently"):
        return best
    return replace(best, reason=f"the report is from {system}, and the script was run on Linux")


def _reproduction(ran: CellRun, problem: Problem, reported: Sequence[Failure]) -> Reproduction:
    (evidence,) = evidence_of([ran], problem)
    shows = evidence.shows
    if shows is Shows.BUG and ran.failed and reported and not any(each.matches(ran.error) for each in reported):
        shows = Shows.OTHER
    return Reproduction(
        environment=ran.place,
        result=_RESULTS[shows],
        outcome=ran.attempt.outcome.value if ran.attempt is not None else None,
        error=evidence.error,
        reason=evidence.reason,
        cell=ran.cell,
    )
