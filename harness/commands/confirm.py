"""Cells that run again in separate processes: those next to transitions, for `harness run --confirm`."""

from __future__ import annotations

from collections.abc import Iterable

from harness.commands.results import results_of
from harness.commands.run_tasks import run_tasks
from harness.errors import counted
from harness.model import Cell
from harness.pipeline import Work
from harness.rendering.isolation_comparison import PROCESS, unconfirmed
from harness.session import Session


def confirm_borders(session: Session, work: Work, *, jobs: int) -> int:
    """Run the cells next to transitions in separate processes, if that was not done. Return the number of attempts.

    A result may differ from that of the fork, and create new transitions.
    """
    count = 0
    while not session.stop.is_set() and (cells := unconfirmed(results_of(session, work))):
        session.notify(f"Confirming {counted(len(cells), 'cell')} next to transitions in separate processes.")
        recorded = run_alone(session, work, cells, jobs=jobs)
        if not recorded:
            break
        count += recorded
    return count


def run_alone(session: Session, work: Work, cells: Iterable[Cell], *, jobs: int) -> int:
    """Run cells in separate processes. Return the number of recorded attempts."""
    tasks = [work.tasks[cell] for cell in cells]
    return run_tasks(session, work, tasks, jobs=jobs, isolation=PROCESS)
