"""Whether the files of an environment are still those that were installed. Reads folders, changes nothing."""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

_HASHED_UP_TO = 16 << 20
# What we keep beside the environment's own files.
OUR_FILES = frozenset({"manifest.json", "imports.json", "used"})


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a folder holds, without bytecode: how many files, how large, and a digest of names, sizes and dates."""

    files: int
    bytes: int
    digest: str


def contents(folder: Path) -> Contents:
    """Look at every file's name, size and date, not into it: about 60 ms for the 15 000 files of a TensorFlow."""
    lines: list[str] = []
    size = 0
    outermost = str(folder)
    left = [outermost]
    while left:
        top = left.pop()
        with os.scandir(top) as entries:
            for entry in entries:
                name = entry.name
                if entry.is_dir(follow_symlinks=False):
                    if name != "__pycache__":
                        left.append(entry.path)
                elif not (top == outermost and name in OUR_FILES) and not name.endswith(".pyc"):
                    status = entry.stat(follow_symlinks=False)
                    size += status.st_size
                    lines.append(f"{entry.path[len(outermost) :]}|{status.st_size}|{status.st_mtime_ns}")
    lines.sort()
    digest = hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
    return Contents(files=len(lines), bytes=size, digest=digest)


def site_packages(folder: Path) -> Path:
    """Find the folder that packages are installed into."""
    if sys.platform == "win32":
        return folder / "Lib" / "site-packages"
    return next((folder / "lib").glob("python*/site-packages"))


def python_of(folder: Path) -> Path:
    """Name the Python of an environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def spoiled_packages(folder: Path) -> tuple[str, ...]:
    """Name the packages with files that are not those of their wheel, going by its own record of them.

    Sizes are compared for all files, sums for those up to 16 MiB: a file that was overwritten in another environment
    was overwritten in uv's cache, too, since they are hard links, and would be installed again and again.
    """
    site = site_packages(folder)
    spoiled: dict[str, None] = {}
    for record in sorted(site.glob("*.dist-info/RECORD")):
        if any(_differs(site / path, expected, size) for path, expected, size in _recorded(record)):
            spoiled[canonicalize_name(re.split(r"-\d", record.parent.name)[0])] = None
    return tuple(spoiled)


def _recorded(record: Path) -> Iterator[tuple[str, str, int]]:
    """Give each file that the wheel brought, its sum and its size, or -1. Whoever made the wheel wrote this."""
    with record.open(encoding="utf-8", errors="surrogateescape", newline="") as stream, contextlib.suppress(csv.Error):
        for row in csv.reader(stream):
            # Scripts and bytecode are made anew for each environment, even where a wheel brings its own.
            if len(row) == 3 and row[1].startswith("sha256=") and not row[0].startswith(("..", "/")):
                if row[0].endswith(".pyc"):
                    continue
                size = int(row[2]) if re.fullmatch("[0-9]{1,18}", row[2]) else -1
                yield row[0], row[1].removeprefix("sha256="), size


def _differs(path: Path, expected: str, size: int) -> bool:
    try:
        with path.open("rb") as stream:
            found = os.fstat(stream.fileno()).st_size
            if size >= 0 and found != size:
                return True
            if found > _HASHED_UP_TO:
                return False
            digest = hashlib.sha256(stream.read()).digest()
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return True
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != expected
