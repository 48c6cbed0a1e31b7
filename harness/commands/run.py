"""`harness run`: run what has no valid attempt, then print the table."""

from __future__ import annotations

import argparse
import shlex
import sys

from harness.commands.choose import plan_of
from harness.commands.defaults import INTERRUPTED_STATUS
from harness.commands.tables import render, results_of
from harness.execute.task import Task
from harness.pinpoint.working_tree import read_overlay
from harness.pipeline import Work, prepare, run_due, undecided
from harness.progress import progress_for
from harness.record.store import DamagedStore, Writer, move_aside
from harness.session import Session


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Run the cells that are due and print the results; exit status 1 if a cell could not be judged."""
    for notice in session.project.notices:
        session.say(notice)
    overlay = read_overlay(arguments.overlay, session.cache) if arguments.overlay else None
    work = prepare(session, plan_of(session, arguments), fetch=True, overlay=overlay)
    count = _run_due(session, work, arguments)
    results = results_of(session, work)
    if session.stop.is_set():
        session.say(f"Stopped. {count} attempts are recorded, nothing that had finished is lost. To go on:")
        session.say(f"  {session.command} {shlex.join(arguments.typed)}")
        return INTERRUPTED_STATUS
    to_terminal = sys.stdout.isatty()
    sys.stdout.write(render(results, "json" if arguments.json else "terminal", terminal=to_terminal))
    open_cells = undecided(results.cells)
    if open_cells:
        session.say(f"{len(open_cells)} cells could not be judged; the same command tries them again. The first:")
        for result in open_cells[:3]:
            session.say(f"  {result.cell}: {result.current.reason if result.current else 'never run'}")
    return 1 if open_cells else 0


def _run_due(session: Session, work: Work, arguments: argparse.Namespace) -> int:
    """Run what is due; give how many attempts were recorded."""
    try:
        due = _due(session, work, arguments)
    except DamagedStore as error:
        session.say(move_aside(session.store_path, error.why))
        due = _due(session, work, arguments)
    if not due:
        session.say("Nothing to run: every cell has a valid attempt.")
        return 0
    with Writer(session.store_path, {task.environment.id for task in due}, say=session.say) as writer:
        if writer.notice:
            session.say(writer.notice)
            due = list(work.tasks.values())
        _announce(session, work, due)
        with progress_for(sys.stderr, total=len(due), jobs=arguments.jobs) as progress:
            return run_due(
                session, work, due, writer, jobs=arguments.jobs, watcher=progress, isolation=arguments.isolation
            )


def _due(session: Session, work: Work, arguments: argparse.Namespace) -> list[Task]:
    store = session.read_store()
    try:
        return work.due(store, fresh=arguments.fresh, repeat=arguments.repeat)
    finally:
        store.close()


def _announce(session: Session, work: Work, due: list[Task]) -> None:
    """Say before it starts what will be run, downloaded and kept."""
    used = {task.environment.id for task in due}
    environments = [each for each in work.plan.environments if each.id in used and each.id not in work.missing]
    needs = session.needs(environments)
    session.say(f"{len(due)} cells to run in {len(used)} environments; {needs.summary}. The cache is {session.cache}.")
