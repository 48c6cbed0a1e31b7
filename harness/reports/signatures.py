"""Recognise the signature of a function, copied from its documentation: it looks like a call. Pure."""

from __future__ import annotations

import ast

from harness.project.syntax import tree_of

_FEWEST_ARGUMENTS = 3


def is_signature(text: str) -> bool:
    """Return whether code is only a call that has only names and defaults as arguments, and ends with `**kwargs`."""
    tree = tree_of(text)
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return False
    call = tree.body[0].value
    if not isinstance(call, ast.Call):
        return False
    names = [_plain(each) for each in call.args]
    rest = [each.value for each in call.keywords if each.arg is None]
    defaults = [each.value for each in call.keywords if each.arg is not None]
    if len(names) + len(defaults) < _FEWEST_ARGUMENTS or not all(isinstance(each, ast.Name) for each in names):
        return False
    if any(not isinstance(each, (ast.Constant, ast.UnaryOp)) for each in defaults):
        return False
    return any(isinstance(each, ast.Name) and each.id in ("kwargs", "kwds") for each in rest)


def _plain(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Starred) else node
