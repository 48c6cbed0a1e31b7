"""Answer a report: reproduce, compare versions, find the package, then its release and its commit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from harness.model import Environment, Scenario
from harness.pinpoint.environments.derived import changes_of
from harness.project.matrix import Matrix
from harness.project.selection import CHANGE_SEPARATOR
from harness.reports.report import Claim, Report, Says
from harness.triage.answer import TriageAnswer
from harness.triage.attribution import (
    decides_in_one_base,
    differing_packages,
    nearest_pair,
    only_replaced_package,
    place_to_search,
    responsible_package,
)
from harness.triage.composing import Investigation, compose
from harness.triage.environments import (
    claimed_environments,
    ends_of_bases,
    environments_of_report,
    with_one_version_each,
)
from harness.triage.evidence import Evidence, Failure, Shows
from harness.triage.further import is_raised, run_further
from harness.triage.narrowing import narrow, narrow_differences
from harness.triage.nightly import releases_only
from harness.triage.observed_runs import Problem, evidence_of, is_right
from harness.triage.output_differences import differences_of
from harness.triage.problems import problem_of
from harness.triage.quoted_output import message_of_title, quoted_outputs
from harness.triage.releases import loss_of, packages_of_families, range_to_search, without_package
from harness.triage.reporters_python import python_contrast, python_of
from harness.triage.reproduction import NO_VERSION, reported_failure
from harness.triage.runs import Runs

_log = logging.getLogger(__name__)


class Search(Protocol):
    """Search the releases of a package in an environment, with more options of `harness pinpoint`."""

    def __call__(self, *, package: str, environment: str, more: Sequence[str]) -> Mapping[str, Any] | None:
        """Return the document of `pinpoint --json`, None if it cannot be done."""


Blame = Callable[..., Sequence[str]]
"""Return the packages that turn a good environment into a bad one."""


@dataclass(kw_only=True)
class Triage:
    """Answer one report with one script."""

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
    releases: Callable[[str], Sequence[Version]] = lambda package: ()
    """Return the releases of a package; none if the package index does not answer."""
    script_name: str = "report.py"
    """The file name of the script in the commands of the answer."""
    without_import_check: Callable[[], Scenario]
    """Return the scenario in a form that is also run where the framework does not import."""
    reading: bool = False
    """True if the problem is that a file cannot be read, with any error."""
    searched: dict[NormalizedName, Mapping[str, Any]] = field(default_factory=dict)

    def answer(self) -> TriageAnswer:
        """Run what the report needs, and return the answer."""
        own = self.compare()
        if self._about_an_import() and not self.runs.session.stop.is_set():
            self.notify("An environment does not import, as reported. The script is run there all the same.")
            self.runs.restart(self.without_import_check())
        if own and not self.runs.ran[own[-1]].conclusive:
            fallback = with_one_version_each(own)
            self.runs.run(fallback)
            own = (*own, *fallback)
        more = run_further(
            own, report=self.report, runs=self.runs, matrix=self.matrix, environments=self.environments,
            releases=self.releases, notify=self.notify,
        )  # fmt: skip
        own = (*own, *more)
        self._narrow()
        if {each.shows for each in self.evidence} & {Shows.BUG, Shows.PASSES} == {Shows.BUG}:
            self._run_ends()  # no release of the tier passes: the newest one of a package may
        package = self._responsible()
        _log.info(
            "problem: %s; responsible package: %s", self.problem.text or self.problem.observed, package or "unknown"
        )
        if package is not None:
            self._run_ends(package)
            self._search(package)
        if package is not None and self._run_found(package):
            package = self._responsible() or package
            self._search(package)
        if package is not None and package not in self.searched:
            self._narrow(bases=True)
        if package is None:
            watched = self.runs.watch is not None
            shown = differences_of(self.runs.all, self.problem, self.report, self.matrix, watched=watched)
            narrow_differences(self.runs, self.environments, self.matrix, shown)
        return compose(
            Investigation(
                report=self.report,
                runs=self.runs,
                matrix=self.matrix,
                own=own,
                assumed=environments_of_report(self.report, self.environments, self.matrix)[1],
                own_versions=[*own, *self._with_reporters_base(own)],
                contrast=python_contrast(self.evidence, own, self.runs.environments.values()),
                problem=self.problem,
                package=package,
                document=self.searched.get(package) if package else None,
                place=self._place_to_search(package) if package else None,
                fixed_base=self._fixed_base(package),
                unmet=self.unmet,
                script_name=self.script_name,
                following=(*self._following(package), *self._early(package)) if package is not None else (),
            )
        )

    def compare(self) -> tuple[str, ...]:
        """Run the script in the environments of the report and of the tier; return those closest to the reporter's."""
        own = self._reporters()
        self.notify(f"Environment of the report: {' or '.join(own) or NO_VERSION}")
        self.runs.run([*own, *(id for _, id in self._claimed(own)), *self.tier])
        return own

    def _about_an_import(self) -> bool:
        """Return whether an environment, for which nothing was run, does not import, and with the reported failure."""
        reported, runs = self.reported, self.runs.all
        errors = (each.import_error for each in runs)
        return reported is not None and any(error is not None and reported.matches(error) for error in errors)

    def _reporters(self) -> tuple[str, ...]:
        """Return the environments closest to the reporter's."""
        return environments_of_report(self.report, self.environments, self.matrix)[0]

    def _with_reporters_base(self, own: Sequence[str]) -> list[str]:
        """Return the environments that differ from the reporter's in a package that the report compares."""
        return [id for _, id in self._claimed(own) if own and id.startswith(f"{own[0]}{CHANGE_SEPARATOR}")]

    def _claimed(self, own: Sequence[str]) -> tuple[tuple[Claim, str], ...]:
        return claimed_environments(self.report.claims, self.environments, self.matrix, base=own[0] if own else None)

    @property
    def reported(self) -> Failure | None:
        """The failure that the report shows; None if it shows none."""
        return reported_failure(self.report)

    @property
    def problem(self) -> Problem:
        """The reported problem, after all runs."""
        if self.reading:
            return Problem(observed="error", failure=Failure(type="", any=True))
        places = {says: self._places(says) for says in Says}
        return problem_of(
            self.runs.all,
            reported=self.reported,
            failing=places[Says.FAILS],
            working=places[Says.WORKS],
            expected=[each.text for each in self.report.outputs if each.role == "expected"],
            watch=self.runs.watch,
            quoted="\n".join(each.text for each in self.report.outputs),
            quoted_outputs=quoted_outputs(self.report),
            message=message_of_title(self.report),
        )

    def _places(self, says: Says) -> list[str]:
        """Return the environments of the versions that the report says this of."""
        own = self._reporters()
        places = [id for claim, id in self._claimed(own) if claim.says is says and not claim.commented]
        if says is Says.FAILS:
            places += own
        return [self.runs.ran[each].environment for each in places if each in self.runs.ran]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The evidence of every cell of a release."""
        return releases_only(evidence_of(self.runs.all, self.problem), self.matrix)

    def _narrow(self, *, bases: bool = False) -> None:
        """Run the environments between two of a family that differ, halving, until they are neighbours.

        Without `bases`, families with a fixed base are left out: the search runs their releases, which takes less.
        """
        families = [
            each.name
            for each in self.matrix.families
            if each.variables == self.matrix.variables and (bases or each.base is None)
        ]
        narrow(self.runs, self.environments, families, lambda: self.evidence)

    def _responsible(self) -> NormalizedName | None:
        evidence = self.evidence
        package = responsible_package(evidence, self.matrix)
        if package is not None or self.runs.session.stop.is_set():
            return package
        package = only_replaced_package(evidence, self.matrix)
        if package is not None:
            return package
        pair = nearest_pair(evidence, self.runs.environments_by_id)
        if pair is None:
            return None
        one, other = (self.runs.environments_by_id[id] for id in pair)
        differing = differing_packages(one, other)
        if len(differing) == 1 and one.python == other.python:
            return differing[0]
        if (self.problem.failure is None and not self._watching) or python_of(pair[1]):
            return None  # nothing says which text is right, or the Python differs
        self.notify(f"Comparing {pair[0]} (passes) with {pair[1]} (fails)")
        packages = [canonicalize_name(each) for each in self.blame(*pair, *self._watching)]
        return packages[0] if len(packages) == 1 else None

    def _run_ends(self, package: NormalizedName | None = None) -> None:
        """Run the first and the last release of families with a fixed base, or of one package, unless results differ.

        The search begins in an environment of this family only if something passes there.
        """
        for family, ends in ends_of_bases(self.matrix, self.environments, package).items():
            shown = {each.shows for each in self.evidence if each.family == family}
            if not {Shows.PASSES, Shows.BUG} <= shown:
                self.runs.run(ends)

    def _search(self, package: NormalizedName) -> None:
        """Search the releases of a package; of a printed problem only if an environment prints what is right."""
        following = self._following(package)
        if self.problem.failure is None and not following:
            return
        place = self._place_to_search(package)
        if place is None:
            return
        versions = None
        if self.reading:
            versions = loss_of(self.evidence, package)
        elif not self._steps_on_its_base(package, place):
            affected = [each.versions[package] for each in self.evidence if _shows_bug_with(each, package)]
            versions = range_to_search(self.releases(str(package)), affected)
        more = [*(("--versions", versions) if versions is not None else ()), *following, *self._early(package)]
        document = self.search(package=str(package), environment=place, more=more)
        if document is not None:
            self.searched[package] = document

    def _run_found(self, package: NormalizedName) -> bool:
        """Run the releases in which only the search met the failure of the report; return whether they show it.

        The answer is then about this failure: before, it was about the one of the environments that were run.
        """
        reported, document = self.reported, self.searched.get(package)
        if reported is None or document is None or is_raised(reported, self.runs.ran, self.runs):
            return False
        points = (each for each in document["tested"] if each.get("environment"))
        ids = [str(each["environment"]) for each in points if reported.matches(str(each.get("error") or ""))]
        if ids:
            self.notify(f"The search met the failure of the report: {ids[0]}")
            self.runs.run(dict.fromkeys((ids[0], ids[-1])))
        return is_raised(reported, ids[:1], self.runs)

    def _steps_on_its_base(self, package: NormalizedName, place: str) -> bool:
        """Return whether an environment belongs to a family for all releases of a package, over one base.

        Elsewhere releases that are far from those of the environment do not fit, and are not searched.
        """
        families = {each.family for each in self.evidence if each.environment == place}
        return any(
            each.base is not None and canonicalize_name(each.package) == package and each.name in families
            for each in self.matrix.families
        )

    def _following(self, package: NormalizedName) -> tuple[str, ...]:
        """Return the options with which a search follows what is no error; none if it is one, or nothing is right.

        What is right is that of an environment like the searched one, if there is one: others may word it differently.
        """
        right = [each for each in self.runs.all if is_right(each, self.problem)]
        if self.problem.observed == "hang" or not right:
            return self._watching
        place = self._place_to_search(package)
        family = next((each.family for each in self.evidence if each.environment == place), None)
        right.sort(key=lambda each: each.family != family)
        return *self._watching, "--expected-in", right[0].environment

    @property
    def _watching(self) -> tuple[str, ...]:
        """The options that say what is watched; none if it is an error, or if nothing is right."""
        problem = self.problem
        if problem.observed == "hang":
            return "--watch", "hang"
        if not any(is_right(each, problem) for each in self.runs.all):
            return ()
        timed = ("--factor", f"{problem.watch.factor:g}") if problem.expected_s is not None else ()
        return "--watch", str(problem.watch), *timed

    def _early(self, package: NormalizedName) -> tuple[str, ...]:
        """Return the option to search pre-releases, too, if one of them shows the problem."""
        affected = (each.versions[package] for each in self.evidence if _shows_bug_with(each, package))
        return ("--pre",) if any(Version(each).is_prerelease for each in affected) else ()

    def _place_to_search(self, package: NormalizedName) -> str | None:
        """Return the failing environment in which the releases of a package are searched."""
        pair = nearest_pair(self.evidence, self.runs.environments_by_id)
        place = place_to_search(self.evidence, package, self.matrix, pair[1] if pair is not None else None)
        return self._without_other_changes(place, package) if place is not None else None

    def _without_other_changes(self, id: str, package: NormalizedName) -> str:
        """Return the environment in which only this package was replaced, if that was run, else the same id."""
        wanted = without_package(id, package)
        same = [
            each.environment
            for each in self.evidence
            if each.shows.conclusive
            and package not in changes_of(each.environment)[0]
            and without_package(each.environment, package) == wanted
        ]
        return same[0] if same else id

    def _fixed_base(self, package: NormalizedName | None) -> str | None:
        """Return the environment in which the versions of a package were compared, if others say nothing of them."""
        if package is None:
            return None
        if package in packages_of_families(self.matrix) and not decides_in_one_base(self.evidence, package):
            return None
        return self._place_to_search(package)


def _shows_bug_with(evidence: Evidence, package: NormalizedName) -> bool:
    return evidence.shows is Shows.BUG and package in evidence.versions
