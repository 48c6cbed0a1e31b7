"""`harness report`: write the published files."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from harness.commands.output_files import write_file, write_published_csv
from harness.commands.published_results import with_published
from harness.commands.results import results_of
from harness.commands.selected_plan import plan_of
from harness.commands.selection_options import SelectionOptions, add_selection
from harness.commands.site_folder import write_site
from harness.errors import HarnessError, UsageError, counted
from harness.pipeline import prepare
from harness.rendering.results import Results
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Options(SelectionOptions):
    """The options of `harness report`."""

    unconfirmed: bool
    folder: str | None
    """None for results/."""
    keep_published: bool
    site: str | None
    """None for the folder site/ in the folder."""
    no_site: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness report`."""
    add_selection(parser)
    parser.add_argument(
        "--unconfirmed", action="store_true", help="also publish transitions that `run --confirm` has not confirmed"
    )
    parser.add_argument(
        "--keep-published",
        action="store_true",
        help="cells that were never run here keep their published result, if script, locks and platform are the same",
    )
    parser.add_argument("--folder", metavar="DIR", help="write to this folder instead of results/")
    site = parser.add_mutually_exclusive_group()
    site.add_argument("--site", metavar="DIR", help="write the site to this folder instead of site/ in the folder")
    site.add_argument("--no-site", action="store_true", help="do not write the site")


def execute(session: Session, options: Options) -> int:
    """Write the published files into results/ or another folder."""
    from harness.rendering.publish import files

    if options.folder is None:
        session.require_clone("harness report", "Write --folder DIR, or change into a clone")
    folder = session.root / "results" if options.folder is None else Path(options.folder)
    site = folder / "site" if options.site is None else Path(options.site)
    _require_folder("--folder", options.folder, folder)
    _require_folder("--site", options.site, site)
    work = prepare(session, plan_of(session, options))
    results = results_of(session, work)
    if options.keep_published:
        cells, notes = with_published(session, work, results.cells, same_platform=True)
        results = replace(results, cells=cells)
        for note in notes:
            session.notify(note)
    _refuse_unknown(session, results, options)
    results = _refuse_unconfirmed(session, results, options)
    for name, text in files(results).items():
        write = write_published_csv if name.endswith(".csv") else write_file
        written = write(folder / name, text)
        session.notify(f"{options.folder or 'results'}/{written.name}: written")
    if not options.no_site:
        number = write_site(session, results, site)
        shown = options.site or f"{options.folder or 'results'}/site"
        session.notify(f"{shown}/index.html: written, with {counted(number - 1, 'other file')}")
    return 0


def _require_folder(option: str, typed: str | None, folder: Path) -> None:
    if typed == "" or (folder.exists() and not folder.is_dir()):
        raise UsageError(
            f"{option} {typed!r} is not a folder", next_step="Name a folder; it is created if it is missing"
        )


def _refuse_unknown(session: Session, results: Results, options: Options) -> None:
    """Refuse to write question marks over what is published: the attempts are those of this clone alone."""
    unknown = [each.cell for each in results.cells if each.current is None]
    if unknown:
        raise HarnessError(
            f"{len(unknown)} of {len(results.cells)} cells were never run here, so the published table would have gaps",
            why=f"The first is {unknown[0]}",
            next_step=f"`{_instead(session, options, 'run')}` runs them; `{session.command} table --output "
            "FILE` writes the recorded cells",
        )


def _refuse_unconfirmed(session: Session, results: Results, options: Options) -> Results:
    """Refuse to publish transitions that only forks have shown, or add a note to the results."""
    from harness.rendering.isolation_comparison import unconfirmed

    cells = unconfirmed(results)
    if not cells:
        return results
    what = f"{len(cells)} cells next to a transition were not confirmed in separate processes"
    if options.unconfirmed:
        return replace(results, notes=(*results.notes, f"{what}."))
    raise HarnessError(
        what,
        why=f"The first is {cells[0]}; a transition is published when both of its cells are confirmed",
        next_step=f"`{_instead(session, options, 'run', '--confirm')}` runs them; or publish with --unconfirmed; "
        "then the table has a note",
    )


_OWN_OPTIONS = ("--unconfirmed", "--keep-published", "--no-site")


def _instead(session: Session, options: Options, *command: str) -> str:
    """Return the typed command line with another command instead of `report`."""
    typed: list[str] = []
    words = iter(options.typed)
    for word in words:
        if word in ("--folder", "--site"):
            next(words)
        elif word not in _OWN_OPTIONS and not word.startswith(("--folder=", "--site=")):
            typed.append(word)
    at = typed.index("report")
    return f"{session.command} {shlex.join([*typed[:at], *command, *typed[at + 1 :]])}"
