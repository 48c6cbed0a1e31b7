"""Run the script of a report in environments, and collect what they show. Builds on the pipeline."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.utils import NormalizedName

from harness.errors import HarnessError
from harness.execute.task import Task
from harness.model import Attempt, Case, CellResult, Environment, Isolation, Outcome, Scenario
from harness.model.durations import LEAST_REPEATS, Measured
from harness.model.watch import Watch, WatchKind
from harness.pipeline import Work, prepare, with_costs
from harness.project.plan import Plan, make_plan
from harness.project.selection import Selection
from harness.record.store import Store
from harness.reports.endless_loops import endless_loop
from harness.reports.undefined_names import undefined_names
from harness.session import Session
from harness.triage.added_packages import variables_of
from harness.triage.observed_runs import CellRun

_UNDEFINED = re.compile(r"NameError: (?:global )?name '(?P<name>\w+)' is not defined")

RunTasks = Callable[[Session, Work, list[Task]], int]
"""Runs tasks, shows progress, and records what they show."""
FindEnvironment = Callable[[Session, str], Environment]
Extend = Callable[[Plan], Plan]


@dataclass(kw_only=True)
class Runs:
    """The cells of one scenario that were run so far, by environment."""

    session: Session
    scenario: Scenario
    run_tasks: RunTasks
    find_environment: FindEnvironment
    extend: Extend = lambda plan: plan
    """Adds packages to the environments of a plan."""
    ran: dict[str, CellRun] = field(default_factory=dict)
    """By the environment's id as it was asked for."""
    environments: dict[str, Environment] = field(default_factory=dict)
    watch: Watch | None = None
    """The watch, if the report is not about a failure."""
    cases: tuple[Case, ...] = ()
    """The cases that are run; all if there is none. Results are read of one only."""

    def run(self, ids: Iterable[str]) -> None:
        """Run the script in these environments, unless it was run there. Inline environments are resolved first."""
        wanted = [id for id in dict.fromkeys(ids) if id not in self.ran]
        found: dict[str, Environment] = {}
        for id in wanted:
            try:
                found[id] = self.find_environment(self.session, id)
            except HarnessError as error:
                self.ran[id] = CellRun(
                    cell=f"{self.scenario.name}@{id}",
                    environment=id,
                    family="",
                    versions={},
                    attempt=None,
                    reason=" ".join(str(error).split()),
                )
        if found:
            self._run(found)

    def restart(self, scenario: Scenario) -> None:
        """Run another form of the script in the environments in which it was run."""
        ids = tuple(self.ran)
        self.scenario = scenario
        self.ran.clear()
        self.run(ids)

    def _run(self, found: Mapping[str, Environment]) -> None:
        session = self.session
        known = {each.id for each in session.project.environments}
        inline = tuple(each for each in found.values() if each.id not in known)
        selection = Selection(environments=tuple(dict.fromkeys(each.id for each in found.values())))
        plan = self.extend(make_plan(session.project, selection, scripts=(self.scenario,), inline=inline))
        if self.cases:
            wanted = {each.parameters for each in self.cases}  # a script that is written again has another name
            plan = replace(plan, cells=tuple(each for each in plan.cells if each.cell.case.parameters in wanted))
        work = prepare(session, plan, fetch=True)
        store = session.read_store()
        try:
            due = self._due(work, store)
        finally:
            store.close()
        self.run_tasks(session, work, due)
        results = self._results(work)
        for id, environment in found.items():
            made = made_from(environment, plan)
            self.environments[id] = made
            common = variables_of(self.scenario.script.text, session.project.matrix)
            ran = _ran(results[made.id], made, common, work.missing.get(made.id))
            ran = without_names(ran, undefined_names(self.scenario.script.text))
            ran = without_end(ran, endless_loop(self.scenario.script.text))
            self.ran[id] = replace(ran, measured=self._measured(results[made.id]))

    @property
    def case(self) -> Case | None:
        """The only case of several that is run."""
        return self.cases[0] if len(self.cases) == 1 else None

    @property
    def _measures(self) -> bool:
        return self.watch is not None and self.watch.kind is WatchKind.TIME

    def _due(self, work: Work, store: Store) -> list[Task]:
        """Return the tasks that are due: durations are measured in this session, warnings in a process."""
        if self.watch is None or not self.watch.own_process:
            return work.due(store)
        found = work.attempts(store)
        if self._measures:
            found = {key: [one for one in each if self._counts(one)] for key, each in found.items()}
        repeat = LEAST_REPEATS if self._measures else 1
        due = work.due_of(found, repeat=repeat, isolation=Isolation.PROCESS)
        return [replace(task, own_process=True) for task in with_costs(due, store)]

    def _counts(self, attempt: Attempt) -> bool:
        return attempt.session == self.session.id or not attempt.outcome.shown_by_scenario

    def _measured(self, result: CellResult) -> Measured | None:
        """Return the durations of a cell in this session; None if they were not steady."""
        if self.watch is None or not self._measures:
            return None
        mine = [each for each in result.verdicts if each.session == self.session.id]
        measured = Measured.of(mine, stage=self.watch.stage)
        return measured if measured is not None and measured.is_steady(self.watch.factor) else None

    def _results(self, work: Work) -> dict[str, CellResult]:
        """Return the result of each environment, with the evidence of its newest attempt."""
        store = self.session.read_store()
        try:
            found = work.attempts(store)
            results = {}
            for result in work.results(found):
                task = work.tasks.get(result.cell)
                newest = self._newest(store, task.key) if task is not None else None
                attempts = result.attempts if newest is None else (*result.attempts[:-1], newest)
                results[result.cell.environment] = replace(result, attempts=attempts)
            return results
        finally:
            store.close()

    def _newest(self, store: Store, key: str) -> Attempt | None:
        """Return the newest attempt with its evidence: one in a process, if only that shows what is watched."""
        if self.watch is None or not self.watch.own_process:
            return store.latest_with_evidence(key)
        alone = (each for each in store.all_with_evidence(key) if each.isolation == Isolation.PROCESS.value)
        return next((each for each in alone if each.conclusive), None) or store.latest_with_evidence(key)

    @property
    def all(self) -> tuple[CellRun, ...]:
        """Everything that was run."""
        return tuple(self.ran.values())

    @property
    def environments_by_id(self) -> dict[str, Environment]:
        """The environments in which something was run, by their own ids."""
        return {each.id: each for each in self.environments.values()}


def made_from(base: Environment, plan: Plan) -> Environment:
    """Return the environment of a plan that was made from a base by adding packages."""
    planned = {each.id: each for cell in plan.cells for each in (cell.environment, cell.writer) if each is not None}
    return next((each for each in planned.values() if _is_from(each, base)), base)


def _is_from(made: Environment, base: Environment) -> bool:
    return made.id == base.id or made.id.startswith(f"{base.id} + ")


def own_variables(environment: Environment, common: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the variables of an environment that not every environment has."""
    return tuple(each for each in environment.variables if each not in common)


def _ran(
    result: CellResult, environment: Environment, common: Sequence[tuple[str, str]], missing: str | None
) -> CellRun:
    attempt = result.current
    versions: Mapping[NormalizedName, str] = environment.lock.versions
    return CellRun(
        cell=str(result.cell),
        environment=environment.id,
        family=environment.family,
        versions=versions,
        variables=own_variables(environment, common),
        attempt=attempt,
        reason=missing or "",
        verdict=attempt is not None and attempt.is_verdict and not result.flaky,
    )


def without_names(ran: CellRun, undefined: Collection[str]) -> CellRun:
    """Return a run without its verdict if it failed since the report does not define a name that its code uses."""
    found = _UNDEFINED.match(ran.error) if ran.failed else None
    if found is None or found["name"] not in undefined:
        return ran
    return replace(ran, verdict=False, reason=f"the script uses {found['name']}, which the report does not define")


def without_end(ran: CellRun, line: int | None) -> CellRun:
    """Return a run without its verdict if it was stopped at its time limit, and its script has a loop without end."""
    if line is None or ran.attempt is None or ran.attempt.outcome is not Outcome.TIMED_OUT:
        return ran
    return replace(ran, verdict=False, reason=f"the loop of line {line} never ends, and was stopped at the time limit")
