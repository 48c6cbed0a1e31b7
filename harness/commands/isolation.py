"""`harness compare-isolation`, and the cells at borders that `harness run --confirm` runs in processes of their own."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from harness.commands.choose import plan_of
from harness.commands.defaults import INTERRUPTED_STATUS
from harness.commands.run_tasks import run_tasks
from harness.commands.tables import results_of, with_section, write_section
from harness.model import Cell
from harness.pipeline import Work, prepare
from harness.project.plan import Plan, fewer_cases
from harness.report.isolation_comparison import PROCESS, compare, render, unconfirmed, without_process
from harness.session import Session

SECTION = "isolation"


def compare_isolation(session: Session, arguments: argparse.Namespace) -> int:
    """Run cells in forks and in processes of their own, and report where they differ; exit status 1 if any does."""
    if arguments.document is not None:
        with_section(Path(arguments.document), SECTION, "")  # what it can't be written to is said before the hours
    work = prepare(session, _chosen(session, arguments), fetch=True)
    store = session.read_store()
    try:
        due = work.due(store)
    finally:
        store.close()
    run_tasks(session, work, due, jobs=arguments.jobs)
    if not session.stop.is_set():
        _run_alone(session, work, without_process(results_of(session, work).cells), jobs=arguments.jobs)
    comparison = compare(results_of(session, work).cells)
    text = render(comparison)
    sys.stdout.write(text)
    if arguments.document is not None:
        write_section(Path(arguments.document), SECTION, text)
    if session.stop.is_set():
        session.say(f"Stopped. What was compared is kept. To go on:\n  {session.command} {shlex.join(arguments.typed)}")
        return INTERRUPTED_STATUS
    return 1 if comparison.different else 0


def confirm_borders(session: Session, work: Work, *, jobs: int) -> int:
    """Run each cell beside a border in a process of its own, unless that has been done. Return how many were recorded.

    What one shows may differ from what the fork showed, and make new borders.
    """
    count = 0
    while not session.stop.is_set() and (cells := unconfirmed(results_of(session, work))):
        session.say(f"{len(cells)} cells beside a border are confirmed in processes of their own.")
        recorded = _run_alone(session, work, cells, jobs=jobs)
        if not recorded:
            break
        count += recorded
    return count


def _run_alone(session: Session, work: Work, cells: Iterable[Cell], *, jobs: int) -> int:
    tasks = [work.tasks[cell] for cell in cells]
    return run_tasks(session, work, tasks, jobs=jobs, isolation=PROCESS)


def _chosen(session: Session, arguments: argparse.Namespace) -> Plan:
    plan = plan_of(session, arguments)
    return plan if arguments.cases is None else fewer_cases(plan, arguments.cases)
