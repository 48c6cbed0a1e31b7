"""All files that run in the interpreters under test: what they may contain."""

import ast
import sys

import pytest

from harness.execute import worker_status
from harness.execute.task import KEYED_FILES, code_digest
from harness.guest import GUEST
from tests.guest.conftest import GUEST_FILES, what_runs

SANDBOX_FILES = {"init_process.py", "mounts.py", "namespaces.py", "seccomp.py", "system_calls.py"}
OWN_PROGRAMS = {"compile_sources.py", "probe.py"}
EACH_FILE = pytest.mark.parametrize("path", GUEST_FILES, ids=lambda path: path.name)


@EACH_FILE
def test_file_parses_as_python_3_6(path):
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 6))


@EACH_FILE
def test_file_imports_only_the_standard_library_and_no_typing(path):
    imported = {
        name.partition(".")[0]
        for node in ast.walk(what_runs(path))
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    allowed = (sys.stdlib_module_names | {"harness_holds_back"}) - {"typing"}
    assert imported <= allowed


def test_key_covers_all_files_but_those_of_the_sandbox():
    worker_files = {path.name for path in GUEST_FILES if path.parent == GUEST} - SANDBOX_FILES - OWN_PROGRAMS
    assert sorted(worker_files) == sorted(KEYED_FILES)


def test_statuses_are_the_same_everywhere():
    assigned = {
        (statement.targets[0].id, statement.value.value)
        for name in KEYED_FILES
        for statement in ast.parse((GUEST / name).read_text(encoding="utf-8")).body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]).endswith("_STATUS")
    }
    assert assigned == {(name, value) for name, value in vars(worker_status).items() if name.endswith("_STATUS")}


def test_both_programs_load_files_in_the_same_way():
    """Each must load its files before it can share code."""
    loads = [
        next(
            ast.unparse(node)
            for node in what_runs(GUEST / name).body
            if isinstance(node, ast.FunctionDef) and node.name == "load"
        )
        for name in ("worker.py", "namespaces.py")
    ]
    assert len({code_digest(each) for each in loads}) == 1


def test_worker_imports_what_the_other_files_import_at_their_top():
    """A script finds the same modules imported, in a fork and in a process."""

    def top_imports(name):
        return {
            alias.name
            for node in what_runs(GUEST / name).body
            for each in ([node] if not isinstance(node, ast.Try) else node.body)
            if isinstance(each, ast.Import)
            for alias in each.names
        }

    needed = set().union(*(top_imports(name) for name in KEYED_FILES)) - {"stat"}  # `os` imports it
    assert needed <= top_imports("worker.py")
