"""Endless loops of a script. Reads its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from harness.project.syntax import tree_of
from harness.reports.executed_code import executed_statements

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_EXITS = {"exit", "_exit", "quit", "abort"}


def endless_loop(text: str) -> int | None:
    """Return the line of a `while True` that a script executes and that only an exception ends; None without one."""
    tree = tree_of(text)
    for statement in executed_statements(tree.body) if tree is not None else ():
        if isinstance(statement, ast.While) and _is_true(statement.test) and not _leaves(statement.body):
            return statement.lineno
    return None


def ask_for_end(line: int) -> str:
    """Return the question about a loop that never ends."""
    return (
        f"The code of the report never ends: its line {line} is a `while` loop without `break`. After how many rounds "
        "do you see the problem, and what do you measure? Could you post a script that ends and prints it?"
    )


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and bool(node.value)


def _leaves(body: Iterable[ast.AST], *, inside: bool = False) -> bool:
    """Return whether a statement of a loop leaves it. The `break` of a loop `inside` it does not."""
    for node in body:
        if isinstance(node, (ast.Return, ast.Raise)) or (isinstance(node, ast.Break) and not inside):
            return True
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in _EXITS:
                return True
        if isinstance(node, _SCOPES):
            continue
        loop = inside or isinstance(node, (ast.For, ast.AsyncFor, ast.While))
        if _leaves(ast.iter_child_nodes(node), inside=loop):
            return True
    return False
