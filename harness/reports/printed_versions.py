"""Versions that the code of a report prints or insists on: `tf.__version__`, and what stands below it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.reports.blocks import is_code_block
from harness.reports.code import Code, is_transcript, read_transcript
from harness.reports.facts import shown_versions, versions_of_cell
from harness.reports.failures import exceptions_in
from harness.reports.mentions import package_of
from harness.reports.pieces import Piece, Shape
from harness.reports.report import Claim, Place, Says
from harness.reports.source import Source
from harness.reports.version_guards import guarded_versions

# `print(keras.__version__)  # 3.0.1`
_NOTED_VERSION = re.compile(
    r"\b(?P<name>\w+)(?:\.\w+)*\.__version__\)?[ \t]*#+[^\n\w]*(?:(?:prints?|outputs?|shows?|version)\b[^\n\w]*)?v?"
    r"(?P<version>\d+\.\d+\.\d+(?:[-.]?(?:rc|dev|a|b)\d+)?)(?!\w)"
)
_VERSION_LINE = re.compile(r"(?:^|[\s:='\"])v?\d+\.\d+\.\d+")


def claims_of_printed_versions(source: Source, pieces: list[Piece]) -> list[Claim]:
    """Read versions that code printed: `tf.__version__` and what stood below it."""
    found: list[tuple[str, str, Place, Says]] = []
    blocks = [each for each in pieces if each.shape is Shape.BLOCK]
    for piece, below in zip(blocks, [*blocks[1:], Piece(shape=Shape.BLOCK, line=1, text="")], strict=False):
        if is_transcript(piece.text):
            place = Place(file=piece.file, line=piece.line)
            session = read_transcript(piece.text, place)
            says = Says.FAILS if exceptions_in(piece.text, place) else Says.WORKS
            found += [(*each, each_place, says) for *each, each_place in _shown_in_session(session, piece)]  # type: ignore[misc]
        else:
            found += [(*each, Place(file=below.file, line=below.line), Says.FAILS) for each in _printed(piece, below)]
            here = Place(file=piece.file, line=piece.line)
            found += [(package_of(name), number, here, Says.FAILS) for name, number in guarded_versions(piece.text)]
            for at in _NOTED_VERSION.finditer(piece.text):
                line = piece.line + piece.text.count("\n", 0, at.start())
                found.append((package_of(at["name"]), at["version"], Place(file=piece.file, line=line), Says.FAILS))
    for cell in source.notebook.cells if source.notebook else ():
        found += [(*each, cell.code.place, Says.FAILS) for each in versions_of_cell(cell.source, cell.output)]
    return [
        Claim(text=f"{package} {version}", place=place, says=says, package=package, version=version)
        for package, version, place, says in found
        if package not in ("python", "sys", "platform")
    ]


def _printed(code: Piece, output: Piece) -> Iterator[tuple[str, str]]:
    """Yield packages and versions that a script printed first, as the block below it shows."""
    count = len(re.findall(r"__version__|\.VERSION\b|\bsys\.version\b|python_version\(", code.text))
    lines = [line.partition(" (")[0] for line in output.lines[: 3 + count] if line.strip() and line[0] != " "]
    if count and not is_code_block(output):
        yield from shown_versions(code.text, "\n".join(line for line in lines if _VERSION_LINE.search(line)))


def _shown_in_session(session: Code, piece: Piece) -> list[tuple[str, str, Place]]:
    found = []
    for output in session.outputs:
        before = piece.lines[max(0, output.place.line - piece.line - 1)] if output.place.line > piece.line else ""
        found += [(*each, output.place) for each in shown_versions(before, output.text.split("\n")[0])]
    return found
