"""The import that fails in a report without code: its traceback shows it, or its text says it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from harness.project.syntax import tree_of
from harness.reports.code import Code
from harness.reports.executed_code import imported_packages
from harness.reports.pieces import Piece, Shape
from harness.reports.report import Place

_FRAME = re.compile(r"\s*(?:>\s*)?File \"(?P<path>[^\"\n]{1,300})\", line \d+")
# `File ~/venv/lib/python3.11/site-packages/keras/x.py:3`, `[/usr/lib/x.py](link) in <module>`, `Cell In[2], line 1`
_CELL = re.compile(
    r"\[?(?:File )?(?P<path><(?:ipython-input|stdin)[^>\n]{0,80}>|Cell In ?\[\d*\]"
    r"|(?:[A-Za-z]:|~)?[\\/][^\s:\]\"]{1,300}\.py)"
)
_ARROW = re.compile(r"-+> *\d+ +(?P<statement>\S.*)$")
_IMPORT = re.compile(r"\s*(?:import|from) \w")
_PACKAGE = re.compile(r"(?:site|dist)-packages[\\/](?P<name>\w+)")
_STANDARD = re.compile(r"[\\/]lib[\\/]python3|<frozen")
_REPRODUCES = re.compile(r"standalone code|reproduc", re.IGNORECASE)
_INLINE = re.compile(r"`(?P<code>(?:import|from) [^`\n]{1,100})`")
_MOST_LINES = 2000


def failing_import(pieces: Iterable[Piece]) -> tuple[Code, str] | None:
    """Return the import as the script of a report that has no other code, with the decision; None if there is none.

    It is the last statement of the reporter's own files in a traceback, if it imports the package whose files follow.
    Otherwise it stands between backticks in the sentence that a form has in place of code.
    """
    pieces = list(pieces)
    for piece in pieces:
        if (found := _traced(piece)) is not None:
            return found, f"the report has no code: its traceback shows that `{found.text.strip()}` fails"
    for piece in pieces:
        if (found := _told(piece)) is not None:
            return found, f"the report has no code: its text names `{found.text.strip()}`"
    return None


def _traced(piece: Piece) -> Code | None:
    frames = list(_frames(piece.lines[:_MOST_LINES]))
    own = [at for at, (path, _, _) in enumerate(frames) if not _PACKAGE.search(path) and not _STANDARD.search(path)]
    if not own or own[-1] + 1 >= len(frames):
        return None
    _, statement, offset = frames[own[-1]]
    following = next(filter(None, (_PACKAGE.search(path) for path, _, _ in frames[own[-1] + 1 :])), None)
    tree = _import(statement)
    if following is None or tree is None or following["name"] not in imported_packages(tree):
        return None
    return Code(place=Place(line=piece.line + offset, file=piece.file), text=f"{statement.strip()}\n")


def _frames(lines: list[str]) -> Iterator[tuple[str, str, int]]:
    """Yield the frames of a traceback of Python or IPython: file, statement and the place of the statement."""
    path = ""
    for at, line in enumerate(lines):
        if found := _FRAME.match(line):
            path = ""
            below = lines[at + 1].lstrip("> ") if at + 1 < len(lines) else ""
            yield found["path"], "" if _FRAME.match(below) else below.strip(), at + 1
        elif found := _ARROW.match(line.strip()):
            if path:
                yield path, found["statement"], at
        elif found := _CELL.match(line):
            path = found["path"]


def _import(statement: str) -> ast.Module | None:
    tree = tree_of(statement) if _IMPORT.match(statement) else None
    whole = tree is not None and all(isinstance(each, (ast.Import, ast.ImportFrom)) for each in tree.body)
    return tree if whole else None


def _told(piece: Piece) -> Code | None:
    if piece.shape is Shape.HEADING or not _REPRODUCES.search(piece.section):
        return None
    found = _INLINE.search(piece.text)
    if found is None or _import(found["code"]) is None:
        return None
    line = piece.line + piece.text.count("\n", 0, found.start())
    return Code(place=Place(line=line, file=piece.file), text=f"{found['code'].strip()}\n")
