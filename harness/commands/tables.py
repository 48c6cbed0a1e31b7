"""`harness table` and `harness report`, and the results that `harness run` prints too."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.commands.choose import overlay_of, plan_of
from harness.commands.conditions import other_conditions_notes
from harness.errors import HarnessError, UsageError
from harness.model import Attempt
from harness.pipeline import Work, prepare
from harness.project.plan import make_plan
from harness.project.selection import Selection, changes_of
from harness.report.results import EnvironmentColumn, Results, to_frame
from harness.session import Session

if TYPE_CHECKING:
    import pandas as pd

# What programs read is never a part of what was asked for.
_WHOLE = ("csv", "json")


def results_of(session: Session, work: Work, found: Mapping[str, list[Attempt]] | None = None) -> Results:
    """Collect what the store knows of a plan's cells, unless its attempts have been found already."""
    if found is None:
        store = session.read_store()
        try:
            found = work.attempts(store)
        finally:
            store.close()
    return Results(
        scenarios=work.plan.scenarios,
        environments=tuple(_columns(session, work)),
        cells=work.results(found),
        generated=dt.datetime.now(dt.timezone.utc),
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


def with_condition(session: Session, work: Work, results: Results, arguments: argparse.Namespace) -> Results:
    """Note in results under which condition they were asked for, and under which others there are more."""
    notes = list(other_conditions_notes(session, work, results, arguments))
    if session.containing == "off":
        notes.insert(0, "With --sandbox off: these results are kept apart from those with a sandbox.")
    if getattr(arguments, "overlay", None) is not None:
        notes.insert(0, f"With --overlay {arguments.overlay}: these sources, and not the versions that are installed.")
    return replace(results, notes=(*results.notes, *notes))


def render(results: Results, format: str, *, only_differing: bool = False, terminal: bool = False) -> str:
    """Draw results in a format; `terminal` if it goes to one, with its width and in colour."""
    # Each format brings what it needs, and one of them is asked for.
    if format == "markdown":
        from harness.report import markdown

        return markdown.render(results, only_differing=only_differing)
    if format == "csv":
        from harness.report import csv_table

        return csv_table.render(results)
    if format == "json":
        from harness.report import json_document

        return json_document.render(results)
    if format == "html":
        from harness.report import html_page

        return html_page.render(results, only_differing=only_differing)
    from harness.report import terminal as terminal_table

    width = shutil.get_terminal_size((160, 24)).columns
    return terminal_table.render(results, width=width, colour=terminal, only_differing=only_differing)


def table(session: Session, arguments: argparse.Namespace) -> int:
    """Print the table of what is known; runs nothing."""
    if arguments.differing and arguments.format in _WHOLE:
        raise UsageError(
            f"--differing leaves out rows, and --format {arguments.format} has every cell",
            next_step="Take --format terminal, markdown or html",
        )
    work = prepare(session, plan_of(session, arguments), overlay=overlay_of(session, arguments))
    results = with_condition(session, work, results_of(session, work), arguments)
    to_terminal = arguments.output is None and sys.stdout.isatty()
    text = render(results, arguments.format, only_differing=arguments.differing, terminal=to_terminal)
    if arguments.output is None:
        sys.stdout.write(text)
    else:
        _write(Path(arguments.output), text)
    return 0


def report(session: Session, arguments: argparse.Namespace) -> int:
    """Write the published files into results/ or another folder."""
    from harness.report.publish import files

    if arguments.folder is None:
        session.require_clone("harness report", "Write --folder DIR, or change into a clone")
    folder = session.root / "results" if arguments.folder is None else Path(arguments.folder)
    if arguments.folder == "" or (folder.exists() and not folder.is_dir()):
        raise UsageError(
            f"--folder {arguments.folder!r}: is no folder", next_step="Name one; it is made if it is not there"
        )
    work = prepare(session, plan_of(session, arguments))
    results = results_of(session, work)
    _refuse_unknown(session, results, arguments)
    results = _refuse_unconfirmed(session, results, arguments)
    for name, text in files(results).items():
        _write(folder / name, text)
        session.say(f"{arguments.folder or 'results'}/{name}: written")
    return 0


def _refuse_unknown(session: Session, results: Results, arguments: argparse.Namespace) -> None:
    """Refuse to write question marks over what is published: the attempts are those of this clone alone."""
    unknown = [each.cell for each in results.cells if each.current is None]
    if unknown:
        raise HarnessError(
            f"{len(unknown)} of {len(results.cells)} cells were never run here, and what is published would say so",
            why=f"the first is {unknown[0]}",
            next_step=f"`{_instead(session, arguments, 'run')}` runs them; `{session.command} table --output "
            "FILE` writes what there is",
        )


def _refuse_unconfirmed(session: Session, results: Results, arguments: argparse.Namespace) -> Results:
    """Refuse to publish borders that forks alone have shown, or say in the results that there are some."""
    from harness.report.isolation_comparison import unconfirmed

    cells = unconfirmed(results)
    if not cells:
        return results
    what = f"{len(cells)} cells beside a border were not confirmed in a process of their own"
    if arguments.unconfirmed:
        return replace(results, notes=(*results.notes, f"{what}."))
    raise HarnessError(
        what,
        why=f"the first is {cells[0]}; a border is published when both of its sides are confirmed",
        next_step=f"`{_instead(session, arguments, 'run', '--confirm')}` runs them; or publish with --unconfirmed, and "
        "the table says so",
    )


def _instead(session: Session, arguments: argparse.Namespace, *command: str) -> str:
    """Return what was typed, with another command in the place of `report`; options before it stay before it."""
    typed: list[str] = []
    words = iter(arguments.typed)
    for word in words:
        if word == "--folder":
            next(words)
        elif word != "--unconfirmed" and not word.startswith("--folder="):
            typed.append(word)
    at = typed.index("report")
    return f"{session.command} {shlex.join([*typed[:at], *command, *typed[at + 1 :]])}"


def write_section(path: Path, section: str, text: str) -> None:
    """Write a text between the markers of a section of a file."""
    _write(path, with_section(path, section, text))


def with_section(path: Path, section: str, text: str) -> str:
    """Return the text of a file with a section replaced. Raises HarnessError if the markers are missing."""
    from harness.report.publish import replace_between_markers

    try:
        before = path.read_text(encoding="utf-8")
    except OSError as error:
        raise HarnessError(f"{path}: could not be read", why=str(error)) from error
    return replace_between_markers(before, section, text)


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    if path.is_dir():
        raise UsageError(f"{path}: is a folder", next_step="Name a file")
    temporary = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8", newline="")
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # not there, or what should be its folder is none
            temporary.unlink()
        raise HarnessError(f"{path}: could not be written", why=str(error)) from error


def load_frame(project: str | os.PathLike[str] | None, *, tier: str) -> pd.DataFrame:
    """Return the results of a tier as a DataFrame."""
    if project is None:
        session = Session.here(Path.cwd(), os.environ, lambda line: None)
    else:
        session = Session.at(Path(project).absolute(), os.environ, lambda line: None)
    work = prepare(session, make_plan(session.project, Selection(tier=tier)))
    return to_frame(results_of(session, work))


def diff(session: Session, arguments: argparse.Namespace) -> int:
    """Print what changed between two published results."""
    from harness.report.difference import changes, read_results

    found = changes(read_results(Path(arguments.old)), read_results(Path(arguments.new)))
    if arguments.json:
        rows = [{"cell": each.cell, "kind": each.kind, "old": each.old, "new": each.new} for each in found]
        sys.stdout.write(json.dumps({"schema": 1, "changes": rows}, indent=1) + "\n")
    else:
        kinds = Counter(each.kind for each in found)
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        sys.stdout.write("".join(f"{each}\n" for each in found) + f"{counts or 'nothing differs'}\n")
    return 0
