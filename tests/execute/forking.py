"""A bench that runs scripts in forks of a process that has done their imports, or in processes of their own."""

import contextlib
import threading
from dataclasses import replace

import psutil

from harness.execute.artifacts import Artifacts
from harness.execute.executor import fork_server_kind, run_task
from harness.execute.forkserver.pool import ForkServers
from tests.making import make_python, outcome_task

HEAVY = """
import os, random, tempfile
imported = os.urandom(8).hex()
value = os.environ.get("SETTING", "unset")
chosen = os.environ.get("CHOSEN")
tempfile.gettempdir()
"""


class Bench:
    """Runs scripts that begin with `import heavy`, in forks or in processes of their own."""

    def __init__(self, folder, sandbox, heavy=HEAVY):
        self.folder = folder
        self.sandbox = sandbox
        self.python = make_python(folder / "environment", heavy=heavy)
        self.stop = threading.Event()
        self.restart()

    def restart(self):
        """Create a new pool of fork servers."""
        self.fork_servers = ForkServers(self.folder / "runs", limit=2, stop=self.stop, sandbox=self.sandbox)

    def kind_of(self, task):
        """Return the kind of fork server that a task needs."""
        return fork_server_kind(task, self.python)

    @property
    def contained(self):
        return self.sandbox.contains

    def task(self, name, *, source=None, **options):
        task = outcome_task(name, **options)
        text = source if source is not None else "import heavy\n" + task.script.text
        marks = tuple(replace(mark, line=mark.line + 1) for mark in task.script.marks) if source is None else ()
        script = replace(task.script, text=text, marks=marks)
        return replace(task, script=script, environment=replace(task.environment, preload=("heavy",)))

    def run(self, task, *, forked=True):
        return run_task(
            task,
            python=self.python,
            runs=self.folder / "runs",
            artifacts=Artifacts(folder=self.folder / "artifacts"),
            stop=self.stop,
            sandbox=self.sandbox,
            fork_servers=self.fork_servers if forked else None,
        )

    def parent_processes(self):
        """Return the pids of zygotes and fork servers: each zygote before its fork servers."""
        return [each for each in psutil.Process().children(recursive=True) if self._serves(each)]

    def _serves(self, process):
        with contextlib.suppress(psutil.Error):  # one that has just ended
            command = process.cmdline()
            return "--serve" in command and command[0] == str(self.python)
        return False
