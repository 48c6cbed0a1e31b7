"""A new project for a made-up package: started, locked, run and published by real processes."""

import fcntl
import os
import pty
import shutil
import subprocess
import sys
import termios

import pytest

from tests import commands
from tests.runs.conftest import LIMIT_S, PYTHON, Project
from tests.wheels import LoopbackIndex, make_wheel

RELEASED = {"1.0": "2025-01-01", "1.1": "2025-02-01", "2.0": "2025-03-01"}


@pytest.fixture
def started(tmp_path, warm):
    """An index with a package whose module has another name, and an empty folder."""
    with LoopbackIndex(tmp_path / "wheels").serving() as index:
        for number, (version, date) in enumerate(RELEASED.items()):
            names = "".join(f"function_{each} = print\n" for each in range(number + 1))
            wheel = make_wheel(index.folder, "made_up_package", version, {"made_up.py": names})
            index.publish(wheel, date)
        root = tmp_path / "project"
        root.mkdir()
        project = Project(root=root, wheels=index.folder, cache=shutil.copytree(warm, tmp_path / "cache"))
        project.variables = {"UV_DEFAULT_INDEX": index.address, "UV_CACHE_DIR": str(tmp_path / "uv"), "COLUMNS": "80"}
        yield project


def environ(project):
    offline = ("UV_NO_INDEX", "UV_OFFLINE", "UV_FIND_LINKS")
    return {name: value for name, value in project.environ().items() if name not in offline}


def call(project, *arguments, status=0):
    ended = commands.run(arguments, env=environ(project), cwd=project.root, timeout=LIMIT_S)
    assert ended.returncode == status, ended.stdout + ended.stderr
    return ended


INIT = ("init", "--package", "made-up-package", "--module", "made_up", "--versions", ">=1.1", "--python", PYTHON)


def test_new_project_is_locked_run_and_published(started):
    first = call(started, *INIT)
    assert first.stdout == "Next:\n  harness lock\n  harness run\n"
    assert f"2 releases of made-up-package: 1.1, 2.0; Python {PYTHON}." in first.stderr
    assert "2 written, 0 kept, 0 failed" in call(started, "lock").stdout
    assert call(started, "run").stdout.count("pass ") >= 2
    document = started.call("table", "--json").document
    assert {each["cell"]: each["outcome"] for each in document["cells"]} == {
        "public_names@made-up-package1.1": "passed",
        "public_names@made-up-package2.0": "passed",
    }
    groups = [each["observation"]["text"] for each in document["cells"]]
    assert groups == ["2 public names", "3 public names"]
    call(started, "report")
    assert "made-up-package" in (started.root / "results/table.md").read_text()
    ignored = (started.root / ".gitignore").read_text().split()
    assert "results/attempts.sqlite*" in ignored


def test_folder_with_content_is_refused_and_nothing_is_written(started):
    (started.root / "notes.txt").write_text("mine")
    refused = call(started, *INIT, status=2)
    assert "the folder is not empty: it has notes.txt" in refused.stderr
    assert [each.name for each in started.root.iterdir()] == ["notes.txt"]
    inside = call(started, *INIT, "new one")
    assert "  harness --project 'new one' lock\n" in inside.stdout
    assert (started.root / "new one" / "matrix.toml").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["init"], "no package is named, and there is no terminal to ask on"),
        (["init", "--package", "made-down"], "The package index has no package 'made-down'"),
        (["init", "--package", "made-up-package", "--versions", ">3"], "'>3' has no release"),
        (["init", "--package", "made-up-package", "--python", "2.7"], "'2.7' is not a Python"),
        (["init", "", "--package", "made-up-package"], "No folder is named"),
    ],
    ids=["nothing", "unknown", "range", "python", "folder"],
)
def test_wrong_input_is_refused_and_nothing_is_written(started, arguments, message):
    refused = call(started, *arguments, status=2)
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr
    assert list(started.root.iterdir()) == []


def answer(project, *answers):
    """Start a project on a terminal of its own; return its exit status and what the terminal showed."""
    ours, theirs = pty.openpty()
    shown, waiting = "", list(answers)
    with (
        os.fdopen(ours, "r+b", buffering=0) as terminal,
        subprocess.Popen(
            [sys.executable, "-m", "harness", "init"],
            cwd=project.root, env=environ(project), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            # Ctrl-C is for the processes of this terminal.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        ) as process,
    ):  # fmt: skip
        os.close(theirs)
        try:
            while True:
                try:
                    read = terminal.read(4096).decode()
                except OSError:  # the other end is closed
                    break
                shown += read
                if shown.endswith(": ") and waiting:
                    terminal.write(waiting.pop(0).encode())
            status = process.wait()
        finally:
            process.kill()  # of a test that was stopped
    return status, shown.replace("\r\n", "\n")


def test_terminal_asks_for_what_is_missing_and_asks_again_after_a_wrong_answer(started):
    status, shown = answer(
        started, "made down\n", "made-up-package\n", "made_up\n", ">=7\n", "\n", "2.7\n", f"{PYTHON}\n", "\n"
    )
    assert status == 0, shown
    assert "'made down' is not the name of a package." in shown
    assert "Module that scripts import [made_up_package]: made_up" in shown
    assert "Releases (1.0 to 2.0) [>=1.0]: >=7\n'>=7' has no release." in shown
    assert "Pythons [those that fit the releases]: 2.7\n'2.7' is not a Python that can be used." in shown
    assert "Next:\n  harness lock\n  harness run\n" in shown
    assert 'versions = ">=1.0"' in (started.root / "matrix.toml").read_text()


def test_end_of_input_and_ctrl_c_end_the_questions(started):
    assert answer(started, "\x04")[0] == 2
    assert answer(started, "\x03")[0] == 130
    assert list(started.root.iterdir()) == []
