"""Readers of a run: each starts when the writer whose files it reads has ended. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from harness.execute.task import Task
from harness.model import Attempt, Outcome


@dataclass(frozen=True, kw_only=True)
class WaitingReaders:
    """The tasks that read what other tasks of the same run write: each starts when its writer has ended."""

    waiting: dict[str, list[Task]]
    """By the key of the writer."""
    writing: Counter[str]
    """How many attempts of each writer have not ended."""

    @classmethod
    def of(cls, due: Iterable[Task]) -> WaitingReaders:
        """Return the readers whose writers are due as well."""
        due = list(due)
        writing = Counter(task.key for task in due if task.writes)
        waiting: dict[str, list[Task]] = {}
        for task in due:
            if task.reads in writing:
                waiting.setdefault(task.reads or "", []).append(task)
        return cls(waiting=waiting, writing=writing)

    def __contains__(self, task: Task) -> bool:
        return task.reads in self.waiting

    def after(self, attempt: Attempt) -> list[Task]:
        """Return the readers that waited for an attempt of their writer, the last one if it is repeated."""
        self.writing[attempt.key] -= 1
        if self.writing[attempt.key] > 0 and attempt.outcome is not Outcome.UNAVAILABLE:
            return []
        return self.waiting.pop(attempt.key, [])

    def without(self, running: Iterable[str]) -> list[Task]:
        """Return the readers whose writers do not run."""
        left = set(running)
        return [task for key in tuple(self.waiting) if key not in left for task in self.waiting.pop(key)]
