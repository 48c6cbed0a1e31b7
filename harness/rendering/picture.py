"""Draw the matrix as one SVG picture for a README or a slide: a row is a case, a column an environment.

Shapes tell states apart without colour: a dark block fails, a pale block passes, a line does not apply. Neighbouring
cells with the same state are one shape: ten thousand cells need about a hundred kilobytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import escape

from harness.rendering.foreign_text import one_line
from harness.rendering.grid import Grid, GridCell, Row, Square, build_grid
from harness.rendering.results import EnvironmentColumn, Results
from harness.rendering.site.marks import MARKS
from harness.rendering.xml_text import valid

_CELL = 12
_ROW = 6
_SQUARE_ROW = 12
_LEFT = 210
_HEAD = 66
_BAND = 8
_GAP = 3
_LEAST = 13
"""The height that the name of a scenario needs."""
_MARGIN = 12
_LEGEND = 26
_FAMILY = 24
"""The longest shown name of a family, in characters."""
_BLANK = "blank"
_FILLS = {
    "pass": "#bfe3cf", "fail": "#b3261e", "crash": "#4a0d3c", "limit": "url(#limit)", "flaky": "url(#flaky)",
    "none": "#8a9199", "absent": "url(#absent)", "unknown": "url(#unknown)",
}  # fmt: skip
_PATTERNS = (
    '<pattern id="limit" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M0 0h6v3h-6z" fill="#bfe3cf"/>'
    '<path d="M0 3h6v3h-6z" fill="#b3261e"/></pattern>'
    '<pattern id="flaky" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M0 0h3v6h-3z" fill="#b3261e"/>'
    '<path d="M3 0h3v6h-3z" fill="#bfe3cf"/></pattern>'
    '<pattern id="absent" width="4" height="6" patternUnits="userSpaceOnUse">'
    '<path d="M0 2h2v2h-2z" fill="#8a9199"/></pattern>'
    '<pattern id="unknown" width="4" height="4" patternUnits="userSpaceOnUse">'
    '<path d="M0 4l4-4" stroke="#8a9199"/></pattern>'
)


@dataclass(frozen=True)
class _Group:
    """Lines of cells that have one name."""

    name: str
    lines: Sequence[Sequence[GridCell]]
    row: int

    @property
    def height(self) -> int:
        return max(_LEAST, self.row * len(self.lines))


@dataclass(frozen=True)
class _Block:
    """A part of the picture with columns of its own."""

    title: str
    columns: Sequence[EnvironmentColumn]
    groups: Sequence[_Group]

    @property
    def xs(self) -> list[int]:
        """The left edge of each column. Families are apart."""
        found, x = [], _LEFT
        for family, members in groupby(self.columns, key=lambda column: column.family):
            places = [x + _CELL * place for place, _ in enumerate(members)]
            found += places
            x = _BAND + max(places[-1] + _CELL, x + _name_width(family))
        return found


def render(results: Results, *, only_differing: bool = False) -> str:
    """Return the picture. Equal results give equal bytes: it has no date."""
    grid = build_grid(results, only_differing=only_differing)
    blocks = list(_blocks(grid))
    width = max([_LEFT + 400, *(block.xs[-1] + _CELL + _name_width(block.columns[-1].family) for block in blocks)])
    y, parts = _MARGIN, []
    for block in blocks:
        drawn, y = _draw(block, y)
        parts += drawn
    parts += _legend(grid, y + _LEGEND)
    height = y + 2 * _LEGEND
    title = _xml(f"{results.title}: {grid.counts}")
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{title}" font-family="sans-serif" font-size="11" fill="#1c2024">',
        f"<title>{title}</title>", f"<defs>{_PATTERNS}</defs>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>', *parts, "</svg>", "",
    ]).encode("ascii", "xmlcharrefreplace").decode()  # fmt: skip


def _blocks(grid: Grid) -> Iterator[_Block]:
    if grid.rows:
        groups = [_rows(name, list(rows)) for name, rows in groupby(grid.rows, key=lambda row: row.scenario.name)]
        yield _Block(title="", columns=grid.columns, groups=groups)
    for square in grid.squares:
        yield _square(square)


def _rows(name: str, rows: Sequence[Row]) -> _Group:
    return _Group(name=name, lines=[row.cells for row in rows], row=_ROW)


def _square(square: Square) -> _Block:
    groups = [
        _Group(name=writer.id, lines=[line], row=_SQUARE_ROW)
        for writer, line in zip(square.writers, square.lines, strict=True)
    ]
    return _Block(title=f"{square.case}: a row wrote the file, a column read it", columns=square.readers, groups=groups)


def _name_width(family: str) -> int:
    return 8 + 7 * min(len(family), _FAMILY)


def _draw(block: _Block, y: int) -> tuple[list[str], int]:
    """Return the shapes of a block that begins at `y`, and where it ends."""
    xs, parts = block.xs, []
    if block.title:
        parts.append(f'<text x="{_MARGIN}" y="{y + 12}" font-weight="bold">{_xml(block.title)}</text>')
        y += 22
    parts += _head(block, xs, y)
    y += _HEAD
    top, shapes = y, dict[str, list[str]]()
    for group in block.groups:
        parts.append(f'<text x="{_MARGIN}" y="{y + group.height / 2 + 4:g}">{_xml(group.name, longest=34)}</text>')
        at = y + (group.height - group.row * len(group.lines)) // 2
        for place, line in enumerate(group.lines):
            _add_runs(shapes, line, xs, at + place * group.row, group.row - 1)
        y += group.height + _GAP
    parts += [f'<path fill="{_FILLS[style]}" d="{"".join(found)}"/>' for style, found in sorted(shapes.items())]
    lines = "".join(f"M{x + _CELL - 0.5:g} {top}V{y}" for x in xs)
    parts.append(f'<path d="{lines}" stroke="#ffffff"/>')
    return parts, y + _MARGIN


def _head(block: _Block, xs: Sequence[int], y: int) -> Iterator[str]:
    """Yield the names of the families and the versions."""
    columns = list(zip(xs, block.columns, strict=True))
    for family, members in groupby(columns, key=lambda each: each[1].family):
        places = [x for x, _ in members]
        width = max(places[-1] + _CELL - places[0], _name_width(family))
        yield f'<rect x="{places[0]}" y="{y}" width="{width}" height="16" fill="#e8ebe5"/>'
        yield f'<text x="{places[0] + 4}" y="{y + 12}" font-weight="bold">{_xml(family, longest=_FAMILY)}</text>'
    for x, column in columns:
        name = _xml(column.version or column.id, longest=9)
        yield f'<text transform="translate({x + 9},{y + _HEAD - 3}) rotate(-90)" font-size="9">{name}</text>'


def _add_runs(shapes: dict[str, list[str]], line: Sequence[GridCell], xs: Sequence[int], y: int, height: int) -> None:
    """Add one rectangle for each run of cells with the same style. A run ends where the columns are apart."""
    start = 0
    for place in range(1, len(line) + 1):
        style = MARKS[line[start].state].style
        if place < len(line) and MARKS[line[place].state].style == style and xs[place] == xs[place - 1] + _CELL:
            continue
        if style != _BLANK:
            top, tall = (y + height // 2, 1) if style == "none" else (y, height)
            shapes.setdefault(style, []).append(f"M{xs[start]} {top}H{xs[place - 1] + _CELL}v{tall}H{xs[start]}z")
        start = place


def _legend(grid: Grid, y: int) -> Iterator[str]:
    x = _MARGIN
    for state in grid.states:
        style = MARKS[state].style
        if style == _BLANK:
            continue
        top, tall = (y - 5, 1) if style == "none" else (y - 10, 12)
        yield f'<rect x="{x}" y="{top}" width="20" height="{tall}" fill="{_FILLS[style]}"/>'
        yield f'<text x="{x + 26}" y="{y}">{_xml(state)}</text>'
        x += 46 + 7 * len(state)


def _xml(text: str, *, longest: int = 200) -> str:
    return str(escape(valid(one_line(text, longest=longest))))
