"""Who runs what when, on this machine: environments are made in the background while tasks run in those that are.

This is the place that another engine (a cluster's) would take: tasks in, attempts out, as values.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.errors import HarnessError
from harness.execute.run_task import Interrupted, unavailable
from harness.execute.task import Task
from harness.model import Attempt, Environment, Outcome
from harness.provision.environments import Provided, Unavailable

_LOOK_EVERY_S = 0.2


class Watcher(Protocol):
    """Is told what happens, from several threads."""

    def building(self, environment: Environment) -> None:
        """An environment is being made, or checked if it exists."""

    def ready(self, environment: Environment, provided: Provided) -> None:
        """An environment can be used."""

    def unavailable(self, environment: Environment, reason: str) -> None:
        """An environment cannot be had."""

    def started(self, task: Task) -> None:
        """A task is being executed."""

    def finished(self, task: Task, attempt: Attempt) -> None:
        """An attempt is there."""


@dataclass(frozen=True, kw_only=True)
class LocalScheduler:
    """Runs tasks in processes of this machine, `jobs` at a time."""

    jobs: int
    provide: Callable[[Environment], Provided]
    run_one: Callable[[Task, Path], Attempt]
    watcher: Watcher
    stop: threading.Event

    def run(self, tasks: Iterable[Task]) -> Iterator[Attempt]:
        """Give the attempts as they come. When `stop` is set, what runs is ended and nothing more is given."""
        waiting = _by_environment(tasks)
        by_id = {group[0].environment.id: group for group in waiting}
        builders = ThreadPoolExecutor(1, thread_name_prefix="provision")
        runners = ThreadPoolExecutor(self.jobs, thread_name_prefix="execute")
        builds: dict[Future[Provided], str] = {}
        queue: deque[tuple[Task, Path]] = deque()
        running: dict[Future[Attempt], tuple[Task, Path]] = {}
        retried: set[str] = set()
        try:
            for group in waiting:
                builds[builders.submit(self._build, group[0].environment)] = group[0].environment.id
            while (builds or queue or running) and not self.stop.is_set():
                # No more than a few are handed over ahead: a stop has little to call back.
                while queue and len(running) < self.jobs:
                    task, python = queue.popleft()
                    running[runners.submit(self._execute, task, python)] = (task, python)
                waited_for: list[Future[Any]] = [*builds, *running]
                done, _ = wait(waited_for, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
                for future in done:
                    if self.stop.is_set():
                        break
                    if future in builds:
                        group = by_id[builds.pop(future)]
                        yield from self._after_build(future, group, queue)
                        continue
                    task, python = running.pop(future)
                    attempt = _result(future)
                    if attempt is None:
                        continue
                    if attempt.outcome is Outcome.ERROR and task.key not in retried:
                        retried.add(task.key)
                        queue.append((task, python))
                        continue
                    self.watcher.finished(task, attempt)
                    yield attempt
        except BaseException:
            self.stop.set()  # whoever took the attempts wants no more, or something broke: end what runs
            raise
        finally:
            builders.shutdown(cancel_futures=True)
            runners.shutdown(cancel_futures=True)

    def _build(self, environment: Environment) -> Provided:
        self.watcher.building(environment)
        return self.provide(environment)

    def _execute(self, task: Task, python: Path) -> Attempt:
        self.watcher.started(task)
        return self.run_one(task, python)

    def _after_build(
        self, build: Future[Provided], group: list[Task], queue: deque[tuple[Task, Path]]
    ) -> Iterator[Attempt]:
        """Queue the tasks of an environment that is there; give the attempts of those that can't be executed."""
        environment = group[0].environment
        lost = _why_lost(build)
        if lost is None:
            provided = build.result()
            self.watcher.ready(environment, provided)
            for task in group:
                if provided.import_error and task.script.header.requires_import:
                    attempt = unavailable(
                        task, f"does not import: {provided.import_error}", settled=provided.import_certain
                    )
                    self.watcher.finished(task, attempt)
                    yield attempt
                else:
                    queue.append((task, provided.python))
            return
        reason, settled = lost
        self.watcher.unavailable(environment, reason)
        for task in group:
            attempt = unavailable(task, reason, settled=settled)
            self.watcher.finished(task, attempt)
            yield attempt


def _by_environment(tasks: Iterable[Task]) -> list[list[Task]]:
    """Group tasks by environment, in the order given; within one, those that took longest first."""
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.environment.id, []).append(task)
    return [sorted(group, key=lambda task: -task.expected_s) for group in groups.values()]


def _why_lost(build: Future[Provided]) -> tuple[str, bool] | None:
    error = build.exception()
    if error is None:
        return None
    if isinstance(error, Unavailable):
        return error.reason, error.settled
    if isinstance(error, (HarnessError, OSError)):
        return " ".join(str(error).split()), False
    raise error


def _result(future: Future[Attempt]) -> Attempt | None:
    """Give what a task came to, or None if it was stopped."""
    try:
        return future.result()
    except Interrupted:
        return None
