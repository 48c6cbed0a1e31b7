"""Who runs what when, on this machine: environments are made in the background while tasks run in those that are.

This is the place that another engine (a cluster's) would take: tasks in, attempts out, as values.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from harness.environments.store import Provided, Unavailable
from harness.errors import HarnessError
from harness.execute.executor import Interrupted, unavailable
from harness.execute.task import Task
from harness.execute.verdict import MACHINE_OUT_OF_MEMORY
from harness.model import Attempt, Environment, Outcome
from harness.schedule.memory_gate import Memory
from harness.schedule.order import Execute, Kind, Order, Prepare

_LOOK_EVERY_S = 0.2


class Watcher(Protocol):
    """Is told what happens, from several threads."""

    def building(self, environment: Environment) -> None:
        """An environment is being made, or checked if it exists."""

    def ready(self, environment: Environment, provided: Provided) -> None:
        """An environment can be used."""

    def unavailable(self, environment: Environment, reason: str) -> None:
        """An environment cannot be had."""

    def note(self, text: str) -> None:
        """Something that people should know, and no attempt says."""

    def started(self, task: Task) -> None:
        """A task is being executed."""

    def printed(self, task: Task, data: bytes) -> None:
        """Receive output of the script of a task."""

    def waiting(self) -> None:
        """Receive a call several times a second while tasks run."""

    def finished(self, task: Task, attempt: Attempt) -> None:
        """Receive the attempt of a task."""


class Imports(Protocol):
    """Creates fork servers ahead of their tasks."""

    def kind_of(self, task: Task, python: Path) -> Kind | None:
        """Return the kind of fork server of a task, or None."""

    def prepare(self, task: Task, python: Path, *, tasks: int) -> None:
        """Create the fork server of `tasks` tasks, one of which is `task`. Do not raise if its imports fail."""

    def release(self, task: Task, python: Path) -> None:
        """Release the fork server: no task is left that needs it."""


@dataclass(frozen=True, kw_only=True)
class LocalScheduler:
    """Runs tasks in processes of this machine, `jobs` at a time."""

    jobs: int
    provide: Callable[[Environment], Provided]
    run_one: Callable[[Task, Path], Attempt]
    watcher: Watcher
    stop: threading.Event
    imports: Imports | None = None
    memory: Memory = field(default_factory=Memory)

    def run(self, tasks: Iterable[Task]) -> Iterator[Attempt]:
        """Yield the attempts in order of completion. When `stop` is set, end running tasks and yield nothing more."""
        with _Shift(self, tasks) as shift:
            yield from shift.attempts()


class _Shift:
    """One run of the scheduler: running builds, preparations and tasks."""

    def __init__(self, scheduler: LocalScheduler, tasks: Iterable[Task]) -> None:
        self._given = scheduler
        self._order = Order(jobs=scheduler.jobs)
        self._retried: set[str] = set()
        self._builders = ThreadPoolExecutor(1, thread_name_prefix="provision")
        self._runners = ThreadPoolExecutor(scheduler.jobs, thread_name_prefix="execute")
        self._running: dict[Future[Attempt], Execute] = {}
        self._preparing: dict[Future[float], Prepare] = {}
        self._started: dict[Future[Any], tuple[float, int]] = {}
        self._builds: dict[Future[Provided], list[Task]] = {}
        for group in _by_environment(tasks):
            self._builds[self._builders.submit(self._build, group[0].environment)] = group

    def __enter__(self) -> _Shift:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._given.stop.set()  # whoever took the attempts wants no more, or something broke: end what runs
        stopped = self._given.stop.is_set()
        self._builders.shutdown(cancel_futures=stopped)
        # Where all is done, what still waits here are releases of imports. A stop waits for none.
        self._runners.shutdown(cancel_futures=stopped)

    def attempts(self) -> Iterator[Attempt]:
        """Start steps and yield their attempts until nothing is left, or until the stop."""
        stop = self._given.stop
        while (self._builds or self._order or self._running or self._preparing) and not stop.is_set():
            self._hand_out()
            waited_for: list[Future[Any]] = [*self._builds, *self._running, *self._preparing]
            self._given.watcher.waiting()
            done, _ = wait(waited_for, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
            for future in done:
                if stop.is_set():
                    break
                yield from self._take(future)

    def _hand_out(self) -> None:
        """Start a step for each idle runner, if its memory is free. Queue none: a stop then cancels little."""
        while len(self._running) + len(self._preparing) < self._given.jobs:
            step = self._order.next()
            if step is None:
                return
            if self._started and not self._given.memory.takes(step.needs_mib, self._started.values()):
                self._order.put_back(step)
                return
            future: Future[Any]
            match step:
                case Execute(task=task, batch=batch):
                    future = self._runners.submit(self._execute, task, batch.python)
                    self._running[future] = step
                case Prepare():
                    future = self._runners.submit(self._prepare, step)
                    self._preparing[future] = step
            self._started[future] = (time.monotonic(), step.needs_mib)

    def _take(self, future: Future[Any]) -> Iterator[Attempt]:
        """Yield the attempts of a completed future."""
        self._started.pop(future, None)
        if future in self._builds:
            yield from self._after_build(future, self._builds.pop(future))
        elif future in self._preparing:
            self._order.prepared(self._preparing.pop(future), future.result())
        else:
            step = self._running.pop(future)
            attempt = _result(future)
            if attempt is not None:
                yield from self._after_attempt(step, attempt)

    def _build(self, environment: Environment) -> Provided:
        self._given.watcher.building(environment)
        return self._given.provide(environment)

    def _execute(self, task: Task, python: Path) -> Attempt:
        self._given.watcher.started(task)
        return self._given.run_one(task, python)

    def _prepare(self, step: Prepare) -> float:
        started = time.monotonic()
        if self._given.imports is not None:
            tasks = step.batch.tasks
            self._given.imports.prepare(tasks[0], step.batch.python, tasks=len(tasks))
        return time.monotonic() - started

    def _after_attempt(self, step: Execute, attempt: Attempt) -> Iterator[Attempt]:
        again = attempt.outcome is Outcome.ERROR and step.task.key not in self._retried
        if again:
            self._retried.add(step.task.key)
            self._order.again(_with_room(step) if attempt.reason == MACHINE_OUT_OF_MEMORY else step)
        if self._order.finished(step) and self._given.imports is not None and step.batch.kind is not None:
            self._runners.submit(self._given.imports.release, step.task, step.batch.python)
        if not again:
            self._given.watcher.finished(step.task, attempt)
            yield attempt

    def _after_build(self, build: Future[Provided], group: list[Task]) -> Iterator[Attempt]:
        """Queue the tasks of an environment that is there; give the attempts of those that can't be executed."""
        environment = group[0].environment
        lost = _why_lost(build)
        if lost is not None:
            reason, conclusive = lost
            self._given.watcher.unavailable(environment, reason)
            yield from self._unavailable(group, reason, conclusive=conclusive)
            return
        provided = build.result()
        self._given.watcher.ready(environment, provided)
        kind_of = self._given.imports.kind_of if self._given.imports is not None else _own_process
        runnable = [task for task in group if not (provided.import_error and task.script.header.requires_import)]
        self._order.add(((kind_of(task, provided.python), task) for task in runnable), provided.python)
        if provided.import_error:
            barred = [task for task in group if task.script.header.requires_import]
            reason = f"does not import: {provided.import_error}"
            yield from self._unavailable(barred, reason, conclusive=provided.import_certain)

    def _unavailable(self, tasks: Iterable[Task], reason: str, *, conclusive: bool) -> Iterator[Attempt]:
        for task in tasks:
            attempt = unavailable(task, reason, conclusive=conclusive)
            self._given.watcher.finished(task, attempt)
            yield attempt


def _with_room(step: Execute) -> Execute:
    """Return a step that waits until the memory that its script may use is free, or until nothing else runs."""
    return replace(step, task=replace(step.task, expected_mib=step.task.script.header.memory_mib))


def _own_process(task: Task, python: Path) -> None:
    """Without imports done before, each task does its own."""


def _by_environment(tasks: Iterable[Task]) -> list[list[Task]]:
    """Group tasks by environment, in the order given."""
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.environment.id, []).append(task)
    return list(groups.values())


def _why_lost(build: Future[Provided]) -> tuple[str, bool] | None:
    error = build.exception()
    if error is None:
        return None
    if isinstance(error, Unavailable):
        return error.reason, error.conclusive
    if isinstance(error, (HarnessError, OSError)):
        return " ".join(str(error).split()), False
    raise error


def _result(future: Future[Attempt]) -> Attempt | None:
    """Return the attempt of a task, or None if it was stopped."""
    try:
        return future.result()
    except Interrupted:
        return None
