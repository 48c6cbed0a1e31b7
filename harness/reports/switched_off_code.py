"""Scripts that do nothing, as all that they do is switched off. Reads their syntax trees.

The statements are followed in their order. At the first that does something, or may do so, the search ends.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from harness.project.syntax import tree_of
from harness.reports.known_values import Cause, Given, Value, value_of

_DEEPEST = 20
_IDLE = (ast.Import, ast.ImportFrom, ast.Pass, ast.Global, ast.Nonlocal)
_EXITS = frozenset({"exit", "quit", "sys.exit"})
_HARMLESS = frozenset({"print", "len", "str", "repr", "format"})
_SETS_VARIABLES = re.compile(r"\benviron\[|\benviron\.(?:setdefault|update)\b|\bputenv\b|dotenv")
_PARAMETERS = re.compile(r"^# *\[tool\.harness\.parameters\]|parameters\.\w+ *=", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class SwitchedOff:
    """The test for which a script does nothing: its line, its text, and why it is so."""

    cause: Cause
    line: int
    test: str


class _Acts(Exception):
    """A statement is reached that does something, or may do so."""


class _Returns(Exception):
    """A function ends here."""


class _Exits(Exception):
    """The script ends here, with status 0."""


@functools.lru_cache(maxsize=256)
def switched_off(text: str, given: Given) -> SwitchedOff | None:
    """Return why a script does nothing but print texts; None if it does something, or may do so."""
    tree = tree_of(text)
    if tree is None:
        return None
    if _SETS_VARIABLES.search(text):
        given = replace(given, variables=None)
    search = _Search(
        given=given,
        functions={each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)},
        once=frozenset() if _PARAMETERS.search(text) else _set_once(tree),
    )
    try:
        search.run(tree.body)
    except (_Exits, _Returns):
        pass
    except (_Acts, RecursionError):
        return None
    # `if False:` is how people comment out code: a script that prints something besides is about that.
    return None if search.printed and search.found is not None and _is_literal(search.found.test) else search.found


def _is_literal(test: str) -> bool:
    return test in ("False", "0", "None", "''", "[]", "()")


@dataclass(kw_only=True)
class _Search:
    """Follows the statements of a script."""

    given: Given
    functions: dict[str, ast.FunctionDef]
    once: frozenset[str]
    """The names that are bound once: their value does not change."""
    names: dict[str, Value] = field(default_factory=dict)
    found: SwitchedOff | None = None
    printed: bool = False
    depth: int = 0

    def run(self, body: Sequence[ast.stmt]) -> None:
        for place, statement in enumerate(body):
            try:
                self.step(statement)
            except (_Returns, _Exits):
                if _has_effect(body[place + 1 :]):
                    off = SwitchedOff(cause=Cause.CONSTANT, line=statement.lineno, test=ast.unparse(statement))
                    self.found = self.found or off
                raise

    def step(self, statement: ast.stmt) -> None:
        """Follow one statement. Raises _Acts, _Returns and _Exits."""
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ):
                self.assign(name, value)
            case ast.Expr(value=value):
                self.evaluate(value)
            case ast.If(test=test, body=body, orelse=orelse):
                holds = self.decide(test)
                self.take(test, body if holds.value else orelse, orelse if holds.value else body, holds)
            case ast.While(test=taken, body=body, orelse=orelse) | ast.For(iter=taken, body=body, orelse=orelse):
                holds = self.decide(taken)
                if holds.value:
                    raise _Acts
                self.take(taken, orelse, body, holds)
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=last) if not any(
                _has_effect(each.body) for each in handlers
            ):
                self.run([*body, *orelse, *last])
            case ast.Return(value=None | ast.Constant(value=None | 0)):
                raise _Returns
            case ast.Raise(exc=ast.Call(func=ast.Name(id="SystemExit"), args=given)):
                self.leave(given)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if not statement.decorator_list:
                pass
            case _ if not isinstance(statement, _IDLE):
                raise _Acts

    def assign(self, name: str, value: ast.expr | None) -> None:
        """Note the value of a variable. Raises _Acts if it is not known."""
        if value is None:
            return
        known = value_of(value, self.given, self.names)
        if known is None:
            raise _Acts
        if name in self.once:
            self.names[name] = known

    def evaluate(self, node: ast.expr) -> None:
        """Evaluate an expression that stands alone."""
        if not isinstance(node, ast.Call):
            if not self.is_idle([node]):
                raise _Acts
            return
        name = ast.unparse(node.func)
        if name in _EXITS:
            self.leave(node.args)
        elif name in self.functions:
            self.call(self.functions[name], node)
        elif name == "print" and self.is_idle(node.args):
            self.printed = True
        else:
            raise _Acts

    def leave(self, given: Sequence[ast.expr]) -> None:
        """End the script. Raises _Acts if its status may be another one than 0."""
        if given and isinstance(given[0], ast.Call):
            self.evaluate(given[0])  # sys.exit(main())
        elif given and not (isinstance(given[0], ast.Constant) and given[0].value in (None, 0)):
            raise _Acts
        raise _Exits

    def call(self, function: ast.FunctionDef, node: ast.Call) -> None:
        """Follow a function of the script."""
        if self.depth >= _DEEPEST or node.keywords or function.decorator_list or not self.is_idle(node.args):
            raise _Acts
        self.depth += 1
        with contextlib.suppress(_Returns):
            self.run(function.body)
        self.depth -= 1

    def is_idle(self, nodes: Iterable[ast.expr]) -> bool:
        """Return whether evaluating expressions does nothing."""
        calls = (each for node in nodes for each in ast.walk(node) if isinstance(each, ast.Call))
        return all(
            ast.unparse(each.func) in _HARMLESS or value_of(each, self.given, self.names) is not None for each in calls
        )

    def decide(self, test: ast.expr) -> Value:
        known = value_of(test, self.given, self.names)
        if known is None:
            raise _Acts
        return known

    def take(self, test: ast.expr, taken: Sequence[ast.stmt], skipped: Sequence[ast.stmt], known: Value) -> None:
        """Follow the part that is taken, and note the test if another part would have done something."""
        off = None
        if known.cause is not None:
            off = SwitchedOff(cause=known.cause, line=test.lineno, test=ast.unparse(test))
        if _has_effect(skipped):
            self.found = self.found or off
        try:
            self.run(taken)
        except (_Returns, _Exits):
            self.found = self.found or off
            raise


def _set_once(tree: ast.Module) -> frozenset[str]:
    """Return the names that are bound in one place of the script."""
    return frozenset(name for name, count in Counter(_bound(tree)).items() if count == 1)


def _bound(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]


def _has_effect(body: Iterable[ast.stmt]) -> bool:
    """Return whether statements would do more than print texts and set constants."""
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, (ast.Raise, ast.Assert, ast.With, ast.AsyncWith, ast.Delete)):
                return True
            if isinstance(node, ast.Call) and ast.unparse(node.func) not in _HARMLESS:
                return True
    return False
