"""The import that fails in a report without code: its traceback shows it, or its text says it."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

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
_TYPED = "<stdin>"
_PROMPTED = re.compile(r"\s*>{2,3} ?(?P<statement>\S.*)$")
"""A line that was typed; some write `>>` for the prompt."""
_ARROW = re.compile(r"-+> *\d+ +(?P<statement>\S.*)$")
_IMPORT = re.compile(r"\s*(?:import|from) \w")
_PACKAGE = re.compile(r"(?:site|dist)-packages[\\/](?P<name>\w+)")
_STANDARD = re.compile(r"[\\/]lib[\\/]python3|<frozen")
_REPRODUCES = re.compile(r"standalone code|reproduc", re.IGNORECASE)
_INLINE = re.compile(r"`(?P<code>(?:import|from) [^`\n]{1,100})`")
_MOST_LINES = 2000


def failing_import(pieces: Iterable[Piece]) -> tuple[Code, str] | None:
    """Return the import as the script of a report that has no other code, with the decision; None if there is none.

    It is the last statement of the reporter's own files in a traceback, if files of the imported package follow.
    Otherwise it stands between backticks in the sentence that a form has in place of code.
    """
    pieces = list(pieces)
    for piece in _joined_paragraphs(pieces):
        if (found := _traced(piece)) is not None:
            return found, f"the report has no code: its traceback shows that `{found.text.strip()}` fails"
    for piece in pieces:
        if (found := _named_in_text(piece)) is not None:
            return found, f"the report has no code: its text names `{found.text.strip()}`"
    return None


def _joined_paragraphs(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the pieces, each run of paragraphs as one: a traceback without a fence has blank lines."""
    for prose, group in itertools.groupby(pieces, key=lambda piece: piece.shape is Shape.PROSE):
        run = list(group)
        if not prose:
            yield from run
            continue
        lines: list[str] = []
        for piece in run:
            lines += [*[""] * (piece.line - run[0].line - len(lines)), *piece.lines]
        yield replace(run[0], text="\n".join(lines))


def _traced(piece: Piece) -> Code | None:
    lines = piece.lines[:_MOST_LINES]
    frames = list(_frames(lines))
    own = [each for each in frames if not _PACKAGE.search(each[0]) and not _STANDARD.search(each[0])]
    if not own:
        return None
    path, statement, offset = own[-1]
    if path == _TYPED and _import(statement) is None:  # a typed line is shown above, and not here
        typed = ((at, found) for at in range(offset - 1, -1, -1) if (found := _PROMPTED.match(lines[at])))
        offset, statement = next(((at, found["statement"]) for at, found in typed), (offset, ""))
    tree = _import(statement)
    following = {found["name"] for line in lines[offset + 1 :] for found in _PACKAGE.finditer(line)}
    if tree is None or not following & imported_packages(tree):
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


def _named_in_text(piece: Piece) -> Code | None:
    if piece.shape is Shape.HEADING or not _REPRODUCES.search(piece.section):
        return None
    found = _INLINE.search(piece.text)
    if found is None or _import(found["code"]) is None:
        return None
    line = piece.line + piece.text.count("\n", 0, found.start())
    return Code(place=Place(line=line, file=piece.file), text=f"{found['code'].strip()}\n")
