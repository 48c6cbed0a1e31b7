"""Count the attempts that a task still needs. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from harness.execute.task import Task
from harness.model import Attempt, Outcome


def conclusive_attempts(task: Task, attempts: Iterable[Attempt]) -> list[Attempt]:
    """Return the attempts with the key of a task that count as its results, in the given order."""
    return [each for each in attempts if each.conclusive and each.holds_within(task.limit_s)]


def count_missing(
    task: Task,
    attempts: Iterable[Attempt],
    *,
    repeat: int = 1,
    own_process: bool = False,
    written: bool = False,
    artifact_lost: bool = False,
) -> int:
    """Return the number of missing attempts of a task, to have `repeat` of them.

    With `own_process`, attempts in forks do not count. `written`: the artifacts that the task reads exist.
    `artifact_lost`: the artifacts that the task wrote are needed and do not exist.
    """
    counted = (each for each in attempts if not own_process or each.isolation == "process")
    found = conclusive_attempts(task, counted)
    if found and not found[-1].outcome.shown_by_scenario:
        # Not applicable, or unavailable: a repeat shows the same, unless the missing artifacts exist now.
        could_not_read = task.reads is not None and found[-1].outcome is Outcome.UNAVAILABLE
        if not (could_not_read and written):
            return 0
    missing = repeat - sum(each.outcome.shown_by_scenario for each in found)
    return max(missing, 1 if artifact_lost else 0)


def could_write(task: Task, attempts: Iterable[Attempt]) -> bool:
    """Return False if the results of a writer show that there is nothing to read: none of them passed."""
    found = conclusive_attempts(task, attempts)
    return not found or any(each.outcome is Outcome.PASSED for each in found)
