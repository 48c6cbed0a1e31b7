"""The channel to a fork server: messages over a socket, and the state of its forks."""

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


class ForkServerLost(Exception):
    """A fork server failed or died. Its tasks can run in fresh processes."""


class ForkServerRefused(ForkServerLost):
    """A fork server reported that it cannot work, or timed out. Another one of its kind would fail, too."""


class Fork:
    """The state of a fork that runs an attempt."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.ended = threading.Event()
        self.pid: int | None = None
        self.first = False
        """True if it is the first process of its own namespaces."""
        self.status: int | None = None


class Channel:
    """The local end of the socket, and a thread that reads from it until the other end is closed."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._forks: dict[str, Fork] = {}
        self._ready = threading.Event()
        self._refusal: str | None = None
        self.over = threading.Event()
        """Set when the channel is closed: the process died, or this end was closed."""
        self.pid: int | None = None
        """The process id, None before its first message."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # The kernel reports the sender with its process id in this namespace, not with the id that it sees itself.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._ours, self.theirs = ours, theirs

    def listen(self) -> None:
        """Start reading. Call it after the other end was passed on; close the local copy of that end."""
        self.theirs.close()
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self, timeout_s: float) -> bool:
        """Close the channel for writing. Return whether the process ended in time."""
        with contextlib.suppress(OSError):
            self._ours.shutdown(socket.SHUT_WR)
        return self.over.wait(timeout_s)

    def discard(self) -> None:
        """Close both ends immediately."""
        with contextlib.suppress(OSError):
            self._ours.shutdown(socket.SHUT_RDWR)
        for each in (self._ours, self.theirs):
            each.close()

    def send(self, message: Mapping[str, object], descriptors: tuple[int, ...] = ()) -> None:
        """Send a message. Raises ForkServerLost if the process is gone."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        try:
            self._ours.sendmsg([json.dumps(message).encode()], rights)
        except OSError as error:
            raise ForkServerLost(f"it cannot be reached: {error}") from error

    def wait_until_ready(self, stop: threading.Event, timeout_s: float) -> None:
        """Wait until the process can fork. Raises ForkServerRefused if it cannot or times out, or ForkServerLost."""
        waited = 0.0
        while not self._ready.wait(0.1):
            waited += 0.1
            if stop.is_set() or waited > timeout_s:
                raise ForkServerRefused("its imports timed out")
        if self._refusal:
            raise ForkServerRefused(self._refusal)
        if self.over.is_set():
            raise ForkServerLost("it died during its imports")

    def expect(self) -> tuple[str, Fork]:
        """Register a new fork. Return it with the id that its messages have."""
        id, fork = uuid.uuid4().hex, Fork()
        with self._guard:
            self._forks[id] = fork
            if self.over.is_set():
                fork.started.set()
                fork.ended.set()
        return id, fork

    def running(self) -> set[int | None]:
        """Return the process ids of running forks; None for a fork that has not reported its id yet."""
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
