"""Folders that a package's build moves: wheels have them at another path than the sources."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

Built = tuple[tuple[str, str], ...]
"""Folders of a package as it is installed, each with the folder of its sources that becomes it."""


def complete(package: Path, built: Built) -> None:
    """Repeat folders of a source tree at the paths that they have in the wheel; their files are hard links."""
    for folder, source in built:
        if (package / source).is_dir() and not (package / folder).exists():
            shutil.copytree(package / source, package / folder, symlinks=True, copy_function=os.link)


def digest_of(tree: str, built: Built) -> str:
    """Return 40 hex digits that identify a git tree after `complete`."""
    if not built:
        return tree
    return hashlib.sha1(f"{tree} {built}".encode(), usedforsecurity=False).hexdigest()
