"""Recognise a block of a report (Python, transcript, output or other), and extract its code."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from harness.project.syntax import tree_of
from harness.reports.code import Code, is_transcript, read_cell, read_transcript
from harness.reports.executed import imported_packages
from harness.reports.pieces import Piece
from harness.reports.report import Dropped, Place
from harness.reports.scripts import find_fault

# What issue forms and hurried people also call Python: it is looked at.
_ANYTHING = {"shell", "bash", "sh", "text", "txt", "plain", "plaintext", "console", "code", "log", "none", "zsh"}
_PYTHON = {"python", "py", "python3", "py3", "ipython", "pycon", "pycon3", "python-repl", "ipython3"}
_OUTPUTS = re.compile(r"\boutput|\blog\b|traceback|stack ?trace|\bprints\b|error message", re.IGNORECASE)
_SESSION = re.compile(
    r"\A\s*(?:\([\w.-]+\) )?(?:\S+@\S+[:~]\S*\s*)?[$] \w|^={5,} (?:test session starts|FAILURES|ERRORS)", re.MULTILINE
)
_DATA_ONLY = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.Name, ast.UnaryOp, ast.BinOp, ast.Compare)
_SHOWN_VALUE = re.compile(r"\s*(?:tf\.Tensor|array|<|tensor|Array)\(")


def is_code_block(piece: Piece) -> bool:
    """Return whether a block is Python, and neither a transcript nor output."""
    found = read_block(piece, Place(line=piece.line, file=piece.file))
    return not is_transcript(piece.text) and (not isinstance(found, str) or piece.language in _PYTHON)


def read_block(piece: Piece, place: Place) -> Code | str:
    """Return the code of a block, or the reason why it has none."""
    if is_transcript(piece.text) and (not piece.language or piece.language in _PYTHON | _ANYTHING):
        code = read_transcript(piece.text, place, piece.section)
        return code if code.text.strip() else "a transcript without input"
    if _SESSION.search(piece.text[:2000]):
        return "a shell session or the output of a test run, not Python"
    code = read_cell(piece.text, place, piece.section)
    other = piece.language not in _PYTHON | _ANYTHING or (piece.language in _ANYTHING and not _imports(code.text))
    if piece.language and other:
        return f"a block of {piece.language}, not Python"
    if not code.text.strip() and code.dropped:
        return code  # nothing but shell lines: what they install counts
    fault = find_fault(code.text)
    if fault is not None:
        return _repaired(code, piece, fault.line, fault.message)
    return "output, not code" if _is_output(code, piece) else code


def _is_output(code: Code, piece: Piece) -> bool:
    tree = tree_of(code.text)
    tagged = piece.language in _PYTHON
    if tree is None or not _is_code(tree, tagged):
        return True
    shown = _OUTPUTS.search(piece.section) or _SHOWN_VALUE.match(piece.text)
    return bool(not tagged and shown and not imported_packages(tree))


def _imports(text: str) -> bool:
    tree = tree_of(text)
    return tree is not None and bool(imported_packages(tree))


def _is_code(tree: ast.Module, tagged: bool) -> bool:
    """Return whether text that Python can read is meant as code: numbers and words are valid Python, too."""
    telling = [
        node for node in tree.body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, _DATA_ONLY))
        and not (isinstance(node, ast.AnnAssign) and node.value is None)
    ]  # fmt: skip
    if tagged:
        return bool(tree.body) and (bool(telling) or any(isinstance(node, ast.Expr) for node in tree.body))
    return bool(telling)


def _repaired(code: Code, piece: Piece, line: int, message: str) -> Code | str:
    """Cut off the output that follows code in one block; what is left must be code."""
    lines = code.text.split("\n")
    for end in (line - 1, line - 2):
        head = "\n".join(lines[: max(0, end)])
        tree = tree_of(head)
        if tree is not None and _is_code(tree, False) and imported_packages(tree) and end >= 1:
            rest = "\n".join(lines[end:]).strip("\n")
            if _is_open(message):
                break
            place = Place(file=code.place.file, line=code.place.line + end)
            why = "it follows the code and is not Python: output"
            return replace(code, text=head + "\n", dropped=(*code.dropped, Dropped(place=place, text=rest, why=why)))
    if piece.language in _PYTHON or re.search(r"^[ \t]*(?:import|from) \w|^[ \t]*def \w+\(", code.text, re.MULTILINE):
        at = code.place.line + line - 1
        return (
            f"incomplete or wrong at line {at} ({message})"
            if _is_open(message)
            else f"not valid Python at line {at} ({message})"
        )
    return "output, not code"


def _is_open(message: str) -> bool:
    return bool(re.search(r"never closed|unexpected EOF|expected an indented block|unterminated triple|EOF", message))
