"""Statements that stop a script in other versions than the reporter's: `assert tf.__version__ == "2.3.0"`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.project.syntax import tree_of

_VERSIONS = frozenset({"__version__", "VERSION"})
_STOPS = frozenset({"exit", "quit", "_exit"})
_PLAIN = (ast.Import, ast.ImportFrom)


def without_version_guards(text: str) -> tuple[str, list[str]]:
    """Return a script without the statements that compare a version and stop, and what was decided.

    Such a statement fails in every other version, which says nothing of the bug. It stays where nothing else is run.
    """
    tree = tree_of(text)
    guards = [node for node in tree.body if _is_guard(node)] if tree is not None else []
    others = [node for node in tree.body if node not in guards and not isinstance(node, _PLAIN)] if tree else []
    if not guards or not others:
        return text, []
    lines = text.split("\n")
    for node in guards:
        for at in range(node.lineno - 1, node.end_lineno or node.lineno):
            lines[at] = ""
    said = "; ".join(f"`{ast.unparse(node).splitlines()[0]}`" for node in guards)
    return "\n".join(lines), [f"removed {said}: it stops the script in every other version"]


def guarded_versions(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names of modules and the versions that a script insists on with `==`."""
    tree = tree_of(text)
    for node in tree.body if tree is not None else []:
        test = node.test if isinstance(node, ast.Assert) else None
        if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
            continue
        version = test.comparators[0]
        name = _module_of(test.left)
        if name and isinstance(version, ast.Constant) and isinstance(version.value, str):
            yield name, version.value


def _is_guard(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assert):
        return _insists(node.test)
    if not isinstance(node, ast.If) or node.orelse or not _refuses(node.test):
        return False
    return any(map(_stops, node.body)) and all(isinstance(each, (ast.Raise, ast.Expr, *_PLAIN)) for each in node.body)


def _insists(test: ast.expr) -> bool:
    """Return whether an expression is true for one version only: `==`, or its beginning."""
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr == "startswith":
        return bool(_module_of(test.func.value)) and any(map(_is_number, test.args))
    return _compares(test, ast.Eq)


def _refuses(test: ast.expr) -> bool:
    """Return whether an expression is true for all versions but one. A requirement, such as `<`, is none."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _insists(test.operand)
    return _compares(test, ast.NotEq)


def _compares(test: ast.expr, operator: type[ast.cmpop]) -> bool:
    """Return whether an expression compares a version with a number by this operator."""
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], operator):
        return False
    return bool(_module_of(test.left)) and _is_number(test.comparators[0])


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value[:1].isdigit()


def _stops(node: ast.stmt) -> bool:
    if isinstance(node, ast.Raise):
        return True
    call = node.value if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
    name = call.func if call is not None else None
    return isinstance(name, (ast.Name, ast.Attribute)) and getattr(name, "attr", getattr(name, "id", "")) in _STOPS


def _module_of(node: ast.expr) -> str:
    """Return `tf` for `tf.__version__` and `tf.version.VERSION`; nothing for others."""
    if not isinstance(node, ast.Attribute) or node.attr not in _VERSIONS:
        return ""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
