"""What a script has left in its folder, made harmless before others get it: files, folders, links that stay inside."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from harness.folders import remove_folder

_DEEPEST = 100
"""Folders in folders: what copies them goes through them by calls of itself."""
_ALLOWED = stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH


@dataclass(frozen=True, kw_only=True)
class Leavings:
    """What is there now."""

    bytes: int
    """How large a copy would be; files with holes are copied without."""
    removed: tuple[str, ...]
    """What was neither file nor folder nor a link that stays inside, and folders that were too deep."""


def make_harmless(folder: Path) -> Leavings:
    """Remove from a folder what could do harm to whoever reads it; raises OSError if there is no such folder."""
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise NotADirectoryError(20, "is not a folder any more", str(folder))
    size, removed, left = 0, [], [folder]
    while left:
        top = left.pop()
        top.chmod(stat.S_IMODE(top.lstat().st_mode) & _ALLOWED | stat.S_IRWXU)
        with os.scandir(top) as entries:
            for entry in entries:
                path = Path(entry.path)
                status = path.lstat()
                if stat.S_ISDIR(status.st_mode):
                    if len(path.relative_to(folder).parts) <= _DEEPEST:
                        left.append(path)
                    else:
                        removed.append(path.relative_to(folder).as_posix())
                        remove_folder(path)
                elif stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                    size += status.st_size
                    path.chmod(stat.S_IMODE(status.st_mode) & _ALLOWED | stat.S_IRUSR | stat.S_IWUSR)
                elif not (stat.S_ISLNK(status.st_mode) and _stays_inside(path, folder)):
                    # Of a file with several names one is kept by none: another may be outside.
                    removed.append(path.relative_to(folder).as_posix())
                    path.unlink()
    return Leavings(bytes=size, removed=tuple(sorted(removed)))


def _stays_inside(link: Path, folder: Path) -> bool:
    """Whether a link names, step by step, something within the folder, existing or not."""
    target = link.readlink()
    if target.is_absolute():
        return False
    # Where a step leads through another link, `..` is not where the text of the path has it.
    inside, place = os.path.realpath(folder), str(link.parent)
    for part in target.parts:
        place = os.path.join(place, part)  # noqa: PTH118 (Path would keep no sense of where `..` stands)
        if not Path(os.path.realpath(place)).is_relative_to(inside):
            return False
    return True
