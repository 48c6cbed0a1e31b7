"""Turn a test file into a script that runs its tests, each as a case of its own: `name[test=TestLayer.test_save]`."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.project.header_text import with_dependencies, with_keys
from harness.project.inline_metadata import TOMLDecodeError, find_block
from harness.project.syntax import tree_of
from harness.reports.executed_code import (
    Tests,
    does_own_work,
    executed_statements,
    find_tests,
    imported_packages,
    is_runner,
    runs_tests,
)
from harness.reports.kinds import Kind

MOST_TESTS = 1000
PYTEST = "pytest"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SET_UP = frozenset({"setup", "teardown"} | {
    f"{word}_{what}" for word in ("setup", "teardown") for what in ("module", "function", "class", "method")
})  # fmt: skip
# Decorators that change neither the name nor the number of tests.
_PLAIN_DECORATORS = frozenset({"skip", "skipIf", "skipUnless", "expectedFailure", "patch", "skipif", "xfail", "slow"})
_PYTEST_FIXTURES = frozenset({
    "cache", "capfd", "capfdbinary", "caplog", "capsys", "capsysbinary", "doctest_namespace", "monkeypatch",
    "pytestconfig", "record_property", "record_testsuite_property", "record_xml_attribute", "recwarn", "request",
    "tmp_path", "tmp_path_factory", "tmpdir", "tmpdir_factory",
})  # fmt: skip
_PYTEST_CALL = '''\
if __name__ == "__main__":
    import sys

    import pytest

    class Reports:
        """What pytest reports."""

        error, passed, skipped = None, 0, []

        def pytest_exception_interact(self, call):
            self.error = self.error or call.excinfo.value

        def pytest_runtest_logreport(self, report):
            self.passed += report.when == "call" and report.outcome == "passed"
            if report.outcome == "skipped":
                self.skipped.append(getattr(report, "wasxfail", None) or report.longrepr[2])
                self.passed += hasattr(report, "wasxfail")

    reports = Reports()
    options = ["-qq", "-s", "--tb=no", "-p", "no:cacheprovider", "-p", "no:warnings"]
    status = pytest.main([{id}, *options], plugins=[reports])
    if reports.error is not None:
        raise reports.error
    if reports.skipped and not reports.passed:
        print(reports.skipped[0])
        sys.exit(125)
    if status:
        sys.exit("pytest ended with status %d" % status)
'''


@dataclass(frozen=True, kw_only=True)
class RunnableTests:
    """A test file that runs its tests."""

    text: str
    names: tuple[str, ...]
    """Of the cases: functions, `Class.method`, or a class whose tests only its runner knows."""
    runner: str
    """The runner of the tests: `unittest.main()`, `pytest`, or calls."""
    lacking: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Tests that cannot be run, with the fixtures that nothing defines."""

    @property
    def questions(self) -> tuple[str, ...]:
        """The questions to the reporter about tests that cannot be run."""
        return tuple(
            f"The test `{test}` needs {', '.join(f'`{each}`' for each in fixtures)} from pytest "
            "(a fixture that the report does not define): what are the values?"
            for test, fixtures in self.lacking
        )

    @property
    def decision(self) -> str:
        """The added lines, as a decision in the report."""
        if len(self.names) == 1:
            return f"added {self.runner}: nothing ran the test"
        return f"each of the {len(self.names)} tests is a case of its own, run with {self.runner}"


def with_test_cases(text: str, *, name: str = "", conftest: str = "") -> RunnableTests | None:
    """Return a test file in which each test is a case; None if the text is none, or runs its tests in its own way.

    Lines above the call of the runner keep their numbers. `name` is the file's, `conftest` the text of the conftest.py
    next to it. Without a test that can be run, the text has no call of one, and there are questions.
    """
    tree = tree_of(text)
    tests = find_tests(tree) if tree is not None else None
    if tree is None or tests is None or len(tests.names) > MOST_TESTS or _has_parameters(text):
        return None
    runner = _runner_at_end(tree)
    body = tree.body[:-1] if runner is not None else tree.body
    rest = ast.Module(body=body, type_ignores=[])
    executed = list(executed_statements(body))
    if runs_tests(tests, rest, executed) or does_own_work(tests, rest, executed, name):
        return None
    with_pytest = _needs_pytest(tree, tests) or (runner is not None and _dotted_module(runner) == PYTEST)
    lacking = _fixtures_lacking(tree, conftest) if with_pytest else {}
    names = tuple(each for each in _names_of_cases(tree, tests, with_pytest=with_pytest) if each not in lacking)
    if runner is not None:
        if len(names) == 1:
            return None
        text = "\n".join(text.split("\n")[: tree.body[-1].lineno - 1])
    variable = next(each for each in _names() if each not in _bound_names(tree))
    call, how = "", ""
    if names and with_pytest:
        call, how = _pytest_call(names, variable), PYTEST
    elif names and tests.kind is Kind.UNITTEST:
        call, how = _unittest_call(tree, names, variable, runner)
    elif names:
        call, how = _plain_calls(names, variable), "a call"
    text = _with_call(text, call, names, variable)
    text = with_dependencies(text, [PYTEST]) if how == PYTEST else text
    return RunnableTests(text=text, names=names, runner=how, lacking=tuple(lacking.items()))


def _with_call(text: str, call: str, names: tuple[str, ...], variable: str) -> str:
    """Return a script that ends with a call of its tests; of several, one is chosen by a parameter."""
    if not names:
        return text
    if len(names) == 1:
        return f"{text.rstrip()}\n\n\n{call}"
    cells = f'# %% tags=["parameters"]\n{variable} = "{names[0]}"\n\n# %% test\n{call}'
    return with_keys(f"{text.rstrip()}\n\n\n{cells}", {f"parameters.{variable}": list(names)})


def _names() -> Iterator[str]:
    """Yield names for the parameter."""
    yield from ("test", "test_name", "selected_test")
    yield from (f"test_{number}" for number in itertools.count(1))


def _fixtures_lacking(tree: ast.Module, conftest: str) -> dict[str, tuple[str, ...]]:
    """Return the fixtures that neither pytest nor the file nor its conftest.py defines, by the tests that ask."""
    beside = tree_of(conftest)
    known = _PYTEST_FIXTURES | {name for each in (tree, beside) if each is not None for name in _fixtures_of(each)}
    lacking = {}
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
    tests = [(node.name, node, 0) for node in tree.body if isinstance(node, _FUNCTIONS)]
    tests += [(f"{owner.name}.{node.name}", node, 1) for owner in classes for node in owner.body
              if isinstance(node, _FUNCTIONS)]  # fmt: skip
    for name, node, bound in tests:
        if node.name.startswith("test"):
            given = {part.strip() for text in _texts_in(node.decorator_list) for part in text.split(",")}
            asked = [each.arg for each in (*node.args.posonlyargs, *node.args.args)][bound:]
            needed = asked[: len(asked) - len(node.args.defaults)]
            missing = tuple(each for each in needed if each not in known | given)
            if missing and not any("patch" in ast.unparse(each) for each in node.decorator_list):
                lacking[name] = missing
    return lacking


def _fixtures_of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTIONS) and any("fixture" in ast.unparse(each) for each in node.decorator_list):
            yield node.name
            yield from _texts_in(node.decorator_list)


def _texts_in(nodes: Iterable[ast.expr]) -> Iterator[str]:
    """Yield the strings in decorators: names of parameters, names of fixtures."""
    for node in nodes:
        for each in ast.walk(node):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value


def _has_parameters(text: str) -> bool:
    """Return whether a script has parameters of its own, or a header that cannot be read."""
    try:
        block = find_block(text, "script")
    except (TOMLDecodeError, ValueError):
        return True
    if block is None:
        return False
    tool = block[0].get("tool", {})
    harness = tool.get("harness", {}) if isinstance(tool, dict) else None
    return not isinstance(harness, dict) or "parameters" in harness


def _bound_names(tree: ast.Module) -> set[str]:
    """Return all names that occur in a script as variables, definitions or imports."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.name for node in ast.walk(tree) if isinstance(node, (*_FUNCTIONS, ast.ClassDef))}
    return names | {(alias.asname or alias.name).partition(".")[0] for node in ast.walk(tree)
                    if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names}  # fmt: skip


def _runner_at_end(tree: ast.Module) -> ast.Call | None:
    """Return the call of a test runner that is all that the end of a script does; None if there is none."""
    last = tree.body[-1] if tree.body else None
    statements: list[ast.stmt] = [last] if last is not None else []
    if isinstance(last, ast.If) and not last.orelse and _is_main_check(last.test):
        statements = last.body
    calls = [each for each in statements if not isinstance(each, (ast.Import, ast.ImportFrom))]
    if len(calls) != 1 or not isinstance(calls[0], (ast.Expr, ast.Raise)):
        return None
    call = calls[0].value if isinstance(calls[0], ast.Expr) else calls[0].exc
    if isinstance(call, ast.Call) and len(call.args) == 1 and ast.unparse(call.func) in (
        "sys.exit", "exit", "SystemExit",
    ):  # fmt: skip
        call = call.args[0]
    if not isinstance(call, ast.Call) or not is_runner(call) or not ast.unparse(call.func).endswith("main"):
        return None
    if any(each.arg not in ("argv", "exit", "verbosity", "failfast", "buffer", "plugins") for each in call.keywords):
        return None
    return call


def _end_imports(tree: ast.Module) -> list[ast.stmt]:
    """Return the imports in the main block at the end of a script."""
    last = tree.body[-1]
    return [each for each in getattr(last, "body", []) if isinstance(each, (ast.Import, ast.ImportFrom))]


def _is_main_check(test: ast.expr) -> bool:
    return ast.unparse(test) in ("__name__ == '__main__'", "'__main__' == __name__")


def _dotted_module(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[0]


def _needs_pytest(tree: ast.Module, tests: Tests) -> bool:
    """Return whether only pytest runs these tests as meant: its imports, fixtures, parameters, two kinds of tests."""
    if PYTEST in imported_packages(tree):
        return True
    functions = [node for node in tree.body if isinstance(node, _FUNCTIONS)]
    loose = [node for node in functions if node.name.startswith("test")]
    if any("fixture" in ast.unparse(each) for node in functions for each in node.decorator_list):
        return True
    if tests.kind is Kind.UNITTEST:
        return bool(loose)
    owners = {name.partition(".")[0] for name in tests.names}
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name in owners]
    methods = [each for node in classes for each in node.body if isinstance(each, _FUNCTIONS)]
    named_set_up = any(node.name in _SET_UP for node in (*functions, *methods))
    asked = any(_asks(node, bound=0) for node in loose) or any(
        _asks(node, bound=1) for node in methods if node.name.startswith("test")
    )
    return named_set_up or asked or any(node.bases or node.decorator_list for node in classes)


def _asks(node: ast.FunctionDef | ast.AsyncFunctionDef, *, bound: int) -> bool:
    """Return whether a test cannot be called without arguments. `bound` is the number that its object gives."""
    needed = len(node.args.posonlyargs) + len(node.args.args) - len(node.args.defaults) - bound
    return needed > 0 or bool(node.decorator_list) or isinstance(node, ast.AsyncFunctionDef)


def _names_of_cases(tree: ast.Module, tests: Tests, *, with_pytest: bool) -> tuple[str, ...]:
    """Return the names of the cases, each once. A class whose runner alone knows its tests is one case."""
    names: Iterable[str] = tests.names
    if tests.kind is Kind.UNITTEST:
        classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        names = (case for name in tests.names for case in _unittest_case(name, classes, with_pytest=with_pytest))
        if with_pytest:
            loose = (node.name for node in tree.body if isinstance(node, _FUNCTIONS) and node.name.startswith("test"))
            names = (*names, *loose)
    return tuple(dict.fromkeys(names))


def _unittest_case(name: str, classes: dict[str, ast.ClassDef], *, with_pytest: bool) -> Iterator[str]:
    owner, _, method = name.partition(".")
    node = classes[owner]
    inherits = any(isinstance(base, ast.Name) and base.id in classes for base in node.bases)
    changes = any(
        not _is_plain(decorator)
        for each in node.body
        if isinstance(each, _FUNCTIONS) and each.name == method
        for decorator in each.decorator_list
    )
    yield owner if inherits or node.decorator_list or (changes and not with_pytest) else name


def _is_plain(decorator: ast.expr) -> bool:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(function).rpartition(".")[2] in _PLAIN_DECORATORS


def _pytest_call(names: tuple[str, ...], variable: str) -> str:
    which = f'{variable}.replace(".", "::")' if len(names) > 1 else repr(names[0].replace(".", "::"))
    return _PYTEST_CALL.replace("{id}", f'__file__ + "::" + {which}')


def _unittest_call(tree: ast.Module, names: tuple[str, ...], variable: str, runner: ast.Call | None) -> tuple[str, str]:
    """Return the call of unittest, or of the script's own runner, and its name."""
    imported = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names
    }
    function = ast.unparse(runner.func) if runner is not None else "unittest.main"
    imports = [ast.unparse(each) for each in _end_imports(tree)] if runner is not None else []
    if runner is None and "unittest" not in imported:
        imports = ["import unittest"]
    argv = ""
    if len(names) > 1:
        imports = imports if "sys" in imported or "import sys" in imports else [*imports, "import sys"]
        argv = f"argv=[sys.argv[0], {variable}]"
    lines = [*sorted(imports), *([""] if imports else []), f"{function}({argv})"]
    body = "".join(f"    {line}\n" if line else "\n" for line in lines)
    return f'if __name__ == "__main__":\n{body}', f"`{function}()`"


def _plain_calls(names: tuple[str, ...], variable: str) -> str:
    if len(names) == 1:
        return f"{names[0].replace('.', '().')}()\n"
    entries = "".join(f'    "{name}": lambda: {name.replace(".", "().")}(),\n' for name in names)
    return f"tests = {{\n{entries}}}\ntests[{variable}]()\n"
