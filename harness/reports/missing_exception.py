"""Reports about an exception that should be raised and is not: the script then fails where it runs through. Pure."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable

from harness.project.syntax import tree_of
from harness.reports.executed_code import find_tests
from harness.reports.pieces import Piece, Shape
from harness.reports.report import Says

_RIGHT = re.compile(
    r"\b(?:correctly|rightly|properly) (?:raise[sd]?|throws?|threw|reject(?:s|ed)?)\b"
    r"|\b(?:should|must) (?:have )?(?:raised?|throw|reject)\b|\binstead of (?:raising|throwing)\b"
    r"|\bexpect\w*[^.\n]{0,60}\b(?:error|exception|\w+Error)[`\"']* (?:to be |should be )?(?:raised|thrown)\b",
    re.IGNORECASE,
)
_MISSING = re.compile(
    r"\b(?:does|do|did|will)(?: not|n't) (?:\w+ )?(?:raise|throw)\b"
    r"|\bsilently (?:accept|allow|ignor|pass|succeed|produc|return|truncat|broadcast)\w*"
    r"|\bno (?:error|exception|\w+Error) (?:is |was |gets )?(?:raised|thrown)\b|\bwithout (?:raising|throwing)\b",
    re.IGNORECASE,
)
_RAISES = re.compile(r"\b(?:rais|throw|threw|reject)\w*|\b[A-Z]\w*(?:Error|Exception)\b", re.IGNORECASE)
_TYPE = re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b")
_TRACEBACK = re.compile(r"Traceback \(most recent call last\)|^\s*File \"[^\"\n]+\", line \d", re.MULTILINE)
_NEAR = 150
_LONGEST = 20_000
_ANY = "Exception"


def expected_exception(pieces: Iterable[Piece]) -> str | None:
    """Return the exception that a report says should be raised and is not; `Exception` if it does not name one.

    None if the report says only one of the two, or shows a traceback: then that is what it is about.
    """
    pieces = list(pieces)
    if any(piece.shape is Shape.BLOCK and _TRACEBACK.search(piece.text[:_LONGEST]) for piece in pieces):
        return None
    text_outside_blocks = "\n".join(piece.text[:_LONGEST] for piece in pieces if piece.shape is not Shape.BLOCK)
    right = _RIGHT.search(text_outside_blocks)
    if right is None or _MISSING.search(text_outside_blocks) is None:
        return None
    named = _TYPE.search(text_outside_blocks[right.start() : right.end() + _NEAR])
    return named.group() if named is not None else _ANY


def verdict_on_raising(clause: str) -> Says | None:
    """Return whether a clause says that the expected exception is raised, which is right, or that it is not."""
    if _MISSING.search(clause):
        return Says.FAILS
    return Says.WORKS if _RAISES.search(clause) else None


def message_of(type: str) -> str:
    """Return the message of the AssertionError that a script raises where the expected exception is missing."""
    return f"no {'exception' if type == _ANY else type} was raised"


def failing_without(text: str, type: str) -> str | None:
    """Return a script that fails if its last statement does not raise; None if that cannot be said of it.

    Calls of `print` after that statement belong to it: they show its result.
    """
    tree = tree_of(text)
    if tree is None or find_tests(tree) is not None or any(isinstance(node, ast.Try) for node in ast.walk(tree)):
        return None
    start = next((at for at, node in reversed(list(enumerate(tree.body))) if not _is_print(node)), None)
    if start is None or not isinstance(tree.body[start], (ast.Expr, ast.Assign)):
        return None
    lines = text.rstrip("\n").split("\n")
    at = tree.body[start].lineno - 1
    if any('"""' in line or "'''" in line for line in lines[at:]):
        return None
    tail = textwrap.indent("\n".join(lines[at:]), "    ")
    check = textwrap.dedent(f"""\
        except Exception as error:
            if "{type}" not in [each.__name__ for each in type(error).__mro__]:
                raise
            print("raised, as it should be:", type(error).__name__)
        else:
            raise AssertionError("{message_of(type)}")
        """)
    return "\n".join([*lines[:at], "try:", tail, check])


def _is_print(node: ast.stmt) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print"
