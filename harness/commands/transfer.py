"""`harness transfer`: print or publish the table of who can read which file; run nothing."""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import sys
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from harness.commands.arguments import CommandOptions, add_choice
from harness.commands.output_files import write_file
from harness.commands.selected_plan import listed
from harness.commands.site_folder import write_transfer
from harness.errors import HarnessError, UsageError, near_misses, some_of
from harness.model import Case, Scenario, matches_globs
from harness.pipeline import prepare
from harness.project.plan import make_plan
from harness.project.selection import Selection, check_globs
from harness.record.store import Store
from harness.rendering.results import EnvironmentColumn
from harness.session import Session
from harness.transfer.build import WriterResult, build, require_table
from harness.transfer.table import Place, Transfer, load_transfer

DEFAULT_SCENARIO = "transfer"
FOLDER = Path("results") / "transfer"


class TransferFormat(str, Enum):
    """The formats of the table of readers."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"
    SVG = "svg"


@dataclass(frozen=True, kw_only=True)
class Options(CommandOptions):
    """The options of `harness transfer`."""

    scenario: str
    models: tuple[str, ...]
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    format: TransferFormat
    output: str | None
    publish: bool
    published: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness transfer`."""
    parser.add_argument(
        "--scenario",
        metavar="NAME",
        default=DEFAULT_SCENARIO,
        help="a scenario for a table of readers (default: %(default)s)",
    )
    for name, what in (
        ("models", "show each model on its own, instead of the summary of all"),
        ("writers", "environments that write"),
        ("readers", "environments that read"),
    ):
        parser.add_argument(f"--{name}", metavar="GLOBS", action="append", default=[], help=what)
    add_choice(parser, "--format", TransferFormat.TERMINAL, help="default: terminal")
    parser.add_argument(
        "--json", dest="format", action="store_const", const=TransferFormat.JSON, help="the same as --format json"
    )
    parser.add_argument("--output", metavar="FILE", help="write to a file instead of stdout")
    parser.add_argument("--published", action="store_true", help="take results/transfer/ instead of this clone's runs")
    parser.add_argument(
        "--publish", action="store_true", help="put these reads into results/transfer/, the docs page and the site"
    )


def execute(session: Session, options: Options) -> int:
    """Print or publish the table."""
    if options.publish and (options.output is not None or options.format is not TransferFormat.TERMINAL):
        raise UsageError(
            "--publish takes no --output and no --format",
            why=f"It writes the files of {FOLDER}/, and the docs page",
            next_step="Leave it out to print the table or to write it to a file",
        )
    if options.published:
        table = _published(session, options)
    else:
        _check_names(session, options)
        table = table_of(session, options.scenario)
    table = _selected(table, options)
    if options.publish:
        return _publish(session, table)
    text = _render(table, options)
    if options.output is None:
        sys.stdout.write(text)
    else:
        write_file(Path(options.output), text)
    return 0


def _check_names(session: Session, options: Options) -> None:
    """Raise UsageError for a glob that no model of the scenario, or no environment, has: also if nothing was run."""
    models = dict(_scenario(session, options.scenario).script.header.parameters).get("model", ())
    environments = [each.id for each in session.project.environments]
    for option, names in (
        ("models", [str(each) for each in models]),
        ("writers", environments),
        ("readers", environments),
    ):
        globs = listed(f"--{option}", getattr(options, option))
        check_globs(globs, names, option=f"--{option}", kind=option[:-1])


def table_of(session: Session, name: str) -> Transfer:
    """Return the table of what was run in this clone."""
    scenario = _scenario(session, name)
    store = session.read_store()
    try:
        ran = [cell for cell in store.cells() if cell.case.scenario == name]
        writers = {cell.writer or cell.environment for cell in ran}
        readers = {cell.environment for cell in ran if cell.writer is not None}
        environments = [each for each in session.project.environments if each.id in writers | readers]
        if not environments:
            raise HarnessError(
                f"{name}: nothing was run",
                next_step=f"`{session.command} run --scenarios {name} --writers GLOBS --readers GLOBS` runs it; "
                f"`{session.command} transfer --published` shows the published table",
            )
        return _table_of(session, scenario, store, writers=writers, readers=readers)
    finally:
        store.close()


def _table_of(session: Session, scenario: Scenario, store: Store, *, writers: set[str], readers: set[str]) -> Transfer:
    environments = session.project.environments
    plan = make_plan(
        session.project,
        Selection(
            scenarios=(scenario.name,),
            writers=tuple(each.id for each in environments if each.id in writers),
            readers=tuple(each.id for each in environments if each.id in readers) or ("*",),
        ),
    )
    work = prepare(session, plan)
    known = work.attempts(store)
    written: dict[tuple[Case, str], WriterResult] = {}
    read = {}
    for cell, task in work.tasks.items():
        if not known.get(task.key):
            continue
        attempt = store.latest_with_evidence(task.key)
        if attempt is None:
            continue
        attempt = replace(attempt, cell=cell)
        if cell.writer is not None:
            read[cell.case, cell.writer, cell.environment] = attempt
        elif task.writes:
            sha256, size = session.artifacts.digest(task.key)
            written[cell.case, cell.environment] = WriterResult(attempt=attempt, sha256=sha256, size=size)
    show = session.project.matrix.show
    return build(
        scenario,
        [_place(EnvironmentColumn.of(each, show=show)) for each in environments],
        writers=[each.id for each in environments if each.id in writers],
        readers=[each.id for each in environments if each.id in readers],
        written=written,
        read=read,
        day=dt.datetime.now(dt.timezone.utc).date().isoformat(),
    )


def _place(column: EnvironmentColumn) -> Place:
    return Place(id=column.id, python=column.python, packages=tuple(column.packages), variables=tuple(column.variables))


def _scenario(session: Session, name: str) -> Scenario:
    scenario = next((each for each in session.project.scenarios if each.name == name), None)
    if scenario is None:
        known = [each.name for each in session.project.scenarios if each.write is not None]
        raise UsageError(
            f"--scenario: there is no scenario {name!r}. {near_misses(name, known)}".rstrip(),
            next_step=f"Two-step scenarios: {some_of(known)}" if known else "scenarios/ has no two-step scenario",
        )
    require_table(scenario)
    return scenario


def _published(session: Session, options: Options) -> Transfer:
    table = _published_table(session)
    if options.scenario not in (DEFAULT_SCENARIO, table.scenario):
        raise UsageError(
            f"--scenario {options.scenario}: the published table is that of {table.scenario}",
            next_step="Leave out --published to show the runs of this clone",
        )
    return table


def _published_table(session: Session) -> Transfer:
    return load_transfer(session.root / FOLDER / "transfer.json")


def _selected(table: Transfer, options: Options) -> Transfer:
    """Return the table with the selected models, writers and readers only."""
    chosen = {}
    for option, names in (
        ("models", [each.name for each in table.models]),
        ("writers", list(table.writers)),
        ("readers", list(table.readers)),
    ):
        globs = listed(f"--{option}", getattr(options, option))
        check_globs(globs, names, option=f"--{option}", kind=f"{option[:-1]} in the table")
        chosen[option] = [each for each in names if matches_globs(each, globs)]
    return table.only(**chosen)


def _render(table: Transfer, options: Options) -> str:
    match options.format:
        case TransferFormat.TERMINAL:
            from harness.transfer import terminal

            to_terminal = options.output is None and sys.stdout.isatty()
            width = shutil.get_terminal_size((160, 24)).columns
            return terminal.render(table, each_model=bool(options.models), width=width, colour=to_terminal)
        case TransferFormat.MARKDOWN:
            from harness.transfer import markdown

            return markdown.render(table, each_model=bool(options.models))
        case TransferFormat.CSV:
            from harness.transfer import csv_lines

            return csv_lines.render(table)
        case TransferFormat.SVG:
            from harness.transfer import svg

            return svg.render(table)
        case TransferFormat.JSON:
            from harness.transfer import document

            return document.render(table)


def _publish(session: Session, table: Transfer) -> int:
    from harness.transfer.merging import merged
    from harness.transfer.publish import files

    session.require_clone("harness transfer --publish", "Change into a clone, or use --output FILE")
    if (session.root / FOLDER / "transfer.json").exists():
        published = _published_table(session)
        if published.scenario == table.scenario:
            order = [each.id for each in session.project.environments]
            table = merged(published, table, _scenario(session, table.scenario), order)
    for name, text in files(table.tested()).items():
        write_file(session.root / name, text)
        session.notify(f"{name}: written")
    for path in write_transfer(session, session.root / "results" / "site"):
        session.notify(f"{path.relative_to(session.root).as_posix()}: written")
    return 0
