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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

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

    def __init__(self, pipe: int, limit: int) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._capped = _Capped(limit)
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while data := os.read(self._pipe, _CHUNK):
                self._capped.add(data)

    def finish(self) -> bytes:
        """Wait a little for the end of the stream: whoever still holds it open is not ours any more."""
        self.join(_DRAIN_S)
        if not self.is_alive():
            os.close(self._pipe)
        return self._capped.bytes()


class Running(Protocol):
    """A process that has been started, wherever it was: the leader of a group of its own."""

    @property
    def pid(self) -> int:
        """Its number, which is that of its group too."""

    def wait(self, timeout_s: float) -> int | None:
        """Wait for its end at most so long; give its status (minus the signal's number), or None."""

    def is_stray(self, process: psutil.Process) -> bool:
        """Whether another process descends from it and has left its group."""


class _Started:
    """A process that this one has started."""

    def __init__(self, process: subprocess.Popen[bytes], token: str) -> None:
        self._process = process
        self._token = token
        self._born = time.time()

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self, timeout_s: float) -> int | None:
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def is_stray(self, process: psutil.Process) -> bool:
        # The clock that dates processes is coarser than ours.
        return process.create_time() >= self._born - 1 and process.environ().get(TOKEN_VARIABLE) == self._token


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

    def start(stdout: int, stderr: int) -> Running:
        process = subprocess.Popen(
            [os.fspath(part) for part in command],
            env={**env, TOKEN_VARIABLE: token},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            creationflags=_NEW_GROUP,
        )
        return _Started(process, token)

    return supervise(start, timeout_s=timeout_s, memory_mib=memory_mib, stop=stop, keep_bytes=keep_bytes)


def supervise(
    start: Callable[[int, int], Running],
    *,
    timeout_s: float,
    memory_mib: int | None = None,
    stop: threading.Event | None = None,
    keep_bytes: int = 1 << 20,
) -> Ended:
    """Start a process with two descriptors for its output, see it to its end or to its limits, end what it leaves."""
    out_end, out_start = os.pipe()
    err_end, err_start = os.pipe()
    out, err = _Reader(out_end, keep_bytes), _Reader(err_end, keep_bytes)
    started = time.monotonic()
    try:
        running = start(out_start, err_start)
    except BaseException:
        for reader, descriptor in ((out, out_start), (err, err_start)):
            os.close(descriptor)
            reader.finish()
        raise
    else:
        # Only the process holds the ends for writing, so that the streams end with it.
        os.close(out_start)
        os.close(err_start)
    watch = _Watch(running, deadline=started + timeout_s, memory_mib=memory_mib, stop=stop)
    try:
        why = watch.until_over()
        duration_s = time.monotonic() - started
    finally:
        status = _end_group(running, watch.status)
        _end_strays(running)
    return Ended(
        status=status,
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
        self, running: Running, *, deadline: float, memory_mib: int | None, stop: threading.Event | None
    ) -> None:
        self._running = running
        self._deadline = deadline
        self._memory_mib = memory_mib
        self._stop = stop
        self._memory_next = time.monotonic() + _MEMORY_POLL_S
        self.peak_mib = 0
        self.status: int | None = None

    def until_over(self) -> str:
        """Wait; say what ended the wait: "end", "time", "memory" or "stop"."""
        while True:
            self.status = self._running.wait(max(0.001, min(_POLL_S, self._deadline - time.monotonic())))
            if self.status is not None:
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
        self.peak_mib = max(self.peak_mib, _memory_of_tree(self._running.pid))
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


def _end_group(running: Running, status: int | None) -> int:
    """End what is left of a process's group: with a request first if it still runs, then without. Give its status."""
    if status is None:
        _signal_group(running, signal.SIGTERM)
        status = running.wait(_TERMINATE_GRACE_S)
    _signal_group(running, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    while status is None:
        status = running.wait(_POLL_S)
    return status


def _signal_group(running: Running, number: int) -> None:
    if sys.platform == "win32":
        with contextlib.suppress(psutil.Error):
            leader = psutil.Process(running.pid)
            for process in [*leader.children(recursive=True), leader]:
                process.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(running.pid, number)


def _end_strays(running: Running) -> None:
    """Kill descendants that made a group of their own.

    Repeated until none is found, since one may have been forking when it was looked for.
    """
    for _ in range(_STRAY_ROUNDS):
        strays = list(_strays(running))
        if not strays:
            return
        for stray in strays:
            with contextlib.suppress(psutil.Error):
                stray.kill()
        time.sleep(_STRAY_PAUSE_S)


def _strays(running: Running) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if running.is_stray(process) and process.status() != psutil.STATUS_ZOMBIE:
                yield process
