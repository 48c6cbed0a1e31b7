"""The table as a heat map: one square a format, a point for each pair, coloured by the worst grade of all models."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import escape

from harness.transfer.display import DISPLAY, UNWRITTEN_MEANING, has_square, legend, title_of
from harness.transfer.grades import Grade
from harness.transfer.table import Format, Summary, Transfer

_TITLE = "Who can read which saved model: a row wrote the files, a column read them"
_POINT = 14
_LEFT = 130
_TOP = 110
_GAP = 30
_UNWRITTEN = "#dddddd"
_MARKS = {
    Grade.FULL: ("✓", "#1c2024"),
    Grade.PARTIAL: ("p", "#1c2024"),
    Grade.SILENT: ("!", "#ffffff"),
    Grade.REFUSED: ("✗", "#1c2024"),
}
"""The mark of a grade and its colour: a picture without colours says the same."""


def render(table: Transfer) -> str:
    """Return the picture. Each point has a title with the pair and the number of models by grade."""
    squares = [
        (format, option)
        for format in table.formats
        for option in table.options
        if has_square(table, format.name, option)
    ]
    across = 2
    width = _LEFT + _POINT * len(table.readers) + _GAP
    height = _TOP + _POINT * len(table.writers) + _GAP
    rows = (len(squares) + across - 1) // across
    total = (width * across, height * rows + 120)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total[0]} {total[1]}" width="{total[0]}" '
        f'height="{total[1]}" role="img" aria-label="{_TITLE}" font-family="sans-serif" font-size="10">',
        f'<rect width="{total[0]}" height="{total[1]}" fill="#ffffff"/>',
    ]
    for number, (format, option) in enumerate(squares):
        x, y = (number % across) * width, (number // across) * height
        parts.append(f'<g transform="translate({x},{y})">{_square(table, format, option)}</g>')
    parts.append(f'<g transform="translate(20,{height * rows + 10})">{_legend()}</g>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _square(table: Transfer, format: Format, option: str) -> str:
    title = escape(title_of("all models", str(format), option))
    parts = [f'<text x="10" y="16" font-size="13" font-weight="bold">{title}</text>']
    for column, reader in enumerate(table.readers):
        x = _LEFT + column * _POINT + _POINT - 4
        parts.append(f'<text transform="translate({x},{_TOP - 4}) rotate(-60)">{escape(reader)}</text>')
    width, height = (_POINT * len(each) for each in (table.readers, table.writers))
    parts.append(f'<path d="M{_LEFT} {_TOP}h{width}v{height}h-{width}z" fill="none" stroke="#cccccc"/>')
    for row, writer in enumerate(table.writers):
        y = _TOP + row * _POINT
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 11}" text-anchor="end">{escape(writer)}</text>')
        marks: dict[Grade, list[int]] = {}
        for column, reader in enumerate(table.readers):
            x = _LEFT + column * _POINT
            found = table.summary(writer=writer, reader=reader, format=format.name, option=option)
            parts.append(_point(found, f"{writer} -> {reader}", x=x, y=y, same=writer == reader))
            marks.setdefault(found.worst, []).append(x)
        parts += [_marks(grade, places, y=y) for grade, places in marks.items() if grade in _MARKS]
    return "".join(parts)


def _point(found: Summary, pair: str, *, x: int, y: int, same: bool) -> str:
    """Return the point of a pair, with a title; nothing if it was not tested and is not on the diagonal."""
    nothing = found.unwritable
    if found.worst is Grade.NOT_TESTED and not nothing and not same:
        return ""
    counts = ", ".join(f"{len(names)} {grade}" for grade, names in found.grades.items() if names)
    fill = _UNWRITTEN if nothing else DISPLAY[found.worst].colour
    edge = ' stroke="#000000"' if same else ""
    title = f"<title>{escape(pair)}: {UNWRITTEN_MEANING if nothing else counts}</title>"
    return f'<rect x="{x}" y="{y}" width="{_POINT - 1}" height="{_POINT - 1}" fill="{fill}"{edge}>{title}</rect>'


def _legend() -> str:
    grades = {DISPLAY[grade].meaning: _marks(grade, [0], y=0) for grade in _MARKS}
    lines = [(display.colour, meaning) for display, meaning in legend()] + [(_UNWRITTEN, UNWRITTEN_MEANING)]
    return "".join(
        f'<g transform="translate(0,{place * 17})">'
        f'<rect width="13" height="13" fill="{colour}" stroke="#cccccc"/>{grades.get(meaning, "")}'
        f'<text x="19" y="10">{escape(meaning)}</text></g>'
        for place, (colour, meaning) in enumerate(lines)
    )


def _marks(grade: Grade, places: Sequence[int], *, y: int) -> str:
    """Return the marks of the points of one grade in a row: a place for each letter."""
    mark, ink = _MARKS[grade]
    across = " ".join(str(x + 6.5) for x in places)
    return (
        f'<text x="{across}" y="{y + 10.5}" text-anchor="middle" fill="{ink}" font-weight="bold">'
        f"{mark * len(places)}</text>"
    )
