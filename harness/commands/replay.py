"""`harness replay`: run a cell again in its environment, and compare; or open a shell there."""

from __future__ import annotations

import argparse
import contextlib
import sys
from dataclasses import dataclass

from harness.commands.arguments import add_cell, add_condition
from harness.commands.cell_evidence import CellEvidence, CellOptions, replay_command, text_of, work_of
from harness.commands.defaults import INTERRUPTED_STATUS
from harness.commands.published_results import is_ordinary, published_evidence
from harness.commands.shell import open_shell
from harness.model import Attempt
from harness.pipeline import run_due
from harness.progress import progress_for
from harness.record.store import Writer
from harness.rendering.foreign_text import one_line
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Options(CellOptions):
    """The options of `harness replay`."""

    shell: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness replay`."""
    add_cell(parser)
    add_condition(parser)
    parser.add_argument("--shell", action="store_true", help="open a shell in the environment instead")


def execute(session: Session, options: Options) -> int:
    """Rebuild a cell's environment if need be, run the cell again, and compare with what is recorded."""
    work = work_of(session, options, "replay", fetch=True)
    cell = work.plan.cells[0].cell
    task = work.tasks[cell]
    with contextlib.closing(session.read_store()) as store:
        known = CellEvidence.read(store, cell, task.key, task.limit_s)
    if known is None and options.overlay is None and is_ordinary(session):
        known, why = published_evidence(session, work)
        if why:
            session.notify(f"{why}.")
    before = known.attempt if known is not None else None
    if options.shell:
        return open_shell(session, task)
    with (
        Writer(
            session.store_path, [task.environment.id], scripts=work.plan.scenarios, project=session.identity
        ) as writer,
        progress_for(sys.stderr, [task], jobs=1) as progress,
    ):
        run_due(session, work, [task], writer, jobs=1, watcher=progress)
    with contextlib.closing(session.read_store()) as store:
        seen = CellEvidence.read(store, cell, task.key, task.limit_s)
    if seen is None or session.stop.is_set():
        return INTERRUPTED_STATUS
    after = seen.newest.attempt
    sys.stdout.write(text_of(session, seen.newest, replay_command(session, cell, options)))
    sys.stdout.write(_comparison(before, after))
    return 0 if after.conclusive else 1


def _comparison(before: Attempt | None, after: Attempt) -> str:
    if before is None:
        return "It was never run before under these conditions.\n"
    was = (before.outcome, before.stage, before.signature)
    published = f"published in {before.publication.source}" if before.publication else ""
    if was == (after.outcome, after.stage, after.signature):
        return f"The same as {published or f'on {before.started:%Y-%m-%d}'}: {after.outcome}.\n"
    where = f" at {one_line(before.stage)}" if before.stage else ""
    said = f": {one_line(before.error or before.reason)}" if before.error or before.reason else ""
    than = f"what is {published}" if published else f"{before.started:%Y-%m-%d}"
    return f"Differs from {than}: it was {before.outcome}{where}{said}\n"
