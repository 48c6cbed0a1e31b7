"""The table as a heat map: one square a format, a point for each pair, coloured by the worst grade of all models."""

from __future__ import annotations

from markupsafe import escape

from harness.transfer.display import DISPLAY, UNWRITTEN_MEANING, has_square, legend, title_of
from harness.transfer.grades import Grade
from harness.transfer.table import Transfer

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
    """Return the picture. Each point has a title with the pair and the models by grade."""
    squares = [
        (format.name, option)
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


def _square(table: Transfer, format: str, option: str) -> str:
    parts = [
        f'<text x="10" y="16" font-size="13" font-weight="bold">{escape(title_of("all models", format, option))}</text>'
    ]
    for column, reader in enumerate(table.readers):
        x = _LEFT + column * _POINT + _POINT - 4
        parts.append(f'<text transform="translate({x},{_TOP - 4}) rotate(-60)">{escape(reader)}</text>')
    for row, writer in enumerate(table.writers):
        y = _TOP + row * _POINT
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 11}" text-anchor="end">{escape(writer)}</text>')
        for column, reader in enumerate(table.readers):
            parts.append(_point(table, format, option, writer, reader, x=_LEFT + column * _POINT, y=y))
    return "".join(parts)


def _point(table: Transfer, format: str, option: str, writer: str, reader: str, *, x: int, y: int) -> str:
    found = table.summary(writer=writer, reader=reader, format=format, option=option)
    nothing = found.unwritable
    told = [f"{grade}: {', '.join(names)}" for grade, names in found.grades.items() if names]
    title = escape("\n".join([f"{writer} -> {reader}", *told, *([UNWRITTEN_MEANING] if nothing else [])]))
    fill = _UNWRITTEN if nothing else DISPLAY[found.worst].colour
    edge = ' stroke="#000000"' if writer == reader else ' stroke="#eeeeee"'
    size = _POINT - 1
    point = f'<rect x="{x}" y="{y}" width="{size}" height="{size}" fill="{fill}"{edge}><title>{title}</title></rect>'
    return point if nothing else point + _mark(found.worst, x=x, y=y)


def _legend() -> str:
    grades = {DISPLAY[grade].meaning: _mark(grade, x=0, y=0) for grade in _MARKS}
    lines = [(display.colour, meaning) for display, meaning in legend()] + [(_UNWRITTEN, UNWRITTEN_MEANING)]
    return "".join(
        f'<g transform="translate(0,{place * 17})">'
        f'<rect width="13" height="13" fill="{colour}" stroke="#cccccc"/>{grades.get(meaning, "")}'
        f'<text x="19" y="10">{escape(meaning)}</text></g>'
        for place, (colour, meaning) in enumerate(lines)
    )


def _mark(grade: Grade, *, x: int, y: int) -> str:
    if grade not in _MARKS:
        return ""
    mark, ink = _MARKS[grade]
    return f'<text x="{x + 6.5}" y="{y + 10.5}" text-anchor="middle" fill="{ink}" font-weight="bold">{mark}</text>'
