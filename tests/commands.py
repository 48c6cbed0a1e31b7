"""The command line in processes that are forked from one that has imported it.

Most commands of tests take less time than their imports. What a forked command does, sees and leaves is that of
`python -m harness`: its own process and session, with these arguments, variables, folder and files.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_PROJECT = Path(__file__).parents[1]
_OF_AN_INTERPRETER = ("PYTHON", "LC_", "LANG", "LD_", "TZ")
"""Variables that an interpreter, its libraries or its loader read when it starts."""
_STARTS_THREADS = ("harness.guest", "harness.cluster", "harness.__main__")
_IMPORTED_LATE = (
    "rich.progress",
    "rich.table",
    "jinja2",
    "tabulate",
    "markdown_it",
    "sqlite3",
    "xml.etree.ElementTree",
)


class ForkedCommand:
    """A running command: what tests use of `subprocess.Popen`."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection.makefile("r")
        pid = self._connection.readline()
        assert pid, "the process that forks commands has ended"
        self.pid = int(pid)
        self.returncode: int | None = None
        self._over = threading.Event()
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        with self._connection:
            # Without a status: the process that waits for the command was killed.
            self.returncode = int(self._connection.readline() or -signal.SIGKILL)
        self._over.set()

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self.returncode if self._over.is_set() else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; return the exit status."""
        if not self._over.wait(timeout):
            raise subprocess.TimeoutExpired(f"harness, process {self.pid}", timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def kill(self) -> None:
        """End it at once."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def start(
    arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdout: IO[str], stderr: IO[str]
) -> ForkedCommand | subprocess.Popen[str]:
    """Start a command with a session of its own, and without input."""
    if sys.platform != "linux" or not _starts_like_this_process(env):
        return subprocess.Popen(
            [sys.executable, "-m", "harness", *arguments],
            env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, start_new_session=True, text=True,
        )  # fmt: skip
    ours, theirs = socket.socketpair()
    with ours, theirs:
        socket.send_fds(_server(), [b"!"], [theirs.fileno(), stdout.fileno(), stderr.fileno()])
        theirs.close()
        request = {"arguments": [*arguments], "variables": dict(env), "folder": str(cwd)}
        ours.sendall(f"{json.dumps(request)}\n".encode())
        return ForkedCommand(ours)


def run(
    arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. Raises subprocess.TimeoutExpired."""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as stdout,
        tempfile.TemporaryFile("w+", encoding="utf-8") as stderr,
    ):
        process = start(arguments, env=env, cwd=cwd, stdout=stdout, stderr=stderr)
        try:
            status = process.wait(timeout)
        finally:
            process.kill()
        for each in (stdout, stderr):
            each.seek(0)
        return subprocess.CompletedProcess(["harness", *arguments], status, stdout.read(), stderr.read())


def _starts_like_this_process(variables: Mapping[str, str]) -> bool:
    """Return whether an interpreter would start with these variables as this one has, with this project on its path."""
    if variables.get("PYTHONPATH", "") not in ("", str(_PROJECT)):
        return False
    theirs, ours = (
        {name: value for name, value in each.items() if name.startswith(_OF_AN_INTERPRETER) and value}
        for each in (variables, os.environ)
    )
    return theirs | {"PYTHONPATH": ""} == ours | {"PYTHONPATH": ""}


@functools.cache
def _server() -> socket.socket:
    """Start the process that forks commands. It ends when this process has ended, or closes the socket."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.commands", str(theirs.fileno())],
            cwd=_PROJECT, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True,
        )  # fmt: skip

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _serve(control: socket.socket) -> None:
    """Fork for each request. Return in a process that is to be a command; end where no more requests come."""
    with control:
        while True:
            _, descriptors, *_ = socket.recv_fds(control, 1, 3)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if not descriptors:
                sys.exit()
            if os.fork() == 0:
                break
            for each in descriptors:
                os.close(each)
    connection, *output = descriptors
    with socket.socket(fileno=connection) as answers:
        request = json.loads(answers.makefile().readline())
        pid = os.fork()
        if pid:
            answers.sendall(f"{pid}\n".encode())
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            with contextlib.suppress(OSError):
                answers.sendall(f"{status}\n".encode())
            os._exit(0)
    os.setsid()
    for number, each in enumerate(output, start=1):
        os.dup2(each, number)
        os.close(each)
    _become(request)


def _become(request: dict[str, object]) -> None:
    """Take the arguments, the variables and the folder of a command."""
    os.environ.clear()
    os.environ.update(request["variables"])
    os.chdir(request["folder"])
    sys.path[0] = request["folder"]
    sys.argv = ["harness", *request["arguments"]]
    sys.orig_argv = [sys.executable, "-m", "harness", *request["arguments"]]


def _import_all() -> None:
    """Import what commands import, but nothing that starts threads: they do not survive a fork."""
    import harness

    for module in pkgutil.walk_packages(harness.__path__, "harness."):
        if not module.name.startswith(_STARTS_THREADS):
            importlib.import_module(module.name)
    for name in _IMPORTED_LATE:
        importlib.import_module(name)
    # The collector would write into pages that all commands share.
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    _import_all()
    _serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("harness", run_name="__main__", alter_sys=True)
