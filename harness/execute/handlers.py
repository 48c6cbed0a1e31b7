"""Whether a line of a script stands in an exception handler. Pure."""

from __future__ import annotations

import ast
import re

from harness.project.syntax import tree_of

_LINE = re.compile(r'^ +File "(?P<file>[^"\n]+)", line (?P<line>\d{1,9})', re.MULTILINE)
_QUITTER = "_sitebuiltins"  # the file of `exit()` and `quit()`


def raised_in_handler(text: str, traceback: str, folder: str) -> bool:
    """Return whether the innermost line of a traceback is one of the script, and in a handler of its text."""
    found = [each for each in _LINE.finditer(traceback) if _QUITTER not in each["file"]]
    tree = tree_of(text)
    if not found or tree is None or not found[-1]["file"].startswith(f"{folder.rstrip('/')}/"):
        return False
    line = int(found[-1]["line"])
    handlers = (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler))
    return any(each.lineno <= line <= (each.end_lineno or each.lineno) for each in handlers)
