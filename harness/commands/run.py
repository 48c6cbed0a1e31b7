"""`harness run`: run what has no valid attempt, then print the table."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from harness.commands.choose import overlay_of, plan_of
from harness.commands.defaults import INTERRUPTED_STATUS
from harness.commands.tables import render, results_of, with_condition
from harness.errors import counted
from harness.execute.task import Task
from harness.model import Attempt
from harness.pipeline import Work, prepare, undecided, with_costs
from harness.record.opening import DamagedStore, move_aside
from harness.session import RunFolder, Session


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Run the cells that are due and print the results; exit status 1 if a cell could not be judged."""
    for notice in session.project.notices:
        session.say(notice)
    work = prepare(session, plan_of(session, arguments), fetch=True, overlay=overlay_of(session, arguments))
    due = _find_due(session, work, arguments)
    count = _run_due(session, work, due.tasks, arguments)
    # Where nothing was run, what was read is what there is.
    results = results_of(session, work, due.found if not due.tasks and not arguments.confirm else None)
    results = with_condition(session, work, results, arguments)
    if session.stop.is_set():
        session.say(f"Stopped. {counted(count, 'attempt')} recorded, nothing that had finished is lost. To go on:")
        session.say(f"  {session.command} {shlex.join(arguments.typed)}")
        return INTERRUPTED_STATUS
    to_terminal = sys.stdout.isatty()
    sys.stdout.write(render(results, "json" if arguments.json else "terminal", terminal=to_terminal))
    open_cells = undecided(results.cells)
    if open_cells:
        session.say(f"{counted(len(open_cells), 'cell')} could not be judged; the same command tries again. The first:")
        for result in open_cells[:3]:
            session.say(f"  {result.cell}: {result.current.reason if result.current else 'never run'}")
    return 1 if open_cells else 0


# What runs something is imported once there is something to run: a run with nothing to do answers at once.


def _run_due(session: Session, work: Work, due: list[Task], arguments: argparse.Namespace) -> int:
    count = 0
    if due:
        from harness.commands.run_tasks import run_tasks

        count += run_tasks(session, work, due, jobs=arguments.jobs, isolation=arguments.isolation)
    if arguments.confirm:
        from harness.commands.isolation import confirm_borders

        count += confirm_borders(session, work, jobs=arguments.jobs)
    return count


@dataclass(frozen=True, kw_only=True)
class _Due:
    """What is to be run, and the attempts by which that was decided."""

    tasks: list[Task]
    found: Mapping[str, list[Attempt]]


def _find_due(session: Session, work: Work, arguments: argparse.Namespace) -> _Due:
    """Find out what is to be run; say so if that is nothing."""
    try:
        due = _read_due(session, work, arguments)
    except DamagedStore as error:
        session.say(move_aside(session.store_path, error.why))
        due = _read_due(session, work, arguments)
    if not due.tasks:
        session.say("Nothing to run: every cell has a valid attempt.")
        with contextlib.suppress(OSError):
            RunFolder(session.cache / "runs").clean()  # of a run that was killed when all was recorded
    return due


def _read_due(session: Session, work: Work, arguments: argparse.Namespace) -> _Due:
    store = session.read_store()
    try:
        found = work.attempts(store)
        tasks = work.due_of(found, fresh=arguments.fresh, repeat=arguments.repeat, isolation=arguments.isolation)
        return _Due(tasks=with_costs(tasks, store), found=found)
    finally:
        store.close()
