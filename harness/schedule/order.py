"""The order of steps: the next task to execute, and the next fork server to create ahead. Starts nothing.

The tasks of a request that need the same imports are a batch. Urgent batches come first. Of equally urgent ones, one
runner prepares the next batch while the others still have work in those that are ready. All writers come before
readers: then a reader has all its files at once, and its imports are done once. Within a batch, long tasks come first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.execute.task import WORTH_PREPARING, Task
from harness.schedule.request import Priority, Request


class Kind(Protocol):
    """Which imports a task needs: those of equal kinds are the same."""

    @property
    def zygote(self) -> Hashable:
        """The zygote. Kinds with the same zygote share its imports."""

    @property
    def slow(self) -> bool:
        """True if the zygote also runs prepare scripts."""

    def __hash__(self) -> int: ...


_UNKNOWN_S = 2.0
_UNKNOWN_MIB = 1024
_IMPORT_S = 6.0
_IMPORT_MIB = 768


@dataclass(kw_only=True, eq=False)
class Batch:
    """Tasks of one request and one fork server. Without a kind, each task imports for itself."""

    request: Request
    kind: Kind | None
    python: Path
    tasks: deque[Task]
    ready: bool
    being_prepared: bool = False
    running: int = 0
    left_s: float = 0.0
    """The expected total duration of its tasks."""
    retried: set[str] = field(default_factory=set)
    """The keys of the tasks that were executed again after an error."""

    @property
    def priority(self) -> Priority:
        """How urgent it is."""
        return self.request.claim.priority

    @property
    def reads(self) -> bool:
        """True if its next task reads what another wrote. These come last."""
        return self.tasks[0].reads is not None

    @property
    def writes(self) -> bool:
        """True if others wait for its next task. These come first of all."""
        return self.tasks[0].writes

    @property
    def preparing(self) -> bool:
        """True while its fork server is created."""
        return self.being_prepared and not self.ready

    @property
    def longest_s(self) -> float:
        """The expected duration of its first task, which is the longest."""
        return _seconds(self.tasks[0])

    def takes(self, request: Request, kind: Kind | None, python: Path) -> bool:
        """Return whether tasks of this kind belong to it."""
        return self.request is request and self.kind == kind and self.python == python


@dataclass(frozen=True, kw_only=True)
class Execute:
    """Execute a task."""

    task: Task
    batch: Batch

    @property
    def needs_mib(self) -> int:
        """The memory to count on."""
        return self.task.expected_mib or _UNKNOWN_MIB


@dataclass(frozen=True, kw_only=True)
class Prepare:
    """Do the imports of a batch."""

    batch: Batch

    @property
    def needs_mib(self) -> int:
        """The memory to count on."""
        return _IMPORT_MIB


Step = Execute | Prepare


@dataclass(kw_only=True)
class Order:
    """The steps that are left, as environments become available."""

    jobs: int
    import_s: float = _IMPORT_S
    """The expected duration of imports: an estimate at first, then the measured one."""
    _batches: list[Batch] = field(default_factory=list)
    _made: set[Hashable] = field(default_factory=set)
    """Zygotes that exist or existed."""

    def __bool__(self) -> bool:
        """Return True if a task is left to start."""
        return bool(self._batches)

    def add(self, request: Request, tasks: Iterable[tuple[Kind | None, Task]], python: Path) -> None:
        """Add tasks of a request in one environment, each with its kind. A batch of that kind that waits gets more."""
        by_kind: dict[Kind | None, list[Task]] = {}
        for kind, task in tasks:
            by_kind.setdefault(kind, []).append(task)
        for kind, members in by_kind.items():
            batch = next((each for each in self._batches if each.takes(request, kind, python)), None)
            if batch is None:
                batch = Batch(request=request, kind=kind, python=python, tasks=deque(), ready=kind is None)
                self._batches.append(batch)
            tasks_left = sorted([*batch.tasks, *members], key=_rank_of_task)
            batch.tasks = deque(tasks_left)
            batch.left_s += sum(map(_seconds, members))

    def next(self) -> Step | None:
        """Remove and return the next step, or None if all remaining tasks wait for running imports."""
        ready = (batch for batch in self._batches if batch.ready)
        usable = min(ready, key=lambda batch: (batch.priority, not batch.writes, batch.reads), default=None)
        ahead = self._to_prepare()
        if ahead is not None and (usable is None or _before(ahead, usable) or self._runs_short()):
            ahead.being_prepared = True
            return Prepare(batch=ahead)
        if usable is None:
            return None
        task = usable.tasks.popleft()
        usable.left_s -= _seconds(task)
        usable.running += 1
        if not usable.tasks:
            self._batches.remove(usable)
        return Execute(task=task, batch=usable)

    def put_back(self, step: Step) -> None:
        """Put a step back that could not start: it is the next one."""
        match step:
            case Prepare(batch=batch):
                batch.being_prepared = False
            case Execute(batch=batch, task=task):
                batch.running -= 1
                batch.tasks.appendleft(task)
                self._restore(batch, task)

    def again(self, step: Execute) -> None:
        """Add a task again, at the end of its batch."""
        step.batch.tasks.append(step.task)
        self._restore(step.batch, step.task)

    def finished(self, step: Execute) -> bool:
        """Record that a task has ended. Return True if its batch needs its fork server no more, or not for now."""
        step.batch.running -= 1
        batch = step.batch
        same = [each for each in self._batches if each.kind == batch.kind]
        if batch.running or any(each.running or each.preparing or not self._waits(each) for each in same):
            return False
        for each in same:
            each.ready, each.being_prepared = each.kind is None, False
        return True

    def _restore(self, batch: Batch, task: Task) -> None:
        batch.left_s += _seconds(task)
        if batch not in self._batches:
            self._batches.insert(0, batch)

    def prepared(self, step: Prepare, took_s: float) -> None:
        """Record that imports have ended. If they failed, each task imports for itself."""
        step.batch.ready = True
        zygote = step.batch.kind.zygote if step.batch.kind is not None else None
        if zygote not in self._made:  # or it took much less than the next will
            self.import_s = max(took_s, self.import_s / 2)
        self._made.add(zygote)

    def _waits(self, batch: Batch) -> bool:
        """Return True if a batch only reads, and others still write: it may get more tasks."""
        return batch.reads and any(each.writes and each.priority <= batch.priority for each in self._batches)

    def _to_prepare(self) -> Batch | None:
        """Return the batch to prepare next, or None.

        Prefer urgent ones, then writers, then an existing zygote, which keeps their number low, then a slow one, which
        starts best while other tasks run. Skip batches whose zygote is being created: they would wait for it.
        """
        waiting = [(batch.kind, batch) for batch in self._batches if batch.kind is not None and not batch.ready]
        being_made = {kind.zygote for kind, batch in waiting if batch.being_prepared}
        free = [(kind, batch) for kind, batch in waiting if kind.zygote not in being_made]
        return max(free, key=lambda each: self._rank(*each))[1] if free else None

    def _rank(self, kind: Kind, batch: Batch) -> tuple[int, bool, bool, bool, bool, float]:
        slow = kind.slow and len(batch.tasks) >= WORTH_PREPARING
        return -batch.priority, batch.writes, not batch.reads, kind.zygote in self._made, slow, batch.longest_s

    def _runs_short(self) -> bool:
        """Return True if the other runners would be idle unless one of them starts imports now."""
        if self.jobs == 1 or any(batch.being_prepared and not batch.ready for batch in self._batches):
            return False
        left_s = sum(batch.left_s for batch in self._batches if batch.ready)
        return left_s <= self.import_s * self.jobs * 1.25


def _before(ahead: Batch, usable: Batch) -> bool:
    """Return True if a batch is prepared before tasks of another one are executed."""
    writes_first = ahead.writes and usable.reads and ahead.priority == usable.priority
    return writes_first or ahead.priority < usable.priority


def _rank_of_task(task: Task) -> tuple[bool, bool, float]:
    return task.reads is not None, not task.writes, -task.expected_s


def _seconds(task: Task) -> float:
    return task.expected_s or _UNKNOWN_S
