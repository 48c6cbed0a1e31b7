"""Valid Python that was meant as something else: notebook magics, Python 2, words, calls that start nothing."""

from __future__ import annotations

import ast

from harness.reports.kinds import Kind, Refusal
from harness.reports.no_effect import misunderstood_call, relative_import

NOTHING = "there is nothing to run"
NAME_IT = "Name the script that shows the bug"


def misread(tree: ast.Module, executed: list[ast.stmt]) -> Refusal | None:
    """Find what is valid Python and was meant as something else: it would fail alike everywhere."""
    if (magic := _ipython_call(executed)) is not None:
        how = "Remove these lines. What `pip install` would install, the environment must have"
        why = "get_ipython() exists in IPython only"
        return Refusal(kind=Kind.MAGICS, line=magic.lineno, why=why, next_step=how)
    if (line := _python_2_print(tree)) is not None:
        why = "Python 3 takes this for a shift of the function print"
        return Refusal(kind=Kind.PYTHON_2, line=line, why=why, next_step="Write print(..., file=...)")
    if (data := _only_names(tree, executed)) is not None:
        return Refusal(kind=data[0], line=data[1], why=NOTHING, next_step=NAME_IT)
    return misunderstood_call(tree) or relative_import(tree) or _assertion_of_pair(tree)


def _assertion_of_pair(tree: ast.Module) -> Refusal | None:
    """Find `assert (value, "message")`, which no value fails."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Tuple) and node.test.elts:
            why = "Python takes a value and a message in brackets for a pair, which is true"
            how = "Remove the brackets: assert value, message"
            return Refusal(kind=Kind.ALWAYS_TRUE, line=node.lineno, why=why, next_step=how)
    return None


def _only_names(tree: ast.Module, executed: list[ast.stmt]) -> tuple[Kind, int] | None:
    """Return the kind and the line of words or `key: value` lines, which are valid Python; None if there are none."""
    annotated = [each for each in tree.body if isinstance(each, ast.AnnAssign) and each.value is None]
    if annotated and not executed and len(annotated) == len(tree.body):
        return Kind.YAML, annotated[0].lineno
    bare = (ast.Name, ast.Attribute, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Tuple)
    if not executed or len(executed) < len(tree.body):
        return None
    if all(isinstance(each, ast.Expr) and isinstance(each.value, bare) for each in executed):
        return Kind.PROSE, executed[0].lineno
    return None


def _ipython_call(executed: list[ast.stmt]) -> ast.stmt | None:
    """Find a statement that notebooks have in place of a magic when they are exported as scripts."""
    for each in executed:
        node: ast.AST | None = each.value if isinstance(each, (ast.Expr, ast.Assign)) else None
        while isinstance(node, (ast.Call, ast.Attribute)):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name) and node.id == "get_ipython":
            return each
    return None


def _python_2_print(tree: ast.Module) -> int | None:
    """Find `print >>stream, text`, which every Python 3 reads and none can run."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            value = node.value.elts[0] if isinstance(node.value, ast.Tuple) and node.value.elts else node.value
            while isinstance(value, ast.BinOp) and not isinstance(value.op, ast.RShift):
                value = value.left
            if isinstance(value, ast.BinOp) and isinstance(value.left, ast.Name) and value.left.id == "print":
                return node.lineno
    return None
