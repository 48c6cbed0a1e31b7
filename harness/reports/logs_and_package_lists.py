"""Logs with an exception and lists of packages next to a script. Reads files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from harness.filesystem.reading import read_text
from harness.reports.attachments import PACKAGES
from harness.reports.facts import pip_list
from harness.reports.failures import exceptions_in
from harness.reports.pieces import Piece, Shape, clip
from harness.reports.report import Place

_SUFFIXES = (".log", ".txt", ".out", ".err")
_LARGEST = 1 << 20
"""Bytes of a log that is read."""


def logs_and_package_lists(files: Iterable[Path]) -> Iterator[Piece]:
    """Yield a block for each log with an exception and for each list of packages, in the order of their names."""
    for path in sorted(files):
        if path.suffix.lower() not in _SUFFIXES or path.stat().st_size > _LARGEST:
            continue
        try:
            text = clip(read_text(path))[0].rstrip()
        except (OSError, UnicodeDecodeError):
            continue
        piece = Piece(shape=Shape.BLOCK, line=1, text=text, file=path.name)
        if pip_list(piece) or exceptions_in(text, Place(line=1)):
            yield piece
        elif PACKAGES.fullmatch(path.name) and (pinned := list(_pinned(piece.lines))):
            yield Piece(shape=Shape.BLOCK, line=1, text=f"pip install {' '.join(pinned)}", file=path.name)


def _pinned(lines: Iterable[str]) -> Iterator[str]:
    """Yield the requirements of a file without comments and options."""
    for line in lines:
        try:
            requirement = Requirement(line.partition("#")[0].strip())
        except InvalidRequirement:
            continue
        if requirement.url is None:
            yield str(requirement).replace(" ", "")
