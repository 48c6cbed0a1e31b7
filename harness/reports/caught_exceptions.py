"""Exceptions that a script catches, prints and survives. Reads its syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from harness.project.syntax import tree_of

_LEAST = 3
_LONGEST = 300
_ENDS = frozenset({"exit", "quit", "_exit", "abort", "fail", "skipTest"})


def caught_and_printed(text: str, output: str) -> str | None:
    """Return the line of the output with an exception that the script caught, printed and survived, if there is one."""
    tree = tree_of(text)
    patterns = [] if tree is None else [each for node in ast.walk(tree) for each in _patterns(node)]
    if not patterns:
        return None
    printed = re.compile("|".join(patterns))
    lines = (line[:_LONGEST] for line in output.splitlines())
    return next((line for line in lines if printed.fullmatch(line)), None)


def _patterns(node: ast.AST) -> Iterator[str]:
    """Yield patterns of the lines that an exception handler prints."""
    if not isinstance(node, ast.ExceptHandler) or node.name is None or not _survives(node):
        return
    for call in (each for part in node.body for each in ast.walk(part) if isinstance(each, ast.Call)):
        named = any(isinstance(each, ast.Name) and each.id == node.name for each in ast.walk(call))
        if named and isinstance(call.func, ast.Name) and call.func.id == "print" and not call.keywords:
            parts = [_pattern(each) for each in call.args]
            if sum(len(text) for each in call.args for text in _texts(each)) >= _LEAST:
                yield re.sub(r"(?:\[\^\\n\]\* ?)+", "[^\\n]*", " ".join(parts))


def _survives(handler: ast.ExceptHandler) -> bool:
    """Return whether the script continues after a handler: it neither raises nor exits."""
    for part in handler.body:
        for each in ast.walk(part):
            if isinstance(each, (ast.Raise, ast.Assert)):
                return False
            if isinstance(each, ast.Call):
                name = each.func.attr if isinstance(each.func, ast.Attribute) else getattr(each.func, "id", "")
                if name in _ENDS:
                    return False
    return True


def _pattern(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_pattern(each) for each in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    return r"[^\n]*"


def _texts(node: ast.expr) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value.strip():
            yield each.value.strip()
