"""`harness check`: compare the results of this clone with the published ones."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.commands.arguments import add_json
from harness.commands.published_results import own_published, stale_reason, with_published
from harness.commands.published_source import read_named
from harness.commands.results import results_of
from harness.commands.selected_plan import plan_of
from harness.commands.selection_options import SelectionOptions, add_selection
from harness.errors import HarnessError
from harness.execute.task import this_platform
from harness.pipeline import Work, prepare
from harness.project.plan import Plan, make_plan
from harness.project.selection import Selection
from harness.rendering import check_formats
from harness.rendering.check import Check, Checked, check
from harness.rendering.published import Published, cells_of
from harness.rendering.results import Record, records
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Options(SelectionOptions):
    """The options of `harness check`."""

    published: str | None
    """None for the files of this clone."""
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness check`."""
    add_selection(parser)
    parser.add_argument(
        "--published",
        metavar="FILE",
        help="a results.json, its folder, or an https address (default: results/, results/full/)",
    )
    add_json(parser)


def execute(session: Session, options: Options) -> int:
    """Compare with what is published; exit status 1 if there is an error among the findings."""
    work = prepare(session, plan_of(session, options))
    published = _published(session, options)
    if not published.cells:
        raise HarnessError(
            "Nothing is published that results could be compared with", next_step="`harness report` publishes results"
        )
    cells = tuple(_checked(session, work, published))
    everything = _everything(session, work.plan, published)
    found = check(cells, everything, today=dt.datetime.now(dt.timezone.utc).date())
    _report_to_github(session, found)
    if options.json:
        document = check_formats.document(found, session.root, published.sources)
        sys.stdout.write(json.dumps(document, indent=1) + "\n")
    else:
        sys.stdout.write(check_formats.text(found, width=shutil.get_terminal_size((100, 24)).columns))
    return 1 if found.failed else 0


def _published(session: Session, options: Options) -> Published:
    if options.published is None:
        return own_published(session)
    cells = cells_of(read_named(options.published), options.published)
    return Published(cells=cells, sources=(options.published,))


def _checked(session: Session, work: Work, published: Published) -> Iterator[Checked]:
    planned = {str(each.cell): each for each in work.plan.cells}
    for record in records(results_of(session, work)):
        each = planned[record.cell]
        known = published.cells.get(record.cell)
        yield Checked(
            record=record,
            published=known,
            stale=stale_reason(known, each) if known is not None and each.absence is None else None,
            comparable=known is None or known.platform == this_platform(),
        )


def _everything(session: Session, plan: Plan, published: Published) -> tuple[Record, ...]:
    """Return the records of the scenarios of a plan in all environments: labels are judged by all their cells."""
    names = tuple(dict.fromkeys(each.name for each in plan.scenarios if not each.external))
    whole = make_plan(session.project, Selection(environments=("*",), scenarios=names))
    work = prepare(session, whole)
    results = results_of(session, work)
    cells, _ = with_published(session, work, results.cells, published=published)
    return records(replace(results, cells=cells))


def _report_to_github(session: Session, found: Check) -> None:
    """Annotate the pull request and write the summary of the job, if this is a job of GitHub Actions."""
    if session.variables.get("GITHUB_ACTIONS") == "true":
        for line in check_formats.annotation_lines(found, session.root):
            session.notify(line)
    summary = session.variables.get("GITHUB_STEP_SUMMARY")
    if summary:
        try:
            with Path(summary).open("a", encoding="utf-8") as stream:
                stream.write(check_formats.summary(found))
        except OSError as error:
            raise HarnessError(f"{summary}: the summary of the job could not be written", why=str(error)) from error
