"""`harness replay --shell`, with a real shell on a real terminal."""

import contextlib
import os
import pty
import shutil
import subprocess
import sys

import pytest

from harness.environments.integrity import contents
from tests.runs.conftest import LIMIT_S

CELL = "build[shape=tuple]@demo1.0"
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")


@pytest.fixture
def outer(project, tmp_path):
    """Another environment that is active outside: its pip and python come first, and ~/.bashrc puts them first again."""
    bin = tmp_path / "outer" / "bin"
    bin.mkdir(parents=True)
    for name in ("pip", "python", "python3"):
        (bin / name).write_text("#!/bin/sh\necho outer\n")
        (bin / name).chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".bashrc").write_text(f"export PATH={bin}:$PATH\n")
    project.variables |= {
        "SHELL": shutil.which("bash"),
        "HOME": str(home),
        "TERM": "dumb",
        "PATH": f"{bin}:{os.environ['PATH']}",
        "VIRTUAL_ENV": str(bin.parent),
        "PIP_TARGET": str(tmp_path / "target"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(project.wheels),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    return bin


def typed(project, cell, *lines):
    """Type lines into the shell of a cell on a terminal; return all that the terminal showed."""
    project.run("--cells", cell)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "harness", "replay", cell, "--shell"],
        cwd=project.root, env=project.environ(), start_new_session=True, stdin=theirs, stdout=theirs, stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        os.write(ours, "".join(f"{line}\n" for line in (*lines, "exit")).encode())
        shown = b""
        with contextlib.suppress(OSError):  # the terminal has gone with the last process on it
            while data := os.read(ours, 1 << 16):
                shown += data
        process.wait(LIMIT_S)
    os.close(ours)
    return shown.decode("utf-8", "replace").replace("\r\n", "\n")


def test_shell_finds_the_environment_first_whatever_is_active_outside(project, outer):
    shown = typed(
        project, CELL,
        'for each in python python3 pip; do echo "found $(command -v $each)"; done',
        "python -c 'import demo, sys; print(\"demo\", demo.VERSION, sys.prefix)'; pip --version; echo in $VIRTUAL_ENV",
    )  # fmt: skip
    layer = next(line for line in shown.splitlines() if line.startswith("in /"))[3:]
    assert layer.startswith(str(project.cache / "runs"))
    assert [line for line in shown.splitlines() if line.startswith("found ")] == [
        f"found {layer}/bin/{each}" for each in ("python", "python3", "pip")
    ]
    assert f"demo 1.0 {layer}" in shown
    assert f"from {layer}/lib" in shown
    assert "\nouter\n" not in shown
    assert project.left_over() == []


def test_shell_says_that_it_is_not_sandboxed_and_where_pip_writes(project, outer):
    shown = typed(project, CELL)
    assert "NOT SANDBOXED" in shown
    assert "`pip install` writes to a layer" in shown


def test_pip_install_in_the_shell_leaves_the_cached_environment_as_it_is(project, outer):
    project.run("--cells", CELL)
    built = sorted((project.cache / "environments").glob("*-cpython-*"))
    assert len(built) == 1, built
    environment = built[0]
    before = contents(environment)
    shown = typed(
        project, CELL,
        "pip install demo==2.0 other",
        "python -c 'import demo, other; print(\"now\", demo.VERSION)'",
        "pip uninstall --yes demo && python -c 'import demo; print(\"again\", demo.VERSION)'",
    )  # fmt: skip
    assert "\nnow 2.0\n" in shown, shown
    assert "\nagain 1.0\n" in shown
    assert contents(environment) == before
    assert not (project.root.parent / "target").exists()


def test_the_layer_has_no_packages_but_those_of_the_environment_and_pip(project, outer):
    shown = typed(project, CELL, "pip list --format freeze | sed 's/^/listed /'; echo end")
    listed = {line.split()[1].partition("==")[0] for line in shown.splitlines() if line.startswith("listed ")}
    assert listed == {"demo", "pip"}


def test_a_script_named_like_a_module_does_not_hide_it(project, outer, tmp_path):
    script = tmp_path / "demo.py"
    script.write_text("import demo\nprint('version', demo.VERSION)\n")
    project.run(str(script), "--environments", "demo1.0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "run", lambda *arguments: None)
        shown = typed(project, "demo@demo1.0", "python demo.script.py", "ls")
    assert "\nversion 1.0\n" in shown
    assert "The script is called demo.script.py here" in shown
