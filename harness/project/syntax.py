"""Parse Python source. Source that this Python cannot parse may be valid in an environment, so it is no error."""

from __future__ import annotations

import ast
import functools
import warnings

# Exceptions of the parser besides SyntaxError: for NUL characters, deep nesting, unhashable keys.
UNREADABLE = (SyntaxError, ValueError, TypeError, MemoryError, RecursionError)


@functools.lru_cache(maxsize=64)
def tree_of(text: str) -> ast.Module | None:
    """Return the syntax tree of a script; None if this Python cannot parse it. It is cached: do not change it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings of this Python about the script do not matter
            return ast.parse(text)
    except UNREADABLE:
        return None


def last_name(node: ast.expr) -> str:
    """Return the last part of a dotted name, `save` of `model.save`; empty for other expressions."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def literal(node: ast.expr) -> object:
    """Evaluate a literal. Raises ValueError for other expressions."""
    try:
        return ast.literal_eval(node)
    except UNREADABLE as error:
        raise ValueError(str(error)) from None
