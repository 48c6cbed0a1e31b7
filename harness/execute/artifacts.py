"""What the first step of a two-step scenario leaves: kept once under its attempt's key, read by any reader."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Artifacts:
    """A folder of folders."""

    folder: Path

    def has(self, key: str) -> bool:
        """Whether what was written under this key is still there."""
        return (self.folder / key).is_dir()

    def keep(self, key: str, work: Path) -> None:
        """Take over a working folder, which is on the same disk; it is there whole or not at all."""
        if self.has(key):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            work.rename(self.folder / key)
        except OSError:
            if not self.has(key):
                raise

    def copy_to(self, key: str, work: Path) -> None:
        """Put a copy of what was written into an empty working folder."""
        shutil.copytree(self.folder / key, work, symlinks=True, dirs_exist_ok=True)
