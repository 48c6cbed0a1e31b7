"""What a package's build puts where its sources do not have it, for imports that look there."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

Built = tuple[tuple[str, str], ...]
"""Folders of a package as it is installed, each with the folder of its sources that becomes it."""


def complete(package: Path, built: Built) -> None:
    """Copy within a copy of a package's sources what its build would have put there."""
    for folder, source in built:
        if (package / source).is_dir() and not (package / folder).exists():
            shutil.copytree(package / source, package / folder, symlinks=True)


def digest_of(tree: str, built: Built) -> str:
    """Return 40 hex digits for a tree of git's that has been completed so."""
    if not built:
        return tree
    return hashlib.sha1(f"{tree} {built}".encode(), usedforsecurity=False).hexdigest()
