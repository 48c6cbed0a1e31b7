"""The one door for child processes: a group of their own, closed stdin, limits, output kept apart and capped.

A process ends here as a whole: its group is killed when it ends or goes over a limit, and on systems that show
other processes' variables, descendants that left the group are found by a token in theirs. Of what is contained
the first process is killed, and the system ends all others with it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from harness.cgroups.groups import Group, kills_for_memory
from harness.cgroups.layout import Over
from harness.process.capture import Reader
from harness.process.command_text import command_text
from harness.process.limits import Ended, Limits, Running
from harness.process.usage import cpu_s, disk_mib, free_mib, memory_mib, tree_of

_log = logging.getLogger(__name__)
TOKEN_VARIABLE = "HARNESS_PROCESS_TOKEN"
STATUS_VARIABLE = "HARNESS_STATUS_DESCRIPTOR"
"""The variable with the descriptor on which the init process of a sandbox reports the script's status."""
_TERMINATE_GRACE_S = 0.5
_POLL_S = 0.1
_MEASURE_S = 0.25
_BUSY = 0.05  # of one core: a deadlock uses less, also with the threads of frameworks that look around now and then
_STRAY_ROUNDS = 50
_STRAY_PAUSE_S = 0.02
_NEW_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


class _Started:
    """A process that this one has started."""

    def __init__(self, process: subprocess.Popen[bytes], token: str, status_pipe: int | None) -> None:
        self._process = process
        self._token = token
        self._status_pipe = status_pipe
        self._born = time.time()
        self.lost = False

    @property
    def contained(self) -> bool:
        return self._status_pipe is not None

    @property
    def attendants(self) -> int:
        return 2 if self.contained else 0  # who waits outside, and who is first inside

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self, timeout_s: float) -> int | None:
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        return status if self._status_pipe is None else self._reported_status(self._status_pipe, status)

    def _reported_status(self, pipe: int, status: int) -> int:
        """Return the reported status; without one, the customary translation of a signal."""
        with contextlib.suppress(OSError, ValueError):
            return os.waitstatus_to_exitcode(int(os.read(pipe, 64)))
        status = 128 - status if status > 128 else status
        self.lost = status < 0
        return status

    def is_stray(self, process: psutil.Process) -> bool:
        # The clock that dates processes is coarser than ours.
        return process.create_time() >= self._born - 1 and process.environ().get(TOKEN_VARIABLE) == self._token


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    timeout_s: float,
    stop: threading.Event | None = None,
    keep_bytes: int = 1 << 20,
) -> Ended:
    """Run a command to its end or to its limit of wall-clock seconds.

    `stop` ends it early. Of each stream at most about `keep_bytes` are kept. Raises OSError if it cannot be started.
    """
    return run_limited(command, env=env, cwd=cwd, limits=Limits(timeout_s=timeout_s), stop=stop, keep_bytes=keep_bytes)


def run_limited(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    limits: Limits,
    contained: bool = False,
    group: Group | None = None,
    stop: threading.Event | None = None,
    keep_bytes: int = 1 << 20,
    on_output: Callable[[bytes], None] | None = None,
) -> Ended:
    """Run a command to its end or to its limits. `contained` is what a sandbox has made a command for.

    In a control group, if there is one: the kernel then enforces the limits of memory and processes.
    """
    text = command_text(command)
    if group is not None:
        command = group.join_command(command)
    token = uuid.uuid4().hex
    pid = 0
    with contextlib.ExitStack() as descriptors:
        status_pipe = status_end = None
        if contained:
            status_pipe, status_end = os.pipe()
            os.set_blocking(status_pipe, False)
            descriptors.callback(os.close, status_pipe)

        def start(stdout: int, stderr: int) -> Running:
            nonlocal pid
            variables = {**env, TOKEN_VARIABLE: token}
            if status_end is not None:
                variables[STATUS_VARIABLE] = str(status_end)
            try:
                process = subprocess.Popen(
                    [os.fspath(part) for part in command],
                    env=variables,
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    pass_fds=() if status_end is None else (status_end,),
                    start_new_session=True,
                    creationflags=_NEW_GROUP,
                )
            finally:
                if status_end is not None:
                    os.close(status_end)
            pid = process.pid
            _log.debug("process %d started in %s: %s", pid, cwd, text)
            return _Started(process, token, status_pipe)

        try:
            ended = supervise(start, limits=limits, group=group, stop=stop, keep_bytes=keep_bytes, on_output=on_output)
        except OSError as error:
            _log.debug("process not started in %s: %s: %s", cwd, error, text)
            raise
        _log.debug("process %d ended after %.2f s: %s", pid, ended.duration_s, ended.text)
        return ended


def supervise(
    start: Callable[[int, int], Running],
    *,
    limits: Limits,
    group: Group | None = None,
    stop: threading.Event | None = None,
    keep_bytes: int = 1 << 20,
    on_output: Callable[[bytes], None] | None = None,
) -> Ended:
    """Start a process with two descriptors for its output, see it to its end or to its limits, end what it leaves."""
    kills_before = kills_for_memory()
    out_end, out_start = os.pipe()
    err_end, err_start = os.pipe()
    out, err = Reader(out_end, keep_bytes, on_output), Reader(err_end, keep_bytes, on_output)
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
    watch = _Watch(running, limits, group, started=started, stop=stop)
    try:
        why = watch.until_over()
        duration_s = time.monotonic() - started
    finally:
        try:
            status = _end_group(running, watch.status)
        finally:
            if not running.contained:
                _end_strays(running)
            stdout, stderr = out.finish(), err.finish()
    if why == "end" and group is None and status != 0 and kills_for_memory() > kills_before:
        why = Over.MACHINE.value  # the kernel does not tell without a group whom it killed: this one may be it
    return Ended(
        status=status,
        stdout=stdout,
        stderr=stderr,
        duration_s=duration_s,
        timed_out=why == "time",
        over_memory=why == "memory",
        over_processes=why == "processes",
        over_disk=why == "disk",
        stopped=why == "stop",
        machine_out_of_memory=why == Over.MACHINE.value,
        peak_mib=watch.peak_mib,
        busy=why == "time" and watch.is_busy(),
        lost=running.lost,
    )


class _Watch:
    """Waits for a process, looking at the clock, at what it uses, and at whether it is to be stopped."""

    def __init__(
        self,
        running: Running,
        limits: Limits,
        group: Group | None,
        *,
        started: float,
        stop: threading.Event | None,
    ) -> None:
        self._running = running
        self._limits = limits
        self._group = group
        self._deadline = started + limits.timeout_s
        # Where the last quarter begins, and the processor time by then.
        self._quarter = self._deadline - limits.timeout_s / 4
        self._cpu_s: float | None = None
        self._cpu_end_s = 0.0
        self._stop = stop
        self._measure_next = time.monotonic() + _MEASURE_S
        self._free_before_mib = free_mib(limits.folder) if limits.folder else 0
        self.peak_mib = 0
        self.status: int | None = None

    def until_over(self) -> str:
        """Wait. Return what ended the wait: "end", "time", "disk", "stop", or a value of Over."""
        while True:
            self.status = self._running.wait(max(0.001, min(_POLL_S, self._deadline - time.monotonic())))
            enforced = self._group.over() if self._group is not None else None
            if enforced is not None:
                return enforced.value
            if self.status is not None:
                return "end"
            if self._stop is not None and self._stop.is_set():
                return "stop"
            if time.monotonic() >= self._measure_next and (over := self._over()):
                return over
            if self._cpu_s is None and time.monotonic() >= self._quarter:
                self._cpu_s = cpu_s(tree_of(self._running.pid))
            if time.monotonic() >= self._deadline:
                self._cpu_end_s = cpu_s(tree_of(self._running.pid))
                return "time"

    def is_busy(self) -> bool:
        """Return True if the processes used the processor in the last quarter of the time limit."""
        quarter_s = self._limits.timeout_s / 4
        return self._cpu_s is not None and self._cpu_end_s - self._cpu_s > _BUSY * quarter_s

    def _over(self) -> str | None:
        """Return the name of an exceeded limit, or None."""
        limits, started = self._limits, time.monotonic()
        tree = tree_of(self._running.pid) if limits != Limits(timeout_s=limits.timeout_s) else []
        over = None
        if limits.processes is not None and len(tree) - self._running.attendants > limits.processes:
            over = "processes"
        elif limits.memory_mib is not None and self._memory(tree, limits.memory_mib) > limits.memory_mib:
            over = "memory"
        elif limits.disk_mib is not None and limits.folder and self._disk(tree, limits.folder) > limits.disk_mib:
            over = "disk"
        # Looking must not become the work: many files take long to look through.
        self._measure_next = time.monotonic() + max(_MEASURE_S, 5 * (time.monotonic() - started))
        return over

    def _disk(self, tree: list[psutil.Process], folder: Path) -> int:
        return disk_mib(folder, tree, free_before_mib=self._free_before_mib)

    def _memory(self, tree: list[psutil.Process], limit_mib: int) -> int:
        now_mib = memory_mib(tree, limit_mib)
        self.peak_mib = max(self.peak_mib, now_mib)
        return now_mib


def _end_group(running: Running, status: int | None) -> int:
    """End the rest of a process group: with a request first if it still runs, then by force. Return its status."""
    try:
        if status is None and running.contained:
            end_contained(running.pid)
            status = running.wait(_TERMINATE_GRACE_S)
        elif status is None:
            _signal_group(running, signal.SIGTERM)
            status = running.wait(_TERMINATE_GRACE_S)
    finally:  # also where nobody is left who could tell its end
        _signal_group(running, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    while status is None:
        status = running.wait(_POLL_S)
    return status


def end_contained(pid: int) -> None:
    """Kill the first process inside: its parent outside ends when all processes inside have ended.

    Where this is the first one itself, kill those in there that are its own: it ends with them.
    """
    with contextlib.suppress(psutil.Error):
        for first in psutil.Process(pid).children():
            first.kill()


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
