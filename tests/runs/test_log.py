"""The log of a run: what it has, who may read what in it, and where an error points to it."""

import re

from tests.runs.conftest import BUILD, MATRIX, PYTHON, Project

BREAK_TABLE = """\
import harness.commands.table

def broken(session, options):
    raise ZeroDivisionError("a bug")

harness.commands.table.execute = broken
"""


def logs(project: Project) -> list[str]:
    folder = project.cache / "logs"
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.log"))]


def test_log_of_a_run_has_processes_and_decisions_but_no_values_of_variables(project):
    project.variables["GATE"] = "a-secret-value"
    done = project.run("--environments", "demo1.0")
    assert "[MainThread]" not in done.stderr
    (text,) = logs(project)
    assert "harness run --environments demo1.0 --json" in text.splitlines()[0]
    assert re.search(r"demo1\.0: environment built", text)
    assert re.search(r"process \d+ started in \S+: \S*uv venv", text)
    assert re.search(r"process \d+ ended after [0-9.]+ s: status 0", text)
    assert re.search(r"no sandbox: |sandbox (bubblewrap|namespaces): ", text)
    assert "limits are " in text
    assert re.search(r"build\[shape=list\]@demo1\.0: passed after [0-9.]+ s \((fork|process)\)", text)
    assert "a-secret-value" not in text


def test_verbose_run_prints_the_log_to_stderr_beside_the_progress(project):
    done = project.call("-v", "run", "--environments", "demo1.0", "-v")
    assert "demo1.0: environment built" in done.stderr
    assert re.search(r"DEBUG +harness\.process\.child", done.stderr)
    assert "2 of 2 cells" in done.stderr


def test_commands_that_only_read_write_no_log(project):
    for command in (["plan"], ["table"], ["table", "--format", "json"]):
        project.call(*command)
    assert logs(project) == []


def test_error_of_uv_has_its_reason_and_the_log_has_its_output(project, tmp_path):
    project.matrix(MATRIX.replace('platform = "any"', 'platform = "x86_64-manylinux_2_28"'))
    environment = f"python={PYTHON} demo==9.9"
    done = project.call("run", "--environments", environment, status=1)
    assert "demo==9.9" in done.stderr.partition("cannot be resolved")[2]
    place = re.search(r"^The log is in (.*\.log)$", done.stderr, re.MULTILINE)
    (text,) = logs(project)
    assert place is not None
    assert place[1].startswith(str(project.cache))
    assert "uv pip compile failed: status 1; its output:\n" in text
    assert "No solution found when resolving dependencies" in text


def test_cells_without_a_result_point_to_the_log(project, tmp_path):
    for name in ("UV_FIND_LINKS", "UV_CACHE_DIR"):
        project.variables[name] = str(tmp_path / "nothing_there" / name)
    done = project.run("--environments", "demo1.0", status=1)
    assert "without a result" in done.stderr
    assert f"The log is in {project.cache}" in done.stderr
    assert "uv pip install failed" in logs(project)[0]


def test_unexpected_error_is_short_and_its_traceback_is_in_the_log(project, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(BREAK_TABLE, encoding="utf-8")
    project.variables["PYTHONPATH"] = f"{tmp_path / 'site'}:{project.environ()['PYTHONPATH']}"
    done = project.call("table", status=3, bug=True)
    assert done.stdout == ""
    assert "Internal error: ZeroDivisionError: a bug" in done.stderr
    assert "Report the bug, and attach the log." in done.stderr
    (text,) = logs(project)
    assert "Traceback (most recent call last)" in text
    assert 'raise ZeroDivisionError("a bug")' in text


def test_unexpected_error_without_a_log_prints_its_traceback(project, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(BREAK_TABLE, encoding="utf-8")
    project.variables["PYTHONPATH"] = f"{tmp_path / 'site'}:{project.environ()['PYTHONPATH']}"
    (tmp_path / "file").write_text("")
    project.variables["HARNESS_CACHE"] = str(tmp_path / "file")
    done = project.call("table", status=3, bug=True)
    assert "Internal error: ZeroDivisionError: a bug" in done.stderr
    assert 'raise ZeroDivisionError("a bug")' in done.stderr


def test_log_has_fork_servers_and_why_a_script_was_not_forked(project):
    project.matrix(MATRIX.replace("[families.demo]", 'preload = ["demo"]\n\n[families.demo]'))
    text = BUILD.replace("timeout = 60", 'timeout = 60\n# isolation = "process"') + "print()\n"
    project.scenario("build/alone.py", text)
    project.run("--environments", "demo1.0", "--scenarios", "build,alone")
    (text,) = logs(project)
    assert "alone[shape=list]@demo1.0: process of its own: its header asks for it" in text
    if "process of its own: no forks are used" not in text:
        assert "zygote of demo: started with " in text
        assert "zygote of demo: ended" in text
        assert re.search(r"build\[shape=list\]@demo1\.0: passed after [0-9.]+ s \(fork\)", text)
