"""Statements that run and show nothing: values that are only named, and calls that start no code."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from harness.project.syntax import literal
from harness.reports.kinds import Kind, Refusal

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*_FUNCTIONS, ast.ClassDef, ast.Lambda)
_EXITS = {"exit", "quit", "sys.exit"}


def only_names(statement: ast.stmt, definitions: set[str]) -> bool:
    """Return whether a statement only names constants, or what the script defines: nothing of it is used."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Name) and statement.value.id in definitions
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or statement.value is None:
        return False
    return _is_unused(statement.value, definitions)


def misunderstood_call(tree: ast.Module) -> Refusal | None:
    """Return why a call at the top level starts no code: that of a coroutine function, or of a generator."""
    functions = {node.name: node for node in tree.body if isinstance(node, _FUNCTIONS) and not node.decorator_list}
    for call in _calls(tree.body):
        function = functions.get(call.func.id) if isinstance(call.func, ast.Name) else None
        if isinstance(function, ast.AsyncFunctionDef):
            what, how = "a coroutine, and nothing awaits it", f"asyncio.run({ast.unparse(call)})"
        elif function is not None and _is_generator(function):
            what, how = "a generator, and nothing takes its values", f"list({ast.unparse(call)})"
        else:
            continue
        why = f"the call only makes {what}: the function does not run"
        return Refusal(kind=Kind.NOT_STARTED, line=call.lineno, why=why, next_step=f"Write {how}")
    return None


def early_exit(tree: ast.Module) -> ast.stmt | None:
    """Return the statement at the top level that always ends the script with status 0; None if there is none."""
    return next((each for each in tree.body if _exits(each)), None)


def relative_import(tree: ast.Module) -> Refusal | None:
    """Return why a relative import at the top level fails in every version: the script was taken out of its package."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.level:
            why = "a relative import works only inside a package, and the script is run on its own"
            how = f"Import {node.module or 'the module'} without the dot, and put it next to the script"
            return Refusal(kind=Kind.PART_OF_PACKAGE, line=node.lineno, why=why, next_step=how)
    return None


def _exits(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Raise) and statement.exc is not None:
        call = statement.exc
        name = ast.unparse(call.func if isinstance(call, ast.Call) else call)
        return name == "SystemExit" and (not isinstance(call, ast.Call) or _is_success(call))
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    return ast.unparse(statement.value.func) in _EXITS and _is_success(statement.value)


def _is_success(call: ast.Call) -> bool:
    """Return whether the arguments of an exit say status 0."""
    if call.keywords or len(call.args) > 1:
        return False
    return all(isinstance(each, ast.Constant) and each.value in (None, 0) for each in call.args)


def _calls(body: Iterable[ast.stmt]) -> Iterator[ast.Call]:
    """Yield the calls whose result nothing uses, at the top level and in its `if` statements."""
    for statement in body:
        if isinstance(statement, ast.If):
            yield from _calls([*statement.body, *statement.orelse])
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            yield statement.value


def _is_generator(function: ast.FunctionDef) -> bool:
    return any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in _own_nodes(function))


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function, without those of the functions inside it."""
    for node in ast.iter_child_nodes(function):
        yield node
        if not isinstance(node, _SCOPES):
            yield from _own_nodes(node)


def _is_unused(value: ast.expr, definitions: set[str]) -> bool:
    if isinstance(value, ast.Name):
        return value.id in definitions
    if isinstance(value, ast.Lambda):
        return True
    if isinstance(value, (ast.List, ast.Tuple, ast.Set)):
        return all(_is_unused(each, definitions) for each in value.elts)
    if isinstance(value, ast.Dict):
        return all(each is not None and _is_unused(each, definitions) for each in (*value.keys, *value.values))
    try:
        literal(value)
    except ValueError:
        return False
    return True
