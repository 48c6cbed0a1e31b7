"""Sanitize the working folder of a script before others read it: keep files, folders and links inside the folder."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from harness.filesystem.folders import remove_folder

_DEEPEST = 100
"""The maximum depth of folders: copying is recursive."""
_ALLOWED = stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH


@dataclass(frozen=True, kw_only=True)
class Sanitized:
    """The result of sanitizing a folder."""

    bytes: int
    """The size of a copy. Sparse files are copied at their full size."""
    removed: tuple[str, ...]
    """Removed paths: special files, links to the outside, files with several hard links, and too deep folders."""


def sanitize(folder: Path) -> Sanitized:
    """Remove everything from a folder that could harm its reader. Raises OSError if the folder is missing."""
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise NotADirectoryError(20, "is not a folder any more", str(folder))
    size, removed, pending = 0, [], [folder]
    while pending:
        top = pending.pop()
        top.chmod(stat.S_IMODE(top.lstat().st_mode) & _ALLOWED | stat.S_IRWXU)
        with os.scandir(top) as entries:
            for entry in entries:
                path = Path(entry.path)
                status = path.lstat()
                if stat.S_ISDIR(status.st_mode):
                    if len(path.relative_to(folder).parts) <= _DEEPEST:
                        pending.append(path)
                    else:
                        removed.append(path.relative_to(folder).as_posix())
                        remove_folder(path)
                elif stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                    size += status.st_size
                    path.chmod(stat.S_IMODE(status.st_mode) & _ALLOWED | stat.S_IRUSR | stat.S_IWUSR)
                elif not (stat.S_ISLNK(status.st_mode) and _stays_inside(path, folder)):
                    # Remove files with several hard links: another link may be outside the folder.
                    removed.append(path.relative_to(folder).as_posix())
                    path.unlink()
    return Sanitized(bytes=size, removed=tuple(sorted(removed)))


def _stays_inside(link: Path, folder: Path) -> bool:
    """Return True if each step of a link's target is inside the folder, whether it exists or not."""
    target = link.readlink()
    if target.is_absolute():
        return False
    # If a step is another link, `..` refers to the parent of its target.
    inside, place = os.path.realpath(folder), str(link.parent)
    for part in target.parts:
        place = os.path.join(place, part)  # noqa: PTH118 (Path does not keep the position of `..`)
        if not Path(os.path.realpath(place)).is_relative_to(inside):
            return False
    return True
