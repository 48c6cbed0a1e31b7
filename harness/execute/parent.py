"""A process that has imported what many scripts begin with, and forks a child for each attempt.

A parent serves one environment under one set of variables, and executes nothing but imports and what the project has to
prepare them for many scripts. If it dies, what ran in it is told so and runs again elsewhere.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from harness.containment.sandbox import Means, Sandbox
from harness.execute.folder import Folder
from harness.execute.surroundings import NAMESPACES_INSIDE, WORKER_INSIDE, ParentPlace
from harness.execute.task import WORKER
from harness.model import Overlay
from harness.process import TOKEN_VARIABLE, end_contained

CAN_FORK = sys.platform == "linux"
_IMPORT_TIMEOUT_S = 180.0
_ANSWER_TIMEOUT_S = 30.0
_LONGEST_MESSAGE = 1 << 16
_CREDENTIALS = struct.Struct("3i")


class ParentLost(Exception):
    """A parent could not do its work, or is no more; what was to run in it can be run by itself."""


@dataclass(frozen=True, kw_only=True)
class ParentKind:
    """What a parent is: those that are equal can serve each other's attempts."""

    python: Path
    modules: tuple[str, ...]
    touched: tuple[str, ...]
    """Attributes of these to use once."""
    absent: tuple[str, ...]
    """Modules that must not have been imported along the way."""
    variables: tuple[tuple[str, str], ...]
    scripts: tuple[tuple[str, Path], ...] = ()
    """What to run after a module has been imported, in one that is prepared thoroughly."""
    trees: Path | None = None
    """The folder of the source trees that may stand in front of what is installed."""


class Parent:
    """One such process."""

    def __init__(
        self, kind: ParentKind, folder: Path, sandbox: Sandbox, hidden: Sequence[Path], *, thoroughly: bool = False
    ) -> None:
        self._guard = threading.Lock()
        self._forks: dict[str, _Fork] = {}
        self._lost = False
        self._ready = threading.Event()
        self._refusal: str | None = None
        self._token = uuid.uuid4().hex
        self._kind = kind
        self.place = ParentPlace(top=folder)
        self.means = sandbox.parents
        self.place.make()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Who sends is told by the system, with the number that the process has here, not with the one that it sees.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._channel = ours
        scripts = kind.scripts if thoroughly else ()
        variables = dict(kind.variables)
        containment = self.place.containment(
            kind.python, kind.trees, scripts=[path for _, path in scripts], hidden=hidden, variables=variables
        )
        worker = WORKER_INSIDE if self.contained else str(WORKER)
        with theirs, (folder / "output").open("wb") as output:
            try:
                self._process = subprocess.Popen(
                    sandbox.command(containment, [kind.python, worker, "--serve", str(theirs.fileno())]),
                    env={**self.own.places, **({} if self.contained else variables), TOKEN_VARIABLE: self._token},
                    cwd=self.place.own.work,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                raise
        threading.Thread(target=self._listen, daemon=True).start()
        self._send(
            {
                "parent": 0 if self.contained else os.getpid(),
                "containment": NAMESPACES_INSIDE if self.contained else None,
                "modules": kind.modules,
                "touched": kind.touched,
                "absent": kind.absent,
                "prepare": [
                    (module, self.place.script(number) if self.contained else str(path), path.name)
                    for number, (module, path) in enumerate(scripts)
                ],
            }
        )

    @property
    def contained(self) -> bool:
        """Whether it is, and each of its forks by itself."""
        return self.means is not Means.NONE

    @property
    def own(self) -> Folder:
        """The folder that it has itself, seen where its attempts will see theirs."""
        return self.place.own if self.contained else Folder(top=self.place.own.top)

    def wait_until_ready(self, stop: threading.Event) -> None:
        """Wait for its imports; raises ParentLost if they fail, take too long, or nobody waits any more."""
        waited = 0.0
        while not self._ready.wait(0.1):
            waited += 0.1
            if stop.is_set() or waited > _IMPORT_TIMEOUT_S:
                raise ParentLost("its imports take too long")
        if self._lost or self._refusal:
            raise ParentLost(self._refusal or "it ended while it was importing")

    def fork(
        self, folder: Folder, request: str, *, env: Mapping[str, str], overlay: Overlay | None, output: tuple[int, int]
    ) -> Child:
        """Fork a child that runs a request, with descriptors for what it writes; raises ParentLost."""
        id = uuid.uuid4().hex
        fork = self._forks[id] = _Fork()
        nest = self.place.nest(folder, self._kind.python, overlay) if self.contained else None
        message = {"id": id, "request": request, "env": dict(env), "cwd": folder.seen(folder.work), "nest": nest}
        self._send(message, output)
        if not fork.started.wait(_ANSWER_TIMEOUT_S) or fork.pid is None:
            raise ParentLost("it does not answer")
        return Child(self, fork, fork.pid)

    def close(self) -> None:
        """End it, and with it whatever still runs in it."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        if self.contained:
            end_contained(self._process.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, 9)
        self._process.wait()
        self._channel.close()

    def owns(self, process: psutil.Process) -> bool:
        """Whether a process descends from this one and belongs to no attempt that is still running.

        A child of an attempt that was forked and not executed anew has the variables that the parent was started with.
        """
        if process.pid == self._process.pid or process.environ().get(TOKEN_VARIABLE) != self._token:
            return False
        with self._guard:
            running = {fork.pid for fork in self._forks.values() if not fork.ended.is_set()}
        return os.getsid(process.pid) not in running | {self._process.pid}

    def _send(self, message: Mapping[str, object], descriptors: tuple[int, ...] = ()) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        try:
            self._channel.sendmsg([json.dumps(message).encode()], rights)
        except OSError as error:
            raise ParentLost(f"it cannot be reached: {error}") from error

    def _listen(self) -> None:
        """Take what the process and its forks say, until they say no more."""
        with contextlib.suppress(OSError, ValueError):
            while True:
                data, ancillary, _, _ = self._channel.recvmsg(_LONGEST_MESSAGE, socket.CMSG_SPACE(_CREDENTIALS.size))
                if not data:
                    break
                self._take(json.loads(data), _sender(ancillary))
        with self._guard:
            self._lost = True
            self._ready.set()
            for fork in self._forks.values():
                fork.started.set()
                fork.ended.set()

    def _take(self, message: dict[str, object], sender: int) -> None:
        with self._guard:
            if "ready" in message:
                self._refusal = None if message["ready"] else str(message["error"])
                self._ready.set()
                return
            fork = self._forks.get(str(message["id"]))
            if fork is None:
                return
            if "status" in message:
                fork.status = int(str(message["status"]))
                fork.ended.set()
                del self._forks[str(message["id"])]
            else:
                fork.pid = sender
            fork.started.set()


class _Fork:
    """What is known of a fork."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.ended = threading.Event()
        self.pid: int | None = None
        self.status: int | None = None


@dataclass(frozen=True)
class Child:
    """A fork that runs an attempt, as harness.process supervises it."""

    parent: Parent
    fork: _Fork
    pid: int

    @property
    def contained(self) -> bool:
        """Whether it only waits for the first process of a sandbox of its own."""
        return self.parent.contained

    @property
    def lost(self) -> bool:
        """Never: a fork that a signal ended does not count, whoever sent it."""
        return False

    def wait(self, timeout_s: float) -> int | None:
        """Wait for its end at most so long. Raises ParentLost if nobody is left who could tell."""
        if not self.fork.ended.wait(timeout_s):
            return None
        if self.fork.status is None:
            raise ParentLost("it ended while an attempt ran in it")
        return self.fork.status

    def is_stray(self, process: psutil.Process) -> bool:
        """Whether a process is what this or an earlier attempt left."""
        return self.parent.owns(process)


def _sender(ancillary: list[tuple[int, int, bytes]]) -> int:
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            return int(_CREDENTIALS.unpack(content)[0])
    return 0
