"""The two ways to execute a task: the worker in a fresh process, or in a fork of a fork server."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.cgroups.layout import Mechanism
from harness.execute.attempt_dir import TEXT_KEPT, Folder
from harness.execute.forkserver.server import Child, ForkServer
from harness.execute.sandbox_paths import ATTEMPT, OVERLAYS, WORKER_INSIDE, attempt_view
from harness.execute.task import WORKER, Task
from harness.process.child import run_limited, supervise
from harness.process.limits import Ended, Limits
from harness.sandbox.backends import Sandbox, SandboxBackend

_GRACE_S = 2.0
"""How long a process may run over its limit: it starts on a busy machine, and writes where it hangs at its limit."""
_MOST_TASKS = 4096


class IsolationMethod(Protocol):
    """How an attempt is separated from others: in a process of its own, or in a fork."""

    @property
    def isolation(self) -> str:
        """The value of `isolation` in an attempt."""

    @property
    def backend(self) -> SandboxBackend:
        """The sandbox of the attempt."""

    @property
    def limits(self) -> Mechanism:
        """The mechanism that enforces limits of memory and processes."""

    @property
    def runs(self) -> Path:
        """The parent of the folder of the attempt."""

    def run(self, task: Task, folder: Folder, stop: threading.Event) -> Ended:
        """Run the worker. Raises OSError if it cannot be started."""


@dataclass(frozen=True, kw_only=True)
class InProcess:
    """A fresh process, in a sandbox if there is one."""

    python: Path
    runs: Path
    sandbox: Sandbox
    hidden: Sequence[Path]
    """Folders to hide, even below system folders."""
    network: bool = False
    """True if it has the network of this machine: to fetch data, never for an attempt that is recorded."""
    isolation: str = "process"
    on_output: Callable[[bytes], None] | None = None
    """Receives what the script prints, while it runs."""

    @property
    def backend(self) -> SandboxBackend:
        """The sandbox of the attempt."""
        return self.sandbox.alone

    @property
    def limits(self) -> Mechanism:
        """The mechanism that enforces limits of memory and processes."""
        return self.sandbox.limits

    def run(self, task: Task, folder: Folder, stop: threading.Event) -> Ended:
        """Run the worker. In a sandbox, its first process acts as init."""
        self.python.stat()  # raise OSError here: the error of a sandbox would differ
        request = _write_request(task, folder, self.backend)
        command: list[str | Path] = [self.python, WORKER, request]
        if self.sandbox.contains:
            view = attempt_view(
                folder,
                self.python,
                overlays=task.overlays,
                data=task.data.folder if task.data is not None else None,
                network=self.network,
                hidden=self.hidden,
            )
            inside: list[str | Path] = [self.python, WORKER_INSIDE, "--as-init", request]
            command = [*self.sandbox.command(view, inside)]
        limits = _limits(task, folder)
        with self.sandbox.group(limits) as group:
            return run_limited(
                command,
                env=variables(task, folder, self.python, self.backend),
                cwd=folder.work,
                limits=limits,
                contained=self.sandbox.contains,
                group=group,
                stop=stop,
                keep_bytes=TEXT_KEPT,
                on_output=self.on_output,
            )


@dataclass(frozen=True, kw_only=True)
class InFork:
    """A fork of a fork server. If the fork server has a sandbox, the fork has a nested one."""

    python: Path
    server: ForkServer
    isolation: str = "fork"
    on_output: Callable[[bytes], None] | None = None

    @property
    def backend(self) -> SandboxBackend:
        """The sandbox of the attempt."""
        return self.server.zygote.backend

    @property
    def limits(self) -> Mechanism:
        """The mechanism that enforces limits of memory and processes."""
        return self.server.zygote.sandbox.limits

    @property
    def runs(self) -> Path:
        """A folder that the fork server can access."""
        return self.server.zygote.place.attempts

    def run(self, task: Task, folder: Folder, stop: threading.Event) -> Ended:
        """Run the worker in a fork. Raises ForkServerLost."""
        request = _write_request(task, folder, self.backend)
        env = variables(task, folder, self.python, self.backend)

        limits = _limits(task, folder)
        with self.server.zygote.sandbox.group(limits) as group:

            def fork(stdout: int, stderr: int) -> Child:
                return self.server.fork(
                    folder, request, env=env, overlays=task.overlays, output=(stdout, stderr), group=group
                )

            return supervise(
                fork, limits=limits, group=group, stop=stop, keep_bytes=TEXT_KEPT, on_output=self.on_output
            )


def new_folder(method: IsolationMethod) -> Folder:
    """Create the folder of an attempt."""
    return Folder.new(method.runs, inside=None if method.backend is SandboxBackend.NONE else ATTEMPT)


def _write_request(task: Task, folder: Folder, backend: SandboxBackend) -> str:
    # What is written at once, and what multiplies, the system itself must limit. It counts threads, too, and outside
    # a sandbox all that the user has.
    limits = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": task.script.header.disk_mib << 20}
    if backend is not SandboxBackend.NONE:
        limits["RLIMIT_NPROC"] = _MOST_TASKS
    return folder.write_request(task, overlays=_seen_overlays(task, backend), limits=limits)


def _seen_overlays(task: Task, backend: SandboxBackend) -> list[str]:
    """Return the paths of the overlays, as the attempt sees them."""
    if backend is SandboxBackend.NONE:
        return [str(each.folder) for each in task.overlays]
    return list(OVERLAYS[: len(task.overlays)])


def _limits(task: Task, folder: Folder) -> Limits:
    header = task.script.header
    return Limits(
        timeout_s=header.timeout_s + _GRACE_S,
        memory_mib=header.memory_mib,
        processes=header.processes,
        disk_mib=header.disk_mib,
        folder=folder.top,
    )


def variables(task: Task, folder: Folder, python: Path, backend: SandboxBackend) -> dict[str, str]:
    """Return the environment variables of the process: an allow-list, independent of the user's shell.

    PYTHONPATH names the overlays, for other Pythons that a script starts.
    """
    overlays = _seen_overlays(task, backend)
    path = {"PYTHONPATH": os.pathsep.join(overlays)} if overlays else {}
    return {**fixed_variables(python), **path, **folder.places, **dict(task.variables)}


def fixed_variables(python: Path) -> dict[str, str]:
    """Return the variables that are equal for all attempts in an environment."""
    fixed = {
        "PATH": os.pathsep.join([str(python.parent), os.defpath]),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        # The environment has bytecode already. Its files are shared, so nothing may write there.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if sys.platform == "win32":
        fixed["SYSTEMROOT"] = os.environ.get("SYSTEMROOT", "")
    return fixed
