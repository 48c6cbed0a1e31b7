"""Names that code uses and that nothing in it defines, or only a later line. Reads its syntax tree."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection

from harness.project.syntax import tree_of
from harness.reports.code import names_of

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
# Names that `from keras import *` and its modules define.
_MODULES = frozenset({
    "activations", "applications", "backend", "callbacks", "constraints", "datasets", "initializers", "keras", "layers",
    "losses", "metrics", "models", "np", "ops", "optimizers", "plt", "preprocessing", "random", "regularizers",
    "saving", "tf", "utils",
})  # fmt: skip
_KNOWN = frozenset(dir(builtins)) | {"__file__", "__annotations__"}


def undefined_names(text: str) -> frozenset[str]:
    """Return the global names that code needs, and those that it uses before the first line that defines them.

    Of code with `from x import *`, they are the names in `model.fit(...)` and the like: a name that is called may come
    from such an import.
    """
    tree = tree_of(text)
    if tree is None:
        return frozenset()
    star = any(
        isinstance(node, ast.ImportFrom) and any(each.name == "*" for each in node.names) for node in ast.walk(tree)
    )
    defined = names_of(text).defined
    bound: set[str] = set()
    early: set[str] = set()
    for statement in tree.body:
        bound |= _bound(statement)
        late = defined | (_bases(statement) if star else set())
        early |= (used_by(statement) & late) - bound - _KNOWN
    return names_of(text).needed | early


def ask_for_names(names: Collection[str]) -> str:
    """Return the question about names that code uses and does not define."""
    shown = ", ".join(f"`{name}`" for name in sorted(names)[:8])
    them = "it" if len(names) == 1 else "them"
    return f"The code uses {shown} and does not define {them}. Could you post a complete script that runs by itself?"


def used_by(statement: ast.stmt) -> set[str]:
    """Return the names that a statement reads when it is executed. A function reads its names when it is called."""
    found: set[str] = set()
    left: list[ast.AST] = [statement]
    while left:
        node = left.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        if isinstance(node, _SCOPES):
            left += [*node.args.defaults, *(each for each in node.args.kw_defaults if each is not None)]
            left += [] if isinstance(node, ast.Lambda) else node.decorator_list
        elif isinstance(node, ast.AnnAssign):
            left += [node.value] if node.value is not None else []
        else:
            left += ast.iter_child_nodes(node)
    return found


def _bound(node: ast.stmt) -> set[str]:
    """Return the names that a statement may bind, also in its parts. That they come first there is assumed."""
    found: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load):
            found.add(each.id)
        elif isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(each.name)
        elif isinstance(each, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in each.names}
        elif isinstance(each, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and each.name:
            found.add(each.name)
        elif isinstance(each, ast.MatchMapping) and each.rest:
            found.add(each.rest)
    return found


def _bases(node: ast.stmt) -> set[str]:
    """Return the variables whose methods a statement calls: lower case, as `model` in `model.fit()`."""
    return {
        call.func.value.id
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
        and call.func.value.id == call.func.value.id.lower() and call.func.value.id not in _MODULES
    }  # fmt: skip
