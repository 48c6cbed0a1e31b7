"""Executes tasks in processes of this machine, `jobs` at a time, and creates their environments in the background.

It accepts work while other work runs, from several threads: runs hand in all their tasks at once, searches one point
after another. A scheduler for a cluster would replace this module: tasks in, attempts out, as values.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from harness.environments.store import Provided
from harness.environments.unavailable import Unavailable
from harness.errors import HarnessError
from harness.execute.executor import Interrupted, unavailable
from harness.execute.task import Task
from harness.execute.verdict import MACHINE_OUT_OF_MEMORY
from harness.model import Attempt, Environment, Outcome
from harness.schedule.creators import Creators
from harness.schedule.memory_gate import Memory
from harness.schedule.order import Execute, Kind, Order, Prepare, Step
from harness.schedule.request import Claim, Request
from harness.schedule.watcher import Watcher

_POLL_S = 0.2
_T = TypeVar("_T")
Then = Callable[[Attempt], Iterable[Task]]
"""Returns the tasks that can run after an attempt: the readers of what it wrote."""


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
    """The settings of a pool: the number of jobs, and functions that create environments and execute tasks."""

    jobs: int
    provide: Callable[[Environment], Provided]
    run_one: Callable[[Task, Path], Attempt]
    watcher: Watcher
    stop: threading.Event
    imports: Imports | None = None
    memory: Memory = field(default_factory=Memory)
    builders: int = 1
    """How many environments are created at a time."""

    def run(self, tasks: Iterable[Task], *, then: Then | None = None) -> Generator[Attempt]:
        """Run tasks, and nothing else. Yield the attempts in order of completion, until `stop` is set.

        `then` returns the tasks that can run after an attempt was taken.
        If the caller takes no more attempts, or an exception is raised, set `stop`: running tasks end.
        """
        pool = LocalPool(self, keeps_imports=False)
        try:
            with contextlib.suppress(Interrupted):
                yield from pool.run(tasks, then=then)
        except BaseException:
            self.stop.set()
            raise
        finally:
            pool.close()

    @contextlib.contextmanager
    def open(self) -> Iterator[LocalPool]:
        """Yield a pool that accepts work until it is closed. Running tasks may end, the others are dropped."""
        pool = LocalPool(self, keeps_imports=True)
        try:
            yield pool
        finally:
            pool.close()


class LocalPool:
    """Threads that execute tasks, and threads that create environments for them.

    With `keeps_imports`, fork servers stay for later tasks; their pool ends the ones that are used least.
    """

    def __init__(self, scheduler: LocalScheduler, *, keeps_imports: bool) -> None:
        self._given = scheduler
        self._keeps_imports = keeps_imports
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        """Notified when there may be something to do for a thread."""
        self._order = Order(jobs=scheduler.jobs)
        self._started: dict[int, tuple[float, int]] = {}
        """The start times and the memory needs, in MiB, of the running steps."""
        self._closed = False
        self._creators = Creators(scheduler.builders, scheduler.stop)
        self._threads = [
            threading.Thread(target=self._work, name=f"execute-{number}", daemon=True)
            for number in range(scheduler.jobs)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, tasks: Iterable[Task], claim: Claim | None = None, *, then: Then | None = None) -> Generator[Attempt]:
        """Yield an attempt of each task, in order of completion. Raises Interrupted if the pool ends before that.

        An error of the harness is tried once more. A task without its environment yields one attempt, even if it was
        handed in several times. After a stop, only conclusive attempts are yielded: the stop caused the others.
        """
        request = Request(claim=claim or Claim(), changed=threading.Condition(self._lock), left=0)
        self._hand_in(request, tasks)
        try:
            while (attempt := self._next_attempt(request)) is not None:
                yield attempt
                if then is not None:
                    self._hand_in(request, then(attempt))
        finally:
            with self._lock:
                request.abandoned = True
                request.changed.notify_all()

    def _hand_in(self, request: Request, tasks: Iterable[Task]) -> None:
        """Add tasks to a request. Their environments are created, unless an earlier task had the same."""
        groups = _by_environment(tasks)
        with self._lock:
            request.left += sum(map(len, groups))
        while groups:
            group = groups.pop(0)
            known = request.provided.get(group[0].environment.id)
            if isinstance(known, Provided) and not known.import_error:
                self._build(request, group)
            else:  # the thread that takes results must not hand over any
                self._creators.add(request.claim, partial(self._build, request, group))

    def call(self, claim: Claim, function: Callable[[], _T]) -> _T:
        """Call a function in a thread that creates environments, and return its result. Raises Interrupted."""
        return self._creators.call(claim, function)

    def close(self) -> None:
        """End the threads as soon as their current steps are done."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._creators.close()
        for thread in self._threads:
            thread.join()

    @property
    def _over(self) -> bool:
        return self._closed or self._given.stop.is_set()

    def _build(self, request: Request, group: list[Task]) -> None:
        """Create the environment of tasks, and queue them; yield the attempts of those that cannot be executed."""
        try:
            provided = self._provided(request, group[0].environment)
            if isinstance(provided, Unavailable):
                self._deliver_unavailable(request, group, provided.reason, conclusive=provided.conclusive)
                return
            runnable, barred = group, list[Task]()
            if provided.import_error:
                runnable = [task for task in group if not task.script.header.requires_import]
                barred = [task for task in group if task.script.header.requires_import]
            self._queue(request, runnable, provided.python)
            reason = f"does not import: {provided.import_error}"
            self._deliver_unavailable(request, barred, reason, conclusive=provided.import_certain)
        except Exception as error:
            self._fail(request, error)

    def _provided(self, request: Request, environment: Environment) -> Provided | Unavailable:
        """Return an environment, or why there is none; created once for a request."""
        given, known = self._given, request.provided.get(environment.id)
        if known is not None:
            return known
        found: Provided | Unavailable
        given.watcher.building(environment)
        try:
            found = given.provide(environment)
            given.watcher.ready(environment, found)
        except Unavailable as error:
            found = error
        except (HarnessError, OSError) as error:
            found = Unavailable(environment.id, " ".join(str(error).split()), conclusive=False)
        if isinstance(found, Unavailable) and (found.conclusive or not given.stop.is_set()):
            given.watcher.unavailable(environment, found.reason)
        request.provided[environment.id] = found
        return found

    def _queue(self, request: Request, tasks: list[Task], python: Path) -> None:
        kind_of = self._given.imports.kind_of if self._given.imports is not None else _own_process
        kinds = [(kind_of(task, python), task) for task in tasks]
        with self._changed:
            self._order.add(request, kinds, python)
            self._changed.notify_all()

    def _work(self) -> None:
        while self._run_next():
            pass

    def _run_next(self) -> bool:
        """Run the next step. Return False at the end."""
        step = self._next_step()
        if step is None:
            return False
        try:
            match step:
                case Execute():
                    self._execute(step)
                case Prepare():
                    self._prepare(step)
        except Exception as error:
            with self._changed:
                self._started.pop(id(step), None)
            self._fail(step.batch.request, error)
        return True

    def _next_step(self) -> Step | None:
        """Wait for the next step, and for its memory. Return None at the end."""
        with self._changed:
            while not self._over:
                step = self._order.next()
                if step is not None:
                    if not self._started or self._given.memory.takes(step.needs_mib, self._started.values()):
                        self._started[id(step)] = (time.monotonic(), step.needs_mib)
                        step.batch.request.running += isinstance(step, Execute)
                        return step
                    self._order.put_back(step)
                self._changed.wait(_POLL_S)
        return None

    def _prepare(self, step: Prepare) -> None:
        started = time.monotonic()
        if self._given.imports is not None:
            tasks = step.batch.tasks
            self._given.imports.prepare(tasks[0], step.batch.python, tasks=len(tasks))
        with self._changed:
            self._started.pop(id(step))
            self._order.prepared(step, time.monotonic() - started)
            self._changed.notify_all()

    def _execute(self, step: Execute) -> None:
        request, batch = step.batch.request, step.batch
        attempt = None
        self._given.watcher.started(step.task)
        with contextlib.suppress(Interrupted):
            attempt = self._given.run_one(step.task, batch.python)
        with self._changed:
            self._started.pop(id(step))
            again = attempt is not None and attempt.outcome is Outcome.ERROR and step.task.key not in batch.retried
            if again and attempt is not None:
                batch.retried.add(step.task.key)
                self._order.again(_with_room(step) if attempt.reason == MACHINE_OUT_OF_MEMORY else step)
            unneeded = self._order.finished(step) and batch.kind is not None and not self._keeps_imports
            self._changed.notify_all()
        self._deliver(request, step.task, None if again else attempt, ran=True)
        if unneeded and self._given.imports is not None:
            self._given.imports.release(step.task, batch.python)

    def _deliver_unavailable(self, request: Request, tasks: list[Task], reason: str, *, conclusive: bool) -> None:
        times = Counter(task.key for task in tasks)
        for task in {task.key: task for task in tasks}.values():
            self._deliver(request, task, unavailable(task, reason, conclusive=conclusive), tasks=times[task.key])

    def _deliver(
        self, request: Request, task: Task, attempt: Attempt | None, *, tasks: int = 1, ran: bool = False
    ) -> None:
        """Hand over the attempt of equal tasks, if there is one. Wait while nobody takes the earlier ones."""
        if attempt is not None and not attempt.conclusive and self._given.stop.is_set():
            attempt = None  # the stop may have caused it
        if attempt is not None:
            for _ in range(tasks):
                self._given.watcher.finished(task, attempt)
        with request.changed:
            if attempt is not None:
                while len(request.results) >= self._given.jobs and not request.abandoned and not self._closed:
                    request.changed.wait(_POLL_S)
                request.results.append(attempt)
                request.left -= tasks
            request.running -= ran
            request.changed.notify_all()

    def _fail(self, request: Request, error: Exception) -> None:
        with request.changed:
            request.error = error
            request.changed.notify_all()

    def _next_attempt(self, request: Request) -> Attempt | None:
        """Wait for an attempt. Return None if all tasks have ended. Raises Interrupted if the pool ended before."""
        while True:
            self._given.watcher.waiting()
            with request.changed:
                if request.error is not None:
                    raise request.error
                if request.results:
                    request.changed.notify_all()
                    return request.results.popleft()
                if request.left == 0:
                    return None
                if self._over and not request.running:
                    raise Interrupted
                request.changed.wait(_POLL_S)


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
