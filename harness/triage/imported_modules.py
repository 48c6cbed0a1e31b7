"""The modules that a script imports and cannot do without, and those that look like the reporter's own. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from harness.project.syntax import last_name, tree_of

_CAUGHT = frozenset({"ImportError", "ModuleNotFoundError"})
_BROAD = frozenset({"Exception", "BaseException", ""})
# Names of modules that people write themselves. The package index has packages with most of these names, by others.
_OWN = frozenset({
    "agent", "agents", "architecture", "architectures", "augmentation", "base", "callbacks", "common", "config",
    "configs", "configuration", "constants", "core", "custom", "custom_layers", "data", "data_generator", "data_loader",
    "data_utils", "dataloader", "dataset", "env", "environment", "evaluation", "experiment", "features", "functions",
    "generator", "generators", "helper", "helpers", "layer", "layers", "lib", "loader", "loss", "losses", "main",
    "metrics", "model", "models", "module", "modules", "net", "nets", "network", "networks", "options", "params",
    "pipeline", "preprocess", "preprocessing", "processing", "script", "settings", "src", "test", "tests", "tools",
    "train", "trainer", "training", "util", "utilities", "utils", "visualization",
})  # fmt: skip


def looks_local(module: str) -> bool:
    """Return whether a top-level module is more likely the reporter's own than one of a package."""
    return module in _OWN or module.startswith("my_")


def required_modules(text: str) -> tuple[str, ...]:
    """Return the top-level modules that a script imports, in its order.

    Imports that may fail are left out: `try: import ... except ImportError`, `with suppress(ImportError)`, and those
    for type checkers. `except Exception` counts if the body does little but import: around a whole script, it is there
    to print what is wrong.
    """
    tree = tree_of(text)
    found: dict[str, None] = {}
    left: list[ast.AST] = [tree] if tree is not None else []
    while left:
        node = left.pop()
        found |= dict.fromkeys(_modules_of(node))
        left += reversed(list(_unguarded(node)))
    return tuple(found)


def _modules_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module.partition(".")[0]


def _unguarded(node: ast.AST) -> Iterable[ast.AST]:
    """Return the children of a node without those whose imports may fail, or are never executed."""
    match node:
        case ast.Try(finalbody=last) if _may_fail(node):
            # Without the module, neither the rest of the body nor `else` is executed, and a handler is one way of two.
            return last
        case ast.With(items=items) if any(_suppresses(each.context_expr) for each in items):
            return ()
        case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"), orelse=orelse):
            return orelse
        case ast.If(test=ast.Constant(value=value), body=body, orelse=orelse):
            return body if value else orelse
    return ast.iter_child_nodes(node)


def _may_fail(node: ast.Try) -> bool:
    """Return whether the imports in the body of a `try` may fail, and the script continues."""
    caught = {name for handler in node.handlers for name in _caught(handler)}
    little = all(isinstance(each, (ast.Import, ast.ImportFrom, ast.Assign, ast.Pass)) for each in node.body)
    return bool(caught & _CAUGHT or (little and caught & _BROAD))


def _caught(handler: ast.ExceptHandler) -> list[str]:
    """Return the names of the exceptions that a handler catches; an empty name for all."""
    caught = handler.type
    if caught is None:
        return [""]
    return [last_name(each) for each in (caught.elts if isinstance(caught, ast.Tuple) else [caught])]


def _suppresses(expression: ast.expr) -> bool:
    return (
        isinstance(expression, ast.Call)
        and last_name(expression.func) == "suppress"
        and any(last_name(each) in _CAUGHT | _BROAD for each in expression.args)
    )
