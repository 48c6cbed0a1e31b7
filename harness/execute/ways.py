"""The two ways in which a task is executed: by the worker in a process of its own, or in a fork of a parent."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.containment.sandbox import Means, Sandbox
from harness.execute.folder import TEXT_KEPT, Folder
from harness.execute.parent import Child, Parent
from harness.execute.surroundings import ATTEMPT, NAMESPACES_INSIDE, OVERLAY, WORKER_INSIDE, attempt_containment
from harness.execute.task import WORKER, Task
from harness.process import run_limited, supervise
from harness.running import Ended, Limits

_GRACE_S = 1.0
_MOST_TASKS = 4096


class Way(Protocol):
    """One of the two, with what it needs."""

    @property
    def isolation(self) -> str:
        """Its word in an attempt."""

    @property
    def means(self) -> Means:
        """What contains the attempt."""

    @property
    def runs(self) -> Path:
        """Where the folder of the attempt is to be made."""

    def run(self, task: Task, folder: Folder, stop: threading.Event) -> Ended:
        """Run the worker. Raises OSError if it can't be started."""


@dataclass(frozen=True, kw_only=True)
class InProcess:
    """A process of its own, contained if anything can contain it."""

    python: Path
    runs: Path
    sandbox: Sandbox
    hidden: Sequence[Path]
    """Folders that are not to be seen even where they lie among the system's."""
    isolation: str = "process"

    @property
    def means(self) -> Means:
        """What contains it."""
        return self.sandbox.alone

    def run(self, task: Task, folder: Folder, stop: threading.Event) -> Ended:
        """Run the worker, in a sandbox with its first process standing over it."""
        self.python.stat()  # what a sandbox says of a program that is gone is its own affair
        request = _write_request(task, folder, self.means)
        command: list[str | Path] = [self.python, WORKER, request]
        if self.sandbox.contains:
            containment = attempt_containment(folder, self.python, overlay=task.overlay, hidden=self.hidden)
            inside: list[str | Path] = [self.python, WORKER_INSIDE, "--contained", NAMESPACES_INSIDE, request]
            command = [*self.sandbox.command(containment, inside)]
        return run_limited(
            command,
            env=variables(task, folder, self.python),
            cwd=folder.work,
            limits=_limits(task, folder),
            contained=self.sandbox.contains,
            stop=stop,
            keep_bytes=TEXT_KEPT,
        )


@dataclass(frozen=True, kw_only=True)
class InFork:
    """A fork of a parent, which contains it further if it is contained itself."""

    python: Path
    parent: Parent
    isolation: str = "fork"

    @property
    def means(self) -> Means:
        """What contains it."""
        return self.parent.root.means

    @property
    def runs(self) -> Path:
        """A folder that the parent sees."""
        return self.parent.root.place.attempts

    def run(self, task: Task, folder: Folder, stop: threading.Event) -> Ended:
        """Have the parent fork. Raises ParentLost."""
        request = _write_request(task, folder, self.means)
        env = variables(task, folder, self.python)

        def fork(stdout: int, stderr: int) -> Child:
            return self.parent.fork(folder, request, env=env, overlay=task.overlay, output=(stdout, stderr))

        return supervise(fork, limits=_limits(task, folder), stop=stop, keep_bytes=TEXT_KEPT)


def new_folder(way: Way) -> Folder:
    """Make the folder of an attempt."""
    return Folder.new(way.runs, inside=None if way.means is Means.NONE else ATTEMPT)


def _write_request(task: Task, folder: Folder, means: Means) -> str:
    overlay = None if task.overlay is None else str(task.overlay.folder) if means is Means.NONE else OVERLAY
    # What is written at once, and what multiplies, the system itself must limit. It counts threads, too, and outside
    # a sandbox all that the user has.
    limits = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": task.script.header.disk_mib << 20}
    if means is not Means.NONE:
        limits["RLIMIT_NPROC"] = _MOST_TASKS
    return folder.write_request(task, overlay=overlay, limits=limits)


def _limits(task: Task, folder: Folder) -> Limits:
    header = task.script.header
    return Limits(
        timeout_s=header.timeout_s + _GRACE_S,
        memory_mib=header.memory_mib,
        processes=header.processes,
        disk_mib=header.disk_mib,
        folder=folder.top,
    )


def variables(task: Task, folder: Folder, python: Path) -> dict[str, str]:
    """Give the process's variables: an allow-list, so that an outcome does not depend on whose shell it came from."""
    return {**fixed_variables(python), **folder.places, **dict(task.variables)}


def fixed_variables(python: Path) -> dict[str, str]:
    """Give those that are the same for all attempts in an environment."""
    fixed = {
        "PATH": os.pathsep.join([str(python.parent), os.defpath]),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        # Bytecode is there since the environment was made; its files are shared, so nothing may be written there.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if sys.platform == "win32":
        fixed["SYSTEMROOT"] = os.environ.get("SYSTEMROOT", "")
    return fixed
