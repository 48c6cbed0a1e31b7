"""The answer to a report with two steps, from all pairs that were run and the searches of both sides. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name

from harness.model import Attempt, Environment, Scenario
from harness.project.matrix import Matrix
from harness.reports.report import Claim, Report
from harness.triage.answer import Change, PairFacts, TriageAnswer, Workaround
from harness.triage.attribution import changes, other_failures
from harness.triage.claims import check, questions_about
from harness.triage.commands import reproducing_pair
from harness.triage.composing import install_line
from harness.triage.environments import people_name
from harness.triage.evidence import Evidence, Shows
from harness.triage.local_paths import without_local_paths, without_local_paths_in
from harness.triage.nightly import nightly_results, nightly_sentence, releases_only
from harness.triage.observed_runs import CellRun, Problem, evidence_of
from harness.triage.pair_sides import chain_between, points_of_side, readers_of, workarounds_of_pair, writers_for
from harness.triage.pair_verdict import pair_sentence
from harness.triage.pairs import Pair
from harness.triage.ranges import Range, ranges_of
from harness.triage.reproduction import other_system, reproduction_of, shown_failures


@dataclass(frozen=True, kw_only=True)
class PairReply:
    """The runs of a report with two steps."""

    report: Report
    scenario: Scenario
    matrix: Matrix
    ran: Mapping[Pair, CellRun]
    problem: Problem
    environments: Mapping[str, Environment]
    """By their ids."""
    document: Mapping[str, Any] | None
    """The search of both sides."""
    script_name: str

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The evidence of every pair of releases."""
        return releases_only(self.all_evidence, self.matrix)

    @property
    def all_evidence(self) -> tuple[Evidence, ...]:
        """The evidence of every pair, also with a nightly build."""
        return evidence_of(self.ran.values(), self.problem)

    def answer(self, own: Sequence[Pair], pair: CellRun | None, package: NormalizedName | None) -> TriageAnswer:
        """Return the answer, given the reported pairs, the pair that was searched, and the responsible package."""
        problem, evidence = self.problem, list(self.evidence)
        side = self._side()
        stepped = package or self._stepped(pair)
        readers: tuple[Range, ...] = ()
        writers: tuple[Range, ...] = ()
        found: tuple[Change | None, Change | None] = (None, None)
        ways: tuple[Workaround, ...] = ()
        transitions: tuple[dict[str, Any], ...] = ()
        if stepped is not None:
            read, written = self._evidence_of_sides(pair, stepped, evidence)
            evidence += [each for each in read if each not in evidence]
            readers, writers = self._named(ranges_of(read, stepped)), self._named(ranges_of(written, stepped))
            transitions = tuple(self.document["transitions"]) if self.document else ()
            found = self._changes(writers if side == "writer" else readers, side, pair, stepped)
            chain = chain_between(read, written)
            ways = workarounds_of_pair(readers, writers, chain, self._label(pair, stepped, reader=True))
        checked = check(self._claims(pair), evidence, provides=dict(self.matrix.provides))
        own_pairs = [self.ran[pair] for pair in own if pair in self.ran]
        reproduction = reproduction_of(
            own_pairs, problem, reported=shown_failures(self.report), system=other_system(self.report)
        )
        newest = self._failing_attempt(problem, pair)
        name = people_name(package, self.matrix) if package else None
        nightly = nightly_results(self.all_evidence, self.matrix, writer=pair.writer if pair else "")
        verdict = pair_sentence(
            reproduction,
            readers,
            writers,
            writer=self._label(pair, stepped, reader=False),
            reader=self._label(pair, stepped, reader=True),
            responsible=name,
            side=side,
            changes=found,
            failure=problem.text if problem.failure or problem.shows else "",
        )
        return TriageAnswer(
            name=self.report.name,
            verdict=" ".join(filter(None, [verdict, nightly_sentence(nightly)])),
            observed=problem.observed,
            reproduced=reproduction,
            responsible=name,
            stepped=people_name(stepped, self.matrix) if stepped else None,
            ranges=readers,
            introduced=found[0],
            fixed=found[1],
            transitions=tuple(without_local_paths_in(dict(each)) for each in transitions),
            claims=checked,
            workarounds=ways,
            dropped=self.report.dropped,
            questions=(*self.report.questions, *(() if reproduction.reproduced else questions_about(checked))),
            commands=reproducing_pair(
                self.script_name, (pair.writer, pair.environment) if pair else None, str(package) if package else None
            ),
            other_failures=other_failures(
                replace(each, environment=f"{each.writer} -> {each.environment}") for each in self.evidence
            ),
            not_tested=tuple(
                (f"{each.writer} -> {each.environment}", each.reason)
                for each in self.all_evidence
                if each.shows is Shows.NOT_TESTED
            ),
            nightly=nightly,
            script=self.scenario.script.text,
            script_name=self.script_name,
            companions=self.report.companions,
            traceback=without_local_paths(newest.evidence.traceback) if newest is not None else "",
            install=install_line(newest) if newest is not None else "",
            pairs=self._facts(pair, side, writers),
        )

    def _facts(self, pair: CellRun | None, side: str | None, writers: tuple[Range, ...]) -> PairFacts | None:
        write = self.scenario.write
        return PairFacts(
            writer=pair.writer if pair else "",
            reader=pair.environment if pair else "",
            side=side,
            writer_ranges=writers,
            write_script=write.text if write is not None else "",
            install=(self._install(pair.writer), self._install(pair.environment)) if pair else ("", ""),
        )

    def _install(self, id: str) -> str:
        """Return the shell line of a notebook that makes an environment in the folder `{name}`."""
        environment = self.environments.get(id)
        if environment is None:
            return ""
        pins = " ".join(f"{name}=={version}" for name, version in environment.lock.versions.items())
        make = f"!uv venv -q --python {environment.python} {{name}}"
        return f"{make} && uv pip install -q --python {{name}}/bin/python --no-deps {pins}"

    def _side(self) -> str | None:
        sides = self.document["responsible"] if self.document else []
        return None if not sides else sides[0] if len(sides) == 1 else "both"

    def _evidence_of_sides(
        self, pair: CellRun | None, package: NormalizedName, evidence: Sequence[Evidence]
    ) -> tuple[list[Evidence], list[Evidence]]:
        """Return the evidence of readers of the held writer, and of writers for the held reader, with the searches."""
        if pair is None:
            return [each for each in evidence if each.writer == each.environment], []
        read, written = list(readers_of(self.evidence, pair.writer)), self._writers_for(pair)
        sides = self.document["sides"] if self.document else {}
        held = next((each for each in read), None)
        failure = self.problem.failure
        read += points_of_side(sides.get("reader"), failure, package, read, held)
        written += points_of_side(sides.get("writer"), failure, package, written)
        return read, written

    def _writers_for(self, pair: CellRun) -> list[Evidence]:
        families = {id: each.family for id, each in self.environments.items()}
        return list(writers_for(self.evidence, pair.environment, families))

    def _changes(
        self, ranges: Sequence[Range], side: str | None, pair: CellRun | None, package: NormalizedName
    ) -> tuple[Change | None, Change | None]:
        """Return the changes that introduced and fixed the problem, on the changed side, by default the readers."""
        if pair is None:
            return None, None
        counted = "writer" if side == "writer" else "reader"
        versions = pair.written_with if counted == "writer" else pair.versions
        transitions = self.document["transitions"] if self.document else ()
        return changes(ranges, [each for each in transitions if each["side"] == counted], versions.get(package))

    def _claims(self, pair: CellRun | None) -> list[Claim]:
        """Return the claims; those that do not say who wrote the file are about that of the reported writer."""
        if pair is None:
            return list(self.report.claims)
        names = dict(self.matrix.provides)
        written = {canonicalize_name(names.get(name, name)): version for name, version in pair.written_with.items()}
        return [
            each if each.writer else replace(each, writer=written.get(canonicalize_name(each.package), ""))
            for each in self.report.claims
        ]

    def _failing_attempt(self, problem: Problem, pair: CellRun | None) -> Attempt | None:
        failure = problem.failure
        if pair is not None and failure is not None and pair.failed and failure.matches(pair.error):
            return pair.attempt
        return None

    def _stepped(self, pair: CellRun | None) -> NormalizedName | None:
        """Return the package of the family of the failing reader, or of the first family in which something was run."""
        shown = {pair.family} if pair is not None else {each.family for each in self.evidence if each.shows.conclusive}
        return next((canonicalize_name(each.package) for each in self.matrix.families if each.name in shown), None)

    def _label(self, pair: CellRun | None, package: NormalizedName | None, *, reader: bool) -> str:
        """Return the version of the writer or the reader, as people write it."""
        if pair is None:
            return ""
        versions = pair.versions if reader else pair.written_with
        if package is None or package not in versions:
            return pair.environment if reader else pair.writer
        return f"{people_name(package, self.matrix)} {versions[package]}"

    def _named(self, ranges: Sequence[Range]) -> tuple[Range, ...]:
        return tuple(
            replace(each, package=canonicalize_name(people_name(each.package, self.matrix))) for each in ranges
        )
