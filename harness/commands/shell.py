"""An interactive shell in a cell's environment, with the script at hand. It is not sandboxed."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.environments.store import Provided
from harness.errors import HarnessError
from harness.execute.task import Task
from harness.model import Cell
from harness.process import child
from harness.session import RunFolder, Session

_WINDOWS = sys.platform == "win32"
_BIN = "Scripts" if _WINDOWS else "bin"
_CREATE_S = 120.0
# They would lead Python or pip past the layer.
_DROPPED = frozenset(
    {"PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON"}
    | {"VIRTUAL_ENV_PROMPT", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "__PYVENV_LAUNCHER__"}
)


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A throw-away virtual environment that sees the packages of a cached one. `pip install` writes here only."""

    top: Path
    environment: Path

    @property
    def bin(self) -> Path:
        """The folder of its programs."""
        return self.top / _BIN

    @property
    def path(self) -> list[str]:
        """The folders that PATH must start with: the layer, then the cached environment for its other programs."""
        return [str(self.bin), str(self.environment / _BIN)]

    @classmethod
    def create(cls, top: Path, base: Path, provided: Provided, uv: Path) -> Layer:
        """Create it with the environment's own interpreter. Raises HarnessError."""
        layer = cls(top=top, environment=provided.python.parent.parent)
        _create_venv(base, top)
        (own,) = _site_packages(top)
        shown = [str(site) for site in _site_packages(layer.environment)]
        # A .pth file is run line by line. addsitedir appends, and also reads the .pth files of the environment.
        lines = "".join(f"import site; site.addsitedir({site!r})\n" for site in shown)
        (own / "harness_environment.pth").write_text(lines, "utf-8")
        layer._install_pip(base, own, uv)
        return layer

    def _install_pip(self, base: Path, own: Path, uv: Path) -> None:
        """Install the pip that comes with this Python; if it was built without one, `pip` calls uv."""
        bundled = sorted(base.resolve().parent.parent.glob("[Ll]ib/**/ensurepip/_bundled/pip-*.whl"))
        if bundled:
            with zipfile.ZipFile(bundled[-1]) as wheel:
                wheel.extractall(own)
        command: list[str | Path] = [self.bin / "python", "-m", "pip"] if bundled else [uv, "pip"]
        quoted = shlex.join(map(str, command))
        for name in ("pip", "pip3"):
            if _WINDOWS:
                (self.bin / f"{name}.bat").write_text(f"@{subprocess.list2cmdline(command)} %*\n", "utf-8")
            else:
                (self.bin / name).write_text(f'#!/bin/sh\nexec {quoted} "$@"\n', "utf-8")
                (self.bin / name).chmod(0o755)


def open_shell(session: Session, task: Task) -> int:
    """Open the user's shell with the environment first on PATH, in a folder with the script. Return its exit status."""
    base = session.interpreters.find(task.environment.python, stop=session.stop).executable
    provided = session.provide(task.environment)
    with RunFolder(session.cache / "runs") as folder:
        work = folder / "work"
        work.mkdir()
        _put_artifact(session, task, work)
        layer = Layer.create(folder / "layer", base, provided, session.uv.executable)
        script = work / script_name(task.script.file_name, _modules(layer.environment))
        script.write_text(task.script.text, encoding="utf-8")
        _announce(session, task, script)
        variables = shell_variables(session.variables, layer, task)
        command = shell_command(variables, folder)
        # The one child that is not run through harness.process.child: it must have the terminal.
        return subprocess.call(command, cwd=work, env=variables)


def _put_artifact(session: Session, task: Task, work: Path) -> None:
    """Copy the artifacts of the writer of a two-step cell into the folder, or report how to get them."""
    if task.reads is None:
        return
    if session.artifacts.has(task.reads):
        session.artifacts.copy_to(task.reads, work)
        return
    writing = Cell(case=task.cell.case, environment=task.cell.writer or "")
    again = f"{session.command} {shlex.join(['replay', str(writing)])}"
    session.notify(f"The artifacts of {task.cell.writer} are missing; `{again}` creates them.")


def _announce(session: Session, task: Task, script: Path) -> None:
    session.notify(f"{task.cell}: a shell in {script.parent}, which is deleted when you leave the shell.")
    session.notify("NOT SANDBOXED: what you run here has all your permissions, your files and the network.")
    session.notify(f"`python {script.name}` runs the script.")
    session.notify(
        "`pip install` writes to a layer that is deleted with the folder; the cached environment stays as it is."
    )
    if script.name != task.script.file_name:
        session.notify(
            f"The script is called {script.name} here: {task.script.file_name} would hide the module it imports."
        )
    if task.parameters:
        values = ", ".join(f"{name} = {value!r}" for name, value in task.parameters)
        session.notify(f"This cell sets, under the script's parameters: {values}")


def shell_variables(outer: Mapping[str, str], layer: Layer, task: Task) -> dict[str, str]:
    """Return the variables of the shell: the user's own, with the layer in front."""
    variables = {name: value for name, value in outer.items() if name not in _DROPPED}
    variables |= dict(task.variables)
    variables |= {
        "PATH": os.pathsep.join([*layer.path, outer.get("PATH", os.defpath)]),
        "VIRTUAL_ENV": str(layer.top),
        "PYTHONNOUSERSITE": "1",
        # Python would else write bytecode into the cached environment.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if task.overlay is not None:
        variables["PYTHONPATH"] = str(task.overlay.folder)
    return variables


def shell_command(variables: dict[str, str], folder: Path) -> list[str]:
    """Return the command of the user's shell, which sets PATH after its own start-up files; they often change it.

    Shells other than bash, zsh and fish get PATH from their variables only. May add to `variables`.
    """
    shell = variables.get("SHELL") or ("cmd" if os.name == "nt" else "/bin/sh")
    path = variables["PATH"]
    match Path(shell).name:
        case "bash":
            start = folder / "bashrc"
            start.write_text(f"[ -f ~/.bashrc ] && . ~/.bashrc\nexport PATH={shlex.quote(path)}\nhash -r\n", "utf-8")
            return [shell, "--rcfile", str(start)]
        case "zsh":
            start = folder / "zsh"
            start.mkdir()
            theirs = shlex.quote(variables.get("ZDOTDIR") or variables.get("HOME", ""))
            for name in (".zshenv", ".zshrc"):
                (start / name).write_text(
                    f"[ -f {theirs}/{name} ] && . {theirs}/{name}\nZDOTDIR={shlex.quote(str(start))}\n"
                )
            with (start / ".zshrc").open("a", encoding="utf-8") as stream:
                stream.write(f"export PATH={shlex.quote(path)}\n")
            variables["ZDOTDIR"] = str(start)
            return [shell]
        case "fish":
            entries = " ".join(map(shlex.quote, path.split(os.pathsep)))
            return [shell, "--init-command", f"set -gx PATH {entries}"]
        case _:
            return [shell]


def script_name(name: str, modules: frozenset[str]) -> str:
    """Return a file name for a script that hides no module: Python looks for modules next to a script first."""
    stem, dot, extension = name.rpartition(".")
    return f"{stem}.script{dot}{extension}" if stem in modules else name


def _modules(environment: Path) -> frozenset[str]:
    """Return the top-level modules of an environment and of the standard library."""
    names = {entry.name.partition(".")[0] for site in _site_packages(environment) for entry in site.iterdir()}
    return frozenset(names | set(sys.stdlib_module_names))


def _site_packages(environment: Path) -> Iterator[Path]:
    yield from environment.glob("[Ll]ib/site-packages" if _WINDOWS else "lib/python*/site-packages")


def _create_venv(base: Path, folder: Path) -> None:
    """Create a virtual environment without packages. Raises HarnessError."""
    variables = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR", "HOME") if name in os.environ}
    command: list[str | Path] = [base, "-I", "-m", "venv", "--without-pip", folder]
    ended = child.run(command, env=variables, cwd=folder.parent, timeout_s=_CREATE_S)
    if ended.status != 0:
        raise HarnessError(
            f"{folder}: the layer for the shell could not be created",
            why=ended.stderr.decode("utf-8", "replace").strip() or f"exit status {ended.status}",
            next_step=f"Check that `{base} -m venv --without-pip DIR` works",
        )
