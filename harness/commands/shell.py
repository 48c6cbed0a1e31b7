"""An interactive shell in a cell's environment, with the script at hand."""

from __future__ import annotations

import os
import shlex
import subprocess

from harness.execute.task import Task
from harness.model import Cell
from harness.session import RunFolder, Session


def open_shell(session: Session, task: Task) -> int:
    """Open the user's shell; `python` is the environment's, the cell's script and values lie in the folder."""
    interpreter = session.interpreters.find(task.environment.python)
    provided = session.environments.provide(task.environment, interpreter, stop=session.stop)
    with RunFolder(session.cache / "runs") as folder:
        if task.reads is not None and session.artifacts.has(task.reads):
            session.artifacts.copy_to(task.reads, folder)
        elif task.reads is not None:
            writing = Cell(case=task.cell.case, environment=task.cell.writer or "")
            again = f"{session.command} {shlex.join(['replay', str(writing)])}"
            session.say(f"What {task.cell.writer} wrote is not there; `{again}` writes it.")
        script = folder / task.script.file_name
        script.write_text(task.script.text, encoding="utf-8")
        session.say(
            f"{task.cell}: a shell in {folder}, gone when you leave it. `python {script.name}` runs the script, "
            "uncontained: with all that you may do."
        )
        if task.cell.case.parameters:
            values = ", ".join(f"{name} = {value!r}" for name, value in task.cell.case.parameters)
            session.say(f"This cell sets, under the script's parameters: {values}")
        path = os.pathsep.join([str(provided.python.parent), session.variables.get("PATH", os.defpath)])
        variables = {**session.variables, **dict(task.variables), "PATH": path}
        if task.overlay is not None:
            variables["PYTHONPATH"] = str(task.overlay.folder)
        shell = session.variables.get("SHELL") or ("cmd" if os.name == "nt" else "/bin/sh")
        # The one child that is not run through harness.process: it must have the terminal.
        return subprocess.call([shell], cwd=folder, env=variables)
