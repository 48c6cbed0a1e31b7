"""The artifacts of writers: files that the first step of a two-step scenario writes, by the key of its task."""

from __future__ import annotations

import hashlib
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

    def digest(self, key: str) -> tuple[str | None, int | None]:
        """Return the sha256 of the files of a key with their names, and their size; None, None if there are none.

        Links count with their target as text.
        """
        top = self.folder / key
        if not top.is_dir():
            return None, None
        total, whole = 0, hashlib.sha256()
        for path in sorted(top.rglob("*")):
            name = path.relative_to(top).as_posix()
            if path.is_symlink():
                whole.update(f"link {len(name)} {name} {path.readlink()}\n".encode("utf-8", "surrogatepass"))
            elif path.is_file():
                content = path.read_bytes()
                total += len(content)
                whole.update(f"file {len(name)} {name} {len(content)}\n".encode("utf-8", "surrogatepass"))
                whole.update(content)
        return whole.hexdigest(), total

    def copy_to(self, key: str, work: Path) -> None:
        """Copy artifacts into an empty working folder."""
        shutil.copytree(self.folder / key, work, symlinks=True, dirs_exist_ok=True)
