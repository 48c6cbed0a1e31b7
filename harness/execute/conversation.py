"""What is said between us and a process that forks: messages over a socket, and what is known by them of its forks."""

from __future__ import annotations

import array
import contextlib
import json
import socket
import struct
import threading
import uuid
from collections.abc import Mapping

_LONGEST_MESSAGE = 1 << 16
_CREDENTIALS = struct.Struct("3i")


class ParentLost(Exception):
    """A parent could not do its work, or is no more; what was to run in it can be run by itself."""


class ParentRefused(ParentLost):
    """It says itself that it cannot, or takes too long: another one of its kind would not do better."""


class Fork:
    """What is known of a fork that runs an attempt."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.ended = threading.Event()
        self.pid: int | None = None
        self.first = False
        """Whether it is the first process of namespaces of its own."""
        self.status: int | None = None


class Conversation:
    """Our end of the socket, and a thread that listens at it until the other end is closed."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._forks: dict[str, Fork] = {}
        self._ready = threading.Event()
        self._refusal: str | None = None
        self.over = threading.Event()
        """Set when nothing more can be said: the process is no more, or we have closed."""
        self.pid: int | None = None
        """The process, once it has said something."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Who sends is told by the system, with the number that the process has here, not with the one that it sees.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._ours, self.theirs = ours, theirs

    def listen(self) -> None:
        """Begin to, once the other end has been handed over; it is closed here."""
        self.theirs.close()
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self, timeout_s: float) -> bool:
        """Say that no more will be said. Give whether the process ended of it in time."""
        with contextlib.suppress(OSError):
            self._ours.shutdown(socket.SHUT_WR)
        return self.over.wait(timeout_s)

    def discard(self) -> None:
        """Close both ends, whoever still listens."""
        with contextlib.suppress(OSError):
            self._ours.shutdown(socket.SHUT_RDWR)
        for each in (self._ours, self.theirs):
            each.close()

    def send(self, message: Mapping[str, object], descriptors: tuple[int, ...] = ()) -> None:
        """Say something; raises ParentLost if nobody is there."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        try:
            self._ours.sendmsg([json.dumps(message).encode()], rights)
        except OSError as error:
            raise ParentLost(f"it cannot be reached: {error}") from error

    def wait_until_ready(self, stop: threading.Event, timeout_s: float) -> None:
        """Wait until the process forks; raises ParentRefused if it will not or nobody waits any more, or ParentLost."""
        waited = 0.0
        while not self._ready.wait(0.1):
            waited += 0.1
            if stop.is_set() or waited > timeout_s:
                raise ParentRefused("its imports take too long")
        if self._refusal:
            raise ParentRefused(self._refusal)
        if self.over.is_set():
            raise ParentLost("it ended while it was importing")

    def expect(self) -> tuple[str, Fork]:
        """Give a new fork, under an id that messages about it have."""
        id, fork = uuid.uuid4().hex, Fork()
        with self._guard:
            self._forks[id] = fork
            if self.over.is_set():
                fork.started.set()
                fork.ended.set()
        return id, fork

    def running(self) -> set[int | None]:
        """Give the processes of the forks that have not ended; None stands for one that has not said its number yet."""
        with self._guard:
            return {fork.pid for fork in self._forks.values() if not fork.ended.is_set()}

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                data, ancillary, _, _ = self._ours.recvmsg(_LONGEST_MESSAGE, socket.CMSG_SPACE(_CREDENTIALS.size))
                if not data:
                    break
                self._take(json.loads(data), _sender(ancillary))
        with self._guard:
            self.over.set()
            self._ready.set()
            for fork in self._forks.values():
                fork.started.set()
                fork.ended.set()

    def _take(self, message: dict[str, object], sender: int) -> None:
        with self._guard:
            self.pid = self.pid or sender
            if "begun" in message:
                return
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
                fork.pid, fork.first = sender, bool(message["first"])
            fork.started.set()


def _sender(ancillary: list[tuple[int, int, bytes]]) -> int:
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            return int(_CREDENTIALS.unpack(content)[0])
    return 0
