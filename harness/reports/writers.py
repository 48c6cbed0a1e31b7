"""The versions of which a report says that they wrote a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.reports.clauses import OWN_NAMES, clauses_of
from harness.reports.mentions import find_mentions
from harness.reports.pieces import Piece, Shape
from harness.reports.report import Place, Setting
from harness.reports.wording import is_wish

WRITTEN = re.compile(
    r"\bwith [`'\"](?:generate|save|write|create|train|export)[`'\"] (?:in|on|under|with|using)\W*$"
    r"|\b(?:saved|made|written|created|trained|exported|serialized|generated|produced|first (?:saves?|writes?|trains?))"
    r"\b(?:\W+\w+){0,3}?\W+(?:with|in|by|using|under|from|on)"
    r"(?: (?:an? |the )?(?:older|old|earlier|previous)(?: \w+){0,2}(?: \W?(?:ie|eg|i\.e|e\.g)\.)?)?\W*$",
    re.IGNORECASE,
)
_MOST_LINES = 2000


def written_with(pieces: Iterable[Piece], default: str) -> list[Setting]:
    """Return the versions of which a text says that they wrote a file: `saved with Keras 3.6`; exact ones first."""
    found: dict[tuple[str, str], Setting] = {}
    for piece in pieces:
        if is_wish(piece.section):
            continue
        for start, clause in _told_clauses(piece, default):
            mentions = [each for each in find_mentions(clause, default) if each.package not in OWN_NAMES]
            if mentions and WRITTEN.search(clause[: mentions[0].start]):
                line = piece.line + piece.text.count("\n", 0, start + mentions[0].start)
                place = Place(line=line, file=piece.file)
                setting = Setting(name=mentions[0].package, value=mentions[0].version, place=place)
                found.setdefault((setting.name, setting.value), setting)
    return sorted(found.values(), key=lambda each: each.value.count(".") < 2)


def _told_clauses(piece: Piece, default: str) -> Iterator[tuple[int, str]]:
    """Yield the clauses of a paragraph, and the comments of a block, with their places."""
    if piece.shape is not Shape.BLOCK:
        yield from clauses_of(piece.text, default)
        return
    at = 0
    for line in piece.lines[:_MOST_LINES]:
        if line.lstrip().startswith("#"):
            yield at, line
        at += len(line) + 1
