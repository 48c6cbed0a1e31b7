"""A report with several cases: the tests of a test file, or a script with parameters. Which case is it about? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from packaging.utils import NormalizedName

from harness.model import Case
from harness.triage.answer import CaseAnswer, TriageAnswer, Workaround
from harness.triage.evidence import Evidence, Failure, Shows
from harness.triage.observed_runs import CellRun
from harness.triage.ranges import ranges_of

MOST_CASES = 50
"""Cases of one report that are run."""


def words_of(case: Case) -> str:
    """Return the values of a case as people read them: `TestSave.test_one`, `format=.h5, size=2`."""
    values = [str(value) for _, value in case.parameters]
    return values[0] if len(values) == 1 else ", ".join(f"{name}={value}" for name, value in case.parameters)


def suffix_of(case: Case | None) -> str:
    """Return the parameters in the id of a case, after the name of the script: `[test=TestSave.test_one]`."""
    return str(case)[len(case.scenario) :] if case is not None else ""


def followed_case(
    ran: Mapping[Case, Sequence[CellRun]], *, reported: Failure | None, own: Iterable[str], text: str
) -> Case:
    """Return the case that the report is about.

    It is the one that shows the reported failure, in the reporter's environments if possible; otherwise one that
    differs between versions, then one that fails. Among equals, one that `text` names comes first, then the first.
    """
    places = set(own)

    def rank(case: Case) -> tuple[int, bool]:
        failed = [each for each in ran[case] if each.failed]
        alike = [each for each in failed if reported is not None and reported.matches(each.error)]
        named = words_of(case).rpartition(".")[2] in text
        if any(each.environment in places for each in alike):
            return 0, not named
        if alike:
            return 1, not named
        if failed and any(each.passed for each in ran[case]):
            return 2, not named
        return (3 if failed else 4), not named

    return min(ran, key=rank)


def case_answer(
    case: Case, evidence: Sequence[Evidence], package: NormalizedName, name: str, *, followed: bool
) -> CaseAnswer:
    """Return the results of the versions of a package for one case."""
    ranges = ranges_of(evidence, package, apart_by_error=True)
    return CaseAnswer(
        case=words_of(case),
        followed=followed,
        ranges=tuple(replace(each, package=NormalizedName(name)) for each in ranges),
    )


def with_cases(answer: TriageAnswer, cases: Sequence[CaseAnswer], *, are_tests: bool, left_out: int) -> TriageAnswer:
    """Return the answer about one case with what the others show. An option that passes everywhere is a workaround."""
    (followed,) = (each for each in cases if each.followed)
    ways = () if are_tests else tuple(_passing(followed, cases))
    return replace(
        answer,
        verdict=f"{followed.case}: {answer.verdict}",
        cases=tuple(cases),
        cases_left_out=left_out,
        workarounds=(*answer.workarounds, *ways),
    )


def _passing(followed: CaseAnswer, cases: Iterable[CaseAnswer]) -> Iterable[Workaround]:
    """Yield the other cases that pass with every version with which the followed one fails."""
    affected = {cell.rpartition("@")[2] for each in followed.ranges if each.shows is Shows.BUG for cell in each.cells}
    for case in cases:
        passed = {
            cell.rpartition("@")[2]: cell for each in case.ranges if each.shows is Shows.PASSES for cell in each.cells
        }
        if affected and affected <= passed.keys():
            yield Workaround(text=case.case, cell=passed[max(affected)])
