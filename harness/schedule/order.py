"""Which step comes next: what to execute, and what to import ahead, so that nobody waits for it. Decides, does nothing.

Tasks that need the same thing imported are a batch. Batches follow each other: the next is made ready by one while the
others still have work in those that are. Within a batch those that took longest go first, and so do the batches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.execute.task import WORTH_PREPARING, Task


class Kind(Protocol):
    """Which imports a task needs: those of equal kinds are the same."""

    @property
    def root(self) -> Hashable:
        """What is imported first of all. Kinds of one root have that in common, so it is there once one is ready."""

    @property
    def slow(self) -> bool:
        """Whether more is made beforehand than imports."""

    def __hash__(self) -> int: ...


_UNKNOWN_S = 2.0
_UNKNOWN_MIB = 1024
_IMPORT_S = 6.0
_IMPORT_MIB = 768


@dataclass(kw_only=True, eq=False)
class Batch:
    """Tasks that can be executed once the same imports are there; of those without a kind each does its own."""

    kind: Kind | None
    python: Path
    tasks: deque[Task]
    ready: bool
    being_prepared: bool = False
    running: int = 0
    left_s: float = 0.0
    """How long its tasks take, one after another."""

    @property
    def longest_s(self) -> float:
        """How long its first task takes; no task of it takes longer."""
        return _seconds(self.tasks[0])


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
    """What is still to be done, as environments become available."""

    jobs: int
    import_s: float = _IMPORT_S
    """How long imports take; at first a guess, then what was seen."""
    _batches: list[Batch] = field(default_factory=list)
    _made: set[Hashable] = field(default_factory=set)
    """Roots that are there, or have been."""

    def __bool__(self) -> bool:
        """Whether there is a task left to hand out."""
        return bool(self._batches)

    def add(self, tasks: Iterable[tuple[Kind | None, Task]], python: Path) -> None:
        """Add the tasks of an environment, each with its kind."""
        by_kind: dict[Kind | None, list[Task]] = {}
        for kind, task in tasks:
            by_kind.setdefault(kind, []).append(task)
        for kind, members in by_kind.items():
            members.sort(key=lambda task: -task.expected_s)
            batch = Batch(kind=kind, python=python, tasks=deque(members), ready=kind is None)
            batch.left_s = sum(map(_seconds, members))
            self._batches.append(batch)

    def next(self) -> Step | None:
        """Take the next step; None if all that is left waits for imports that are being done."""
        usable = next((batch for batch in self._batches if batch.ready), None)
        ahead = self._to_prepare()
        if ahead is not None and (usable is None or self._runs_short()):
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
        """Have a step that could not be taken now come next."""
        match step:
            case Prepare(batch=batch):
                batch.being_prepared = False
            case Execute(batch=batch, task=task):
                batch.running -= 1
                batch.tasks.appendleft(task)
                self._restore(batch, task)

    def again(self, step: Execute) -> None:
        """Have a task executed once more, last of its batch."""
        step.batch.tasks.append(step.task)
        self._restore(step.batch, step.task)

    def finished(self, step: Execute) -> bool:
        """Note that a task has been executed; say whether its batch needs its imports no more."""
        step.batch.running -= 1
        return not step.batch.running and not step.batch.tasks

    def _restore(self, batch: Batch, task: Task) -> None:
        batch.left_s += _seconds(task)
        if batch not in self._batches:
            self._batches.insert(0, batch)

    def prepared(self, step: Prepare, took_s: float) -> None:
        """Note that imports are done; if they failed, each task does its own."""
        step.batch.ready = True
        root = step.batch.kind.root if step.batch.kind is not None else None
        if root not in self._made:  # or it took much less than the next will
            self.import_s = max(took_s, self.import_s / 2)
        self._made.add(root)

    def _to_prepare(self) -> Batch | None:
        """Give the batch that is to be prepared next: of a root that is there, so that these are few, or a slow one.

        That is best begun while there is other work. None whose root is just being made: it would be waited for.
        """
        waiting = [(batch.kind, batch) for batch in self._batches if batch.kind is not None and not batch.ready]
        being_made = {kind.root for kind, batch in waiting if batch.being_prepared}
        free = [(kind, batch) for kind, batch in waiting if kind.root not in being_made]
        return max(free, key=lambda each: self._rank(*each))[1] if free else None

    def _rank(self, kind: Kind, batch: Batch) -> tuple[bool, bool, float]:
        return kind.root in self._made, kind.slow and len(batch.tasks) >= WORTH_PREPARING, batch.longest_s

    def _runs_short(self) -> bool:
        """Whether the others would run out of work if one of them did imports any later than now."""
        if self.jobs == 1 or any(batch.being_prepared and not batch.ready for batch in self._batches):
            return False
        left_s = sum(batch.left_s for batch in self._batches if batch.ready)
        return left_s <= self.import_s * self.jobs * 1.25


def _seconds(task: Task) -> float:
    return task.expected_s or _UNKNOWN_S
