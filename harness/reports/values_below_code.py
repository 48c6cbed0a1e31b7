"""Separate code from the value below it in one block without prompts: `layer(x)`, then `array([1, 2])`. Pure."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from harness.project.syntax import tree_of
from harness.reports.code import Code, displaying, names_of
from harness.reports.report import Dropped, Output, Place

_VALUE = re.compile(
    r"(?:<tf\.|<KerasTensor\b|<Variable\b|tf\.Tensor\(|(?P<call>array|tensor|Array)\(\[|<(?:\w+\.)*\w+ object at )"
)
_LONGEST = 20_000
_VALUES = (ast.Call, ast.Subscript, ast.Attribute, ast.Name, ast.BinOp)


def without_value(code: Code) -> Code:
    """Return code without the value below its last expression, which then prints its value, as a notebook does."""
    lines = code.text.split("\n")
    if len(code.text) > _LONGEST:
        return code
    for at, line in enumerate(lines[1:], start=1):
        found = _VALUE.match(line)
        if found is None:
            continue
        head, value = "\n".join(lines[:at]).rstrip("\n"), "\n".join(lines[at:]).strip("\n")
        if (found["call"] and found["call"] in names_of(head).defined) or _last_expression(head) is None:
            continue
        if found["call"] and not _is_one_value(value):
            continue  # more code follows
        place = Place(file=code.place.file, line=code.place.line + at)
        return replace(
            code, text=displaying(head, everything=False) + "\n",
            outputs=(*code.outputs, Output(place=place, text=value, role="actual")),
            dropped=(*code.dropped, Dropped(place=place, text=value, why="the value of the line above it, not code")),
        )  # fmt: skip
    return code


def ends_with_value(head: str) -> bool:
    """Return whether code ends with an expression that has a value. A call of its own function is none: it prints."""
    last = _last_expression(head)
    called = last.func if isinstance(last, ast.Call) else None
    own = {each.name for each in (tree_of(head) or ast.Module([], [])).body if isinstance(each, ast.FunctionDef)}
    return last is not None and not (isinstance(called, ast.Name) and called.id in own)


def _last_expression(head: str) -> ast.expr | None:
    tree = tree_of(head)
    last = tree.body[-1] if tree is not None and tree.body else None
    return last.value if isinstance(last, ast.Expr) and isinstance(last.value, _VALUES) else None


def _is_one_value(text: str) -> bool:
    """Return whether a text is one call with nothing but data: `array([[1, 2]], dtype=int64)`."""
    tree = tree_of(text)
    if tree is None:
        return True  # as `array([1., nan, ...` may be cut off
    node = tree.body[0] if len(tree.body) == 1 else None
    return isinstance(node, ast.Expr) and not any(isinstance(each, ast.Call) for each in _arguments(node.value))


def _arguments(node: ast.expr) -> list[ast.AST]:
    return [each for each in ast.walk(node) if each is not node]
