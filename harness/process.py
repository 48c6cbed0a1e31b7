"""The one door for child processes: a group of their own, closed stdin, limits, output kept apart and capped.

A process ends here as a whole: its group is killed when it ends or goes over a limit, and on systems that show
other processes' variables, descendants that left the group are found by a token in theirs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

TOKEN_VARIABLE = "HARNESS_PROCESS_TOKEN"
_TERMINATE_GRACE_S = 0.5
_DRAIN_S = 1.0
_POLL_S = 0.1
_MEMORY_POLL_S = 0.25
_CHUNK = 1 << 16
_STRAY_ROUNDS = 50
_STRAY_PAUSE_S = 0.02
_NEW_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process ended, and what it wrote: the first and the last part of each stream, if it was much."""

    status: int
    """The exit status; minus the signal's number if a signal ended it."""
    stdout: bytes
    stderr: bytes
    duration_s: float
    timed_out: bool = False
    over_memory: bool = False
    stopped: bool = False
    peak_mib: int = 0


class _Capped:
    """The first and the last bytes of a stream that may be longer than anyone wants to keep."""

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._dropped = 0

    def add(self, data: bytes) -> None:
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
        tail = b"".join(self._tail)
        cut = max(0, len(tail) - self._half)
        if not self._dropped + cut:
            return bytes(self._head) + tail
        note = f"\n[... {self._dropped + cut} bytes left out ...]\n".encode()
        return bytes(self._head) + note + tail[cut:]


class _Reader(threading.Thread):
    """Reads a pipe to its end, so that a process that writes without end never waits for us."""

    def __init__(self, pipe: IO[bytes], limit: int) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._capped = _Capped(limit)
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while data := os.read(self._pipe.fileno(), _CHUNK):
                self._capped.add(data)

    def finish(self) -> bytes:
        """Wait a little for the end of the stream: whoever still holds it open is not ours any more."""
        self.join(_DRAIN_S)
        if not self.is_alive():
            self._pipe.close()
        return self._capped.bytes()


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    timeout_s: float,
    memory_mib: int | None = None,
    stop: threading.Event | None = None,
    keep_bytes: int = 1 << 20,
) -> Ended:
    """Run a command to its end or to its limits: wall-clock seconds, and MiB of memory of all its processes.

    `stop` ends it early. Of each stream at most about `keep_bytes` are kept. Raises OSError if it cannot be started.
    """
    token = uuid.uuid4().hex
    started, born = time.monotonic(), time.time()
    process = subprocess.Popen(
        [os.fspath(part) for part in command],
        env={**env, TOKEN_VARIABLE: token},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        creationflags=_NEW_GROUP,
    )
    assert process.stdout is not None and process.stderr is not None
    out, err = _Reader(process.stdout, keep_bytes), _Reader(process.stderr, keep_bytes)
    try:
        watch = _Watch(process, deadline=started + timeout_s, memory_mib=memory_mib, stop=stop)
        why = watch.until_over()
        duration_s = time.monotonic() - started
    finally:
        _end_group(process, gently=process.poll() is None)
        _end_strays(token, born)
    return Ended(
        status=process.wait(),
        stdout=out.finish(),
        stderr=err.finish(),
        duration_s=duration_s,
        timed_out=why == "time",
        over_memory=why == "memory",
        stopped=why == "stop",
        peak_mib=watch.peak_mib,
    )


class _Watch:
    """Waits for a process, looking at the clock, at its memory, and at whether it is to be stopped."""

    def __init__(
        self, process: subprocess.Popen[bytes], *, deadline: float, memory_mib: int | None, stop: threading.Event | None
    ) -> None:
        self._process = process
        self._deadline = deadline
        self._memory_mib = memory_mib
        self._stop = stop
        self._memory_next = time.monotonic() + _MEMORY_POLL_S
        self.peak_mib = 0

    def until_over(self) -> str:
        """Wait; say what ended the wait: "end", "time", "memory" or "stop"."""
        while True:
            now = time.monotonic()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(max(0.001, min(_POLL_S, self._deadline - now)))
                return "end"
            if self._stop is not None and self._stop.is_set():
                return "stop"
            if self._over_memory():
                return "memory"
            if time.monotonic() >= self._deadline:
                return "time"

    def _over_memory(self) -> bool:
        if self._memory_mib is None or time.monotonic() < self._memory_next:
            return False
        self._memory_next = time.monotonic() + _MEMORY_POLL_S
        self.peak_mib = max(self.peak_mib, _memory_of_tree(self._process.pid))
        return self.peak_mib > self._memory_mib


def _memory_of_tree(pid: int) -> int:
    """Give the resident memory of a process and its descendants, in MiB; shared pages count in each."""
    total = 0
    with contextlib.suppress(psutil.Error):
        top = psutil.Process(pid)
        for process in [top, *top.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
    return total >> 20


def _end_group(process: subprocess.Popen[bytes], *, gently: bool) -> None:
    """End what is left of the process's group: with a request first if it still runs, then without."""
    if gently:
        _signal_group(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_TERMINATE_GRACE_S)
    _signal_group(process, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    if sys.platform == "win32":
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        if process.poll() is None:
            process.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _end_strays(token: str, born: float) -> None:
    """Kill descendants that made a group of their own, known by the token among their variables.

    Repeated until none is found, since one may have been forking when it was looked for.
    """
    for _ in range(_STRAY_ROUNDS):
        strays = list(_strays(token, born))
        if not strays:
            return
        for stray in strays:
            with contextlib.suppress(psutil.Error):
                stray.kill()
        time.sleep(_STRAY_PAUSE_S)


def _strays(token: str, born: float) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            # The clock that dates processes is coarser than ours.
            if process.create_time() >= born - 1 and process.environ().get(TOKEN_VARIABLE) == token:
                yield process
