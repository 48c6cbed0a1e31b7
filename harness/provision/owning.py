"""Who may build or remove an environment: one process at a time, known by a lock that the system frees when it dies."""

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
    """It was stopped while it waited."""


@contextlib.contextmanager
def owned(folder: Path, *, stop: threading.Event | None = None) -> Iterator[None]:
    """Own an environment's folder, waiting for whoever owns it now. Raises Stopped."""
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
def owned_if_free(folder: Path) -> Iterator[bool]:
    """Own an environment's folder if nobody else does; say whether it is so."""
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
    """End what a build that was killed left running: processes that were started to work in its folder.

    The folder's name is that build's alone, and its owner is dead, or we would not own the environment.
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
