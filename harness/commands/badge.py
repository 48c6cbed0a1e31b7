"""`harness badge`: draw the badge of a case, an environment or a cell, or print what embeds it in a page."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from harness.commands.arguments import CommandOptions, add_choice
from harness.commands.output_files import write_file
from harness.commands.results import results_of
from harness.commands.selected_plan import plan_of
from harness.commands.selection_options import SelectionOptions
from harness.errors import HarnessError, UsageError, near_misses, some_of
from harness.pipeline import prepare
from harness.rendering.foreign_text import web_address
from harness.rendering.results import EnvironmentColumn
from harness.rendering.site.badges import Badge, case_badge, cell_badge, environment_badge
from harness.rendering.site.content import Content
from harness.session import Session


class BadgeFormat(str, Enum):
    """The formats of a badge."""

    SVG = "svg"
    MARKDOWN = "markdown"
    HTML = "html"


@dataclass(frozen=True, kw_only=True)
class Options(CommandOptions):
    """The options of `harness badge`."""

    id: str
    format: BadgeFormat
    address: str | None
    """Of the site; None for that of matrix.toml."""
    output: str | None
    """A file; None for stdout."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness badge`."""
    parser.add_argument("id", metavar="ID", help="a case, an environment or a cell: `harness table` prints their ids")
    add_choice(
        parser, "--format", BadgeFormat.SVG, help="markdown and html: a link to the published site (default: svg)"
    )
    parser.add_argument(
        "--address", metavar="URL", help="the address of the published site (default: `address` of [site])"
    )
    parser.add_argument("--output", metavar="FILE", help="write to a file instead of stdout")


def execute(session: Session, options: Options) -> int:
    """Print the badge; run nothing."""
    address = _address(session, options)
    text = _render(badge_of(session, options.id), options.format, address)
    if options.output is None:
        sys.stdout.write(text)
    else:
        write_file(Path(options.output), text)
    return 0


def badge_of(session: Session, id: str) -> Badge:
    """Return the badge of an id, from what is recorded here or published. Raises HarnessError if nothing is known."""
    selection = _selection(session, id)
    work = prepare(session, plan_of(session, selection))
    results = results_of(session, work, published=True)
    content = Content(results=replace(results, environments=_columns(session)), text=session.project.matrix.site)
    if not any(record.verdicts or record.reason for record in content.records):
        raise HarnessError(
            f"{id}: there is no result, here or published",
            next_step=f"`{session.command} run` runs cells; `{session.command} plan` shows which",
        )
    if selection.cells:
        return cell_badge(content, content.records[0])
    if selection.scenarios:
        return case_badge(content, content.records)
    return environment_badge(content, content.records[0].environment, content.records)


def _columns(session: Session) -> tuple[EnvironmentColumn, ...]:
    """Return every environment: the name of one depends on the families before its own."""
    matrix = session.project.matrix
    families = {each.name: each.package for each in matrix.families}
    return tuple(
        EnvironmentColumn.of(each, show=matrix.show, package=families.get(each.family))
        for each in session.project.environments
    )


def _selection(session: Session, id: str) -> SelectionOptions:
    """Return the selection of an id: a cell, a case in every environment, or an environment. Raises UsageError."""
    if "@" in id:
        return SelectionOptions(cells=(id,))
    environments = [each.id for each in session.project.environments]
    if id in environments:
        return SelectionOptions(environments=(id,))
    scenarios = session.project.scenarios
    cases = [str(case) for scenario in scenarios for case in scenario.cases()]
    if id in cases:
        return SelectionOptions(scenarios=(id,), environments=("*",))
    scenario = next((each for each in scenarios if each.name == id), None)
    if scenario is not None:
        own = list(map(str, scenario.cases()))
        raise UsageError(
            f"{id}: is a scenario with {len(own)} cases; a badge is about one",
            next_step=f"Name a case: {some_of(own, most=3)}",
        )
    known = [*environments, *(each.name for each in scenarios), *cases]
    raise UsageError(
        f"There is no case or environment {id!r}. {near_misses(id, known)}".rstrip(),
        next_step=f"`{session.command} table` prints the ids",
    )


def _address(session: Session, options: Options) -> str:
    """Return the address of the site; empty for a picture, which needs none. Raises UsageError."""
    if options.format is BadgeFormat.SVG:
        if options.address is not None:
            raise UsageError(
                "--address: a picture contains no address", next_step="Take --format markdown or html, or leave it out"
            )
        return ""
    address = session.project.matrix.site.address if options.address is None else options.address
    if not address:
        raise UsageError(
            f"--format {options.format.value} needs the address of the published site",
            next_step='Add --address "https://...", or `address = "https://..."` to [site] in matrix.toml',
        )
    if web_address(address) is None:
        raise UsageError(f"--address {address!r}: is no web address", next_step='Write "https://..."')
    return address


def _render(badge: Badge, format: BadgeFormat, address: str) -> str:
    if format is BadgeFormat.SVG:
        return badge.svg()
    from harness.rendering.site import snippet

    return (snippet.as_markdown if format is BadgeFormat.MARKDOWN else snippet.as_html)(badge, address)
