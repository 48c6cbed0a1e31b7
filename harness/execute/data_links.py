"""Show downloaded data to an attempt: links to read-only files, at the places where packages look for it."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.execute.attempt_dir import Folder
from harness.model import Cache, CachePlace, Data

DATA = "/data"
"""The path of the folder of data in a sandbox."""


def cache_folder(folder: Folder, cache: Cache) -> Path:
    """Return the folder of an attempt in which a package keeps its downloads."""
    name = "home" if cache.place is CachePlace.HOME else "tmp"
    return folder.private / name / cache.folder


def place_data(data: Data, folder: Folder) -> None:
    """Show data to an attempt. Raises OSError.

    The folders are its own, so a package can write into them: Keras does not use a folder that it cannot write to. The
    files are links to the read-only folder. Copied are files that packages may extract again, and all files if there is
    no sandbox, which could not keep the originals safe.
    """
    for each in data.files:
        path = cache_folder(folder, each.cache) / each.in_cache
        path.parent.mkdir(parents=True, exist_ok=True)
        if each.extracted or folder.inside is None:
            shutil.copyfile(data.folder / each.name, path)
        else:
            path.symlink_to(f"{DATA}/{each.name}")
