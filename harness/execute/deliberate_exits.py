"""Scripts that end themselves: a skip, a check of the version, an exit in an exception handler. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.execute.failure_facts import AttemptContext, Failure, Raised
from harness.execute.no_verdict_reason import NoVerdictReason, lacks, needs_package, not_applicable, short
from harness.execute.script_frames import is_own, raised_at, statements_at
from harness.model import NoVerdict
from harness.project.syntax import last_name, literal, tree_of

_VERSIONS = frozenset({"__version__", "VERSION", "version", "version_info", "get_distribution"})
# Functions that convert the text of a version to a value that can be compared.
_CONVERSIONS = frozenset({
    "Version", "LooseVersion", "StrictVersion", "parse", "parse_version", "tuple", "list", "map", "int", "float", "str",
    "split", "rsplit", "strip", "partition", "replace",
    *_VERSIONS,
})  # fmt: skip
_SAYS = frozenset({"print", "warn", "warning", "error", "info", "write"})
_LEAST_TEXT = 3
_ROUNDS = 3  # a variable that is made from a variable that is made from a version
_RELATIVE = "attempted relative import"
_NOT_THERE = re.compile(r"No module named '([A-Za-z_][\w.]*)'")
_STATUS = re.compile(r"-?\d{1,10}|True|")


def skips_itself(failure: Failure) -> NoVerdictReason | None:
    """Return why there is no verdict for a script that raises the skip of unittest or pytest outside of a test."""
    outermost = failure.chain[0] if failure.chain else None
    if outermost is None or not ("SkipTest" in outermost.bases or {"Skipped", "OutcomeException"} <= outermost.bases):
        return None
    found = _NOT_THERE.search(outermost.message)
    if found is not None and lacks(found[1].partition(".")[0], failure):
        return needs_package(found[1])
    return not_applicable(NoVerdict.NOTHING_EXECUTED, f"the script skips itself here: {short(outermost.message)}")


def checks_version(failure: Failure) -> NoVerdictReason | None:
    """Return why there is no verdict if a script raises or exits only for a version that it compared."""
    line = raised_at(failure)
    if line is None:
        return None
    around = statements_at(failure, line)
    named = _names_of_versions(failure.context.text)
    if not around or not any(_is_of_version(test, named) for test in _deciding(around)):
        return None
    return _refuses(line)


def left_for_version(context: AttemptContext) -> NoVerdictReason | None:
    """Return why there is no verdict if a script printed that it does not run in this version, and exited with 0."""
    if "exit" not in context.text or not any(each in context.text for each in _VERSIONS):
        return None
    tree = tree_of(context.text)
    named = _names_of_versions(context.text)
    for node in ast.walk(tree) if tree is not None else ():
        for body in (node.body, node.orelse) if isinstance(node, ast.If) and _is_of_version(node.test, named) else ():
            if body and _is_exit(body[-1]) and all(map(_says, body[:-1])) and _was_said(body[:-1], context.output):
                return _refuses(body[-1].lineno)
    return None


def _was_said(body: list[ast.stmt], output: str) -> bool:
    """Return whether the texts of calls of print are in the output."""
    texts = [
        node.value
        for each in body
        for node in ast.walk(each)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value.strip()) > _LEAST_TEXT
    ]
    return bool(texts) and all(each.strip() in output for each in texts)


def _refuses(line: int) -> NoVerdictReason:
    reason = f"the script itself refuses this version, in line {line}. To run it in others, remove its check"
    return not_applicable(NoVerdict.NOTHING_EXECUTED, reason)


def imports_relatively(failure: Failure) -> NoVerdictReason | None:
    """Return why there is no verdict for a module of a package that was sent without its package."""
    for raised in failure.chain:
        if "ImportError" in raised.bases and raised.message.startswith(_RELATIVE) and is_own(raised.file, failure):
            reason = "a relative import works only inside a package, and the script is run on its own"
            reason = f"{reason}. Import the module without the dot, and put it next to the script"
            return NoVerdictReason(cause=NoVerdict.MISSING_HELPER, reason=reason)
    return None


def handled_by_exit(failure: Failure) -> Raised | None:
    """Return the exception that a script caught and then exited for, with a status that does not tell which it was."""
    if len(failure.chain) < 2 or not _STATUS.fullmatch(failure.chain[0].message):
        return None
    return failure.chain[1] if failure.exits_in_handler else None


def _deciding(around: tuple[ast.stmt, ...]) -> Iterator[ast.expr]:
    """Yield the tests that alone decide whether the last of the statements ends the script."""
    last = around[-1]
    if isinstance(last, ast.Assert):
        yield last.test
    outer = around[-2] if len(around) > 1 else None
    if isinstance(outer, ast.If) and (isinstance(last, ast.Raise) or _is_exit(last)):
        body = outer.body if last in outer.body else outer.orelse
        if all(_says(each) for each in body[: body.index(last)]):
            yield outer.test


def _is_exit(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Call) and ast.unparse(value.func) in ("exit", "quit", "sys.exit")


def _says(statement: ast.stmt) -> bool:
    """Return whether a statement only prints."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Call) and last_name(value.func) in _SAYS


def _is_of_version(test: ast.expr, names: _Names) -> bool:
    """Return whether a test compares versions with constants, and nothing else."""
    match test:
        case ast.BoolOp(values=values):
            return all(_is_of_version(each, names) for each in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _is_of_version(operand, names)
        case ast.Name(id=name):
            return name in names.tests
        case ast.Compare(left=left, comparators=others):
            rest = [each for each in (left, *others) if not _is_version(each, names)]
            return 0 < len(rest) <= len(others) and all(map(_is_constant, rest))
        case ast.Call(func=ast.Attribute(attr="startswith" | "endswith", value=value), args=given):
            return _is_version(value, names) and all(map(_is_constant, given))
    return False


def _is_version(node: ast.expr, names: _Names) -> bool:
    """Return whether an expression is a version, or made from one alone."""
    match node:
        case ast.Name(id=name):
            found = name in names.versions
        case ast.Attribute(attr=attribute, value=value):
            found = (attribute in _VERSIONS and _is_of_module(value, names)) or _is_version(value, names)
        case ast.Call(func=function, args=given):
            found = _makes_version(function, given, names)
        case ast.Subscript(value=value):
            found = _is_version(value, names)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            found = bool(parts) and all(_is_version(each, names) for each in parts)
        case ast.GeneratorExp(generators=[one]) | ast.ListComp(generators=[one]):
            found = _is_version(one.iter, names)
        case _:
            found = False
    return found


def _makes_version(function: ast.expr, given: list[ast.expr], names: _Names) -> bool:
    """Return whether a call asks for a version, or converts one."""
    if last_name(function) in ("version", "get_distribution"):
        return all(map(_is_constant, given))
    of = [function.value] if isinstance(function, ast.Attribute) else []
    made = [each for each in (*of, *given) if _is_version(each, names)]
    rest = [each for each in given if each not in made and last_name(each) not in _CONVERSIONS]
    return bool(made) and last_name(function) in _CONVERSIONS and all(map(_is_constant, rest))


def _is_of_module(node: ast.expr, names: _Names) -> bool:
    """Return whether an expression is a module, or an attribute of one: the version of an object is no such version."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in names.modules


def _is_constant(node: ast.expr) -> bool:
    """Return whether an expression is a literal, or made from one: `Version("2.16")`."""
    if isinstance(node, ast.Call) and last_name(node.func) in _CONVERSIONS:
        return all(map(_is_constant, node.args))
    try:
        literal(node)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class _Names:
    """The variables of a script by content: only versions, only comparisons of versions, only modules."""

    modules: frozenset[str] = frozenset()
    versions: frozenset[str] = frozenset()
    tests: frozenset[str] = frozenset()


def _names_of_versions(text: str) -> _Names:
    tree = tree_of(text)
    assigned: dict[str, list[ast.expr]] = {}
    bound: dict[str, int] = {}
    modules: set[str] = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound[node.id] = bound.get(node.id, 0) + 1
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules.update((each.asname or each.name).partition(".")[0] for each in node.names)
        if isinstance(node, ast.Assign):
            for target in node.targets:
                parts = target.elts if isinstance(target, ast.Tuple) else [target]
                for each in parts:
                    if isinstance(each, ast.Name):
                        assigned.setdefault(each.id, []).append(node.value)
    names = _Names(modules=frozenset(modules))
    for _ in range(_ROUNDS):
        kept = {name: values for name, values in assigned.items() if len(values) == bound[name]}
        names = _Names(
            modules=names.modules,
            versions=frozenset(
                name for name, values in kept.items() if all(_is_version(each, names) for each in values)
            ),
            tests=frozenset(
                name for name, values in kept.items() if all(_is_of_version(each, names) for each in values)
            ),
        )
    return names
