"""Measure the coordinator of a cluster: `python -m benchmark.coordinator N` runs N empty cells, and prints JSON.

Everything is real but the workers, which return an attempt of each cell at once: shards, Dask with its scheduler in
this process, messages, checks, and the store. With `--without-dask`, the workers are in this process, and their own
work counts, too.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from benchmark import instant_worker
from harness.cluster import remote, run
from harness.cluster.connection import EndedCall
from harness.cluster.scheduler import ClusterScheduler, cells_per_shard
from harness.execute.task import Task
from harness.model import Case, Cell
from harness.pipeline import Work, prepare
from harness.progress import PlainProgress
from harness.project.plan import make_plan
from harness.project.selection import Selection
from harness.record.store import Writer
from harness.sandbox.policy import SandboxMode
from harness.session import Session

WORKERS = 2


class _Here:
    """Stands in for a connection to Dask: calls a function when its result is asked for."""

    dashboard = ""

    def __init__(self) -> None:
        self._calls: list[tuple[int, Callable[..., dict[str, Any]], tuple[object, ...]]] = []

    def workers(self) -> list[str]:
        """Return the names of workers."""
        return [f"worker-{number}" for number in range(WORKERS)]

    def call_each(self, workers: Sequence[str], function: Callable[..., Any], *arguments: object) -> dict[str, Any]:
        """Call a function for each worker."""
        return {each: function(*arguments) for each in workers}

    def submit(self, number: int, worker: str, function: Callable[..., dict[str, Any]], *arguments: object) -> None:
        """Note a call."""
        self._calls.append((number, function, arguments))

    def done(self) -> Iterator[EndedCall]:
        """Run what was noted. What comes and goes is JSON, as between machines."""
        calls, self._calls = self._calls, []
        for number, function, arguments in calls:
            result = function(*json.loads(json.dumps(arguments)))
            yield EndedCall(number=number, result=json.loads(json.dumps(result)))

    def wait(self, seconds: float) -> None:
        """Do not wait."""


@contextlib.contextmanager
def _here(address: str) -> Iterator[_Here]:
    yield _Here()


def main(count: int, *, dask: bool) -> None:
    """Run `count` empty cells in the environments of the default tier, and print the measurements."""
    if not dask:
        run.connected = _here  # type: ignore[assignment]
    for name in ("describe", "create_environment", "run_shard"):
        setattr(remote, name, getattr(instant_worker, name))
    session = replace(Session.at(Path.cwd(), os.environ, lambda line: None), sandbox_mode=SandboxMode.OFF)
    found = prepare(session, make_plan(session.project, Selection(scenarios=("imports",))))
    tasks = _numbered(found, count)
    work = Work(plan=found.plan, tasks={task.cell: task for task in tasks}, missing={})
    memory_mib: dict[int, int] = {}
    started, worked, number = time.monotonic(), time.process_time(), 0
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        progress = PlainProgress(nowhere, tasks, jobs=WORKERS)
        scheduler = ClusterScheduler(session=session, work=work, address=f"local:{WORKERS}", watcher=progress)
        with Writer(Path(folder) / "attempts.sqlite", {"benchmark"}) as writer:
            for number, attempt in enumerate(scheduler.run(tasks), start=1):
                writer.add(attempt)
                if number in (1, count // 2, count):
                    memory_mib[number] = psutil.Process().memory_info().rss >> 20
    if number != count:
        raise RuntimeError(f"{number} attempts of {count} cells")
    result = {
        "cells": count,
        "shards": -(-count // cells_per_shard(count)),
        "wall_ms": (time.monotonic() - started) / count * 1000,
        "processor_ms": (time.process_time() - worked) / count * 1000,
        "first_mib": memory_mib[1],
        "half_mib": memory_mib[count // 2],
        "last_mib": memory_mib[count],
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }
    sys.stdout.write(json.dumps(result) + "\n")


def _numbered(work: Work, count: int) -> list[Task]:
    """Return so many tasks of the environments of a work, with other parameters each."""
    first = list({task.environment.id: task for task in work.tasks.values()}.values())
    return [_task(first[number % len(first)], number) for number in range(count)]


def _task(task: Task, number: int) -> Task:
    case = Case(scenario=task.cell.case.scenario, parameters=(("n", number),))
    return replace(task, cell=Cell(case=case, environment=task.environment.id), key=f"{number:064x}")


if __name__ == "__main__":
    main(int(sys.argv[1]), dask="--without-dask" not in sys.argv)
