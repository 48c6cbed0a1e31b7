"""Compile the script cell by cell, and create the `__main__` in which it runs.

Loaded by path: standard library only, Python 3.6 or newer.
"""

import __future__

import ast
import os
import sys
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Optional, Tuple

    from harness.guest import failures
    from harness.guest.worker import load
else:
    failures = load("failures.py")


class Unparsed(Exception):
    """This Python cannot parse or compile the script itself; `error` says why."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def line_of_syntax_error(error: Exception, source: bytes) -> "Dict[str, Any]":
    """Return the line that this Python cannot parse, and its text."""
    number = getattr(error, "lineno", None)
    lines = source.decode("utf-8", "replace").splitlines()
    text = lines[number - 1].strip() if isinstance(number, int) and 0 < number <= len(lines) else ""
    return {"line": number, "text": failures.shorten(text[:200])}


def become_main(path: str, args: "List[str]") -> "Dict[str, Any]":
    """Create a fresh `__main__` like the one of `python FILE ARGS`; return its namespace.

    Modules are found in the working folder, not in the folder of the script. Otherwise a script called keras.py would
    replace Keras in a process and not in a fork, and the key has no file name.
    """
    module = types.ModuleType("__main__")
    module.__file__ = path
    namespace = module.__dict__
    namespace["__builtins__"] = sys.modules["builtins"]
    namespace["__worker__"] = sys.modules["__main__"]  # keeps the worker's module alive
    sys.modules["__main__"] = module
    sys.argv[:] = [path, *args]
    sys.path.insert(0, os.getcwd())
    return namespace


def compiled_cells(
    source: bytes, path: str, marks: "List[Tuple[int, str]]"
) -> "Iterator[Tuple[Optional[str], types.CodeType, List[int]]]":
    """Yield (stage, code, lines of the statements that act) for each cell, compiled as it is reached.

    A statement belongs to the last marker above it. `from __future__` imports hold from their cell on. Raises Unparsed.
    """
    try:
        tree = ast.parse(source, path)
    except (SyntaxError, ValueError) as error:  # ValueError: NUL characters, before Python 3.12
        raise Unparsed(error)
    cells: "List[Tuple[Optional[str], List[ast.stmt]]]" = [(None, [])]
    for statement in tree.body:
        decorators: "List[ast.expr]" = getattr(statement, "decorator_list", [])
        first = min([statement.lineno] + [each.lineno for each in decorators])
        while marks and marks[0][0] < first:
            cells.append((marks.pop(0)[1], []))
        cells[-1][1].append(statement)
    cells.extend((stage, []) for _, stage in marks)
    flags = 0
    known_flags = 0
    for name in __future__.all_feature_names:
        known_flags |= getattr(__future__, name).compiler_flag
    for stage, statements in cells:
        module = ast.parse("")
        module.body = statements
        lines = [each.lineno for each in statements if acts(each)]
        try:
            code = compile(module, path, "exec", flags, True)
        except SyntaxError as error:
            raise Unparsed(error)
        flags |= code.co_flags & known_flags
        if statements or stage is not None:
            yield stage, code, lines


def acts(statement: "Any") -> bool:
    """Return whether a statement does more than import, define a function, class or constant, or state a string.

    The body of `if TYPE_CHECKING:` and `if False:` and exception handlers do not count: they may not run.
    """
    kind = type(statement).__name__
    if kind in ("Import", "ImportFrom", "FunctionDef", "AsyncFunctionDef", "ClassDef", "TypeAlias", "Pass"):
        return False
    if kind in ("Expr", "Assign", "AnnAssign"):
        return statement.value is not None and not is_literal(statement.value)
    if kind == "If":
        name = getattr(statement.test, "id", None) or getattr(statement.test, "attr", None)
        never = name == "TYPE_CHECKING" or (is_literal(statement.test) and not ast.literal_eval(statement.test))
        return any(acts(each) for each in ([] if never else statement.body) + statement.orelse)
    if kind in ("Try", "TryStar"):
        return any(acts(each) for each in statement.body + statement.orelse + statement.finalbody)
    return True


def is_literal(node: ast.expr) -> bool:
    """Return whether an expression is a constant: evaluating it calls nothing."""
    try:
        ast.literal_eval(node)
    except Exception:
        return False
    return True
