"""Run the tasks of watched scripts: warnings and durations need processes of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from harness.execute.task import Task
from harness.model import Attempt, Isolation
from harness.model.durations import LEAST_REPEATS, session_to_compare
from harness.model.watch import Watch, WatchKind
from harness.pipeline import Work
from harness.record.splits import ShardRun
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How tasks are run, and when they are due."""

    isolation: Isolation
    repeat: int
    measures: bool = False
    """True if durations are measured: one task at a time, all in one session."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """Tasks that are due, and how they are run."""

    manner: Manner
    tasks: tuple[Task, ...]


def due_by_manner(
    work: Work, found: Mapping[str, list[Attempt]], watched: Mapping[str, Watch | None], manner: Manner, *, fresh: bool
) -> tuple[Due, ...]:
    """Return the tasks that are due, by the manner in which their scenarios are run. Durations come last.

    `watched` has what is watched by scenario, `manner` is that of scripts that are not watched.
    """
    return tuple(
        Due(manner=each, tasks=tuple(_due(part, found, each, fresh=fresh)))
        for each, part in _parts(work, watched, manner)
    )


def _parts(work: Work, watched: Mapping[str, Watch | None], manner: Manner) -> Iterator[tuple[Manner, Work]]:
    manners = {name: _manner(watch, manner) for name, watch in watched.items()}
    for each in sorted(set(manners.values()), key=lambda each: (each.measures, str(each.isolation))):
        members = {name for name, one in manners.items() if one == each}
        tasks = {cell: task for cell, task in work.tasks.items() if cell.case.scenario in members}
        if tasks:
            yield each, replace(work, tasks=tasks)


def _manner(watch: Watch | None, manner: Manner) -> Manner:
    if watch is None or not watch.own_process:
        return manner
    if watch.kind is WatchKind.TIME:
        return Manner(isolation=Isolation.PROCESS, repeat=max(manner.repeat, LEAST_REPEATS), measures=True)
    return replace(manner, isolation=Isolation.PROCESS)


def _due(work: Work, found: Mapping[str, list[Attempt]], manner: Manner, *, fresh: bool) -> list[Task]:
    if not manner.measures:
        return work.due_of(found, fresh=fresh, repeat=manner.repeat, isolation=manner.isolation)
    attempts = {task.key: found.get(task.key, []) for task in work.tasks.values()}
    measured = {key: [one for one in each if one.isolation == manner.isolation.value] for key, each in attempts.items()}
    session = None if fresh else session_to_compare(measured, least=manner.repeat)
    known = {
        key: [one for one in each if one.session == session or not one.outcome.shown_by_scenario]
        for key, each in attempts.items()
    }
    due = work.due_of(known, repeat=manner.repeat, isolation=manner.isolation)
    if all(task.writes for task in due):
        return due
    # One session measures all: durations of other sessions are not compared.
    return work.due_of({}, repeat=manner.repeat, isolation=manner.isolation)


def run_by_manner(
    session: Session,
    work: Work,
    due: tuple[Due, ...],
    *,
    jobs: int,
    shard: ShardRun | None = None,
    cluster: str | None = None,
) -> int:
    """Run tasks in their manners. Return the number of recorded attempts.

    On a cluster, durations are still measured on this machine: those of different machines cannot be compared.
    """
    from harness.commands.run_tasks import run_tasks  # a run with nothing to do answers without it

    count = 0
    for each in due:
        if not session.stop.is_set():
            at_a_time = 1 if each.manner.measures else jobs
            isolation = each.manner.isolation
            count += run_tasks(
                session,
                work,
                list(each.tasks),
                jobs=at_a_time,
                isolation=isolation,
                shard=shard,
                cluster=None if each.manner.measures else cluster,
            )
    return count
