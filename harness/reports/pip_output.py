"""The versions that pip says it found or installed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.reports.mentions import package_of
from harness.reports.pieces import Piece
from harness.reports.report import Place, Setting

_FOUND = re.compile(
    r"Requirement already satisfied: (?P<name>[A-Za-z][\w.-]{0,80})[^\n]{0,300}? in [^\n]{0,300}"
    r" \((?P<version>\d[\w.]*)\)$"
)
_INSTALLED = re.compile(r"Successfully installed (?P<names>\S.*)$")
_NAMED = re.compile(r"(?P<name>[A-Za-z][\w.-]*?)-(?P<version>\d[\w.+!]*)")
_MOST_LINES = 2000


def reported_by_pip(piece: Piece) -> Iterator[Setting]:
    """Yield the packages of the lines `Requirement already satisfied` and `Successfully installed`."""
    for offset, line in enumerate(piece.lines[:_MOST_LINES]):
        found = _FOUND.match(line.strip())
        installed = None if found is not None else _INSTALLED.match(line.strip())
        named = (_NAMED.fullmatch(each) for each in installed["names"].split()) if installed is not None else (found,)
        for each in named:
            if each is not None:
                place = Place(line=piece.line + offset, file=piece.file)
                yield Setting(name=package_of(each["name"]), value=each["version"], place=place)
