"""Shards for `plan` and `run`: the split of a plan, which the store keeps, and its texts."""

from __future__ import annotations

import contextlib
import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tabulate import tabulate

from harness.commands.output_files import write_file
from harness.errors import some_of
from harness.execute.task import Task
from harness.model import Isolation
from harness.pipeline import Work
from harness.record.splits import KnownSplit, known_splits, remember_split
from harness.session import Session
from harness.shards.document import ShardOptions, shard_run, write_shard
from harness.shards.split import Split, seconds_of, selection_digest, split


def new_split(session: Session, work: Work, due: Sequence[Task], shards: int) -> Split:
    """Split what is due, and keep the split in the store: shards that run from it later are those of this split."""
    made = split(_estimated(session, due), shards)
    known = KnownSplit(split=made.id, shards=made.content)
    remember_split(session.store_path, known, selection=_selection(work))
    return made


def _estimated(session: Session, due: Sequence[Task]) -> list[Task]:
    """Return tasks with expected durations: for cells that never ran, the mean of their case in other environments."""
    if all(task.expected_s for task in due):
        return list(due)
    with contextlib.closing(session.read_store()) as store:
        costs = store.costs()
    by_case: dict[tuple[str, str], list[float]] = {}
    for recorded, cost in costs.items():
        by_case.setdefault(_case_of(recorded), []).append(cost.duration_s)
    means = {case: statistics.fmean(durations) for case, durations in by_case.items()}
    return [
        task if task.expected_s else replace(task, expected_s=means.get(_case_of(task.recorded_as), 0.0))
        for task in due
    ]


def _case_of(recorded: tuple[str, str]) -> tuple[str, str]:
    cell, identity = recorded
    return cell.rpartition("@")[0], identity


def split_for(session: Session, work: Work, due: Sequence[Task], shards: int) -> Split:
    """Return the newest split of a selection that has all that is due, or else a new one.

    A shard that was interrupted, or runs after another one in the same store, is that of the same split.
    """
    wanted = {task.key for task in due}
    tasks = {task.key: task for task in (*work.tasks.values(), *due)}
    for known in known_splits(session.store_path, _selection(work), shards):
        keys = {key for shard in known.shards for key, _ in shard}
        if wanted <= keys <= tasks.keys():
            parts = tuple(tuple(tasks[key] for key, count in shard for _ in range(count)) for shard in known.shards)
            return Split(shards=parts, id=known.split)
    return new_split(session, work, due, shards)


def _selection(work: Work) -> str:
    return selection_digest(task.key for task in work.tasks.values())


def due_in(shard: Sequence[Task], due: Sequence[Task]) -> list[Task]:
    """Return the tasks of a shard that are due, each as often as it is due, with what they cost last time."""
    by_key = defaultdict(list)
    for task in due:
        by_key[task.key].append(task)
    return [task for key in dict.fromkeys(task.key for task in shard) for task in by_key.get(key, ())]


def work_in(work: Work, shard: Sequence[Task]) -> Work:
    """Return the part of a work that is in a shard: only its cells are shown."""
    keys = {task.key for task in shard}
    cells = tuple(each for each in work.plan.cells if each.cell in work.tasks and work.tasks[each.cell].key in keys)
    involved = {id for each in cells for id in (each.cell.environment, each.cell.writer)}
    used = {each.scenario.name for each in cells}
    plan = replace(
        work.plan,
        cells=cells,
        scenarios=tuple(each for each in work.plan.scenarios if each.name in used),
        environments=tuple(each for each in work.plan.environments if each.id in involved),
    )
    return replace(work, plan=plan)


def environments_of(shard: Sequence[Task]) -> list[str]:
    """Return the environments of a shard, those with the most cells first."""
    counts = Counter(task.cell.writer or task.environment.id for task in shard)
    return [id for id, _ in sorted(counts.items(), key=lambda each: (-each[1], each[0]))]


@dataclass(frozen=True, kw_only=True)
class PlannedShards:
    """A new split of what is due, for people, for a matrix of jobs, and as files."""

    split: Split

    @classmethod
    def plan(cls, session: Session, work: Work, due: Sequence[Task], shards: int) -> PlannedShards:
        """Split the due tasks into `shards` shards."""
        return cls(split=new_split(session, work, due, shards))

    @property
    def document(self) -> dict[str, object]:
        """The shards as values of JSON, and as a matrix of GitHub Actions: a job for each shard that has cells."""
        shards = [
            {
                "shard": self._name(number),
                "cells": len({task.key for task in tasks}),
                "attempts": len(tasks),
                "environments": environments_of(tasks),
                "estimated_s": round(sum(map(seconds_of, tasks)), 1),
            }
            for number, tasks in self._numbered
        ]
        jobs = [
            {"shard": self._name(number), "number": number, "environments": some_of(environments_of(tasks), most=3)}
            for number, tasks in self._numbered
            if tasks
        ]
        return {"split": self.split.id, "shards": shards, "matrix": {"include": jobs}}

    @property
    def text(self) -> str:
        """The shards as a table."""
        rows = [
            [
                self._name(number),
                len({task.key for task in tasks}),
                f"{sum(map(seconds_of, tasks)):.0f} s",
                some_of(environments_of(tasks), most=3),
            ]
            for number, tasks in self._numbered
            if tasks
        ]
        if not rows:
            return "Nothing to run: every cell has a valid attempt.\n"
        table = tabulate(rows, headers=["shard", "cells", "expected", "environments"], disable_numparse=True)
        empty = len(self.split.shards) - self.split.filled
        note = f"\nThere is less to run than shards: {empty} of them without cells.\n" if empty else ""
        return f"{table}\n{note}"

    def write(self, session: Session, work: Work, folder: Path) -> None:
        """Write a file for each shard that has cells, each whole or not at all."""
        options = ShardOptions(sandboxed=session.sandboxed, timeout_s=session.timeout_s, isolation=str(Isolation.FORK))
        for number, tasks in self._numbered:
            if tasks:
                run = shard_run(self.split.id, number, self.split.filled, len(self.split.shards))
                document = write_shard(work, tasks, run, options, project=session.identity)
                path = folder / f"shard-{number}-of-{len(self.split.shards)}.json"
                write_file(path, json.dumps(document, indent=1) + "\n")

    @property
    def _numbered(self) -> list[tuple[int, tuple[Task, ...]]]:
        return list(enumerate(self.split.shards, start=1))

    def _name(self, number: int) -> str:
        return f"{number}/{len(self.split.shards)}"
