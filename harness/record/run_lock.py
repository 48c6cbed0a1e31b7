"""Run locks: at most one run per environment of a store, so that no cell runs twice."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from harness.errors import HarnessError


class StoreInUse(HarnessError):
    """Another run uses the same environment of this store."""


def lock_folder(path: Path) -> Path:
    """Return the folder of the run locks of a store."""
    return path.with_name(f"{path.name}.locks")


@contextlib.contextmanager
def run_lock(path: Path, environment: str) -> Iterator[None]:
    """Hold the run lock of an environment. The system frees it when this process ends.

    Raises StoreInUse, and OSError if the lock file cannot be created.
    """
    import filelock  # readers do not need it

    folder = lock_folder(path)
    name = hashlib.sha256(environment.encode()).hexdigest()[:16]
    folder.mkdir(exist_ok=True)
    try:
        with filelock.FileLock(folder / f"{name}.lock").acquire(timeout=0):
            yield
    except filelock.Timeout:
        raise StoreInUse(
            f"{environment}: another run uses this environment in this clone",
            why=f"Both runs would record the same cells in {path.name}",
            next_step="Wait until it ends, or set HARNESS_STORE to another file. `harness table` works meanwhile",
        ) from None
