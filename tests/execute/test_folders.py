"""A script cannot affect anything outside its folder: verdict, folders, artifacts."""

import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import Problems
from harness.execute.artifacts import Artifacts
from harness.execute.executor import run_task
from harness.execute.task import make_task
from harness.model import Case, Cell, Outcome
from harness.project.script import read_script
from harness.sandbox.backends import SandboxBackend
from tests.making import make_environment
from tests.sandboxes import sandbox_of


@pytest.fixture(params=list(SandboxBackend), ids=str)
def sandbox(request):
    return sandbox_of(request.param)


@pytest.fixture
def execute(tmp_path, sandbox):
    def run(source, *, python=Path(sys.executable), timeout_s=20.0, **task_options):
        path = tmp_path / "scenario.py"
        path.write_text(source, encoding="utf-8")
        script = read_script(path, problems=Problems())
        script = replace(script, header=replace(script.header, timeout_s=timeout_s))
        environment = make_environment()
        cell = Cell(case=Case(scenario="scenario"), environment=environment.id)
        task = make_task(cell, script, environment, interpreter="cpython-3.11.0", caller_variables={}, **task_options)
        runs = tmp_path / "runs"
        try:
            return run_task(
                task,
                python=python,
                runs=runs,
                artifacts=artifacts(tmp_path),
                stop=threading.Event(),
                sandbox=sandbox,
            )
        finally:
            assert list(runs.iterdir()) == [], "an attempt left its folder behind"

    return run


def artifacts(tmp_path):
    return Artifacts(folder=tmp_path / "artifacts")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param("os.mkfifo(report)", id="pipe"),
        pytest.param("os.mkdir(report)", id="folder"),
        pytest.param("os.symlink('/dev/zero', report)", id="link"),
        pytest.param("open(report, 'wb').write(b'{' * (1 << 21))", id="endless"),
        pytest.param("open(report, 'wb').write(b'[' * 100000)", id="nested"),
        pytest.param("open(report, 'wb').write(b'\\xff')", id="no text"),
        pytest.param("open(report, 'wb').write(b'3')", id="number"),
        pytest.param("open(report, 'wb').write(b'{}')", id="empty"),
    ],
)
def test_invalid_report_is_not_a_pass(execute, spoil):
    attempt = execute(f"# %% load\nimport os\nreport = os.path.join('..', 'report.json')\n{spoil}\nos._exit(0)\n")
    assert (attempt.outcome, attempt.conclusive) == (Outcome.ERROR, False)


def test_missing_python_is_an_unsettled_error(execute, tmp_path):
    attempt = execute("x = 1", python=tmp_path / "no" / "python")
    assert (attempt.outcome, attempt.conclusive) == (Outcome.ERROR, False)
    assert "could not be started" in attempt.reason


def test_program_other_than_python_is_an_error(execute):
    attempt = execute("x = 1", python=Path("/bin/false"))
    assert (attempt.outcome, attempt.conclusive) == (Outcome.ERROR, False)
    assert attempt.reason == "the worker could not do its work: exit status 1"


def test_folder_without_permissions_is_removed(execute):
    source = "import os\nos.makedirs('deep/er')\nopen('deep/er/x', 'w').close()\nos.chmod('deep/er', 0)\nos.chmod('deep', 0)\n"
    assert execute(source).outcome is Outcome.PASSED


def test_working_folder_is_empty_and_home_is_separate(execute):
    source = """
import os, tempfile
assert os.listdir(".") == []
home, temporary = os.path.expanduser("~"), tempfile.gettempdir()
top = os.path.dirname(os.getcwd())
assert home.startswith(top) and temporary.startswith(top), (home, temporary)
open(os.path.join(home, "x"), "w").close()
"""
    attempt = execute(source)
    assert attempt.outcome is Outcome.PASSED, attempt.evidence


def test_path_of_the_folder_is_not_recorded(execute):
    attempt = execute("import os\nprint(os.getcwd())\nraise ValueError(os.getcwd())\n")
    assert attempt.error.replace("\\", "/") == "ValueError: <attempt>/work"
    assert attempt.evidence.stdout.strip().replace("\\", "/") == "<attempt>/work"
    assert 'File "scenario.py", line 3' in attempt.evidence.traceback


def test_only_a_pass_keeps_artifacts(execute, tmp_path):
    failed = execute("open('model', 'w').close()\nassert False\n", writes=True)
    passed = execute("open('model', 'w').close()\n", writes=True)
    assert not artifacts(tmp_path).has(failed.key)
    assert artifacts(tmp_path).has(passed.key)


def test_reader_starts_with_the_artifacts(execute):
    written = execute("open('model', 'w').write('weights')\n", writes=True)
    read = execute("assert open('model').read() == 'weights'\n", reads=written.key)
    assert read.outcome is Outcome.PASSED, read.evidence
    assert read.key != written.key


def test_missing_artifact_is_an_unsettled_error(execute):
    attempt = execute("x = 1", reads="0" * 64)
    assert (attempt.outcome, attempt.conclusive) == (Outcome.ERROR, False)
