"""Answer a report about a file: choose the pairs of writer and reader, and interpret their results."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from harness.model import Environment
from harness.project.matrix import Matrix
from harness.reports.report import Claim, Place, Report, Says
from harness.triage.answer import TriageAnswer
from harness.triage.attribution import nearest_pair, responsible_package
from harness.triage.environments import (
    claimed_environments,
    ends_of_bases,
    failing_versions,
    middle,
    reporters_environments,
)
from harness.triage.evidence import Evidence, Failure, Shows
from harness.triage.nightly import releases_only
from harness.triage.observed_runs import CellRun, Problem, evidence_of
from harness.triage.pair_answer import PairReply
from harness.triage.pair_sides import readers_of, writers_for
from harness.triage.pairs import Pair, Pairs
from harness.triage.problems import problem_of
from harness.triage.releases import range_of_pair

MOST_ROUNDS = 8
MOST_PAIRS = 100
"""Pairs of the tier that are run if the report does not say which versions wrote the file."""

SearchPair = Callable[[str, str, str, "str | None"], Mapping[str, Any] | None]
"""Search both sides of a failing pair: package, writer, reader, releases FIRST..LAST or None for all.

Return the document of `pinpoint --both --json`, or None.
"""
BlameReader = Callable[[str, str, str], Sequence[str]]
"""Return the packages that turn a good reader into a bad one: writer, good reader, bad reader."""


@dataclass(kw_only=True)
class PairTriage:
    """Answer one report with two steps."""

    report: Report
    pairs: Pairs
    matrix: Matrix
    environments: Sequence[Environment]
    tier: Sequence[str]
    search: SearchPair
    blame: BlameReader
    notify: Callable[[str], None]
    releases: Callable[[str], Sequence[Version]] = lambda package: ()
    """Return the releases of a package; none if the package index does not answer."""
    script_name: str = "report"
    """The name of the folder with the two scripts in the commands of the answer."""
    document: Mapping[str, Any] | None = field(default=None, init=False)

    def answer(self) -> TriageAnswer:
        """Run what the report needs, and return the answer."""
        own = self._reported(Says.FAILS)
        named = ", ".join(f"{writer} -> {reader}" for writer, reader in own)
        self.notify(f"Pair of the report: {named or 'the report does not name a writer and a reader'}")
        self.pairs.run([*own, *self._reported(Says.WORKS), *((id, id) for id in self.tier)])
        if not own:
            own = self._with_a_good_writer()
            self.pairs.run(own)
        pair = self._failing(own)
        if pair is None and not self.pairs.session.stop.is_set():
            self.pairs.run(itertools.islice(itertools.product(self.tier, self.tier), MOST_PAIRS))
            pair = self._failing(own)
        package = None
        if pair is not None and not self.pairs.session.stop.is_set():
            self.pairs.run([*((pair.writer, id) for id in self.tier), *((id, pair.environment) for id in self.tier)])
            package = self._responsible(pair)
            if package is not None:
                pair = self._place_to_search(pair, package)
                versions = range_of_pair(pair, package, self.matrix, self.releases)
                self.document = self.search(str(package), pair.writer, pair.environment, versions)
        reply = PairReply(
            report=self.report,
            scenario=self.pairs.scenario,
            matrix=self.matrix,
            ran=self.pairs.ran,
            problem=self.problem,
            environments={each.id: each for each in (*self.environments, *self.pairs.environments.values())},
            document=self.document,
            script_name=self.script_name,
        )
        return reply.answer(own, pair, package)

    # Which pairs to run

    def _reported(self, says: Says) -> tuple[Pair, ...]:
        """Return the pairs of the report: the claims with a writer, and the others with the writer that it names."""
        claims = [each for each in self.report.own_claims if each.says is says]
        pairs = [
            (writer, reader)
            for claim in claims
            if claim.writer
            for writer in self._of_version(claim.package, claim.writer)
            for reader in self._of_version(claim.package, claim.version)
        ]
        writers = self._writers()
        if not pairs and says is Says.FAILS:
            readers = reporters_environments(failing_versions(claims, self.matrix), self.environments, self.matrix)
            pairs += [(writer, reader) for writer in writers[:1] for reader in readers]
        for claim in claims if writers else ():
            if not claim.writer:
                pairs += [(writers[0], reader) for reader in self._of_version(claim.package, claim.version)]
        return tuple(dict.fromkeys(pairs))[:12]

    def _writers(self) -> tuple[str, ...]:
        """Return the environments that wrote the file, as the report says."""
        failing = [each for each in self.report.claims if each.writer]
        failing.sort(key=lambda each: each.says is not Says.FAILS)
        named = [(each.package, each.writer) for each in failing]
        named += [(each.name, each.value) for each in self.report.written_with]
        return tuple(dict.fromkeys(id for package, version in named for id in self._of_version(package, version)))

    def _of_version(self, package: str, version: str) -> tuple[str, ...]:
        claim = Claim(text="", place=Place(line=1), says=Says.FAILS, package=package, version=version)
        return tuple(id for _, id in claimed_environments([claim], self.environments, self.matrix))[:1]

    def _with_a_good_writer(self) -> tuple[Pair, ...]:
        """Return the failing readers of the report, each with the newest earlier one that reads its own file."""
        claims = [each for each in self.report.own_claims if each.says is Says.FAILS]
        readers = reporters_environments(failing_versions(claims, self.matrix), self.environments, self.matrix)
        order = [each.id for each in self.environments]
        families = {each.id: each.family for each in self.environments}
        good = [each for each in self.evidence if each.shows is Shows.PASSES and each.writer == each.environment]
        pairs = []
        for reader in readers:
            place = order.index(reader) if reader in order else len(order)
            earlier = [each.writer for each in good if each.writer in order and order.index(each.writer) < place]
            own = [each for each in earlier if families.get(each) == families.get(reader)]
            pairs += [(writer, reader) for writer in (own or earlier)[-1:]]
        return tuple(pairs)

    def _failing(self, own: Iterable[Pair]) -> CellRun | None:
        """Return the pair that shows the problem: one of the report, otherwise the first that was run."""
        releases = {each.cell for each in self.evidence}
        shown = dict(zip(self.pairs.ran, evidence_of(self.pairs.all, self.problem), strict=True))
        bad = [pair for pair, each in shown.items() if each.shows is Shows.BUG and each.cell in releases]
        first = [pair for pair in own if pair in bad] or [pair for pair in bad if pair[0] != pair[1]] or bad
        return self.pairs.ran[first[0]] if first else None

    def _narrow(self, pair: CellRun) -> None:
        """Run the readers, and the writers, between two of a family that differ, until they are neighbours.

        In a family with a fixed base the search steps the releases of one package: it finds the neighbours.
        """
        searched = self.problem.failure is not None
        families = [
            each.name
            for each in self.matrix.families
            if each.variables == self.matrix.variables and not (searched and each.base is not None)
        ]
        for _ in range(MOST_ROUNDS):
            readers = middle(self._readers(pair), self.environments, families)
            writers = middle(self._writers_for(pair), self.environments, families)
            wanted = [*((pair.writer, id) for id in readers), *((id, pair.environment) for id in writers)]
            wanted = [each for each in wanted if each not in self.pairs.ran]
            if not wanted or self.pairs.session.stop.is_set():
                return
            self.pairs.run(wanted)

    # What they show

    @property
    def problem(self) -> Problem:
        """The reported problem, after all runs."""
        failure = self.report.failure
        places = {says: [self.pairs.ran[each].place for each in self._reported(says) if each in self.pairs.ran]
                  for says in Says}  # fmt: skip
        return problem_of(
            self.pairs.all,
            reported=Failure(type=failure.type, message=failure.message) if failure else None,
            failing=places[Says.FAILS],
            working=places[Says.WORKS],
        )

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The evidence of every pair of releases."""
        return releases_only(evidence_of(self.pairs.all, self.problem), self.matrix)

    @property
    def _families(self) -> dict[str, str]:
        return {each.id: each.family for each in (*self.environments, *self.pairs.environments.values())}

    def _readers(self, pair: CellRun) -> tuple[Evidence, ...]:
        return readers_of(self.evidence, pair.writer)

    def _writers_for(self, pair: CellRun) -> tuple[Evidence, ...]:
        return writers_for(self.evidence, pair.environment, self._families)

    def _responsible(self, pair: CellRun) -> NormalizedName | None:
        """Return the package that decides, by the readers of the held writer's files, or by the writers."""
        self._run_ends(pair)
        for narrowed in (False, True):
            if narrowed:
                self._narrow(pair)
            for evidence in (self._readers(pair), self._writers_for(pair)):
                package = responsible_package(evidence, self.matrix)
                if package is not None:
                    return package
        made = {each.id: each for each in self.pairs.environments.values()}
        ends = nearest_pair(self._readers(pair), made)
        if ends is None or self.problem.failure is None:
            return None
        self.notify(f"Comparing the readers {ends[0]} (passes) and {ends[1]} (fails)")
        packages = [canonicalize_name(each) for each in self.blame(pair.writer, *ends)]
        return packages[0] if len(packages) == 1 else None

    def _run_ends(self, pair: CellRun) -> None:
        """Run the first and the last member of each family with a fixed base as readers, and as writers."""
        ends = [id for both in ends_of_bases(self.matrix, self.environments).values() for id in both]
        self.pairs.run([*((pair.writer, id) for id in ends), *((id, pair.environment) for id in ends)])

    def _place_to_search(self, pair: CellRun, package: NormalizedName) -> CellRun:
        """Return the failing pair to search: with a reader of a family that has a fixed base and steps the package."""
        bases = {each.name for each in self.matrix.families if each.base is not None and each.package == package}
        if pair.family in bases:
            return pair
        fitting = [each for each in self._readers(pair) if each.shows is Shows.BUG and each.family in bases]
        cells = {each.cell: each for each in self.pairs.all}
        return cells[fitting[0].cell] if fitting else pair
