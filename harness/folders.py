"""Folders that disappear: whatever their permissions, and however the process ended that made them."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import filelock

_TRIES = 3


def remove_folder(folder: Path) -> bool:
    """Remove a folder with all in it, also if nobody may write to it; what cannot be removed stays. Say if it is gone.

    Tried more than once: a process that is just ending may put something into it while it is being emptied.
    """
    for _ in range(_TRIES):
        if not folder.is_dir():
            break
        try:
            shutil.rmtree(folder)
        except (OSError, RecursionError):  # it takes a call and a descriptor for each folder in a folder
            _take_apart(folder)
    return not folder.exists()


def _take_apart(folder: Path) -> None:
    """Remove what can be removed, of any depth: what an inner folder holds is moved up, so that no path is too long."""
    left = [folder]
    while left:
        top = left.pop()
        with contextlib.suppress(OSError):
            top.chmod(0o700)
            with os.scandir(top) as found:
                entries = list(found)
            for entry in entries:
                with contextlib.suppress(OSError):
                    if not entry.is_dir(follow_symlinks=False):
                        Path(entry.path).unlink()
                        continue
                    Path(entry.path).chmod(0o700)  # or it cannot be moved
                    left.append(Path(entry.path).rename(folder / os.urandom(8).hex()))
            if top != folder:
                top.rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()


class OwnedFolder:
    """A folder of this process alone, for the time of a `with` block.

    If the process is killed, the system frees its lock, and whoever next makes such a folder in the same place removes
    what it left. A lock beside them all keeps those who make and remove from each other's half-made ones.
    """

    def __init__(self, parent: Path, prefix: str) -> None:
        self.path = parent / f"{prefix}{os.getpid()}-{os.urandom(4).hex()}"
        self._prefix = prefix
        self._lock = filelock.FileLock(f"{self.path}.lock")
        self._guard = filelock.FileLock(parent / f".{prefix}guard")

    def __enter__(self) -> Path:
        """Make it. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._guard:
            self._remove_dead()
            self._lock.acquire(timeout=0)
            try:
                self.path.mkdir()
            except BaseException:
                self._lock.release()
                raise
        return self.path

    def clean(self) -> None:
        """Only remove what others left who were killed, and make nothing."""
        if self.path.parent.is_dir():
            with self._guard:
                self._remove_dead()

    def __exit__(self, *_: object) -> None:
        gone = remove_folder(self.path)
        self._lock.release()
        if gone:  # without its lock, nobody would know that what is left is nobody's
            Path(self._lock.lock_file).unlink(missing_ok=True)

    def _remove_dead(self) -> None:
        """Remove the folders whose owner is no more: a lock that can be had has none."""
        for path in self.path.parent.glob(f"{self._prefix}*.lock"):
            lock = filelock.FileLock(path)
            try:
                lock.acquire(timeout=0)
            except (filelock.Timeout, OSError):
                continue
            gone = remove_folder(path.with_suffix(""))
            lock.release()
            if gone:  # or the next one tries again
                path.unlink(missing_ok=True)
