"""Run the two steps of a report in pairs of environments, and collect what each pair shows. Builds on the pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from packaging.utils import NormalizedName

from harness.errors import HarnessError
from harness.model import Case, Cell, CellResult, Environment, Scenario
from harness.pipeline import Work, prepare
from harness.project.plan import make_plan
from harness.project.selection import Selection
from harness.session import Session
from harness.triage.added_packages import variables_of
from harness.triage.observed_runs import CellRun
from harness.triage.runs import Extend, FindEnvironment, RunTasks, made_from, own_variables

Pair = tuple[str, str]
"""Writer and reader, by the ids of their environments as they were asked for."""


@dataclass(kw_only=True)
class Pairs:
    """The pairs of one two-step scenario that were run so far."""

    session: Session
    scenario: Scenario
    run_tasks: RunTasks
    find_environment: FindEnvironment
    extend: Extend = lambda plan: plan
    """Adds packages to the environments of a plan."""
    ran: dict[Pair, CellRun] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    """By the id as it was asked for: the environments in which something was run."""
    refused: dict[str, str] = field(default_factory=dict)
    """Reasons why environments could not be created, by id."""

    @property
    def case(self) -> Case:
        """The first case of the scenario: a report has one."""
        return next(self.scenario.cases())

    @property
    def all(self) -> tuple[CellRun, ...]:
        """Everything that was run."""
        return tuple(self.ran.values())

    def run(self, pairs: Iterable[Pair]) -> None:
        """Write and read in these pairs, unless it was done; inline environments are resolved first."""
        wanted = [pair for pair in dict.fromkeys(pairs) if pair not in self.ran]
        found = {id: each for id in dict.fromkeys(id for pair in wanted for id in pair) if (each := self._find(id))}
        possible = []
        for pair in wanted:
            refused = next((self.refused[id] for id in pair if id in self.refused), None)
            if refused is None:
                possible.append(pair)
            else:
                self.ran[pair] = self._without(pair, refused)
        if possible:
            self._run(possible, found)

    def _find(self, id: str) -> Environment | None:
        try:
            return self.find_environment(self.session, id)
        except HarnessError as error:
            self.refused[id] = " ".join(str(error).split())
            return None

    def _without(self, pair: Pair, reason: str) -> CellRun:
        writer, reader = pair
        return CellRun(
            cell=f"{self.case}@{writer} -> {reader}",
            environment=reader,
            family="",
            versions={},
            attempt=None,
            reason=reason,
            writer=writer,
        )

    def _run(self, pairs: list[Pair], found: Mapping[str, Environment]) -> None:
        session = self.session
        known = {each.id for each in session.project.environments}
        inline = tuple({each.id: each for each in found.values() if each.id not in known}.values())
        cells = [
            Cell(case=self.case, environment=found[reader].id, writer=found[writer].id) for writer, reader in pairs
        ]
        selection = Selection(cells=tuple(dict.fromkeys(cells)))
        plan = self.extend(
            make_plan(session.project, selection, scripts=(self.scenario,), recalled=(self.scenario,), inline=inline)
        )
        work = prepare(session, plan, fetch=True)
        store = session.read_store()
        try:
            due = work.due(store)
        finally:
            store.close()
        self.run_tasks(session, work, due)
        results = dict(self._results(work))
        made = {id: made_from(each, plan) for id, each in found.items()}
        self.environments.update(made)
        for writer, reader in pairs:
            cell = Cell(case=self.case, environment=made[reader].id, writer=made[writer].id)
            self.ran[writer, reader] = self._ran(results[cell], made[writer], made[reader], work)

    def _ran(self, result: CellResult, writer: Environment, reader: Environment, work: Work) -> CellRun:
        attempt = result.current
        versions: Mapping[NormalizedName, str] = reader.lock.versions
        common = variables_of(self.scenario.script.text, self.session.project.matrix)
        variables = (*own_variables(writer, common), *own_variables(reader, common))
        return CellRun(
            cell=str(result.cell),
            environment=reader.id,
            family=reader.family,
            versions=versions,
            variables=tuple(dict.fromkeys(variables)),
            attempt=attempt,
            reason=work.missing.get(reader.id, work.missing.get(writer.id, "")),
            writer=writer.id,
            written_with=writer.lock.versions,
            verdict=attempt is not None and attempt.is_verdict and not result.flaky,
        )

    def _results(self, work: Work) -> Iterator[tuple[Cell, CellResult]]:
        """Yield the result of each pair, with the evidence of its newest attempt.

        Where the writer failed, its failure is what the pair shows.
        """
        store = self.session.read_store()
        try:
            found = work.attempts(store)
            for result in work.results(found):
                task = work.tasks.get(result.cell)
                writing = Cell(case=self.case, environment=result.cell.writer or "")
                written = found.get(work.tasks[writing].key, []) if writing in work.tasks else []
                attempts = result.attempts
                if written and written[-1].outcome.is_failure:
                    task, attempts = work.tasks[writing], tuple(written)
                newest = store.latest_with_evidence(task.key) if task is not None else None
                attempts = attempts if newest is None else (*attempts[:-1], newest)
                yield result.cell, replace(result, attempts=attempts)
        finally:
            store.close()
