"""File locks: one process at a time builds or removes an environment. The system frees the lock of a dead process."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

_POLL_S = 0.2


class Stopped(Exception):
    """The operation was stopped."""


@contextlib.contextmanager
def environment_lock(folder: Path, *, stop: threading.Event | None = None) -> Iterator[None]:
    """Hold the lock of an environment. Wait for its current holder. Raises Stopped."""
    lock = _lock_of(folder)
    while True:
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=_POLL_S)
            break
        if stop is not None and stop.is_set():
            raise Stopped
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def try_environment_lock(folder: Path) -> Iterator[bool]:
    """Hold the lock of an environment if it is free. Yield whether the lock was acquired."""
    lock = _lock_of(folder)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def end_orphans(folder: Path) -> None:
    """Kill the child processes of a killed build: those with its folder's name in their command line.

    The name is unique to that build. The build is dead, because the caller holds the lock of the environment.
    """
    orphans = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and any(folder.name in part for part in process.cmdline()):
                process.kill()
                orphans.append(process)
    psutil.wait_procs(orphans, timeout=5)


def _lock_of(folder: Path) -> FileLock:
    locks = folder.parent / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    return FileLock(locks / f"{folder.name}.lock")
