"""The worker by itself, as it is started in environments under test, by every Python that may be in one."""

import ast
import json
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from harness.execute import worker_status
from harness.execute.task import WORKER
from harness.project.script import PARAMETERS_STAGE, find_marks
from tests.guest.conftest import found

LIMIT_S = 30


@dataclass
class Result:
    """What the worker left."""

    status: int
    report: dict | None
    stage_log: list
    stdout: str
    stderr: str


class Work:
    """A folder with a script and a request for the worker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = "scenario.py"

    def request(self, source, **changes):
        """Write the script and the request; give the request's path."""
        script = self.folder / "script" / self.name
        script.parent.mkdir(exist_ok=True)
        text = source if isinstance(source, bytes) else textwrap.dedent(source).encode("utf-8")
        script.write_bytes(text)
        marks, parameters_from = find_marks(text.decode("utf-8", "replace"))
        request = {
            "schema": 1,
            "parent": os.getpid(),
            "script": str(script),
            "marks": [[mark.line, mark.stage] for mark in marks],
            "parameters": {},
            "parameters_stage": PARAMETERS_STAGE if parameters_from is not None else None,
            "timeout_s": LIMIT_S,
            "variables": [],
            "overlays": [],
            "tuning_off": [],
            "limits": {},
            "report": str(self.folder / "report.json"),
            "stage_log": str(self.folder / "stage_log"),
            "dump": str(self.folder / "dump"),
            **changes,
        }
        path = self.folder / "request.json"
        path.write_text(json.dumps(request), encoding="utf-8")
        return path

    def run(self, python, source, **changes) -> Result:
        """Run the worker to its end."""
        command = [str(python), str(WORKER), str(self.request(source, **changes))]
        environ = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, timeout=LIMIT_S, check=False)
        report = self.folder / "report.json"
        stage_log = self.folder / "stage_log"
        lines = stage_log.read_text(encoding="utf-8").splitlines() if stage_log.exists() else []
        return Result(
            status=done.returncode,
            report=json.loads(report.read_text(encoding="utf-8")) if report.exists() else None,
            stage_log=[json.loads(line) for line in lines],
            stdout=done.stdout.decode("utf-8"),
            stderr=done.stderr.decode("utf-8"),
        )


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path)


def test_pass_is_reported_with_what_was_seen(python, work):
    result = work.run(
        python, "# %% define\nimport os\nprint('hello')\n# %% load\nx = 1\n", variables=["LANG", "NONE_SUCH"]
    )
    assert (result.status, result.stdout) == (0, "hello\n")
    assert result.report["outcome"] == "passed"
    assert result.report["python"]["version"].split(".")[:2] == version_of(python)
    assert result.report["variables"] == {"LANG": os.environ.get("LANG"), "NONE_SUCH": None}
    assert result.stage_log == ["", "define", "load", "exit"]
    assert [stage for stage, _ in result.report["stages"]] == result.stage_log


def version_of(python):
    command = [str(python), "-c", "import sys; print(sys.version_info[0], sys.version_info[1])"]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode().split()


def test_exception_has_stage_line_and_the_scripts_frames_only(python, work):
    source = """\
    # %% define
    def load():
        raise ValueError("no such layer")

    # %% load
    load()
    """
    result = work.run(python, source)
    report = result.report
    assert (result.status, report["outcome"], report["stage"]) == (1, "failed", "load")
    assert (report["type"], report["message"], report["line"]) == ("ValueError", "no such layer", 6)
    assert "worker.py" not in report["traceback"]
    assert 'scenario.py", line 3, in load' in report["traceback"]
    assert report["traceback"].startswith("Traceback (most recent call last):")


def test_exception_before_any_marker_has_no_stage(python, work):
    report = work.run(python, "1 / 0\n# %% load\n").report
    assert (report["type"], report["stage"], report["line"]) == ("ZeroDivisionError", None, 1)


@pytest.mark.parametrize(
    ("statement", "status", "outcome", "message"),
    [
        ("raise SystemExit(125)", 125, "not applicable", None),
        ("import sys; sys.exit(125)", 125, "not applicable", None),
        ("raise SystemExit", 0, "passed", None),
        ("raise SystemExit(0)", 0, "passed", None),
        ("raise SystemExit(3)", 3, "failed", "3"),
        ("raise SystemExit('no such thing')", 1, "failed", "no such thing"),
        ("raise KeyboardInterrupt", 1, "failed", ""),
    ],
)
def test_ways_to_end(python, work, statement, status, outcome, message):
    result = work.run(python, f"# %% save\n{statement}\n")
    assert (result.status, result.report["outcome"]) == (status, outcome)
    assert result.report.get("message") == message


def test_parameters_override_after_their_cell_and_keep_their_types(python, work):
    source = """\
    # %% tags=["parameters"]
    shape = "tuple"
    size = 1
    derived = size * 2
    # %% define
    print(repr((shape, size, derived, flag)))
    """
    result = work.run(python, source, parameters={"shape": "ü [1]", "size": 2.5, "flag": True})
    assert result.report["outcome"] == "passed", result.report
    assert result.stdout == "('ü [1]', 2.5, 2, True)\n"


def test_script_stands_in_front_of_no_module_that_has_its_name(python, work):
    source = """\
    import importlib, shelve
    assert shelve.__name__ == "shelve" and __file__ != shelve.__file__, shelve
    with open("beside.py", "w") as stream:
        stream.write("value = 3")
    importlib.invalidate_caches()  # the folder may have been listed in the same tick of its clock
    import beside
    print(beside.value)
    """
    work.name = "shelve.py"
    result = work.run(python, source)
    assert (result.report["outcome"], result.stdout) == ("passed", "3\n"), result.report.get("traceback")


def test_script_is_main_with_file_path_and_arguments_of_its_own(python, work):
    source = """\
    import os, sys
    value = 1
    import __main__
    assert __name__ == "__main__" and __main__.value == 1, __main__
    assert os.path.basename(__file__) == "scenario.py"
    assert sys.argv == [__file__]
    assert sys.path[0] == os.getcwd() != os.path.dirname(__file__)
    assert "worker" not in sys.modules
    assert not any(os.path.basename(each or ".") == "execute" for each in sys.path), sys.path
    import pickle
    class Thing: pass
    assert type(pickle.loads(pickle.dumps(Thing()))) is Thing
    """
    report = work.run(python, source).report
    assert report["outcome"] == "passed", report.get("traceback")


def test_future_imports_hold_from_their_cell_on(python, work):
    source = '''\
    """Title."""
    from __future__ import annotations
    # %% define
    def f(x: NoSuchName) -> None: pass
    # %% load
    def g(x: NorThis) -> None: pass
    '''
    outcome = work.run(python, source).report["outcome"]
    assert outcome == ("failed" if version_of(python) == ["3", "6"] else "passed")  # 3.7 brought that feature


def test_decorated_definition_belongs_to_the_marker_above_its_decorator(python, work):
    source = """\
    # %% define
    x = 1
    # %% load
    @undefined
    def f():
        pass
    """
    report = work.run(python, source).report
    assert (report["stage"], report["type"]) == ("load", "NameError")


def test_marker_inside_a_statement_does_not_cut_it(python, work):
    result = work.run(python, "# %% define\nx = [\n# %% inner\n1]\n# %% load\nassert x == [1]\n")
    assert result.report["outcome"] == "passed"
    assert result.stage_log == ["", "define", "inner", "load", "exit"]


def test_source_that_is_not_ascii(python, work):
    result = work.run(python, "# %% größe\nname = 'ü→😀'\nprint(name)\nraise ValueError(name)\n")
    assert result.stdout == "ü→😀\n"
    assert (result.report["message"], result.report["stage"]) == ("ü→😀", "größe")


def test_source_in_a_declared_encoding(python, work):
    result = work.run(python, "# -*- coding: latin-1 -*-\nprint(ascii('ü'))\n".encode("latin-1"))
    assert result.stdout == "'\\xfc'\n"


def test_text_that_utf8_cannot_carry_is_escaped(python, work):
    assert work.run(python, "raise ValueError('\\udc80')").report["message"] == "\\udc80"


def test_syntax_error_is_a_failure_with_its_place(python, work):
    report = work.run(python, "# %% define\nx = (\n").report
    assert (report["outcome"], report["type"], report["stage"]) == ("failed", "SyntaxError", None)
    assert "scenario.py" in report["traceback"]


def test_long_message_keeps_both_ends(python, work):
    message = work.run(python, "raise ValueError('a' + 'x' * 100000 + 'z')").report["message"]
    assert message.startswith("axx")
    assert message.endswith("xxz")
    assert len(message) < 25000


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="only Linux has scheduling policies")
@pytest.mark.parametrize(("chosen", "runs"), [("SCHED_OTHER", "SCHED_BATCH"), ("SCHED_IDLE", "SCHED_IDLE")])
def test_batch_scheduling_is_used_unless_the_user_chose_a_policy(python, work, chosen, runs):
    def run():
        os.sched_setscheduler(0, getattr(os, chosen), os.sched_param(0))  # of this thread, and of what it starts
        return work.run(python, "import os; print(os.sched_getscheduler(0))")

    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(run).result()
    assert result.stdout == f"{getattr(os, runs)}\n"


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="only Linux has scheduling policies")
def test_batch_scheduling_can_be_switched_off(python, work):
    result = work.run(python, "import os; print(os.sched_getscheduler(0))", tuning_off=["batch-scheduling"])
    assert result.stdout == f"{os.sched_getscheduler(0)}\n"


def test_script_finds_no_typing_imported(python, work):
    assert work.run(python, "import sys\nassert 'ty' + 'ping' not in sys.modules\n").report["outcome"] == "passed"


def test_overlay_goes_before_what_is_installed(python, work):
    overlay = work.folder / "overlay"
    overlay.mkdir()
    (overlay / "demo_overlaid.py").write_text("value = 7\n")
    result = work.run(python, "import demo_overlaid; print(demo_overlaid.value)", overlays=[str(overlay)])
    assert result.stdout == "7\n"


def test_versions_are_read_from_the_metadata_on_the_path(python, work):
    overlay = work.folder / "overlay"
    (overlay / "Some_Package-1.2.3.dist-info").mkdir(parents=True)
    (overlay / "old.thing-4.5-py3.6.egg-info").mkdir()
    versions = work.run(python, "", overlays=[str(overlay)]).report["versions"]
    assert (versions["some-package"], versions["old-thing"]) == ("1.2.3", "4.5")


def test_report_is_renamed_into_place(python, work):
    """A process that is killed while it writes leaves no half report under the name that counts."""
    (work.folder / "report.json.part").mkdir()  # the temporary name cannot be written: the rename must not happen
    result = work.run(python, "x = 1")
    assert result.report is None
    assert result.status == worker_status.BROKEN_STATUS
    assert "report.json.part" in result.stderr


def test_what_the_script_does_to_its_streams_and_folder_does_not_reach_the_report(python, work):
    source = """\
    import os, sys, json
    os.chdir(os.path.dirname(os.path.abspath(os.sep)))
    json.dump = json.dumps = None
    sys.stdout = sys.stderr = None
    os.environ.clear()
    # %% load
    raise ValueError("x")
    """
    report = work.run(python, source).report
    # A script that breaks the standard library can break the worker; it must not be able to make it say "passed".
    assert report is None or report["outcome"] == "failed"


def test_broken_request_is_the_workers_failure(python, work):
    request = work.request("x = 1")
    request.write_text("{}")
    done = subprocess.run([str(python), str(WORKER), str(request)], capture_output=True, timeout=LIMIT_S, check=False)
    assert done.returncode == worker_status.BROKEN_STATUS
    assert b"KeyError" in done.stderr


def test_crash_leaves_a_trail_and_a_dump(python, work):
    result = work.run(python, "# %% load\nimport os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    assert result.status == -11
    assert result.stage_log == ["", "load"]
    assert 'scenario.py", line 3' in (work.folder / "dump").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_worker_ends_when_its_parent_is_killed(python, work):
    request = work.request("import time\nprint('here', flush=True)\ntime.sleep(600)\n", parent=None)
    # Stands between us and the worker, is killed, and can clean up nothing.
    between = f"""
import json, os, subprocess, sys
request = json.load(open({str(request)!r}))
request["parent"] = os.getpid()
json.dump(request, open({str(request)!r}, "w"))
worker = subprocess.Popen([{str(python)!r}, {str(WORKER)!r}, {str(request)!r}], stdout=subprocess.PIPE)
worker.stdout.readline()
print(worker.pid, flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", between]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    try:
        worker.wait(LIMIT_S)
    finally:
        if worker.is_running():
            worker.kill()
    assert not psutil.pid_exists(worker.pid)


def test_worker_whose_parent_is_gone_does_not_begin(python, work):
    if sys.platform != "linux":
        pytest.skip("only Linux ends a process with its parent")
    result = work.run(python, "print('ran')", parent=os.getpid() + 100_000)
    assert (result.status, result.stdout) == (worker_status.BROKEN_STATUS, "")


@pytest.mark.slow
def test_older_python_is_told_so_by_the_gate():
    if "2.7" not in found():
        pytest.skip("there is no Python 2.7 here")
    command = [str(found()["2.7"]), str(WORKER), "request.json"]
    done = subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=False)
    assert done.returncode == worker_status.GATE_STATUS
    assert b"needs Python 3.6 or newer, and this is 2.7" in done.stderr


def test_gate_stands_above_every_import_but_that_of_sys():
    body = ast.parse(WORKER.read_text(encoding="utf-8")).body
    gate = next(number for number, each in enumerate(body) if isinstance(each, ast.If))
    before = [ast.unparse(each) for each in body[:gate] if isinstance(each, (ast.Import, ast.ImportFrom))]
    assert before == ["import sys"]
