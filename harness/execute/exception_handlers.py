"""Find out whether a line of a script is in an exception handler. Pure."""

from __future__ import annotations

import ast

from harness.execute.traceback_frames import frames_of
from harness.project.syntax import tree_of


def raised_in_handler(text: str, traceback: str, folder: str) -> bool:
    """Return whether the innermost line of a traceback is one of the script, and in a handler of its text."""
    found = frames_of(traceback)
    tree = tree_of(text)
    if not found or tree is None or not found[-1][0].startswith(f"{folder.rstrip('/')}/"):
        return False
    line = found[-1][1]
    handlers = (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler))
    return any(each.lineno <= line <= (each.end_lineno or each.lineno) for each in handlers)
