"""The baseline: a noxfile with one session per environment, which installs the packages and runs each script.

An argument selects the first script of each session, or all others. So the others run once for both measurements, from
nothing and warm.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.model import Environment
from harness.pipeline import Work
from harness.project.script import PARAMETERS_STAGE

FIRST, REST = "first", "rest"

_HEAD = """\
import nox

nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = True
ENVIRONMENTS = {environments!r}


@nox.session(allow_parallel=True)
@nox.parametrize("python,version", [(python, version) for version, (python, *_) in ENVIRONMENTS.items()])
def repro(session, version):
    _, lock, variables, scripts = ENVIRONMENTS[version]
    session.install("--no-deps", "-r", lock)
    session.chdir(session.create_tmp())
    for script in scripts[:1] if session.posargs == [{first!r}] else scripts[1:]:
        session.run("python", script, env=variables, success_codes=range(-64, 256), silent=True)
"""


def write_noxfile(folder: Path, work: Work, root: Path, interpreters: Mapping[str, Path]) -> Path:
    """Write a noxfile that runs the same cells, each as a script with its parameters set. Return its path.

    `interpreters` has an executable for each version of Python: nox finds only those on PATH.
    """
    environments: dict[str, tuple[str, str, dict[str, str], list[str]]] = {}
    for number, task in enumerate(work.tasks.values()):
        script = folder / "scripts" / f"{number}.py"
        script.parent.mkdir(parents=True, exist_ok=True)
        text = task.script.text
        if task.script.parameters_from is not None:
            text = _with_parameters(text, task.script.marks, dict(task.cell.case.parameters))
        script.write_text(text, encoding="utf-8")
        environment = task.environment
        python = str(interpreters[environment.python])
        new = (python, str(_lock_of(environment, root)), dict(environment.variables), list[str]())
        environments.setdefault(environment.id, new)[3].append(str(script))
    path = folder / "noxfile.py"
    path.write_text(_HEAD.format(environments=environments, first=FIRST), encoding="utf-8")
    return path


def _with_parameters(text: str, marks: tuple[object, ...], parameters: dict[str, object]) -> str:
    """Return the script with the parameters set at the end of its parameters cell."""
    lines = text.splitlines()
    places = [getattr(mark, "line", 0) for mark in marks]
    tagged = next(place for place, mark in enumerate(marks) if getattr(mark, "stage", None) == PARAMETERS_STAGE)
    end = places[tagged + 1] - 1 if tagged + 1 < len(places) else len(lines)
    return "\n".join([*lines[:end], *(f"{name} = {value!r}" for name, value in parameters.items()), *lines[end:]])


def _lock_of(environment: Environment, root: Path) -> Path:
    return root / "locks" / environment.family / f"{environment.id}.txt"
