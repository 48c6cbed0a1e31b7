"""Scripts that end themselves: a skip, a check of the version, an exit in an exception handler. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from harness.execute.failure_facts import Failure, Raised, Scene
from harness.execute.finding import Finding, lacks, needs_package, not_applicable, short
from harness.execute.own_code import is_own, raised_at, statements_at
from harness.model import NoVerdict
from harness.project.syntax import tree_of

_VERSIONS = frozenset({"__version__", "VERSION", "version", "version_info", "get_distribution"})
# What turns the text of a version into something to compare.
_CONVERSIONS = frozenset({
    "Version", "LooseVersion", "StrictVersion", "parse", "parse_version", "tuple", "list", "map", "int", "float", "str",
    "split", "rsplit", "startswith", "endswith", "strip", "partition", "replace", "all", "any", "isdigit", "isinstance",
    *_VERSIONS,
})  # fmt: skip
_SAYS = frozenset({"print", "warn", "warning", "error", "info", "write"})
_LEAST_TEXT = 3
_RELATIVE = "attempted relative import"
_NOT_THERE = re.compile(r"No module named '([A-Za-z_][\w.]*)'")
_STATUS = re.compile(r"-?\d{1,10}|True|")


def skips_itself(failure: Failure) -> Finding | None:
    """Return a finding for a script that raises the skip of unittest or pytest outside of a test."""
    outermost = failure.chain[0] if failure.chain else None
    if outermost is None or not ("SkipTest" in outermost.bases or {"Skipped", "OutcomeException"} <= outermost.bases):
        return None
    found = _NOT_THERE.search(outermost.message)
    if found is not None and lacks(found[1].partition(".")[0], failure):
        return needs_package(found[1])
    return not_applicable(NoVerdict.NOTHING_EXECUTED, f"the script skips itself here: {short(outermost.message)}")


def checks_version(failure: Failure) -> Finding | None:
    """Return a finding for a script that compares a version with a constant, and raises or exits for that alone."""
    line = raised_at(failure)
    if line is None:
        return None
    around = statements_at(failure, line)
    named = _names_of_versions(failure.scene.text)
    if not around or not any(_is_of_version(test, named) for test in _deciding(around)):
        return None
    return _refuses(line)


def left_for_version(scene: Scene) -> Finding | None:
    """Return a finding for a script that printed why it does not run in this version, and exited with status 0."""
    tree = tree_of(scene.text)
    named = _names_of_versions(scene.text)
    for node in ast.walk(tree) if tree is not None else ():
        for body in (node.body, node.orelse) if isinstance(node, ast.If) and _is_of_version(node.test, named) else ():
            if body and _is_exit(body[-1]) and all(map(_says, body[:-1])) and _was_said(body[:-1], scene.output):
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


def _refuses(line: int) -> Finding:
    reason = f"the script itself refuses this version, in line {line}. To run it in others, remove its check"
    return not_applicable(NoVerdict.NOTHING_EXECUTED, reason)


def imports_relatively(failure: Failure) -> Finding | None:
    """Return a finding for a module of a package that was sent without its package."""
    for raised in failure.chain:
        if "ImportError" in raised.bases and raised.message.startswith(_RELATIVE) and is_own(raised.file, failure):
            reason = "a relative import works only inside a package, and the script is run on its own"
            reason = f"{reason}. Import the module without the dot, and put it next to the script"
            return Finding(cause=NoVerdict.MISSING_HELPER, reason=reason)
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
    return isinstance(value, ast.Call) and _last_name(value.func) in _SAYS


def _is_of_version(test: ast.expr, named: frozenset[str]) -> bool:
    """Return whether a test compares versions with constants, and does nothing else."""
    if isinstance(test, ast.BoolOp):
        return all(_is_of_version(each, named) for each in test.values)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _is_of_version(test.operand, named)
    inside = list(ast.walk(test))
    calls = [node for node in inside if isinstance(node, ast.Call)]
    if not all(_last_name(each.func) in _CONVERSIONS for each in calls):
        return False
    constant = any(isinstance(node, ast.Constant) and node.value is not None for node in inside)
    compares = isinstance(test, ast.Compare) or any(_last_name(each.func) == "startswith" for each in calls)
    return compares and constant and any(_is_version(node, named) for node in inside)


def _is_version(node: ast.AST, named: frozenset[str]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in _VERSIONS
    if isinstance(node, ast.Call):
        return _last_name(node.func) in ("version", "get_distribution")
    return isinstance(node, ast.Name) and node.id in named


def _names_of_versions(text: str) -> frozenset[str]:
    """Return the variables of a script that only hold versions."""
    tree = tree_of(text)
    names: dict[str, bool] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Assign):
            of_version = any(_is_version(each, frozenset()) for each in ast.walk(node.value)) and all(
                _last_name(each.func) in _CONVERSIONS for each in ast.walk(node.value) if isinstance(each, ast.Call)
            )
            for target in node.targets:
                for each in ast.walk(target):
                    if isinstance(each, ast.Name):
                        names[each.id] = names.get(each.id, True) and of_version
    return frozenset(name for name, of_version in names.items() if of_version)


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
