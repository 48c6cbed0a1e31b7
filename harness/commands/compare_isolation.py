"""`harness compare-isolation`: run cells in forks and in separate processes, and report where they differ."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.commands.arguments import add_jobs, positive_count
from harness.commands.confirm import run_alone
from harness.commands.defaults import INTERRUPTED_STATUS
from harness.commands.output_files import with_section, write_section
from harness.commands.results import results_of
from harness.commands.run_tasks import run_tasks
from harness.commands.selected_plan import plan_of
from harness.commands.selection_options import SelectionOptions, add_selection
from harness.pipeline import prepare
from harness.project.plan import Plan, fewer_cases
from harness.rendering.isolation_comparison import compare, render, without_process
from harness.session import Session

SECTION = "isolation"


@dataclass(frozen=True, kw_only=True)
class Options(SelectionOptions):
    """The options of `harness compare-isolation`."""

    cases: int | None
    jobs: int
    document: str | None
    """A Markdown file with markers."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness compare-isolation`."""
    add_selection(parser)
    parser.add_argument(
        "--cases", metavar="N", type=positive_count, help="only N cases of each scenario, evenly spread"
    )
    add_jobs(parser)
    parser.add_argument("--document", metavar="FILE", help="also write between the markers of a Markdown file")


def execute(session: Session, options: Options) -> int:
    """Run cells in forks and in processes of their own, and report where they differ; exit status 1 if any does."""
    if options.document is not None:
        with_section(Path(options.document), SECTION, "")  # what it can't be written to is said before the hours
    work = prepare(session, _chosen(session, options), fetch=True)
    store = session.read_store()
    try:
        due = work.due(store)
    finally:
        store.close()
    run_tasks(session, work, due, jobs=options.jobs)
    if not session.stop.is_set():
        run_alone(session, work, without_process(results_of(session, work).cells), jobs=options.jobs)
    comparison = compare(results_of(session, work).cells)
    text = render(comparison)
    sys.stdout.write(text)
    if options.document is not None:
        write_section(Path(options.document), SECTION, text)
    if session.stop.is_set():
        session.notify("Stopped. Results until now are recorded. To continue:")
        session.notify(f"  {session.command} {shlex.join(options.typed)}")
        return INTERRUPTED_STATUS
    return 1 if comparison.different else 0


def _chosen(session: Session, options: Options) -> Plan:
    plan = plan_of(session, options)
    return plan if options.cases is None else fewer_cases(plan, options.cases)
