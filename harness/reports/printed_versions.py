"""Versions that the code of a report prints or insists on: `tf.__version__`, and what stands below it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.reports.blocks import is_code_block
from harness.reports.code import Code, is_transcript, read_transcript
from harness.reports.facts import LISTED_CLAIMS, LONGEST_SESSION, PIP_LIST
from harness.reports.failures import exceptions_in, failures_in
from harness.reports.mentions import package_of
from harness.reports.notebook import Notebook
from harness.reports.pieces import Piece, Shape
from harness.reports.report import Claim, Place, Says
from harness.reports.usual_imports import usual_import
from harness.reports.version_guards import guarded_versions
from harness.reports.vocabulary import vocabulary

# `print(keras.__version__)  # 3.0.1`
_NOTED_VERSION = re.compile(
    r"\b(?P<name>\w+)(?:\.\w+)*\.__version__\)?[ \t]*#+[^\n\w]*(?:(?:prints?|outputs?|shows?|version)\b[^\n\w]*)?v?"
    r"(?P<version>\d+\.\d+\.\d+(?:[-.]?(?:rc|dev|a|b)\d+)?)(?!\w)"
)
_LISTING = re.compile(r"\bpip3? +(?:list|freeze)\b")
_VERSION_LINE = re.compile(r"(?:^|[\s:='\"])v?\d+\.\d+\.\d+")


def shows_exception(pieces: Iterable[Piece]) -> bool:
    """Return whether a report shows an exception anywhere."""
    pieces = list(pieces)
    return bool(failures_in(pieces)) or any("Traceback" in each.text for each in pieces if each.shape is Shape.BLOCK)


def claims_of_printed_versions(notebook: Notebook | None, pieces: list[Piece]) -> list[Claim]:
    """Read versions that code printed: `tf.__version__` and what stood below it.

    A session without an exception says "works" only if the report shows one elsewhere: a wrong value is none.
    """
    compared = shows_exception(pieces)
    found: list[tuple[str, str, Place, Says]] = []
    blocks = [each for each in pieces if each.shape is Shape.BLOCK]
    for piece, below in zip(blocks, [*blocks[1:], Piece(shape=Shape.BLOCK, line=1, text="")], strict=False):
        if is_transcript(piece.text):
            place = Place(file=piece.file, line=piece.line)
            session = read_transcript(piece.text, place)
            says = Says.WORKS if compared and not exceptions_in(piece.text, place) else Says.FAILS
            found += [(*each, each_place, says) for *each, each_place in _shown_in_session(session, piece)]  # type: ignore[misc]
        else:
            found += [(*each, Place(file=below.file, line=below.line), Says.FAILS) for each in _printed(piece, below)]
            here = Place(file=piece.file, line=piece.line)
            found += [(package_of(name), number, here, Says.FAILS) for name, number in guarded_versions(piece.text)]
            for at in _NOTED_VERSION.finditer(piece.text):
                line = piece.line + piece.text.count("\n", 0, at.start())
                found.append((package_of(at["name"]), at["version"], Place(file=piece.file, line=line), Says.FAILS))
    for cell in notebook.cells if notebook else ():
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


def shown_versions(code: str, output: str) -> Iterator[tuple[str, str]]:
    """Yield packages and versions that `X.__version__` showed: those of the expressions, in their order."""
    names = [
        found["name"] or "python"
        for found in re.finditer(
            r"\b(?P<name>\w+)(?:\.\w+)*\.(?:__version__|version\.VERSION|VERSION)\b|\bsys\.version\b|\bpython_version\(",
            code,
        )
    ]
    versions = [
        found.group() for found in re.finditer(r"(?<![\w.])\d+\.\d+\.\d+(?:[-.]?(?:rc|dev|a|b)\d+)?(?![\w])", output)
    ]
    if names and len(names) == len(versions):
        for name, version in zip(names, versions, strict=True):
            yield _package_of_module(name, code), version


def versions_of_cell(code: str, output: str) -> Iterator[tuple[str, str]]:
    """Yield packages and versions that a cell printed, also with `!pip list | grep keras`."""
    yield from shown_versions(code, output)
    if _LISTING.search(code):
        for line in output.split("\n")[:LONGEST_SESSION]:
            found = PIP_LIST.match(line.strip())
            package = package_of(found["name"]) if found is not None else ""
            if found is not None and (package in LISTED_CLAIMS or package in vocabulary().subjects):
                yield package, found["version"]


def _package_of_module(name: str, code: str) -> str:
    """Return the package that a name of some code stands for: tensorflow-hub for `hub`."""
    line = usual_import(name) or ""
    found = re.search(rf"\bimport\s+(?P<module>[\w.]+)\s+as\s+{name}\b", f"{code}\n{line}")
    return package_of(found["module"].partition(".")[0] if found is not None else name)
