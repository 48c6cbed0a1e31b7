"""Atomic writes, and read-only folders."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import uuid
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a file atomically: write under a temporary name, then rename. A reader sees the old or the new content."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def make_folders_read_only(folder: Path) -> None:
    """Remove the write permission of a folder and its subfolders.

    The permissions of files do not change: files are hard links into uv's cache and share their permissions with it.
    """
    if sys.platform == "win32":
        return
    for top, _, _ in os.walk(folder, topdown=False):
        path = Path(top)
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))


def make_folders_writable(folder: Path) -> None:
    """Make a folder and all folders in it writable for the owner."""
    for top, _, _ in os.walk(folder):
        path = Path(top)
        path.chmod(path.stat().st_mode | stat.S_IWUSR)
