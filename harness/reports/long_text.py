"""Shorten what is too long to be read: logs in a block, texts of megabytes. Line numbers stay those of the original."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.reports.not_python import FENCE

_FIRST, _LAST = 300, 100
"""Lines of a long block that are read."""
_LONGEST_LINE = 20_000
_CLOSING = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*")


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """Lines that are not read."""

    line: int
    """The first, from 1."""
    count: int


def shortened(text: str, longest: int) -> tuple[str, tuple[Skipped, ...]]:
    """Return a text without the middle of its long blocks, and without its own middle if it still is too long.

    What is left out becomes empty lines. `longest` is in characters. A text that is not longer stays as it is.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) <= longest:
        return text, ()
    lines = [line[:_LONGEST_LINE] for line in text.split("\n")]
    skipped = [_blank(lines, first, last) for first, last in _long_blocks(lines)]
    if sum(map(len, lines)) > longest:
        skipped.append(_blank(lines, *_middle(lines, max(0, longest - len(lines)))))
    return "\n".join(lines), tuple(sorted((each for each in skipped if each.count > 0), key=lambda each: each.line))


def _blank(lines: list[str], first: int, last: int) -> Skipped:
    """Empty the lines from `first` up to `last`, counted from 0."""
    count = sum(1 for line in lines[first:last] if line)
    lines[first:last] = [""] * max(0, last - first)
    return Skipped(line=first + 1, count=count)


def _long_blocks(lines: list[str]) -> list[tuple[int, int]]:
    """Return the first line of the middle of each long fenced block, and the line after it, from 0."""
    found, start, fence = [], 0, ""
    for number, line in enumerate(lines):
        opening = FENCE.match(line)
        if not fence and opening is not None:
            start, fence = number, line.strip()[:3]
        elif fence and _CLOSING.fullmatch(line) and line.strip().startswith(fence):
            if number - start > _FIRST + _LAST:
                found.append((start + 1 + _FIRST, number - _LAST))
            fence = ""
    return found


def _middle(lines: list[str], longest: int) -> tuple[int, int]:
    """Return the first line of the middle of a text, and the line after it, from 0: `longest` characters remain."""
    half = longest // 2
    first, size = 0, 0
    while first < len(lines) and size + len(lines[first]) + 1 <= half:
        size += len(lines[first]) + 1
        first += 1
    last, size = len(lines), 0
    while last > first and size + len(lines[last - 1]) + 1 <= half:
        size += len(lines[last - 1]) + 1
        last -= 1
    return first, last
