"""The versions of which a report says that they wrote a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.reports.clauses import OWN_NAMES, clauses_of
from harness.reports.mentions import Mention, find_mentions
from harness.reports.pieces import Piece, Shape
from harness.reports.report import Place, Says, Setting
from harness.reports.wording import is_wish, verdict_of

WRITTEN = re.compile(
    r"\bwith [`'\"](?:generate|save|write|create|train|export)[`'\"] (?:in|on|under|with|using)\W*$"
    r"|\b(?:saved ?models?|models?|files?|weights|checkpoints?) (?:from|of|by)\W*$"
    r"|\b(?:saved|made|written|created|trained|exported|serialized|generated|produced|first (?:saves?|writes?|trains?))"
    r"\b(?:\W+(?!\d+\.[x\d])\w+){0,3}?\W+(?:with|in|by|using|under|from|on)"
    r"(?: (?:an? |the )?(?:older|old|earlier|previous)(?: \w+){0,2}(?: \W?(?:ie|eg|i\.e|e\.g)\.)?)?\W*$",
    re.IGNORECASE,
)
# `In Keras 3.6, losses were saved by their name`: of what the file has, not of what works.
WAS_WRITTEN = re.compile(
    r"[`'\" ]*,[^.;]{0,80}?\b(?:was|were|is|are) (?:saved|written|exported|serialized)\b", re.IGNORECASE
)
_WROTE = re.compile(
    r"[`'\"*)]*\s+(?:(?:wrote|saved|created|generated|exported)\b(?! (?:with|by|in|the day)\b)"
    r"|made\b(?! (?:with|by|in|the day|it|this|them|everything)\b))",  # `an upgrade made it fail`
    re.IGNORECASE,
)
# `cannot be saved with TF 2.3`
_NEVER = re.compile(
    r"\b(?:cannot|can not|can['\u2019]t|could(?: not|n['\u2019]t)|unable to)(?: be)?\s*$", re.IGNORECASE
)
_MOST_LINES = 2000


def written_with(pieces: Iterable[Piece], default: str) -> list[Setting]:
    """Return the versions of which a text says that they wrote a file: `saved with Keras 3.6`; exact ones first."""
    found: dict[tuple[str, str], Setting] = {}
    loaded: set[tuple[str, str]] = set()
    for piece in pieces:
        if is_wish(piece.section):
            continue
        for start, clause in _clauses_and_comments(piece, default):
            mentions = [each for each in find_mentions(clause, default) if each.package not in OWN_NAMES]
            for mention in mentions:
                if not is_written(clause, mention, mentions):
                    continue
                line = piece.line + piece.text.count("\n", 0, start + mention.start)
                place = Place(line=line, file=piece.file)
                setting = Setting(name=mention.package, value=mention.version, place=place)
                found.setdefault((setting.name, setting.value), setting)
                if len(mentions) == 1 and verdict_of(clause) is Says.WORKS:
                    loaded.add((setting.name, setting.value))
    # `cannot load its files, but can load those made in 2.12`
    return sorted(found.values(), key=lambda each: ((each.name, each.value) in loaded, each.value.count(".") < 2))


def is_written(clause: str, mention: Mention, mentions: list[Mention]) -> bool:
    """Return whether a clause says that a version wrote a file. `mentions` are all of the clause."""
    start = max((each.end for each in mentions if each.end <= mention.start), default=0)
    written = WRITTEN.search(clause[start : mention.start])
    if written is not None and _NEVER.search(clause[start : start + written.start()]):
        return False
    return written is not None or _WROTE.match(clause[mention.end :]) is not None


def _clauses_and_comments(piece: Piece, default: str) -> Iterator[tuple[int, str]]:
    """Yield the clauses of a paragraph, and the comments of a block, with their places."""
    if piece.shape is not Shape.BLOCK:
        yield from clauses_of(piece.text, default)
        return
    at = 0
    for line in piece.lines[:_MOST_LINES]:
        if line.lstrip().startswith("#"):
            yield at, line
        at += len(line) + 1
