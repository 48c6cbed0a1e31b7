"""Code that only sets what applies to the rest of a program: `set_global_policy`, seeds, filters of warnings."""

from __future__ import annotations

import ast
import re

from harness.project.syntax import last_name, tree_of
from harness.reports.executed_code import executed_statements

_SETS = re.compile(r"(?:set|enable|disable)_\w+|seed|run_functions_eagerly|filterwarnings|simplefilter")


def only_sets(text: str) -> bool:
    """Return whether code does nothing but set, next to imports, definitions and values: it belongs to what follows."""
    tree = tree_of(text)
    executed = list(executed_statements(tree.body)) if tree is not None else []
    calls = [each for each in executed if not isinstance(each, (ast.Assign, ast.AnnAssign))]
    return bool(calls) and all(
        isinstance(each, ast.Expr)
        and isinstance(each.value, ast.Call)
        and _SETS.fullmatch(last_name(each.value.func)) is not None
        for each in calls
    )
