"""Python text as a syntax tree. What cannot be read here may still be Python to an environment: nothing is an error."""

from __future__ import annotations

import ast
import functools
import warnings

# What reading and evaluating give besides SyntaxError: NUL characters, nesting that is too deep, unhashable keys.
_UNREADABLE = (SyntaxError, ValueError, TypeError, MemoryError, RecursionError)


@functools.lru_cache(maxsize=64)
def tree_of(text: str) -> ast.Module | None:
    """Parse a script; None if this Python cannot. The tree is everybody's: look, and change nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what this Python thinks of the script's style is nobody's question
            return ast.parse(text)
    except _UNREADABLE:
        return None


def literal(node: ast.expr) -> object:
    """Evaluate a literal. Raises ValueError for all that is none."""
    try:
        return ast.literal_eval(node)
    except _UNREADABLE as error:
        raise ValueError(str(error)) from None
