"""Draw a badge: a small SVG with a label and coloured parts. Knows nothing of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import escape

from harness.rendering.foreign_text import one_line
from harness.rendering.xml_text import valid

LONGEST_LABEL = 90
_HEIGHT = 20
_PADDING = 7
_LABEL_COLOUR = "#3a4148"
COLOURS = {"pass": "#14733f", "fail": "#b3261e", "partly": "#8a6100", "none": "#5a6169"}
"""Background colours by style. White text has a contrast of at least 4.5:1 on each."""
_WIDTHS = {**dict.fromkeys("fijlrt.,:;'|!I()[]{}/ -", 4.6), **dict.fromkeys("mwMW@%_", 10.2)}
_CAPITAL, _USUAL, _OTHER_SCRIPT = 7.8, 6.8, 11.0


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a badge: a text and its style, a key of COLOURS."""

    text: str
    style: str


def render(label: str, parts: Sequence[Part], *, title: str) -> str:
    """Return the badge as SVG, in ASCII. Equal arguments give equal bytes."""
    label = one_line(label, longest=LONGEST_LABEL)
    boxes = [(label, _LABEL_COLOUR), *((one_line(part.text), COLOURS[part.style]) for part in parts)]
    widths = [round(_text_width(text)) + 2 * _PADDING for text, _ in boxes]
    total = sum(widths)
    name = _xml(f"{label}: {', '.join(text for text, _ in boxes[1:])}")
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="{_HEIGHT}" role="img" aria-label="{name}">',
        f"<title>{_xml(one_line(title))}</title>",
        f'<clipPath id="r"><rect width="{total}" height="{_HEIGHT}" rx="3"/></clipPath>',
        '<g clip-path="url(#r)" fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">',
    ]
    x = 0
    for (text, colour), width in zip(boxes, widths, strict=True):
        length, gap = width - 2 * _PADDING, min(1, total - x - width)
        lines.append(
            f'<rect x="{x}" width="{width - gap}" height="{_HEIGHT}" fill="{colour}"/>'
            f'<text x="{x + _PADDING}" y="14" textLength="{length}" lengthAdjust="spacingAndGlyphs">{_xml(text)}</text>'
        )
        x += width
    return "\n".join([*lines, "</g>", "</svg>", ""]).encode("ascii", "xmlcharrefreplace").decode()


def _text_width(text: str) -> float:
    """Return about how wide a text is in Verdana, 11 px. `textLength` then makes it exactly so in any font."""
    return sum(_width(character) for character in text)


def _width(character: str) -> float:
    if character in _WIDTHS:
        return _WIDTHS[character]
    if not character.isascii():
        return _OTHER_SCRIPT
    return _CAPITAL if character.isupper() else _USUAL


def _xml(text: str) -> str:
    return str(escape(valid(text)))
