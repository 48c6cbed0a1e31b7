"""From a report to an answer: reproduce, compare versions, find the package, then its release and its commit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name

from harness.model import Attempt, Environment
from harness.project.matrix import Matrix
from harness.project.selection import SWAPPED_SEPARATOR
from harness.reports.report import Claim, Report, Says
from harness.triage.answer import HeldPackage, Reproduction, TriageAnswer
from harness.triage.claims import check, questions_about
from harness.triage.commands import reproducing
from harness.triage.decide import (
    changes,
    differing_packages,
    nearest_pair,
    other_failures,
    points_of,
    responsible_package,
    ways_out,
)
from harness.triage.environments import (
    claimed_environments,
    failing_versions,
    middle,
    people_name,
    reporters_environments,
    with_one_version_each,
)
from harness.triage.evidence import Evidence, Failure, Shows
from harness.triage.local_paths import shared, without_local_paths
from harness.triage.observe import Problem, evidence_of, problem_of
from harness.triage.ranges import Range, ranges_of
from harness.triage.reproduction import reproduction_of
from harness.triage.runs import Runs
from harness.triage.verdict import sentence

_log = logging.getLogger(__name__)
MOST_ROUNDS = 8
"""Rounds in which environments between two that differ are run."""

Search = Callable[[str, str], Mapping[str, Any] | None]
"""Search the releases of a package in an environment; the document of `pinpoint --json`, None if it cannot be done."""
Blame = Callable[[str, str], Sequence[str]]
"""Return the packages that turn a good environment into a bad one."""


@dataclass(kw_only=True)
class Triage:
    """One report on its way to an answer."""

    report: Report
    runs: Runs
    matrix: Matrix
    environments: Sequence[Environment]
    tier: Sequence[str]
    """The environments that every report is run in."""
    search: Search
    blame: Blame
    notify: Callable[[str], None]
    unmet: Callable[[Environment], Sequence[str]] = lambda environment: ()
    """Return the requirements that an environment does not meet: what pip refuses."""
    script_name: str = "report.py"
    """The file name of the script in the commands of the answer."""
    searched: dict[NormalizedName, Mapping[str, Any]] = field(default_factory=dict)

    def answer(self) -> TriageAnswer:
        """Run what the report needs, and return the answer."""
        own = self._reporters()
        self.notify(f"Environment of the report: {' or '.join(own) or 'the report names no version'}")
        self.runs.run([*own, *(id for _, id in self._claimed(own)), *self.tier])
        if own and not self.runs.ran[own[-1]].conclusive:
            fallback = with_one_version_each(own)
            self.runs.run(fallback)
            own = (*own, *fallback)
        self._narrow()
        package = self._responsible()
        _log.info(
            "problem: %s; responsible package: %s", self.problem.text or self.problem.observed, package or "unknown"
        )
        if package is not None:
            self._run_ends(package)
            self._search(package)
        return self._answer(own, package)

    def _reporters(self) -> tuple[str, ...]:
        """Return the environments closest to the reporter's."""
        return reporters_environments(failing_versions(self.report.claims, self.matrix), self.environments, self.matrix)

    def _with_reporters_base(self, own: Sequence[str]) -> list[str]:
        """Return the environments that differ from the reporter's in a package that the report compares."""
        return [id for _, id in self._claimed(own) if own and id.startswith(f"{own[0]}{SWAPPED_SEPARATOR}")]

    def _claimed(self, own: Sequence[str]) -> tuple[tuple[Claim, str], ...]:
        base = own[0] if own else None
        return claimed_environments(self.report.claims, self.environments, self.matrix, base=base)

    @property
    def _reported(self) -> Failure | None:
        """The exception that the report shows."""
        failure = self.report.failure
        return Failure(type=failure.type, message=failure.message) if failure else None

    @property
    def problem(self) -> Problem:
        """What counts as the reported problem, after all that was run."""
        places = {says: self._places(says) for says in Says}
        return problem_of(
            self.runs.all, reported=self._reported, failing=places[Says.FAILS], working=places[Says.WORKS]
        )

    def _places(self, says: Says) -> list[str]:
        """Return the environments of the versions that the report says this of."""
        own = self._reporters()
        places = [id for claim, id in self._claimed(own) if claim.says is says]
        if says is Says.FAILS:
            places += own
        return [self.runs.ran[each].environment for each in places if each in self.runs.ran]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What every cell shows of the problem."""
        return evidence_of(self.runs.all, self.problem)

    def _narrow(self) -> None:
        """Run the environments between two of a family that differ, halving, until they are neighbours."""
        families = [each.name for each in self.matrix.families if each.variables == self.matrix.variables]
        for _ in range(MOST_ROUNDS):
            wanted = middle(self.evidence, self.environments, families)
            if not wanted or self.runs.session.stop.is_set():
                return
            _log.info("running between environments that differ: %s", ", ".join(wanted))
            self.runs.run(wanted)

    def _responsible(self) -> NormalizedName | None:
        evidence = self.evidence
        package = responsible_package(evidence, self.matrix)
        if package is not None or self.runs.session.stop.is_set():
            return package
        pair = nearest_pair(evidence, self.runs.environments_by_id)
        if pair is None:
            return None
        one, other = (self.runs.environments_by_id[id] for id in pair)
        differing = differing_packages(one, other)
        if len(differing) == 1 and one.python == other.python:
            return differing[0]
        if self.problem.failure is None:
            return None  # the search for the package follows failures only
        self.notify(f"Comparing {pair[0]} (passes) with {pair[1]} (fails)")
        packages = [canonicalize_name(each) for each in self.blame(*pair)]
        return packages[0] if len(packages) == 1 else None

    def _run_ends(self, package: NormalizedName) -> None:
        """Run the first and the last release of a package in its family with a fixed base, and what lies between."""
        for family in self.matrix.families:
            members = [each.id for each in self.environments if each.family == family.name]
            if family.base is not None and canonicalize_name(family.package) == package and members:
                self.runs.run([members[0], members[-1]])
                if self.problem.failure is None:
                    self._narrow()

    def _search(self, package: NormalizedName) -> None:
        """Search the releases of a package where the problem is an error; what is printed is not searched for."""
        if self.problem.failure is None:
            return
        place = self._place_to_search(package)
        if place is None:
            return
        document = self.search(str(package), place)
        if document is not None:
            self.searched[package] = document

    def _place_to_search(self, package: NormalizedName) -> str | None:
        """Return a failing environment that has the package, one of a family with a fixed base if there is one."""
        bases = {each.name for each in self.matrix.families if each.base is not None}
        failing = [each for each in self.evidence if each.shows is Shows.BUG and package in each.versions]
        failing.sort(key=lambda each: each.family not in bases)
        return self._without_swap(failing[0].environment, package) if failing else None

    def _without_swap(self, id: str, package: NormalizedName) -> str:
        """Return the environment in which only this package was replaced, if it was run, else the same id."""
        base, _, swap = id.rpartition(SWAPPED_SEPARATOR)
        only = swap.startswith(f"{package}==") and " " not in swap
        return base if only and base in self.runs.ran and self.runs.ran[base].conclusive else id

    def _fixed_base(self, package: NormalizedName | None) -> str | None:
        """Return the environment in which the versions of a package without a family were compared."""
        families = {canonicalize_name(family.package) for family in self.matrix.families}
        replaced = {canonicalize_name(family.replaces) for family in self.matrix.families if family.replaces}
        if package is None or package in families | replaced:
            return None
        return self._place_to_search(package)

    def _held_package(self, base: str) -> HeldPackage | None:
        """Return the first package of a family that an environment has."""
        versions = self.runs.ran[base].versions
        for family in self.matrix.families:
            name = canonicalize_name(family.package)
            if name in versions:
                return HeldPackage(package=name, name=self._name(name), version=versions[name])
        return None

    def _answer(self, own: Sequence[str], package: NormalizedName | None) -> TriageAnswer:
        problem, evidence = self.problem, self.evidence
        stepped = package or self._stepped(evidence)
        document = self.searched.get(package) if package else None
        points = points_of(document, problem.failure, package) if document and package else ()
        base = self._fixed_base(package)
        compared = evidence if base is None else [each for each in evidence if _is_in(each.environment, base)]
        held = self._held_package(base) if base is not None else None
        ranges = self._named(ranges_of([*compared, *points], stepped)) if stepped else ()
        transitions = tuple(document["transitions"]) if document else ()
        introduced, fixed = changes(ranges, transitions, self._reported_version(stepped, own))
        reproduction = reproduction_of([self.runs.ran[id] for id in own], problem)
        newest = self._failing_attempt(problem)
        checked = check(
            self.report.claims,
            [*evidence, *points],
            provides=dict(self.matrix.provides),
            own=[self.runs.ran[id].environment for id in (*own, *self._with_reporters_base(own))],
        )
        place = self._place_to_search(package) if package and document else None
        return TriageAnswer(
            name=self.report.name,
            verdict=sentence(
                reproduction,
                ranges,
                responsible=self._name(package) if package else None,
                introduced=introduced,
                fixed=fixed,
                failure=problem.text if problem.failure or problem.output else "",
                held=held,
            ),
            observed=problem.observed,
            reproduced=reproduction,
            responsible=self._name(package) if package else None,
            stepped=self._name(stepped) if stepped else None,
            ranges=ranges,
            introduced=introduced,
            fixed=fixed,
            transitions=tuple(shared(dict(each)) for each in transitions),
            claims=checked,
            forced=self._forced(reproduction, ranges),
            ways_out=ways_out(evidence, ranges, held=held),
            dropped=self.report.dropped,
            questions=(*self.report.questions, *(() if reproduction.reproduced else questions_about(checked))),
            commands=reproducing(
                self.script_name,
                evidence,
                first=reproduction.environment,
                pair=nearest_pair(evidence, self.runs.environments_by_id),
                searched=(str(package), place) if package and place else None,
            ),
            other_failures=other_failures(evidence),
            not_tested=tuple((each.environment, each.reason) for each in evidence if each.shows is Shows.NOT_TESTED),
            script=self.runs.scenario.script.text,
            script_name=self.script_name,
            traceback=without_local_paths(newest.evidence.traceback) if newest is not None else "",
            install=install_line(newest) if newest is not None else "",
        )

    def _forced(self, reproduction: Reproduction, ranges: Sequence[Range]) -> tuple[str, ...]:
        """Return what pip refuses about the environments in which the problem shows, if one was put together here."""
        affected = {cell for each in ranges if each.shows is Shows.BUG for cell in each.cells}
        ids = [reproduction.environment, *(each.environment for each in self.evidence if each.cell in affected)]
        swapped = [id for id in dict.fromkeys(ids) if id is not None and SWAPPED_SEPARATOR in id]
        return tuple(
            dict.fromkeys(
                line
                for environment in (self.runs.environments_by_id.get(id) for id in swapped)
                if environment is not None
                for line in self.unmet(environment)
            )
        )

    def _failing_attempt(self, problem: Problem) -> Attempt | None:
        """Return the last attempt that shows the reported failure."""
        failure = problem.failure
        failing = [each for each in self.runs.all if failure and each.failed and failure.matches(each.error)]
        return failing[-1].attempt if failing else None

    def _reported_version(self, package: NormalizedName | None, own: Sequence[str]) -> str | None:
        """Return the reporter's version of a package: as the report names it, or as its environment has it."""
        if package is None:
            return None
        named = failing_versions(self.report.claims, self.matrix).get(package)
        if named is not None:
            return named
        return next((self.runs.ran[id].versions[package] for id in own if package in self.runs.ran[id].versions), None)

    def _named(self, ranges: Sequence[Range]) -> tuple[Range, ...]:
        return tuple(replace(each, package=canonicalize_name(self._name(each.package))) for each in ranges)

    def _name(self, package: NormalizedName) -> str:
        """Return the name under which people know a package: tensorflow for tensorflow-cpu."""
        return people_name(package, self.matrix)

    def _stepped(self, evidence: Sequence[Evidence]) -> NormalizedName | None:
        """Return the package of the first family in which anything conclusive was run."""
        shown = {each.family for each in evidence if each.shows.conclusive}
        return next((canonicalize_name(each.package) for each in self.matrix.families if each.name in shown), None)


def _is_in(environment: str, base: str) -> bool:
    """Return whether an environment is this one, or this one with other versions."""
    return environment == base or environment.startswith(f"{base}{SWAPPED_SEPARATOR}")


def unanswerable(report: Report, why: str, *, provides: Mapping[str, str]) -> TriageAnswer:
    """Return the answer to a report without code that can be run: what to ask the reporter."""
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
    """Return the line of a notebook that installs what an attempt had."""
    pins = " ".join(f"{name}=={version}" for name, version in attempt.versions)
    return f"# Python {attempt.interpreter.partition('-')[2] or attempt.interpreter}\n%pip install -q --no-deps {pins}"
