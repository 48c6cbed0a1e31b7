"""Measure the harness's overhead with empty cells: `python -m benchmark.overhead N` prints one JSON object.

Tasks are scheduled, counted and recorded as in any run. Their execution returns immediately.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil

from harness.environments.store import Provided
from harness.execute.executor import unavailable
from harness.execute.task import Task
from harness.model import Attempt, Case, Cell, Environment, Outcome
from harness.pipeline import prepare
from harness.progress import PlainProgress
from harness.project.plan import make_plan
from harness.project.selection import Selection
from harness.record.store import Writer
from harness.schedule.local_pool import LocalScheduler
from harness.session import Session


def main(count: int) -> None:
    """Run `count` empty cells, and print the measurements."""
    session = Session.at(Path.cwd(), os.environ, lambda line: None)
    first = next(iter(prepare(session, make_plan(session.project, Selection())).tasks.values()))
    tasks = [_numbered(first, number) for number in range(count)]
    memory_mib: dict[int, int] = {}
    started, worked = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        progress = PlainProgress(nowhere, tasks, jobs=2)
        scheduler = LocalScheduler(jobs=2, provide=_provided, run_one=_passed, watcher=progress, stop=threading.Event())
        with Writer(Path(folder) / "attempts.sqlite", {first.environment.id}) as writer:
            for number, attempt in enumerate(scheduler.run(tasks), start=1):
                writer.add(attempt)
                if number in (1, count // 2, count):
                    memory_mib[number] = psutil.Process().memory_info().rss >> 20
    result = {
        "cells": count,
        "wall_ms": (time.monotonic() - started) / count * 1000,
        "processor_ms": (time.process_time() - worked) / count * 1000,
        "first_mib": memory_mib[1],
        "half_mib": memory_mib[count // 2],
        "last_mib": memory_mib[count],
        "peak_mib": _peak_mib(),
    }
    sys.stdout.write(json.dumps(result) + "\n")


def _numbered(task: Task, number: int) -> Task:
    cell = Cell(case=Case(scenario="nothing", parameters=(("n", number),)), environment=task.environment.id)
    return replace(task, cell=cell, key=f"{number:064x}")


def _provided(environment: Environment) -> Provided:
    return Provided(python=Path("python"), folder=Path(), versions={}, import_error=None, built=False)


def _passed(task: Task, python: Path) -> Attempt:
    attempt = unavailable(task, "", conclusive=True)
    return replace(attempt, outcome=Outcome.PASSED, duration_s=0.001, started=dt.datetime.now(dt.timezone.utc))


def _peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    main(int(sys.argv[1]))
