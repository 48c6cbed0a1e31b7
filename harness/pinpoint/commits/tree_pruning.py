"""Remove the source trees of commits that no search has used for long."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from pathlib import Path

from harness.environments.shared_bytecode import SharedBytecode
from harness.filesystem.folders import remove_folder
from harness.filesystem.shared_files import SharedFiles
from harness.pinpoint.commits.repository import SHARED_SOURCES

_IN_USE = dt.timedelta(hours=1)


def prune_trees(cache: Path, bytecode: SharedBytecode, *, unused_for: dt.timedelta) -> None:
    """Remove source trees that were not used for so long, and the files that only they had.

    Call `bytecode.prune()` afterwards: it removes the bytecode of the trees.
    """
    oldest = (dt.datetime.now(dt.timezone.utc) - max(unused_for, _IN_USE)).timestamp()
    for folder in (cache / "trees").glob("[0-9a-f]*"):
        with contextlib.suppress(OSError):
            if re.fullmatch("[0-9a-f]{40}", folder.name) and folder.stat().st_mtime < oldest:
                remove_folder(folder)
                bytecode.forget(folder)
    SharedFiles(cache / SHARED_SOURCES).prune()
