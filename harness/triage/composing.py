"""Compose the answer from the runs: ranges, claims, workarounds and the verdict. Starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name

from harness.model import Attempt, Environment, Outcome
from harness.model.watch import Watch
from harness.project.matrix import Matrix
from harness.project.selection import CHANGE_SEPARATOR
from harness.reports.report import Report
from harness.triage.answer import HeldPackage, Reproduction, TriageAnswer, Workaround
from harness.triage.attribution import changes, nearest_pair, other_failures, points_of, workarounds
from harness.triage.cases import suffix_of
from harness.triage.claims import CheckedClaim, check, questions_about, without_verdict
from harness.triage.commands import reproducing
from harness.triage.environments import failing_versions, people_name
from harness.triage.evidence import Evidence, Shows
from harness.triage.local_paths import without_local_paths, without_local_paths_in
from harness.triage.nightly import nightly_results, nightly_sentence, releases_only
from harness.triage.observed_runs import Problem, evidence_of
from harness.triage.output_differences import Differences, differences_of, is_undecided
from harness.triage.quoted_output import is_about_duration, unseen_output
from harness.triage.ranges import Range, ranges_of
from harness.triage.releases import without_package
from harness.triage.reporters_python import PythonContrast, python_of
from harness.triage.reproduction import (
    NO_VERSION,
    common_reason,
    other_system,
    reason_of_day,
    reported_failure,
    reproduction_of,
    shown_failures,
    without_missing_environment,
)
from harness.triage.runs import Runs
from harness.triage.verdict import checks_itself, sentence

_NOT_JUDGED = "the report quotes no exception, and whether what the script prints is right was not judged"

_NOT_SHOWN = "the report shows no such failure, and nothing that was run passes"
_NO_DURATION = "the report is about a duration, and durations are compared only with `harness triage --watch time`"


@dataclass(frozen=True, kw_only=True)
class Investigation:
    """The runs and the decisions of an investigation."""

    report: Report
    runs: Runs
    matrix: Matrix
    own: Sequence[str]
    """The environments closest to the reporter's, as they were asked for."""
    assumed: bool = False
    """Whether no environment has a failing version of the report: they were the newest on its day."""
    own_versions: Sequence[str]
    """These, and those that differ from them in a package that the report compares."""
    contrast: PythonContrast | None = None
    """Set if the problem depends on Python."""
    problem: Problem
    package: NormalizedName | None
    """The responsible one."""
    document: Mapping[str, Any] | None
    """The search over its releases: the document of `pinpoint --json`."""
    place: str | None
    """The environment in which its releases were searched."""
    fixed_base: str | None
    """The same, if the package belongs to no family, so that only this environment compares its versions."""
    unmet: Callable[[Environment], Sequence[str]]
    script_name: str
    following: Sequence[str] = ()
    """Options of `harness pinpoint` with which a printed problem was searched."""

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The evidence of every cell of a release."""
        return releases_only(self.all_evidence, self.matrix)

    @property
    def all_evidence(self) -> tuple[Evidence, ...]:
        """The evidence of every cell, also of nightly builds."""
        return evidence_of(self.runs.all, self.problem)

    def of_python(self, evidence: Sequence[Evidence]) -> Sequence[Evidence]:
        """Return the evidence of the reporter's Python, if the problem depends on it; otherwise all."""
        return evidence if self.contrast is None else self.contrast.of_python(evidence)

    def name(self, package: NormalizedName) -> str:
        """Return the usual name of a package: tensorflow for tensorflow-cpu."""
        return people_name(package, self.matrix)


def compose(found: Investigation) -> TriageAnswer:
    """Return the answer. It claims only what the evidence shows."""
    problem, evidence, package, document = found.problem, found.evidence, found.package, found.document
    watched = found.runs.watch is not None
    shown = differences_of(found.runs.all, problem, found.report, found.matrix, watched=watched)
    stepped = package or shown.package or _stepped(found)
    points = points_of(document, problem.failure, package, expected=problem.expected) if document and package else ()
    held = _held_package(found, found.fixed_base) if found.fixed_base is not None else None
    ranges = _named(found, ranges_of([*_compared(found), *points], stepped)) if stepped else ()
    transitions = tuple(document["transitions"]) if document else ()
    # Where every failure counts, a file cannot be read: that is a loss from the last version on that reads it.
    every = problem.failure is not None and problem.failure.any
    introduced, fixed = changes(ranges, transitions, None if every else _reported_version(found, stepped))
    reported = reported_failure(found.report)
    reproduction = without_missing_environment(_reproduction(found), found.report)
    newest = _failing_attempt(found)
    doubtful = (
        reported is None
        and not every
        and _fails_everywhere([*found.all_evidence, *points], newest)
        and not checks_itself(newest)
    )
    if doubtful and reproduction.result == "reproduced":
        reproduction = replace(reproduction, result="fails differently", reason=_NOT_SHOWN)
    is_reported = reported is None or problem.failure is None or reported.matches(problem.text)
    is_reported = is_reported and not doubtful
    undecided = found.runs.watch is None and is_undecided(problem, found.report)
    why_not = _NOT_SHOWN if doubtful else "nothing fails, and nothing says what is right" if undecided else ""
    checked = _checked_claims(found, points, is_reported=is_reported, why_not=why_not)
    if undecided and reproduction.result == "does not fail" and (found.assumed or not reproduction.reason):
        reasons = [reproduction.reason, _not_judged(found, reproduction, shown)]
        reproduction = replace(reproduction, reason="; ".join(filter(None, reasons)))
    nightly = nightly_results(found.all_evidence, found.matrix)
    responsible = found.name(package) if package else None
    verdict = sentence(
        replace(reproduction, reason="") if shown.groups else reproduction,
        ranges,
        responsible=responsible,
        introduced=introduced,
        fixed=fixed,
        failure=problem.text if problem.failure or problem.shows else "",
        held=held,
        is_reported=is_reported,
        doubtful=doubtful,
        decided=not shown.sentence,
    )
    python, of_builds = "", nightly_sentence(nightly, is_reported=is_reported)
    if found.contrast is not None:
        python = found.contrast.sentence
        of_builds = f"{of_builds[:-1]}, with Python {found.contrast.other}." if of_builds else ""
    return TriageAnswer(
        name=found.report.name,
        verdict=" ".join(filter(None, [verdict, python, shown.sentence, of_builds])),
        observed=shown.kind or problem.observed,
        shown=shown.groups,
        is_reported=is_reported,
        reproduced=reproduction,
        responsible=responsible,
        stepped=found.name(stepped) if stepped else None,
        ranges=ranges,
        introduced=introduced,
        fixed=fixed,
        transitions=tuple(without_local_paths_in(dict(each)) for each in transitions),
        claims=checked,
        forced=_forced(found, reproduction, ranges),
        workarounds=(
            *([_other_python(found.contrast)] if found.contrast is not None else []),
            *workarounds(found.of_python(evidence), ranges, held=held),
        ),
        dropped=found.report.dropped,
        questions=(
            *found.report.questions,
            *(() if reproduction.reproduced else questions_about(checked)),
            *([shown.question] if shown.question else []),
        ),
        commands=reproducing(
            found.script_name,
            evidence,
            first=reproduction.environment,
            pair=nearest_pair(evidence, found.runs.environments_by_id) or shown.pair(found.runs.all),
            searched=(str(package), found.place) if package and document and found.place else None,
            following=found.following,
            case=suffix_of(found.runs.case),
        ),
        other_failures=other_failures(found.all_evidence),
        not_tested=tuple(
            (each.environment, each.reason) for each in found.all_evidence if each.shows is Shows.NOT_TESTED
        ),
        nightly=nightly,
        script=found.runs.scenario.script.text,
        script_name=found.script_name,
        companions=found.report.companions,
        traceback=without_local_paths(newest.evidence.traceback) if newest is not None else "",
        install=install_line(newest) if newest is not None else "",
    )


def _other_python(contrast: PythonContrast) -> Workaround:
    text, cell = contrast.workaround
    return Workaround(text=text, cell=cell)


def _compared(found: Investigation) -> Sequence[Evidence]:
    """Return the evidence of the ranges: of one environment with other versions of the package, or of all."""
    if found.fixed_base is None or found.package is None:
        return found.of_python(found.evidence)
    same = without_package(found.fixed_base, found.package)
    return [each for each in found.evidence if without_package(each.environment, found.package) == same]


def _reproduction(found: Investigation) -> Reproduction:
    """Return the result in the reporter's environment, with the reason if it is not the problem of the report."""
    own = [found.runs.ran[id] for id in sorted(found.own, key=lambda each: not python_of(each))]
    system = other_system(found.report)
    reproduction = reproduction_of(own, found.problem, reported=shown_failures(found.report), system=system)
    if found.assumed and own and not reproduction.reason:
        reproduction = replace(reproduction, reason=_reason_of_day(found))
    if reproduction.environment is None and (why := common_reason(found.all_evidence)):
        reproduction = replace(reproduction, reason=why)
    return reproduction


def _checked_claims(
    found: Investigation, points: Sequence[Evidence], *, is_reported: bool, why_not: str
) -> tuple[CheckedClaim, ...]:
    """Return the claims with their results; without results for the reason `why_not`, if there is one."""
    all_evidence = [*found.of_python(found.all_evidence), *points]
    checked = check(
        found.report.claims,
        all_evidence if is_reported else [_as_another_failure(each) for each in all_evidence],
        provides=dict(found.matrix.provides),
        own=[found.runs.ran[id].environment for id in found.own_versions],
        refused=partial(_refused, found),
    )
    return tuple(without_verdict(each, why_not) for each in checked) if why_not else checked


def _fails_everywhere(evidence: Iterable[Evidence], newest: Attempt | None) -> bool:
    """Return whether the script ends with an exception, and passes nowhere."""
    passes = any(each.shows is Shows.PASSES for each in evidence)
    return newest is not None and newest.outcome is Outcome.FAILED and not passes


def _reason_of_day(found: Investigation) -> str:
    """Return why the reporter's environment is that of the day of the report."""
    base = found.runs.ran[found.own[0]]
    packages = (canonicalize_name(each.package) for each in found.matrix.families if each.name == base.family)
    package = next((each for each in packages if each in base.versions), None)
    if package is None or found.report.date is None:
        return NO_VERSION
    return reason_of_day(found.name(package), base.versions[package], found.report.date)


def _not_judged(found: Investigation, reproduction: Reproduction, shown: Differences) -> str:
    letter = shown.letter_of(reproduction.cell or "")
    if letter and letter == shown.expected:
        return f"it prints what the report expects: group {letter} below"
    if letter:
        return f"the report does not say what is right; group {letter} below"
    if is_about_duration(found.report):
        return _NO_DURATION
    unseen = unseen_output(found.report, (each.shown(Watch()) for each in found.runs.all if each.passed))
    return f"no version that was run prints what the report quotes: {unseen}" if unseen else _NOT_JUDGED


def _as_another_failure(evidence: Evidence) -> Evidence:
    """Return the evidence with the reported failure in mind, which is not the one that the answer is about."""
    return replace(evidence, shows=Shows.OTHER) if evidence.shows is Shows.BUG else evidence


def _held_package(found: Investigation, base: str) -> HeldPackage | None:
    """Return the first package of a family that an environment has."""
    versions = next(each.versions for each in found.evidence if each.environment == base)
    for family in found.matrix.families:
        name = canonicalize_name(family.package)
        if name in versions:
            return HeldPackage(package=name, name=found.name(name), version=versions[name])
    return None


def _forced(found: Investigation, reproduction: Reproduction, ranges: Sequence[Range]) -> tuple[str, ...]:
    """Return the requirements that pip refuses in the environments with the problem, if one was derived here."""
    affected = {cell for each in ranges if each.shows is Shows.BUG for cell in each.cells}
    ids = [reproduction.environment, *(each.environment for each in found.evidence if each.cell in affected)]
    return tuple(dict.fromkeys(line for id in dict.fromkeys(ids) if id is not None for line in _refused(found, id)))


def _refused(found: Investigation, id: str) -> Sequence[str]:
    """Return the requirements that a derived environment does not meet; none if it was not derived here."""
    environment = found.runs.environments_by_id.get(id) if CHANGE_SEPARATOR in id else None
    return found.unmet(environment) if environment is not None else ()


def _failing_attempt(found: Investigation) -> Attempt | None:
    """Return the last attempt that shows the reported failure."""
    failure = found.problem.failure
    failing = [each for each in found.runs.all if failure and each.failed and failure.matches(each.error)]
    return failing[-1].attempt if failing else None


def _reported_version(found: Investigation, package: NormalizedName | None) -> str | None:
    """Return the reporter's version of a package: as the report names it, or as its environment has it."""
    if package is None:
        return None
    named = failing_versions(found.report.own_claims, found.matrix).get(package)
    if named is not None:
        return named
    own = [found.runs.ran[id].versions for id in found.own]
    return next((versions[package] for versions in own if package in versions), None)


def _named(found: Investigation, ranges: Sequence[Range]) -> tuple[Range, ...]:
    return tuple(replace(each, package=canonicalize_name(found.name(each.package))) for each in ranges)


def _stepped(found: Investigation) -> NormalizedName | None:
    """Return the package of the first family in which anything conclusive was run."""
    shown = {each.family for each in found.evidence if each.shows.conclusive}
    return next((canonicalize_name(each.package) for each in found.matrix.families if each.name in shown), None)


def unanswerable(report: Report, why: str, *, provides: Mapping[str, str]) -> TriageAnswer:
    """Return the answer to a report without runnable code: questions to the reporter."""
    reproduction = Reproduction(environment=None, result="not possible", reason=without_local_paths(why))
    return TriageAnswer(
        name=report.name,
        verdict=sentence(reproduction, (), responsible=None, introduced=None, fixed=None, failure=""),
        observed="error",
        reproduced=reproduction,
        responsible=None,
        stepped=None,
        claims=check(report.claims, (), provides=provides),
        dropped=report.dropped,
        questions=report.questions,
    )


def install_line(attempt: Attempt) -> str:
    """Return the line of a notebook that installs the packages of an attempt."""
    pins = " ".join(f"{name}=={version}" for name, version in attempt.versions)
    return f"# Python {attempt.interpreter.partition('-')[2] or attempt.interpreter}\n%pip install -q --no-deps {pins}"
