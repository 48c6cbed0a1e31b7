"""What is in a folder, so that it can be had again: what one import has left there is not for the next to find."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from harness.folders import remove_folder


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A folder's files with what is in them, and its other entries, by their paths within it."""

    folder: Path
    files: dict[str, bytes]
    others: frozenset[str]

    @classmethod
    def of(cls, folder: Path) -> Snapshot:
        """Look at a folder; raises OSError if that is not possible."""
        files, others = {}, set()
        for path in _entries(folder):
            if path.is_file() and not path.is_symlink():
                files[str(path)] = path.read_bytes()
            else:
                others.add(str(path))
        return cls(folder=folder, files=files, others=frozenset(others))

    def restore(self) -> None:
        """Remove what is new, and put back what has gone or changed; folders stay the ones that they are."""
        for path in _entries(self.folder):
            if str(path) in self.files or str(path) in self.others:
                continue
            if path.is_dir() and not path.is_symlink():
                remove_folder(path)
            else:
                path.unlink(missing_ok=True)
        for name, content in self.files.items():
            path = Path(name)
            if not path.is_file() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)


def _entries(folder: Path) -> list[Path]:
    return [Path(top, name) for top, folders, files in os.walk(folder) for name in (*folders, *files)]
