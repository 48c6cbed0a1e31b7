"""Who works on which environments of a store: no two runs on the same one, so that no cell is run twice."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from harness.errors import HarnessError


class StoreInUse(HarnessError):
    """Another run writes this store."""


def locks_of(path: Path) -> Path:
    """Give the folder of a store's locks."""
    return path.with_name(f"{path.name}.locks")


@contextlib.contextmanager
def held(path: Path, environment: str) -> Iterator[None]:
    """Hold an environment of a store. The system lets go of it when this process ends, however it ends.

    Raises StoreInUse, and OSError if the lock cannot be made.
    """
    import filelock  # whoever only reads needs none

    folder = locks_of(path)
    name = hashlib.sha256(environment.encode()).hexdigest()[:16]
    folder.mkdir(exist_ok=True)
    try:
        with filelock.FileLock(folder / f"{name}.lock").acquire(timeout=0):
            yield
    except filelock.Timeout:
        raise StoreInUse(
            f"{environment}: another run is at work on it in this clone",
            why=f"{path.name} would get the same cells twice",
            next_step="Wait for it to end, or set HARNESS_STORE to another file. `harness table` can be used meanwhile",
        ) from None
