"""Values that the text of a script determines: constants, and its arguments. Reads its syntax tree."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from harness.project.syntax import literal

_LISTS_GPUS = re.compile(
    r"(?:\w+\.)*(?:list_physical_devices|list_logical_devices|get_visible_devices)\((?:device_type=)?'(?:GPU|gpu)'\)"
)
_HAS_GPU = re.compile(r"(?:\w+\.)*is_gpu_available\(.*\)|torch\.cuda\.is_available\(\)")
_FILE = re.compile(
    r"os\.path\.(?:exists|isfile|isdir)\((?P<path>'[^']+')\)"
    r"|(?:pathlib\.)?Path\((?P<of_path>'[^']+')\)\.(?:exists|is_file|is_dir)\(\)"
)
_FILES = re.compile(r"(?:(?:glob\.)?i?glob|os\.walk)\((?P<path>'[^']+')\)")
_OUTSIDE = re.compile(r"'(?:/(?:kaggle|content|data|datasets?|mnt|media|home|Users|root)/|[A-Z]:)")
_VARIABLE = re.compile(r"os\.(?:getenv|environ\.get)\('(?P<name>\w+)'(?:, (?:None|''|False|0))?\)")
_STDIN = frozenset({"sys.stdin", "sys.stdin.read()", "sys.stdin.readline()", "sys.stdin.readlines()"})
_OPERATORS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Is: operator.is_, ast.IsNot: operator.is_not, ast.Lt: operator.lt,
    ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip


class Cause(Enum):
    """Reasons why a value is known."""

    CONSTANT = "a constant"
    ARGUMENTS = "no arguments"
    INPUT = "no input"
    VARIABLE = "no variable"
    GPU = "no GPU"
    FILE = "no file"


@dataclass(frozen=True, kw_only=True)
class Given:
    """The arguments and other inputs of a script. By default, nothing is known."""

    arguments: bool = True
    """False if it has no arguments. The same for the others."""
    stdin: bool = True
    gpu: bool = True
    files: bool = True
    outside: bool = True
    """False if it does not see the usual places of data, such as /content."""
    variables: frozenset[str] | None = None
    """The environment variables that it has; None if they are not known."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """A known value, and why it is known; None for what holds in every run."""

    value: Any
    cause: Cause | None = None


_ALWAYS = {"__name__": Value(value="__main__"), "TYPE_CHECKING": Value(value=False), "__debug__": Value(value=True)}


def value_of(node: ast.expr, given: Given, names: Mapping[str, Value]) -> Value | None:
    """Return the value of an expression; None if the text does not tell it."""
    if isinstance(node, ast.Name):
        return _ALWAYS.get(node.id) or names.get(node.id)
    if isinstance(node, ast.Attribute) and node.attr == "TYPE_CHECKING":
        return _ALWAYS[node.attr]
    if isinstance(node, ast.IfExp):
        test = value_of(node.test, given, names)
        chosen = None if test is None else value_of(node.body if test.value else node.orelse, given, names)
        return _applied(lambda _, value: value, test, chosen)
    try:
        return Value(value=literal(node), cause=Cause.CONSTANT)
    except ValueError:
        return _operation(node, lambda part: value_of(part, given, names)) or _source(ast.unparse(node), given)


def _operation(node: ast.expr, inner: Callable[[ast.expr], Value | None]) -> Value | None:
    """Return the value of an operation; None if one of its parts is not known."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _applied(operator.not_, inner(operand))
        case ast.BoolOp(op=op, values=values):
            return _combined([inner(each) for each in values], stops=isinstance(op, ast.Or))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _applied(_OPERATORS.get(type(op)), inner(left), inner(right))
        case ast.Call(func=ast.Name(id="len" | "bool" | "any" as name), args=[part], keywords=[]):
            return _applied(len if name == "len" else bool, inner(part))
    return None


def _combined(values: Sequence[Value | None], *, stops: bool) -> Value | None:
    """Return the value of `or` (which stops at what is true) or `and`; None if it is not known."""
    decides = next((each for each in values if each is not None and bool(each.value) is stops), None)
    return decides or (values[-1] if None not in values else None)


def _applied(function: Callable[..., Any] | None, *values: Value | None) -> Value | None:
    known = [each for each in values if each is not None]
    if function is None or len(known) < len(values):
        return None
    causes = [each.cause for each in known if each.cause is not None]
    outside = [each for each in causes if each is not Cause.CONSTANT]
    try:
        result = function(*(each.value for each in known))
    except TypeError:
        return None
    # `__name__ == "__main__"` holds in every run, and decides nothing; where it does not hold, the text is to blame.
    always = len(causes) < len(known) and not outside and bool(result)
    return Value(value=result, cause=None if always else (outside or causes or [Cause.CONSTANT])[0])


def _source(text: str, given: Given) -> Value | None:
    """Return the value of what a script is run with: arguments, input, devices, variables, files."""
    found: Value | None = None
    if not given.arguments and text in ("sys.argv", "sys.argv[1:]"):
        found = Value(value=["script"] if text == "sys.argv" else [], cause=Cause.ARGUMENTS)
    elif not given.stdin and text in _STDIN:
        found = Value(value="", cause=Cause.INPUT)
    elif not given.gpu and (lists := _LISTS_GPUS.fullmatch(text) or _HAS_GPU.fullmatch(text)):
        found = Value(value=[] if lists.re is _LISTS_GPUS else False, cause=Cause.GPU)
    elif given.variables is not None and (name := _VARIABLE.fullmatch(text)):
        found = Value(value=None, cause=Cause.VARIABLE) if name["name"] not in given.variables else None
    elif file := _FILE.fullmatch(text) or _FILES.fullmatch(text):
        path = next(each for each in file.groups() if each)
        absent = (not given.files and _is_relative(path)) or (not given.outside and _OUTSIDE.match(path))
        found = Value(value=[] if file.re is _FILES else False, cause=Cause.FILE) if absent else None
    return found


def _is_relative(quoted: str) -> bool:
    return not quoted[1:].startswith(("/", "~", ".", "*", "'"))
