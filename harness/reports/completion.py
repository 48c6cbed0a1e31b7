"""Complete a script so that it runs alone: imports, a call of its tests or of its only function."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from harness.project.syntax import tree_of
from harness.reports.code import names_of
from harness.reports.executed_code import executed_statements, imported_packages
from harness.reports.machine_paths import with_own_paths
from harness.reports.tests_as_cases import PYTEST, with_test_cases
from harness.reports.usual_imports import usual_import
from harness.reports.version_guards import without_version_guards


@dataclass(frozen=True, kw_only=True)
class Completed:
    """A completed script, with the additions."""

    text: str
    decisions: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()


def complete(text: str, *, conftest: str = "") -> Completed:
    """Add missing usual imports, a call of tests or of the only function, a statement after imports.

    `conftest` is the text of the conftest.py next to the script.
    """
    decisions: list[str] = []
    questions: list[str] = []
    requirements: list[str] = []
    needed = names_of(text).needed
    tree = tree_of(text)
    if tree is None:
        return Completed(text=text)
    text, moved = with_own_paths(text)
    text, unguarded = without_version_guards(text)
    decisions += [*moved, *unguarded]
    if "display" in needed:
        text = _behind_header(text, "display = print\n")
        decisions.append("`display` of IPython prints here")
    imports = [line for name in sorted(needed) if (line := usual_import(name, text)) is not None]
    if imports:
        text = _behind_header(text, "".join(f"{line}\n" for line in imports))
        added = [line for line in imports if line != "import sys"]
        if added:
            decisions.append(
                f"added {'; '.join(f'`{line}`' for line in added)}: the code uses it and does not import it"
            )
    tests = with_test_cases(text, conftest=conftest)
    if tests is not None:
        text = tests.text
        decisions += [tests.decision] if tests.names else []
        questions += tests.questions
    else:
        added_call, questions_of_it = _call_for(tree)
        if added_call:
            text = f"{text.rstrip()}\n\n\n{added_call[0]}"
            decisions.append(added_call[1])
        questions += questions_of_it
    if "pytest" in imported_packages(tree) or (tests is not None and tests.runner == PYTEST):
        requirements.append(PYTEST)
    return Completed(
        text=text, decisions=tuple(decisions), questions=tuple(questions), requirements=tuple(requirements)
    )


def _behind_header(text: str, added: str) -> str:
    """Return code with lines before its first statement after the header, docstring and `__future__` imports."""
    tree = tree_of(text)
    at = 0
    for node in tree.body if tree is not None else []:
        docstring = (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        )
        if not docstring and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            break
        at = node.end_lineno or 0
    lines = text.split("\n")
    return "\n".join([*lines[:at], *added.rstrip("\n").split("\n"), *lines[at:]])


def _call_for(tree: ast.Module) -> tuple[tuple[str, ...], list[str]]:
    """Return a call to be added, with the reason, and the questions where none can be."""
    executed = list(executed_statements(tree.body))
    if executed:
        return (), []
    functions = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    plain = [node.name for node in functions if isinstance(node, ast.FunctionDef) and not _required(node)]
    if len(plain) == 1:
        return (f"{plain[0]}()\n", f"added `{plain[0]}()`: nothing called the only function without arguments"), []
    if functions:
        names = list(dict.fromkeys(f"`{node.name}`" for node in functions[:5]))
        unused = "does not use it" if len(names) == 1 else "uses none of them"
        return (), [f"The code defines {', '.join(names)} and {unused}. Which call shows the problem?"]
    if imported_packages(tree):
        return ('print("imported")\n', 'added `print("imported")`: the code only imports'), []
    return (), []


def _required(node: ast.FunctionDef) -> list[str]:
    arguments = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
    keywords = [
        each.arg for each, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if value is None
    ]
    return arguments[: len(arguments) - len(node.args.defaults)] + keywords
