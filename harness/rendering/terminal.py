"""Render the table for a terminal: its own words in plain ASCII, colour on request, any width."""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

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
from harness.rendering.observed import section
from harness.rendering.results import EnvironmentColumn, Results

_COLOURS = {"green": "32", "red": "31", "bold red": "1;31", "magenta": "35", "yellow": "33", "dim": "2"}
_GAP = 2
_WIDEST_STAGE = 12
_WIDEST_HEAD = 9
_LONGEST_ID = 24
_LONGEST_WORD = 36
"""Characters of an id without spaces that a header shows: that of a nightly build."""
_MOST_STATEMENTS = 25
_Values = tuple[str, str, str, int | None, bool]
"""All that a cell's drawing depends on: state, ratio, stage, the number of its cause, whether it is published only."""
PUBLISHED_MARK = "*"
_PARTS_OF_ID = re.compile(r"(?<=[A-Za-z])(?=\d)|(?=-|\.dev)|(?<=[ ,_])")


def render(results: Results, *, width: int = 120, colour: bool = False, only_differing: bool = False) -> str:
    """Return the table, the squares, the legend, the causes, the environments and the counts."""
    grid = build_grid(results, only_differing=only_differing)
    paint = _Paint(colour)
    sections = [
        _table(grid, width=width, paint=paint),
        *(_square(square, width=width, paint=paint) for square in grid.squares),
        grid.left_out_text,
        _statements(grid, width=width),
        section(results, width=width),
        _legend(grid, width=width),
        "\n".join(_cause(cause, width=width, paint=paint) for cause in grid.causes),
        "\n".join(_environments(results.environments, width=width)),
        "\n".join(_broken(one_line(note), width=width) for note in results.notes),
        "\n".join(_broken(line, width=width) for line in f"{grid.counts}{_unexplained(grid)}".split("\n")),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _statements(grid: Grid, *, width: int) -> str:
    """Return the transitions, or only their number if there are too many for a terminal."""
    if not grid.statements:
        return ""
    if len(grid.statements) > _MOST_STATEMENTS:
        return f"Transitions between versions: {len(grid.statements)}; --format markdown or html shows them."
    lines = ["Transitions between versions:"]
    for each in grid.statements:
        sentences = " ".join(line.sentence(lambda cause: f" [{cause.number}]") for line in each.lines)
        about = " ".join(filter(None, [each.scenario, each.subject and f"[{each.subject}]", each.held]))
        text = one_line(f"{about}, {each.family}: {sentences}", longest=4 * width)
        lines += textwrap.wrap(text, width, initial_indent="* ", subsequent_indent="  ", break_long_words=False)
    return "\n".join(lines)


@dataclass(frozen=True)
class _Paint:
    """Colours text if that was asked for."""

    on: bool

    def __call__(self, text: str, style: str) -> str:
        return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if self.on and text else text


@dataclass(frozen=True)
class _Line:
    """A line of a table: a heading has no cells."""

    label: str
    cells: tuple[GridCell, ...] = ()


def _table(grid: Grid, *, width: int, paint: _Paint) -> str:
    lines: list[_Line] = []
    for subject, rows in grid.subjects:
        if subject:
            lines.append(_Line(one_line(subject).upper()))
        scenario = ""
        for row in rows:
            parameters = ", ".join(parameter_texts(row.case))
            if parameters and row.scenario.name != scenario:
                lines.append(_Line(row.scenario.name))
            lines.append(_Line(f"- {parameters}" if parameters else row.scenario.name, row.cells))
            scenario = row.scenario.name
    return _draw(lines, grid.columns, corner="", width=width, paint=paint)


def _square(square: Square, *, width: int, paint: _Paint) -> str:
    lines = [_Line(writer.id, cells) for writer, cells in zip(square.writers, square.lines, strict=True)]
    table = _draw(lines, square.readers, corner="written in / read in", width=width, paint=paint)
    title = one_line(" ".join([square.scenario.name, *parameter_texts(square.case)]))
    return f"{title}\n{table}"


def _draw(
    lines: Sequence[_Line], columns: Sequence[EnvironmentColumn], *, corner: str, width: int, paint: _Paint
) -> str:
    """Draw a table, in several blocks of columns if it is too wide for one."""
    if not lines:
        return ""
    cells = [list(map(_values_of, line.cells)) for line in lines]
    stacked, labels, widths = _fitted(lines, cells, columns, corner=corner, width=width)
    room = width - _widest([corner, *labels])
    blocks = list(_blocks(widths, room))
    drawn = [_block(labels, cells, columns, block, corner=corner, stacked=stacked, paint=paint) for block in blocks]
    if len(drawn) == 1:
        return drawn[0]
    total = len(columns)
    return "\n\n".join(
        f"columns {block.start + 1} to {block.stop} of {total}\n{text}"
        for block, text in zip(blocks, drawn, strict=True)
    )


def _fitted(
    lines: Sequence[_Line],
    cells: Sequence[Sequence[_Values]],
    columns: Sequence[EnvironmentColumn],
    *,
    corner: str,
    width: int,
) -> tuple[bool, list[str], list[int]]:
    """Find the roomiest form in which all columns fit side by side; if there is none, give the tightest."""
    different = [dict.fromkeys(column) for column in zip(*filter(None, cells), strict=True)]
    for stacked, label_width in ((False, 48), (False, 36), (True, 48), (True, 36), (True, 24)):
        labels = [_wrapped(line.label, label_width) for line in lines]
        widths = [_column_width(columns, place, cells, stacked=stacked) for place, cells in enumerate(different)]
        if _widest([corner, *labels]) + sum(widths) <= width:
            break
    return stacked, labels, widths


def _blocks(widths: Sequence[int], room: int) -> Iterator[range]:
    start, used = 0, 0
    for place, each in enumerate(widths):
        if place > start and used + each > room:
            yield range(start, place)
            start, used = place, 0
        used += each
    yield range(start, len(widths))


def _block(
    labels: Sequence[str],
    cells: Sequence[Sequence[_Values]],
    columns: Sequence[EnvironmentColumn],
    block: range,
    *,
    corner: str,
    stacked: bool,
    paint: _Paint,
) -> str:
    families = [_Text.of(_family(columns, place, first=place == block.start)) for place in block]
    head = [_Text.of(_id(columns, place)) for place in block]
    body = [[_drawn(each, stacked=stacked, paint=paint) for each in line[block.start : block.stop]] for line in cells]
    left = _padded([_Text.of(""), _Text.of(corner), *map(_Text.of, labels)])
    right = [_padded(column) for column in zip(families, head, *filter(None, body), strict=True)]
    rows = iter(zip(*right, strict=True))
    top, named = [next(rows), next(rows)]
    drawn = [*([_side_by_side([left[0], *top])] if any(text.width for text in families) else [])]
    drawn += [_side_by_side([left[1], *named]), (" " * _GAP).join("-" * column[0].width for column in (left, *right))]
    drawn += [_side_by_side([label, *(next(rows) if line else ())]) for label, line in zip(left[2:], body, strict=True)]
    return "\n".join(drawn)


@dataclass(frozen=True)
class _Text:
    """Lines as they are written, and the width in which they stand: colours take no room."""

    lines: tuple[str, ...]
    widths: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> _Text:
        """Return it for a text without colours."""
        lines = tuple(text.split("\n"))
        return cls(lines, tuple(map(len, lines)))

    @functools.cached_property
    def width(self) -> int:
        """The width of the longest line."""
        return max(self.widths)


def _padded(column: Sequence[_Text]) -> list[_Text]:
    """Pad the texts of a column to a common width."""
    width = max(text.width for text in column)
    padded: dict[int, _Text] = {}
    for text in column:
        if id(text) not in padded:
            lines = (line + " " * (width - own) for line, own in zip(text.lines, text.widths, strict=True))
            padded[id(text)] = _Text(tuple(lines), (width,) * len(text.lines))
    return [padded[id(text)] for text in column]


def _side_by_side(row: Sequence[_Text]) -> str:
    height = max(len(text.lines) for text in row)
    if height == 1:
        return (" " * _GAP).join([text.lines[0] for text in row]).rstrip()
    columns = [
        text.lines if len(text.lines) == height else (*text.lines, *[" " * text.width] * (height - len(text.lines)))
        for text in row
    ]
    return "\n".join((" " * _GAP).join(line).rstrip() for line in zip(*columns, strict=True))


def _column_width(columns: Sequence[EnvironmentColumn], place: int, cells: Iterable[_Values], *, stacked: bool) -> int:
    texts = [_drawn(values, stacked=stacked, paint=_Paint(False)) for values in cells]
    head = _widest([_family(columns, place, first=True), _id(columns, place)])
    return max(head, *(text.width for text in texts)) + _GAP


def _widest(texts: Iterable[str]) -> int:
    return max(len(line) for text in texts for line in text.split("\n"))


def _family(columns: Sequence[EnvironmentColumn], place: int, *, first: bool) -> str:
    """Return the header line with each family above its first column."""
    family = columns[place].family
    begins = first or columns[place - 1].family != family
    return f"{one_line(family, longest=_LONGEST_ID)}:" if begins and family else ""


def _id(columns: Sequence[EnvironmentColumn], place: int) -> str:
    """Return the id of a column, broken at readable positions."""
    name = columns[place].id
    name = one_line(name) if _is_shown(name) else f"column {place + 1}"
    lines = [""]
    for part in _PARTS_OF_ID.split(name):
        if lines[-1] and len(lines[-1] + part) > _WIDEST_HEAD:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.strip() for line in lines)


def _is_shown(id: str) -> bool:
    return len(id) <= (_LONGEST_WORD if " " not in id else _LONGEST_ID)


def _values_of(cell: GridCell) -> _Values:
    return cell.state, cell.ratio, cell.stage or "", cell.cause.number if cell.cause else None, cell.published


@functools.lru_cache(maxsize=4096)
def _drawn(values: _Values, *, stacked: bool, paint: _Paint) -> _Text:
    """Draw a cell; in a table of thousands there are few that look different."""
    state, ratio, stage, cause, published = values
    display = STATES[state]
    word = f"{display.plain} {ratio}".strip() + (PUBLISHED_MARK if published else "")
    stage = one_line(stage, longest=_WIDEST_STAGE)
    number = f"[{cause}]" if cause is not None else ""
    if not stacked:
        parts = [" ".join(filter(None, (word, stage, number)))]
    elif len(word) > len(stage) > 0:
        parts = [word, f"{stage} {number}"]
    else:
        parts = [f"{word} {number}".strip(), stage]
    parts = [part.rstrip() for part in parts if part]
    return _Text(tuple(paint(part, display.style) for part in parts), tuple(map(len, parts)))


def _wrapped(label: str, width: int) -> str:
    hanging = "  " if label.startswith("- ") else ""
    return "\n".join(textwrap.wrap(one_line(label), width, subsequent_indent=hanging)) or label


def _legend(grid: Grid, *, width: int) -> str:
    lines = [f"{STATES[state].plain:8} {meaning(state)}" for state in grid.states]
    if grid.has_published:
        lines.append(f"{PUBLISHED_MARK:8} published, not run here")
    return "\n".join(_broken(line, width=width, indent=9) for line in lines)


def _broken(line: str, *, width: int, indent: int = 2) -> str:
    """Return a line in several, where it is too long: an address and an id stay whole."""
    return textwrap.fill(
        line, max(width, 40), subsequent_indent=" " * indent, drop_whitespace=True, replace_whitespace=False,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _cause(cause: Cause, *, width: int, paint: _Paint) -> str:
    display = STATES[cause.outcome]
    where = f"{display.plain} {cause.stage}" if cause.stage else display.plain
    number = f"[{cause.number}]"
    said = [f"{where}, {cells_text(len(cause.cells))}", _label_text(cause), cause.reason]
    detail = [cause.message, web_address(cause.label.link) if cause.label else ""]
    lines = [f"{number:5}{'; '.join(filter(None, said))}", *(f"     {line}" for line in detail if line)]
    wrapped = [textwrap.fill(one_line(line[5:]), max(width, 40), initial_indent=line[:5], subsequent_indent=" " * 5,
                             break_long_words=False, break_on_hyphens=False) for line in lines]  # fmt: skip
    wrapped[0] = wrapped[0].replace(number, paint(number, display.style), 1)
    return "\n".join(wrapped)


def _label_text(cause: Cause) -> str:
    if cause.unexplained:
        return "UNEXPLAINED"
    if cause.label is None:
        return ""
    return f"{one_line(cause.label.label)}: {one_line(cause.label.note)}"


def _environments(columns: Sequence[EnvironmentColumn], *, width: int) -> Iterator[str]:
    longest = min(_LONGEST_ID, max((len(column.id) for column in columns), default=0))
    for place, column in enumerate(columns, start=1):
        short = column.id if _is_shown(column.id) else f"column {place}"
        parts = [f"Python {column.python}", *(f"{name} {version}" for name, version in column.packages)]
        parts += [f"{name}={value}" for name, value in column.variables]
        parts += [f"as of {column.as_of}"] if column.as_of else []
        parts += [column.id] if short != column.id else []
        if len(short) > longest:  # a line of its own
            yield one_line(short)
            short = ""
        text = one_line(f"{short:{longest}}").ljust(longest) + "  " + one_line(", ".join(parts))
        yield textwrap.fill(text, max(width, 40), subsequent_indent=" " * (longest + 2), drop_whitespace=True)


def _unexplained(grid: Grid) -> str:
    numbers = ", ".join(f"[{cause.number}]" for cause in grid.unexplained)
    return f"\nUnexplained: {numbers}" if numbers else ""
