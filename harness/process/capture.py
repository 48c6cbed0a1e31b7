"""Capture the output of processes: the beginning and the end, read as fast as it comes."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable

_CHUNK = 1 << 16
_DRAIN_S = 1.0


class Capped:
    """The first and the last bytes of a stream that may be longer than anyone wants to keep."""

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._dropped = 0

    def add(self, data: bytes) -> None:
        """Take more."""
        room = self._half - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if not data:
            return
        self._tail.append(data)
        self._tail_size += len(data)
        while self._tail_size - len(self._tail[0]) >= self._half:
            dropped = len(self._tail.popleft())
            self._tail_size -= dropped
            self._dropped += dropped

    def bytes(self) -> bytes:
        """Return the text that was kept, with a note of how much was dropped."""
        tail = b"".join(self._tail)
        cut = max(0, len(tail) - self._half)
        if not self._dropped + cut:
            return bytes(self._head) + tail
        note = f"\n[... {self._dropped + cut} bytes left out ...]\n".encode()
        return bytes(self._head) + note + tail[cut:]


class Reader(threading.Thread):
    """Reads a pipe to its end, so that a process that writes without end never waits for us."""

    def __init__(self, pipe: int, limit: int, on_output: Callable[[bytes], None] | None = None) -> None:
        super().__init__(daemon=True)
        self._on_output = on_output
        self._pipe = pipe
        self._capped = Capped(limit)
        self.start()

    def run(self) -> None:
        """Read to the end."""
        with contextlib.suppress(OSError, ValueError):
            while data := os.read(self._pipe, _CHUNK):
                self._capped.add(data)
                if self._on_output is not None:
                    self._on_output(data)

    def finish(self) -> bytes:
        """Wait a little for the end of the stream: a process that still holds it open is not ours any more."""
        self.join(_DRAIN_S)
        if not self.is_alive():
            os.close(self._pipe)
        return self._capped.bytes()
