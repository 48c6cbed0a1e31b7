"""Render the table as Markdown: marks and stages in cells, reasons as footnotes.

Text of scripts is escaped or in code spans: it cannot break a table, start a tag, or mention a user.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from harness.rendering.causes import Cause
from harness.rendering.foreign_text import one_line, web_address
from harness.rendering.grid import (
    STATES,
    Grid,
    GridCell,
    Square,
    build_grid,
    cells_text,
    meaning,
    parameter_texts,
)
from harness.rendering.results import EnvironmentColumn, Results
from harness.rendering.statements import Line, Statement

# Split wider tables by family: a very wide Markdown table is not readable.
WIDEST = 16
_SPECIAL = re.compile(r"[\\`*\[\]~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_ENTITIES = {"|": "&#124;", "<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "@<!-- -->"}


def escaped(text: str) -> str:
    """Return text on one line, escaped for all places in Markdown, including tables."""
    line = _SPECIAL.sub(lambda match: "\\" + match.group(), one_line(text))
    return "".join(_ENTITIES.get(character, character) for character in line)


def code(text: str) -> str:
    """Return text on one line as code that is also valid in tables."""
    line = one_line(text)
    if not line:
        return ""
    if set(line).isdisjoint("`|\\<>&"):
        return f"`{line}`"
    return f"<code>{escaped(line)}</code>"


def link(text: str, address: str | None) -> str:
    """Return a link, or only its text if the URL is not safe."""
    safe = web_address(address)
    if safe is None:
        return escaped(text)
    target = safe.replace("(", "%28").replace(")", "%29")
    return f"[{escaped(text)}]({target})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. The cells are Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell or ' ' for cell in line)} |" for line in lines)


def render(results: Results, *, only_differing: bool = False) -> str:
    """Return the whole document: counts, legend, environments, a table per subject, the squares and the footnotes."""
    grid = build_grid(results, only_differing=only_differing)
    sections = [
        f"# {escaped(results.title)}",
        f"{grid.counts}.",
        *(escaped(note) for note in results.notes),
        unexplained(grid),
        grid.left_out_text,
        legend(grid.states),
        "To check a cell yourself: `harness replay 'CASE@ENVIRONMENT'`.",
        "## Environments",
        environments(results.environments),
        *(_subject(subject, grid) for subject, _ in grid.subjects),
        *_squares(grid),
        "\n".join(_footnote(cause) for cause in grid.causes),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def legend(states: Iterable[str]) -> str:
    """Return the meanings of the marks."""
    return "\n".join(f"* {STATES[state].mark} {meaning(state)}" for state in states)


def unexplained(grid: Grid) -> str:
    """Return a list of the failures without a label, or an empty string."""
    if not grid.unexplained:
        return ""
    lines = [
        f"* {escaped(cause.stage or cause.outcome)}, {cells_text(len(cause.cells))}, such as {code(cause.cells[0])}: "
        f"{code(cause.error or cause.reason)}{_reference(cause)}"
        for cause in grid.unexplained
    ]
    return "\n".join(["Failures without a label:", "", *lines])


def environments(columns: Iterable[EnvironmentColumn]) -> str:
    """Return a table of the environments with their versions."""
    rows = [
        [
            code(column.id),
            escaped(column.family),
            escaped(column.python),
            escaped(", ".join(f"{name} {version}" for name, version in column.packages)),
            " ".join(code(f"{name}={value}") for name, value in column.variables),
            str(column.as_of or ""),
        ]
        for column in columns
    ]
    return table(["environment", "family", "Python", "packages", "variables", "as of"], rows)


def _subject(subject: str, grid: Grid) -> str:
    rows = dict(grid.subjects)[subject]
    scenarios = {row.scenario.name: row.scenario for row in rows}
    about = [
        f"* {code(scenario.name)}: {escaped(scenario.title)}{_issue(scenario.header.issue)}"
        for scenario in scenarios.values()
    ]
    wide = len(grid.columns) > WIDEST
    groups = [columns for _, columns in grid.families] if wide else [grid.columns]
    tables = []
    for columns in groups:
        first = grid.columns.index(columns[0])
        span = slice(first, first + len(columns))
        body = [[_label(row.scenario.name, parameter_texts(row.case)), *map(cell, row.cells[span])] for row in rows]
        tables.append(table(["case", *(code(column.id) for column in columns)], body))
    heading = escaped(subject) or "Scenarios"
    statements = _statements(each for name in scenarios for each in grid.statements_of(name))
    return "\n\n".join(filter(None, [f"## {heading[:1].upper()}{heading[1:]}", "\n".join(about), *tables, statements]))


def _statements(statements: Iterable[Statement]) -> str:
    """Return the transitions as a list, or an empty string."""
    lines = []
    for each in statements:
        text = " ".join(_statement_line(line) for line in each.lines)
        held = f" {escaped(each.held)}" if each.held else ""
        lines.append(f"* {_label(each.scenario, filter(None, [each.subject]))}, {escaped(each.family)}{held}: {text}")
    return "\n".join(["Transitions between versions:", "", *lines]) if lines else ""


def _statement_line(line: Line) -> str:
    shown = ", ".join(code(place) for place in line.places)
    sentence = "".join(escaped(text) + (_reference(cause) if cause else "") for text, cause in line.pieces)
    return f"{sentence} Shown in {shown}."


def _issue(address: str | None) -> str:
    return f" ({link('report', address)})" if web_address(address) else ""


def _label(scenario: str, parameters: Iterable[str]) -> str:
    return " ".join(code(part) for part in (scenario, *parameters))


def _squares(grid: Grid) -> Iterator[str]:
    if grid.squares:
        yield "## Files written in one version and read in another"
    titled: dict[str, None] = {}
    for square in grid.squares:
        scenario = square.scenario
        if scenario.name not in titled:
            titled[scenario.name] = None
            yield f"{code(scenario.name)}: {escaped(scenario.title)}{_issue(scenario.header.issue)}"
        yield f"### {_label(scenario.name, parameter_texts(square.case))}"
        yield _square(square)
    for name in titled:
        yield _statements(grid.statements_of(name))


def _square(square: Square) -> str:
    head = ["written in ↓ read in →", *(code(reader.id) for reader in square.readers)]
    lines = zip(square.writers, square.lines, strict=True)
    return table(head, [[code(writer.id), *map(cell, cells)] for writer, cells in lines])


def cell(each: GridCell) -> str:
    """Return a cell: its mark, ratio and stage, and the reference to its cause."""
    parts = [each.display.mark, each.ratio, escaped(each.stage or "")]
    return " ".join(filter(None, parts)) + (_reference(each.cause) if each.cause else "")


def _reference(cause: Cause) -> str:
    # Use the key of the cause, not a number: a new cause then changes no other line. Markdown viewers add numbers.
    return f"[^{cause.key}]"


def _footnote(cause: Cause) -> str:
    at = f" at {escaped(cause.stage)}" if cause.stage else ""
    parts = [f"**{cause.outcome}**{at}, {cells_text(len(cause.cells))}"]
    if cause.label is not None:
        parts.append(f"**{escaped(cause.label.label)}**: {escaped(cause.label.note)}")
        if web_address(cause.label.link):
            parts.append(link("details", cause.label.link))
    if cause.unexplained:
        parts.append("no label yet")
    parts += [escaped(cause.reason), code(cause.error)]
    return f"[^{cause.key}]: {'. '.join(filter(None, parts))}"
