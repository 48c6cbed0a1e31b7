"""The version conflicts in quoted messages of pip: `a 2.15.0 requires b<2.16, but you have b 3.0.0`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.reports.mentions import package_of
from harness.reports.pieces import Piece
from harness.reports.report import Claim, Place, Says

_CONFLICT = re.compile(
    r"(?<![\w.-])[\w.-]{1,60} \d[\w.]* (?:requires|has requirement) [\w.-]+\S*,? but you(?:'ll)? have "
    r"(?P<other>[\w.-]+) (?P<version>\d[\w.]*)"
)


def conflict_in(line: str, place: Place) -> Claim | None:
    """Return the claim that the version which pip refuses in a line fails; None if the line is no such message."""
    found = _CONFLICT.search(line)
    return _conflict(found, line, place) if found is not None else None


def conflicts_in(pieces: Iterable[Piece]) -> Iterator[Claim]:
    """Yield the version conflicts in quoted messages of pip."""
    for piece in pieces:
        for found in _CONFLICT.finditer(piece.text):
            line = piece.line + piece.text.count("\n", 0, found.start())
            yield _conflict(found, found.group(), Place(line=line, file=piece.file))


def _conflict(found: re.Match[str], line: str, place: Place) -> Claim:
    return Claim(
        text=" ".join(line.split())[:300],
        place=place,
        says=Says.FAILS,
        package=package_of(found["other"]),
        version=found["version"].rstrip("."),
    )
