"""Results of a plan: read them from the store, and render them in a format."""

from __future__ import annotations

import datetime as dt
import importlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from harness.commands.conditions import other_conditions_notes
from harness.commands.selection_options import ScriptOptions
from harness.errors import UsageError
from harness.execute.task import this_platform
from harness.model import Attempt
from harness.pipeline import Work, prepare
from harness.project.plan import make_plan
from harness.project.selection import Selection, changes_of
from harness.rendering.published_frame import frame_of
from harness.rendering.results import EnvironmentColumn, Results, to_frame
from harness.sandbox.policy import SandboxMode
from harness.session import Session

if TYPE_CHECKING:
    import pandas as pd


class TableFormat(str, Enum):
    """The formats of a table."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"
    HTML = "html"
    SVG = "svg"
    JUNIT = "junit"
    SUPPORT = "support"
    ATOM = "atom"
    PARQUET = "parquet"

    @property
    def has_every_cell(self) -> bool:
        """True for formats that programs read: they leave out nothing."""
        return self not in (TableFormat.TERMINAL, TableFormat.MARKDOWN, TableFormat.HTML, TableFormat.SVG)


def results_of(
    session: Session, work: Work, found: Mapping[str, list[Attempt]] | None = None, *, published: bool = False
) -> Results:
    """Collect what the store knows of a plan's cells, unless its attempts have been found already.

    With `published`, a published result stands for a cell that was never run here, if script and locks are equal.
    """
    if found is None:
        store = session.read_store()
        try:
            found = work.attempts(store)
        finally:
            store.close()
    cells = work.results(found)
    notes: tuple[str, ...] = ()
    if published:
        from harness.commands.published_results import with_published

        cells, notes = with_published(session, work, cells)
    return Results(
        scenarios=work.plan.scenarios,
        environments=tuple(_columns(session, work)),
        cells=cells,
        notes=notes,
        generated=dt.datetime.now(dt.timezone.utc),
        platform=this_platform(),
        title=session.project.matrix.site.title or Results.title,
    )


def _columns(session: Session, work: Work) -> Iterator[EnvironmentColumn]:
    """Return the columns; where a family has every release, each of its columns knows the one before it."""
    matrix = session.project.matrix
    families = [each.name for each in matrix.families]
    for environment in work.plan.environments:
        family = matrix.family(environment.family)
        before = session.project.release_before(environment)
        yield EnvironmentColumn.of(
            environment,
            show=matrix.show,
            package=family.package if family else None,
            follows=before.id if before is not None else None,
            changes=changes_of(environment.id, families),
        )


def with_condition(session: Session, work: Work, results: Results, options: ScriptOptions) -> Results:
    """Note in results under which condition they were asked for, and under which others there are more."""
    notes = list(other_conditions_notes(session, work, results, options))
    if session.sandbox_mode is SandboxMode.OFF:
        notes.insert(0, "With --sandbox off: these results are kept apart from those with a sandbox.")
    if options.overlay is not None:
        notes.insert(0, f"With --overlay {options.overlay}: these sources, and not the versions that are installed.")
    return replace(results, notes=(*results.notes, *notes))


def render(results: Results, format: TableFormat, *, only_differing: bool = False, terminal: bool = False) -> str:
    """Draw results in a format; `terminal` if it goes to one, with its width and in colour."""
    # Import only the module of the requested format.
    match format:
        case TableFormat.MARKDOWN:
            from harness.rendering import markdown

            return markdown.render(results, only_differing=only_differing)
        case TableFormat.HTML:
            from harness.rendering import html_page

            return html_page.render(results, only_differing=only_differing)
        case TableFormat.SVG:
            from harness.rendering import picture

            return picture.render(results, only_differing=only_differing)
        case TableFormat.TERMINAL:
            from harness.rendering import terminal as terminal_table

            width = shutil.get_terminal_size((160, 24)).columns
            return terminal_table.render(results, width=width, colour=terminal, only_differing=only_differing)
        case TableFormat.PARQUET:
            raise UsageError("--format parquet is no text", next_step="Write it to a file: --output FILE")
    return str(importlib.import_module(f"harness.rendering.{_DATA[format]}").render(results))


_DATA = {
    TableFormat.CSV: "csv_table",
    TableFormat.JSON: "json_document",
    TableFormat.JUNIT: "junit",
    TableFormat.SUPPORT: "support",
    TableFormat.ATOM: "feed",
}
"""The modules that render every cell, by format."""


def load_frame(project: str | os.PathLike[str] | None, *, tier: str) -> pd.DataFrame:
    """Return the results of a tier, or those of a published folder or address, as a DataFrame."""
    from harness.commands.published_source import find_published

    document = find_published(project)
    if document is not None:
        return frame_of(document, str(project))
    if project is None:
        session = Session.here(Path.cwd(), os.environ, lambda line: None)
    else:
        session = Session.at(Path(project).absolute(), os.environ, lambda line: None)
    work = prepare(session, make_plan(session.project, Selection(tier=tier)))
    return to_frame(results_of(session, work, published=True))
