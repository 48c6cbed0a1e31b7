"""Run a plan: find the cells without a valid attempt, run them, and record each attempt."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.execute.task import Task, make_task
from harness.model import Attempt, Cell, CellResult, Condition, Data, Outcome, Overlay
from harness.project.plan import Plan, PlannedCell
from harness.record.store import Cost, Store, Writer
from harness.schedule.missing_attempts import could_write, count_missing
from harness.schedule.waiting_readers import WaitingReaders
from harness.session import Session

if TYPE_CHECKING:  # imported at run time only if cells are run
    from harness.schedule.watcher import Watcher


Elsewhere = Callable[[Iterable[Task]], Generator[Attempt]]
"""Runs tasks on other machines, writers before their readers, and yields the attempts."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """The tasks of a plan. Cells with a reason against running them have none."""

    plan: Plan
    tasks: Mapping[Cell, Task]
    missing: Mapping[str, str]
    """Reasons for missing interpreters, by environment."""

    @functools.cached_property
    def by_key(self) -> Mapping[str, Task]:
        """One task of each key."""
        return {task.key: task for task in self.tasks.values()}

    def attempts(self, store: Store) -> dict[str, list[Attempt]]:
        """Return the attempts of the tasks, by key."""
        found = store.by_keys((task.key for task in self.tasks.values()), {str(cell): cell for cell in self.tasks})
        limits = {task.key: task.limit_s for task in self.tasks.values()}
        return {key: [each for each in attempts if each.holds_within(limits[key])] for key, attempts in found.items()}

    def due(self, store: Store, *, fresh: bool = False, repeat: int = 1) -> list[Task]:
        """Return the tasks with fewer than `repeat` valid attempts, each as often as it must run."""
        return with_costs(self.due_of(self.attempts(store), fresh=fresh, repeat=repeat), store)

    def due_of(
        self, found: Mapping[str, list[Attempt]], *, fresh: bool = False, repeat: int = 1, isolation: str = "fork"
    ) -> list[Task]:
        """Return the tasks that are due, given attempts. With isolation "process", forked attempts do not count."""
        due: list[Task] = []
        for task in {task.key: task for task in self.tasks.values()}.values():
            missing = count_missing(
                task,
                [] if fresh else found.get(task.key, []),
                repeat=repeat,
                own_process=isolation == "process",
                written=any(each.outcome is Outcome.PASSED for each in found.get(task.reads or "", [])),
            )
            due.extend([task] * missing)
        return due

    def results(self, found: Mapping[str, list[Attempt]]) -> tuple[CellResult, ...]:
        """Return the state of each cell of the plan, given attempts."""
        results = []
        for planned in self.plan.cells:
            if planned.writes:
                continue
            attempts: Iterable[Attempt]
            if planned.absence is not None:
                attempts = [_absent_attempt(planned)]
            else:
                attempts = [_named(each, planned.cell) for each in found.get(self.tasks[planned.cell].key, [])]
            results.append(
                CellResult(cell=planned.cell, attempts=tuple(attempts), labels=planned.scenario.header.labels)
            )
        return tuple(results)


def _named(attempt: Attempt, cell: Cell) -> Attempt:
    """Return an attempt as one of this cell: it may have been recorded under another label of the same script."""
    return attempt if attempt.cell is cell or attempt.cell == cell else replace(attempt, cell=cell)


def with_costs(due: list[Task], store: Store) -> list[Task]:
    """Return tasks with the costs of their last run."""
    costs = store.costs() if due else {}
    return [with_cost(task, costs) for task in due]


def with_cost(task: Task, costs: Mapping[tuple[str, str], Cost]) -> Task:
    """Return a task with the cost of its last run, if there was one."""
    cost = costs.get(task.recorded_as)
    return task if cost is None else replace(task, expected_s=cost.duration_s, expected_mib=cost.peak_mib)


def prepare(
    session: Session,
    plan: Plan,
    *,
    fetch: bool = False,
    overlay: Overlay | None = None,
    condition: Condition | None = None,
    own_limit: bool = False,
) -> Work:
    """Find the interpreters of a plan and create its tasks. With `fetch`, download missing interpreters.

    The default of `condition` is the condition of the session; with `own_limit`, with the time limits of the scripts.
    With `fetch`, the data of scripts is downloaded, too, if the session asks for it.
    """
    data: Mapping[str, Data]
    if condition is None:
        condition = Condition(sandboxed=session.sandboxed, timeout_s=None if own_limit else session.timeout_s)
        wanted = fetch and session.fetch_data
        data = _data_of(session, plan, (lambda: prepare(session, plan, condition=condition)) if wanted else None)
    else:  # the digest is all that a key needs
        some = Data(folder=session.cache, files=(), digest=condition.data) if condition.data else None
        data = {each.identity: some for each in plan.scenarios} if some is not None else {}
    interpreters: dict[str, str] = {}
    missing: dict[str, str] = {}
    for environment in plan.environments:
        interpreter = session.interpreters.find_installed(environment.python)
        if interpreter is None and fetch:
            try:
                interpreter = session.interpreters.find(environment.python, stop=session.stop)
            except HarnessError as error:
                missing[environment.id] = " ".join(str(error).split())
        elif interpreter is None:
            missing[environment.id] = (
                f"Python {environment.python} is not installed; `harness run` tries to download it"
            )
        # Without an interpreter, the key has the requested version. Its attempt will not be conclusive.
        interpreters[environment.id] = interpreter.id if interpreter else f"cpython-{environment.python}"
    tasks: dict[Cell, Task] = {}
    # Writers first: the key of a writer is part of the key of its readers.
    for planned in sorted(plan.runnable, key=lambda planned: not planned.writes):
        task = _task(planned, interpreters, tasks, session.variables, overlay=overlay, data=data, condition=condition)
        tasks[planned.cell] = task
    return Work(plan=plan, tasks=tasks, missing=missing)


def _data_of(session: Session, plan: Plan, work: Callable[[], Work] | None) -> dict[str, Data]:
    """Return the downloaded data of the scenarios of a plan, by identity. With `work`, fetch it with its tasks."""
    found = {}
    for scenario in {planned.scenario.identity: planned.scenario for planned in plan.runnable}.values():
        if work is not None and not session.fetched.has(scenario.identity):
            from harness.fetching import fetch_data

            tasks = [task for task in work().tasks.values() if task.identity == scenario.identity and not task.reads]
            fetch_data(session, scenario, tasks)
        data = session.data_of(scenario)
        if data is not None:
            found[scenario.identity] = data
    return found


def _task(
    planned: PlannedCell,
    interpreters: Mapping[str, str],
    tasks: Mapping[Cell, Task],
    variables: Mapping[str, str],
    *,
    overlay: Overlay | None,
    data: Mapping[str, Data],
    condition: Condition,
) -> Task:
    script = planned.scenario.script
    reads = None
    if planned.writes and planned.scenario.write is not None:
        script = planned.scenario.write
    elif planned.writer is not None:
        reads = tasks[Cell(case=planned.cell.case, environment=planned.writer.id)].key
    return make_task(
        planned.cell,
        script,
        planned.environment,
        interpreter=interpreters[planned.environment.id],
        caller_variables=variables,
        writes=planned.writes,
        reads=reads,
        overlay=overlay,
        data=data.get(planned.scenario.identity),
        sandboxed=condition.sandboxed,
        timeout_s=condition.timeout_s,
        identity=planned.scenario.identity,
        external=planned.scenario.external,
        run_with=planned.scenario.written_case(planned.cell.case) if planned.writes else None,
    )


def _absent_attempt(planned: PlannedCell) -> Attempt:
    """Return the attempt that represents a cell that is not run, so that reports handle attempts only."""
    assert planned.absence is not None
    never = dt.datetime.fromtimestamp(0, dt.timezone.utc)
    return Attempt(
        cell=planned.cell, key="", outcome=planned.absence.outcome, reason=planned.absence.reason, started=never
    )


def run_due(
    session: Session,
    work: Work,
    due: list[Task],
    writer: Writer,
    *,
    jobs: int,
    watcher: Watcher,
    isolation: str = "fork",
    elsewhere: Elsewhere | None = None,
) -> int:
    """Run tasks, and record each attempt at once. Return the number of attempts. Readers start after their writer.

    Isolation "process" uses a fresh process for each attempt; "fork" uses forks of a fork server where that is safe.
    `elsewhere` runs the tasks on other machines.
    """
    from harness.engine import local_scheduler

    session.require_condition()
    recorder = _Recorder(session, work, writer, watcher)
    if elsewhere is not None:
        with contextlib.closing(elsewhere(due)) as attempts:
            for attempt in attempts:
                recorder.record(attempt)
        return recorder.count
    due = _with_lost_artifacts(session, work, due)
    if isolation == "process":
        due = [replace(task, own_process=True) for task in due]
    readers = WaitingReaders.of(due)
    tasks = recorder.possible(task for task in due if task not in readers)
    tasks += recorder.possible(readers.without(task.key for task in tasks))
    with (
        local_scheduler(session, jobs=jobs, watcher=watcher) as scheduler,
        contextlib.closing(
            scheduler.run(tasks, then=lambda attempt: recorder.possible(readers.after(attempt)))
        ) as attempts,
    ):
        for attempt in attempts:
            recorder.record(attempt)
    return recorder.count


class _Recorder:
    """Records the attempts of a run, and those of tasks that cannot run."""

    def __init__(self, session: Session, work: Work, writer: Writer, watcher: Watcher) -> None:
        self._session = session
        self._work = work
        self._writer = writer
        self._watcher = watcher
        self._inconclusive: set[str] = set()
        self._unavailable: set[str] = set()
        self.count = 0
        """How many attempts were recorded."""

    def record(self, attempt: Attempt) -> None:
        """Record an attempt. An unavailable task is recorded once, also if it is due several times."""
        if attempt.outcome is Outcome.UNAVAILABLE:
            if attempt.key in self._unavailable:
                return
            self._unavailable.add(attempt.key)
        self.count += self._writer.add(attempt)
        if not attempt.conclusive:
            self._inconclusive.add(attempt.key)

    def possible(self, tasks: Iterable[Task]) -> list[Task]:
        """Return the tasks that can run, and record why the others cannot."""
        from harness.execute.executor import unavailable

        able = []
        for task in tasks:
            reason = _blocking_reason(self._session, self._work, task)
            if reason is None:
                able.append(task)
                continue
            # Missing artifacts are final, unless their writer will be tried again.
            final = task.environment.id not in self._work.missing and task.reads not in self._inconclusive
            attempt = unavailable(task, reason, conclusive=final)
            self._watcher.finished(task, attempt)
            self.record(attempt)
        return able


def _with_lost_artifacts(session: Session, work: Work, due: list[Task]) -> list[Task]:
    """Return the tasks with the writers of missing artifacts (pruned, or another cache) that readers need.

    A writer that could not write has lost nothing: it does not run again.
    """
    wanted = {task.reads for task in due if task.reads and not session.artifacts.has(task.reads)}
    planned = {task.key for task in due}
    lost = [task for task in work.tasks.values() if task.writes and task.key in wanted and task.key not in planned]
    if lost:
        store = session.read_store()
        try:
            known = work.attempts(store)
        finally:
            store.close()
        lost = [task for task in lost if could_write(task, known.get(task.key, []))]
    return [*lost, *due]


def _blocking_reason(session: Session, work: Work, task: Task) -> str | None:
    """Return why a task cannot run, or None."""
    if task.environment.id in work.missing:
        return work.missing[task.environment.id]
    if task.reads is not None and not session.artifacts.has(task.reads):
        return f"{task.cell.writer} did not write: see {Cell(case=task.cell.case, environment=task.cell.writer or '')}"
    return None


def undecided(results: Iterable[CellResult]) -> list[CellResult]:
    """Return the cells without a result: no attempt, or one that will be repeated."""
    return [
        result
        for result in results
        if result.current is None or result.current.outcome is Outcome.ERROR or not result.current.conclusive
    ]
