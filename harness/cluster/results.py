"""Check the results of a worker: only attempts of its shard count, and each of them must be complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.execute.task import Task
from harness.model import Attempt, Outcome
from harness.pipeline import Work
from harness.record.json_lines import attempt_of_line


class Damaged(Exception):
    """A worker returned something that is no attempt."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The attempts of a shard, and which of its tasks have no result there."""

    attempts: Sequence[Attempt]
    undecided: Sequence[Task]
    """The tasks that another worker may decide: each of their attempts would be repeated."""
    absent: Sequence[Task]
    """Those of them with fewer attempts than planned."""
    reason: str
    """The reason why the first of them has no result; empty if all have one."""

    def without(self, tasks: Sequence[Task]) -> Sequence[Attempt]:
        """Return the attempts of the other tasks."""
        dropped = {task.key for task in tasks}
        return [each for each in self.attempts if each.key not in dropped]


def check(tasks: Sequence[Task], lines: Sequence[str], work: Work) -> Checked:
    """Return the checked results of a worker for the tasks of a shard. Raises Damaged."""
    try:
        found = [attempt_of_line(line) for line in lines]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Damaged(f"the results of the worker are damaged: {error}") from error
    allowed = {key for task in tasks for key in (task.key, task.reads)}
    attempts = [replace(each, cell=work.by_key[each.key].cell) for each in found if each.key in allowed]
    left = Counter(task.key for task in tasks)
    left.subtract(each.key for each in attempts)
    # Without an environment, equal tasks have one attempt.
    unavailable = {each.key for each in attempts if each.outcome is Outcome.UNAVAILABLE}
    absent = {key for key, count in left.items() if count > 0 and key not in unavailable}
    undecided = absent | {each.key for each in attempts if not each.conclusive}
    # Without its interpreter, an environment has no result anywhere.
    unlike = [task for task in tasks if task.key in undecided and task.environment.id not in work.missing]
    reason = next((each.reason for each in attempts if not each.conclusive), "")
    return Checked(
        attempts=attempts,
        undecided=unlike,
        absent=[task for task in unlike if task.key in absent],
        reason=(reason or "the worker returned no attempt of a cell") if unlike else "",
    )
