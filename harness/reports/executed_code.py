"""The statements that a script executes as the main program, and those that it only defines. Reads its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from harness.project.syntax import last_name, literal
from harness.reports.kinds import Kind, Refusal, shortened
from harness.reports.known_values import Given
from harness.reports.misread_syntax import NAME_IT, NOTHING, misread
from harness.reports.no_effect import early_exit, only_names
from harness.reports.switched_off_code import switched_off

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_TRIES: tuple[type[ast.stmt], ...] = (ast.Try, *((ast.TryStar,) if hasattr(ast, "TryStar") else ()))
_TYPE_ALIAS: tuple[type[ast.stmt], ...] = (ast.TypeAlias,) if hasattr(ast, "TypeAlias") else ()
_IDLE = (ast.Import, ast.ImportFrom, ast.Pass, ast.Global, ast.Nonlocal, *_DEFINITIONS, *_TYPE_ALIAS)
_RUNNERS = {"main", "run", "TextTestRunner", "run_module_suite", "run_tests", "runmodule", "console_main"}
_RUNNER_MODULES = (
    "pytest",
    "unittest",
    "absl",
    "nose",
    "test",
    "googletest",
    "absltest",
    "testing",
    "tf",
    "tensorflow",
)
_BY_ANY_NAME = {"globals", "locals", "vars", "inspect", "__main__", "modules", "eval", "exec"}
_TEST_PACKAGES = {"pytest", "unittest", "absl", "nose", "hypothesis"}
_SETTING_UP: tuple[str, ...] = (
    "seed",
    "set_",
    "filterwarnings",
    "simplefilter",
    "basicConfig",
    "enable_",
    "disable_",
    "append",
    "insert",
)
_SETTING_UP += ("setdefault", "update", "register", "use", "setLevel", "config")
_SUITES = {"TestSuite", "addTest", "addTests", "makeSuite", "loadTestsFromTestCase", "loadTestsFromModule"}
_VERSIONS = {"__version__", "VERSION", "GIT_VERSION", "version"}
_DEEPEST = 200


@dataclass(frozen=True, kw_only=True)
class Tests:
    """The tests that a script defines, in their order."""

    kind: Kind
    names: tuple[str, ...]
    line: int


def is_one_expression(tree: ast.Module) -> bool:
    """Return whether a script is a single expression, as JSON is."""
    return len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr)


def check_executed(tree: ast.Module, text: str, *, name: str) -> Refusal | None:
    """Return why running a script would show nothing, or None if it does something. `name` is the file's."""
    if not tree.body:
        kind = Kind.COMMENTS if text.strip() else Kind.EMPTY
        return Refusal(kind=kind, why=NOTHING, next_step=NAME_IT)
    lines = text.split("\n")
    executed = list(executed_statements(tree.body))
    if (ended := _ends_at_once(tree)) is not None:
        return replace(ended, quoted=shortened(lines[(ended.line or 1) - 1]))
    tests = find_tests(tree)
    if tests is not None and not runs_tests(tests, tree, executed) and not does_own_work(tests, tree, executed, name):
        return _tests_not_run(tests, lines)
    if (other := misread(tree, executed)) is not None:
        return replace(other, quoted=shortened(lines[(other.line or 1) - 1]))
    if executed and not _only_constants(tree, executed):
        return _switched_off(text, lines)
    return _nothing_executed(tree)


def _ends_at_once(tree: ast.Module) -> Refusal | None:
    """Return why a script that ends with status 0 before it does anything is not run."""
    last = early_exit(tree)
    if last is None or any(True for _ in executed_statements(tree.body[: tree.body.index(last)])):
        return None
    why = "the script ends at this line, before it does anything"
    return Refusal(kind=Kind.ENDS, line=last.lineno, why=why, next_step="Remove this line")


def _switched_off(text: str, lines: list[str]) -> Refusal | None:
    """Return why a script whose code is switched off by a constant is not run."""
    off = switched_off(text, Given())
    if off is None:
        return None
    return Refusal(
        kind=Kind.SWITCHED_OFF, line=off.line, quoted=shortened(lines[off.line - 1]),
        why="this is the same in each run, so that the script does nothing", next_step="Change it, or remove this line",
    )  # fmt: skip


def executed_statements(body: Iterable[ast.stmt], depth: int = 0) -> Iterator[ast.stmt]:
    """Yield the statements that run and do more than import or define, those in compound statements included."""
    for statement in body:
        if isinstance(statement, _IDLE) or depth > _DEEPEST:
            continue
        if isinstance(statement, ast.Expr) and _is_constant(statement.value):
            continue
        if isinstance(statement, ast.AnnAssign) and statement.value is None:
            continue
        if isinstance(statement, ast.If):
            for part in _branches(statement):
                yield from executed_statements(part, depth + 1)
        elif isinstance(statement, _TRIES):
            for name in ("body", "orelse", "finalbody"):
                yield from executed_statements(getattr(statement, name), depth + 1)
        else:
            yield statement


def find_tests(tree: ast.Module) -> Tests | None:
    """Find the tests that pytest or unittest would run; None if there is none."""
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    cases = [node for node in classes.values() if _is_test_case(node, classes) and _test_methods(node)]
    if cases:
        names = tuple(f"{case.name}.{method}" for case in cases for method in _test_methods(case))
        return Tests(kind=Kind.UNITTEST, names=names, line=cases[0].lineno)
    found = [
        node
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test")
    ]
    grouped = [node for node in classes.values() if node.name.startswith("Test") and _test_methods(node)]
    names = (
        *(node.name for node in found),
        *(f"{each.name}.{name}" for each in grouped for name in _test_methods(each)),
    )
    if not names:
        return None
    return Tests(kind=Kind.PYTEST, names=names, line=min(node.lineno for node in (*found, *grouped)))


def imported_packages(tree: ast.Module) -> set[str]:
    """Return the top-level names of what a script imports, wherever it does so."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def _branches(statement: ast.If) -> list[list[ast.stmt]]:
    """Return the parts of an `if` that may run in the main program."""
    test = statement.test
    name = last_name(test)
    if name == "TYPE_CHECKING" or (isinstance(test, ast.Constant) and not test.value):
        return [statement.orelse]
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__":
        with_main = isinstance(test.ops[0], ast.Eq) == (
            isinstance(test.comparators[0], ast.Constant) and test.comparators[0].value == "__main__"
        )
        return [statement.body if with_main else statement.orelse]
    return [statement.body, statement.orelse]


def _is_constant(node: ast.expr) -> bool:
    try:
        literal(node)
    except ValueError:
        return False
    return True


def _only_constants(tree: ast.Module, executed: list[ast.stmt]) -> bool:
    """Return whether a script with definitions only names constants: it never uses its definitions."""
    definitions = {node.name for node in tree.body if isinstance(node, _DEFINITIONS)}
    return bool(definitions) and all(only_names(each, definitions) for each in executed)


def _nothing_executed(tree: ast.Module) -> Refusal:
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom, *_TRIES))]
    definitions = [node for node in ast.walk(tree) if isinstance(node, _DEFINITIONS)]
    if definitions:
        named = definitions[0]
        verb = "never used" if isinstance(named, ast.ClassDef) else "never called"
        how = f"Use what it defines at the end of the file, for example `{_call_of(named)}`"
        if imports:
            how += '. To test imports and definitions by themselves, add a statement such as print("imported")'
        return Refusal(kind=Kind.DEFINITIONS, line=named.lineno, quoted=named.name, why=f"it is {verb}", next_step=how)
    if imports:
        how = 'To test the imports themselves, add a statement such as print("imported")'
        return Refusal(
            kind=Kind.IMPORTS, line=imports[0].lineno, why="nothing is done with what it imports", next_step=how
        )
    return Refusal(kind=Kind.COMMENTS, why=NOTHING, next_step=NAME_IT)


def _call_of(node: ast.AST) -> str:
    if isinstance(node, ast.ClassDef):
        return f"print({node.name})"
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    needs = len(node.args.args) - len(node.args.defaults)
    return f"{node.name}({'...' if needs > 0 else ''})"


def _tests_not_run(tests: Tests, lines: list[str]) -> Refusal:
    count = "1 test" if len(tests.names) == 1 else f"{len(tests.names)} tests"
    if tests.kind is Kind.UNITTEST:
        how = 'Add at the end of the file: if __name__ == "__main__": import unittest; unittest.main()'
    else:
        how = f"Call the tests at the end of the file, for example `{tests.names[0].replace('.', '().')}()`"
    return Refusal(
        kind=tests.kind, line=tests.line, quoted=shortened(lines[tests.line - 1]),
        why=f"it defines {count}, and nothing runs them", next_step=how,
    )  # fmt: skip


def _is_test_case(node: ast.ClassDef, classes: dict[str, ast.ClassDef], depth: int = 0) -> bool:
    for base in node.bases:
        name = last_name(base)
        if name.endswith("TestCase"):
            return True
        if (
            name in classes
            and name != node.name
            and depth < _DEEPEST
            and _is_test_case(classes[name], classes, depth + 1)
        ):
            return True
    return False


def _test_methods(node: ast.ClassDef) -> list[str]:
    return [
        each.name
        for each in node.body
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) and each.name.startswith(("test", "runTest"))
    ]


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([*([node.id] if isinstance(node, ast.Name) else []), *reversed(parts)])


def reached(tree: ast.Module, executed: list[ast.stmt]) -> tuple[set[str], list[ast.AST]]:
    """Return the names that running a script uses, through the functions that it calls, and all those nodes."""
    defined = {node.name: node for node in tree.body if isinstance(node, _DEFINITIONS)}
    names: set[str] = set()
    nodes: list[ast.AST] = []
    left: list[ast.AST] = list(executed)
    while left:
        for node in ast.walk(left.pop()):
            nodes.append(node)
            if isinstance(node, ast.Name) and node.id not in names:
                names.add(node.id)
                if node.id in defined:
                    left.append(defined[node.id])
    return names, nodes


def runs_tests(tests: Tests, tree: ast.Module, executed: list[ast.stmt]) -> bool:
    """Return whether the main program calls one of its tests, by itself or through a test runner."""
    names, nodes = reached(tree, executed)
    if names & _BY_ANY_NAME:
        return True
    if names & {name.partition(".")[0] for name in tests.names} and not _only_builds_suite(nodes):
        return True
    for node in nodes:
        if isinstance(node, ast.Call) and is_runner(node):
            return True
        if (isinstance(node, ast.Attribute) and node.attr in _BY_ANY_NAME) or _names_a_runner(node):
            return True
    return False


def _only_builds_suite(nodes: list[ast.AST]) -> bool:
    """Return whether tests are put into a suite of unittest, and nothing runs it."""
    named = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    named |= {node.id for node in nodes if isinstance(node, ast.Name)}
    return bool(named & _SUITES) and not named & {"run", "debug"}


def is_runner(call: ast.Call) -> bool:
    """Return whether a call starts a test runner: `unittest.main()`, `pytest.main()`, `tf.test.main()`."""
    module, _, function = _dotted(call.func).rpartition(".")
    return function in _RUNNERS and (not module or module.partition(".")[0] in _RUNNER_MODULES)


def _names_a_runner(node: ast.AST) -> bool:
    """Return whether a string is a part of a command that starts a test runner."""
    text = node.value if isinstance(node, ast.Constant) else None
    if not isinstance(text, str):
        return False
    return text in ("pytest", "unittest") or text.startswith(("pytest ", "python -m pytest", "python -m unittest"))


def does_own_work(tests: Tests, tree: ast.Module, executed: list[ast.stmt], name: str) -> bool:
    """Return whether a script with tests that nothing runs does work of its own, rather than prepare them."""
    if tests.kind is Kind.UNITTEST or imported_packages(tree) & _TEST_PACKAGES:
        return False
    if name.startswith("test_") or name.endswith("_test.py"):
        return False
    return any(not _sets_up(each) for each in executed)


def _sets_up(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return True
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    function = _dotted(statement.value.func).rpartition(".")[2]
    return function.startswith(_SETTING_UP) or (function == "print" and _shows_versions(statement.value))


def _shows_versions(call: ast.Call) -> bool:
    """Return whether a call of print prints texts and versions only."""
    inside = [node for each in call.args for node in ast.walk(each)]
    if any(isinstance(node, ast.Call) for node in inside):
        return False
    return any(isinstance(node, ast.Attribute) and node.attr in _VERSIONS for node in inside)
