"""Files that appear as a whole or not at all, and folders that nobody may write to."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import uuid
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write under another name, then rename: a reader sees the old file or the new one."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def make_folders_read_only(folder: Path) -> None:
    """Take the permission to add, remove and rename files from a folder and all in it.

    The files stay as they are: they are hard links to those in uv's cache, and so is their permission.
    """
    if sys.platform == "win32":
        return
    for top, _, _ in os.walk(folder, topdown=False):
        path = Path(top)
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
