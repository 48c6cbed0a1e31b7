"""The cache of locks that are not files of the project: of inline environments, and of those that searches make."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import HarnessError, UsageError
from harness.filesystem.atomic import write_whole
from harness.model import Lock
from harness.project.lock_file import read_lock, write_lock


class LockCache:
    """Locks as files in a folder. What was resolved once stays as it was. May be used from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = threading.Lock()
        self._resolving: dict[Path, threading.Lock] = {}

    def find_or_resolve(
        self, content: Sequence[object], environment: str, resolve: Callable[[], Lock], *, kind: str = ""
    ) -> Lock:
        """Return the lock of an environment, and resolve it if that was not done before. Raises what `resolve` raises.

        `content` is everything that changes the resolution, as JSON values; `kind` is a prefix of the file's name.
        Equal content is resolved by one thread, while the others wait.
        """
        digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:24]
        path = self._folder / f"{kind}{digest}.txt"
        with self._guard:
            resolving = self._resolving.setdefault(path, threading.Lock())
        with resolving:
            lock = _read(path)
            if lock is None:
                lock = resolve()
                _write(path, lock)
        # Equal environments with different ids share one file.
        return replace(lock, origin=replace(lock.origin, environment=environment))


def _read(path: Path) -> Lock | None:
    """Read a lock; None if there is none, or if it cannot be used."""
    with contextlib.suppress(OSError, UsageError, ValueError):
        lock = read_lock(path)
        if not lock.unexplained:
            return lock
    return None


def _write(path: Path, lock: Lock) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, write_lock(lock))
    except OSError as error:
        raise HarnessError(
            f"{path}: cannot be written",
            why=str(error),
            next_step="Check the permissions and disk space, or set HARNESS_CACHE to another folder",
        ) from error
