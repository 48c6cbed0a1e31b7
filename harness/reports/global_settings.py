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
    names = (name for each in executed for name in ast.walk(each) if isinstance(name, ast.Name))
    made = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    calls = [each for each in executed if not isinstance(each, (ast.Assign, ast.AnnAssign))]
    return bool(calls) and all(
        isinstance(each, ast.Expr)
        and isinstance(each.value, ast.Call)
        and _SETS.fullmatch(last_name(each.value.func)) is not None
        and _root(each.value.func) not in made  # `layer.set_weights(w)` is no setting
        for each in calls
    )


def _root(node: ast.expr) -> str:
    """Return the name that a chain of attributes begins with: `tf` of `tf.config.set_visible_devices`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
