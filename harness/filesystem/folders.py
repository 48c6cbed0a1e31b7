"""Remove folders reliably, with any permissions and depth, and also after their process was killed."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import filelock

_TRIES = 3


def remove_folder(folder: Path) -> bool:
    """Remove a folder, also a read-only one. Return whether it is gone.

    Try several times: a process that is about to end may still write into it.
    """
    for _ in range(_TRIES):
        if not folder.is_dir():
            break
        try:
            shutil.rmtree(folder)
        except (OSError, RecursionError):  # rmtree needs a call and a descriptor per level
            _remove_level_by_level(folder)
    return not folder.exists()


def _remove_level_by_level(folder: Path) -> None:
    """Remove as much as possible at any depth. Move inner folders up first, so that no path becomes too long."""
    pending = [folder]
    while pending:
        top = pending.pop()
        with contextlib.suppress(OSError):
            top.chmod(0o700)
            with os.scandir(top) as found:
                entries = list(found)
            for entry in entries:
                with contextlib.suppress(OSError):
                    if not entry.is_dir(follow_symlinks=False):
                        Path(entry.path).unlink()
                        continue
                    Path(entry.path).chmod(0o700)  # otherwise it cannot be moved
                    pending.append(Path(entry.path).rename(folder / os.urandom(8).hex()))
            if top != folder:
                top.rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()


class OwnedFolder:
    """A temporary folder that belongs to this process for the duration of a `with` block.

    If the process is killed, the system frees its lock, and the next process that creates such a folder in the same
    parent removes the remains. A guard lock serialises creation and removal.
    """

    def __init__(self, parent: Path, prefix: str) -> None:
        self.path = parent / f"{prefix}{os.getpid()}-{os.urandom(4).hex()}"
        self._prefix = prefix
        self._lock = filelock.FileLock(f"{self.path}.lock")
        self._guard = filelock.FileLock(parent / f".{prefix}guard")

    def __enter__(self) -> Path:
        """Create the folder. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._guard:
            self._remove_orphaned()
            self._lock.acquire(timeout=0)
            try:
                self.path.mkdir()
            except BaseException:
                self._lock.release()
                raise
        return self.path

    def clean(self) -> None:
        """Remove the folders of killed processes, without creating one."""
        if self.path.parent.is_dir():
            with self._guard:
                self._remove_orphaned()

    def __exit__(self, *_: object) -> None:
        gone = remove_folder(self.path)
        self._lock.release()
        if gone:  # the lock file marks remains for the next process
            Path(self._lock.lock_file).unlink(missing_ok=True)

    def _remove_orphaned(self) -> None:
        """Remove the folders of dead processes: those whose lock is free."""
        for path in self.path.parent.glob(f"{self._prefix}*.lock"):
            lock = filelock.FileLock(path)
            try:
                lock.acquire(timeout=0)
            except (filelock.Timeout, OSError):
                continue
            gone = remove_folder(path.with_suffix(""))
            lock.release()
            if gone:  # otherwise the next process tries again
                path.unlink(missing_ok=True)
