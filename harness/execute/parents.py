"""Processes that have imported what many scripts begin with, and fork a child for each attempt.

A parent serves one environment under one set of variables and executes nothing but imports. If it dies, what ran in
it is told so and runs again elsewhere.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from harness.execute.task import WORKER
from harness.process import TOKEN_VARIABLE

CAN_FORK = sys.platform == "linux"
_IMPORT_TIMEOUT_S = 180.0
_ANSWER_TIMEOUT_S = 30.0
_LONGEST_MESSAGE = 1 << 16


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


class Parent:
    """One such process."""

    def __init__(self, kind: ParentKind, folder: Path) -> None:
        self._guard = threading.Lock()
        self._answers: dict[str, threading.Event] = {}
        self._pids: dict[str, int] = {}
        self._ended: dict[int, threading.Event] = {}
        self._statuses: dict[int, int] = {}
        self._lost = False
        self._ready = threading.Event()
        self._refusal: str | None = None
        self._token = uuid.uuid4().hex
        folder.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel = ours
        with theirs, (folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [str(kind.python), str(WORKER), "--serve", str(theirs.fileno())],
                env={**_variables(folder), **dict(kind.variables), TOKEN_VARIABLE: self._token},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        threading.Thread(target=self._listen, daemon=True).start()
        first = {"parent": os.getpid(), "modules": kind.modules, "touched": kind.touched, "absent": kind.absent}
        self._send(first)

    def wait_until_ready(self, stop: threading.Event) -> None:
        """Wait for its imports; raises ParentLost if they fail, take too long, or nobody waits any more."""
        waited = 0.0
        while not self._ready.wait(0.1):
            waited += 0.1
            if stop.is_set() or waited > _IMPORT_TIMEOUT_S:
                raise ParentLost("its imports take too long")
        if self._lost or self._refusal:
            raise ParentLost(self._refusal or "it ended while it was importing")

    def fork(self, request: Path, *, env: Mapping[str, str], cwd: Path, stdout: int, stderr: int) -> Child:
        """Fork a child that runs a request; raises ParentLost."""
        id = uuid.uuid4().hex
        answered = threading.Event()
        self._answers[id] = answered
        self._send({"id": id, "request": str(request), "env": dict(env), "cwd": str(cwd)}, (stdout, stderr))
        if not answered.wait(_ANSWER_TIMEOUT_S) or id not in self._pids:
            raise ParentLost("it does not answer")
        return Child(self, self._pids.pop(id))

    def close(self) -> None:
        """End it, and with it whatever still runs in it."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, 9)
        self._process.wait()
        self._channel.close()

    def wait_for(self, pid: int, timeout_s: float) -> int | None:
        """Wait for a child's end; its status, or None. Raises ParentLost if nobody is left who could tell."""
        ended = self._ended[pid]
        if not ended.wait(timeout_s):
            return None
        if pid not in self._statuses:
            raise ParentLost("it ended while an attempt ran in it")
        return self._statuses[pid]

    def owns(self, process: psutil.Process) -> bool:
        """Whether a process descends from this one and belongs to no attempt that is still running.

        A child of an attempt that was forked and not executed anew has the variables that the parent was started with.
        """
        if process.pid == self._process.pid or process.environ().get(TOKEN_VARIABLE) != self._token:
            return False
        with self._guard:
            running = {pid for pid, ended in self._ended.items() if not ended.is_set()}
        return os.getsid(process.pid) not in running | {self._process.pid}

    def _send(self, message: Mapping[str, object], descriptors: tuple[int, ...] = ()) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        try:
            self._channel.sendmsg([json.dumps(message).encode()], rights)
        except OSError as error:
            raise ParentLost(f"it cannot be reached: {error}") from error

    def _listen(self) -> None:
        """Take what the process says, until it says no more."""
        with contextlib.suppress(OSError, ValueError):
            while data := self._channel.recv(_LONGEST_MESSAGE):
                self._take(json.loads(data))
        with self._guard:
            self._lost = True
            for waiting in (self._ready, *self._answers.values(), *self._ended.values()):
                waiting.set()

    def _take(self, message: dict[str, object]) -> None:
        with self._guard:
            if "ready" in message:
                self._refusal = None if message["ready"] else str(message["error"])
                self._ready.set()
                return
            pid = int(str(message["pid"]))
            ended = self._ended.setdefault(pid, threading.Event())
            if "status" in message:
                self._statuses[pid] = int(str(message["status"]))
                ended.set()
            else:
                # A number may come again once its process is gone: what was known of the earlier one is not of this.
                if ended.is_set() and pid in self._statuses:
                    self._ended[pid] = threading.Event()
                    del self._statuses[pid]
                self._pids[str(message["id"])] = pid
                self._answers.pop(str(message["id"])).set()


@dataclass(frozen=True)
class Child:
    """A fork that runs an attempt, as harness.process supervises it."""

    parent: Parent
    pid: int

    def wait(self, timeout_s: float) -> int | None:
        """Wait for its end at most so long."""
        return self.parent.wait_for(self.pid, timeout_s)

    def is_stray(self, process: psutil.Process) -> bool:
        """Whether a process is what this or an earlier attempt left."""
        return self.parent.owns(process)


def _variables(folder: Path) -> dict[str, str]:
    """Give what a parent needs besides its environment's: places that are its own."""
    return {"HOME": str(folder), "TMPDIR": str(folder)}


class Parents:
    """The parents of a run: made when first asked for, the least recently used ended when there are too many."""

    def __init__(self, folder: Path, *, limit: int, stop: threading.Event) -> None:
        self._folder = folder
        self._limit = limit
        self._stop = stop
        self._guard = threading.Lock()
        self._making: dict[ParentKind, threading.Lock] = {}
        self._parents: dict[ParentKind, Parent] = {}
        self._in_use: dict[ParentKind, int] = {}
        self._refused: dict[ParentKind, str] = {}

    @contextlib.contextmanager
    def lend(self, kind: ParentKind) -> Iterator[Parent]:
        """Lend a parent of a kind, ready to fork. Raises ParentLost if there can be none."""
        with self._guard:
            making = self._making.setdefault(kind, threading.Lock())
            self._in_use[kind] = self._in_use.get(kind, 0) + 1
        try:
            with making:
                parent = self._find_or_make(kind)
            try:
                yield parent
            except ParentLost:
                with self._guard:
                    if self._parents.get(kind) is parent:
                        del self._parents[kind]
                parent.close()
                raise
        finally:
            with self._guard:
                self._in_use[kind] -= 1
            self._end_idle(self._limit)

    def prepare(self, kind: ParentKind) -> None:
        """Have one of a kind ready. If there can be none, whoever asks for it will be told."""
        with contextlib.suppress(ParentLost), self.lend(kind):
            pass

    def release(self, kind: ParentKind) -> None:
        """End the one of a kind, if nobody uses it."""
        with self._guard:
            parent = None if self._in_use.get(kind) else self._parents.pop(kind, None)
        if parent is not None:
            parent.close()

    def _find_or_make(self, kind: ParentKind) -> Parent:
        with self._guard:
            parent = self._parents.pop(kind, None)
            if parent is not None:
                self._parents[kind] = parent  # the last is the most recently used
                return parent
            if kind in self._refused:
                raise ParentLost(self._refused[kind])
        parent = Parent(kind, self._folder / f"parent-{uuid.uuid4().hex[:8]}")
        try:
            parent.wait_until_ready(self._stop)
        except ParentLost as lost:
            parent.close()
            if not self._stop.is_set():
                self._refused[kind] = str(lost)
            raise
        with self._guard:
            self._parents[kind] = parent
        return parent

    def _end_idle(self, limit: int) -> None:
        """End the parents that nobody uses, oldest first, until no more than the limit are left."""
        ended = []
        with self._guard:
            for kind in list(self._parents):
                if len(self._parents) <= limit:
                    break
                if not self._in_use.get(kind):
                    ended.append(self._parents.pop(kind))
        for parent in ended:
            parent.close()

    def close(self) -> None:
        """End all."""
        self._end_idle(0)
