"""The artifacts of writers: files that the first step of a two-step scenario writes, by the key of its task."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Artifacts:
    """A folder with one folder per key."""

    folder: Path

    def has(self, key: str) -> bool:
        """Return True if there are artifacts for this key."""
        return (self.folder / key).is_dir()

    def keep(self, key: str, work: Path) -> None:
        """Move a working folder of the same disk into the store atomically."""
        if self.has(key):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            work.rename(self.folder / key)
        except OSError:
            if not self.has(key):
                raise

    def copy_to(self, key: str, work: Path) -> None:
        """Copy artifacts into an empty working folder."""
        shutil.copytree(self.folder / key, work, symlinks=True, dirs_exist_ok=True)
