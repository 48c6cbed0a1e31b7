"""The table as a heat map: one square a format, a point for each pair, coloured by the worst grade of all models."""

from __future__ import annotations

from markupsafe import escape

from harness.transfer.display import DISPLAY, UNWRITTEN_MEANING, has_square, legend, title_of
from harness.transfer.grades import Grade
from harness.transfer.table import Transfer

_POINT = 14
_LEFT = 130
_TOP = 110
_GAP = 30
_UNWRITTEN = "#dddddd"


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
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total[0]} {total[1]}" font-family="sans-serif" '
        'font-size="10">',
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
    if found.worst is Grade.SILENT:
        point += f'<text x="{x + 4}" y="{y + 11}" fill="#ffffff" font-weight="bold">!</text>'
    return point


def _legend() -> str:
    lines = [(display.colour, meaning) for display, meaning in legend()] + [(_UNWRITTEN, UNWRITTEN_MEANING)]
    return "".join(
        f'<rect x="0" y="{place * 17}" width="12" height="12" fill="{colour}" stroke="#cccccc"/>'
        f'<text x="18" y="{place * 17 + 10}">{escape(meaning)}</text>'
        for place, (colour, meaning) in enumerate(lines)
    )
