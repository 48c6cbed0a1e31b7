"""Check that the files of an environment are still the installed ones. Reads folders, changes nothing."""

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
# Files that this project adds to the environment.
OUR_FILES = frozenset({"manifest.json", "imports.json", "used"})


@dataclass(frozen=True, kw_only=True)
class Contents:
    """A summary of a folder without bytecode: number of files, total size, and a digest of names, sizes and dates."""

    files: int
    bytes: int
    digest: str


def contents(folder: Path) -> Contents:
    """Summarise a folder from names, sizes and dates, not contents: about 60 ms for TensorFlow's 15 000 files."""
    lines: list[str] = []
    size = 0
    outermost = str(folder)
    pending = [outermost]
    while pending:
        top = pending.pop()
        with os.scandir(top) as entries:
            for entry in entries:
                name = entry.name
                if entry.is_dir(follow_symlinks=False):
                    if name != "__pycache__":
                        pending.append(entry.path)
                elif not (top == outermost and name in OUR_FILES) and not name.endswith(".pyc"):
                    status = entry.stat(follow_symlinks=False)
                    size += status.st_size
                    lines.append(f"{entry.path[len(outermost) :]}|{status.st_size}|{status.st_mtime_ns}")
    lines.sort()
    digest = hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
    return Contents(files=len(lines), bytes=size, digest=digest)


def site_packages(folder: Path) -> Path:
    """Return the `site-packages` folder of an environment."""
    if sys.platform == "win32":
        return folder / "Lib" / "site-packages"
    return next((folder / "lib").glob("python*/site-packages"))


def python_of(folder: Path) -> Path:
    """Return the path of the Python of an environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def corrupted_packages(folder: Path) -> tuple[str, ...]:
    """Return the packages whose installed files differ from the RECORD file of their wheel.

    Compare the sizes of all files, and the hashes of files up to 16 MiB. Environments and uv's cache share files by
    hard links: a file overwritten in one environment is also overwritten in the cache, which would install it again.
    """
    site = site_packages(folder)
    corrupted: dict[str, None] = {}
    for record in sorted(site.glob("*.dist-info/RECORD")):
        if differing_files(record):
            corrupted[canonicalize_name(re.split(r"-\d", record.parent.name)[0])] = None
    return tuple(corrupted)


def packages_with_the_same_files(folder: Path) -> str | None:
    """Return, in words, which packages install one file with different contents; None if there are none.

    Only one of them can be whole: the file is that of the package that was installed last.
    """
    owners: dict[str, dict[str, str]] = {}
    for record in sorted(site_packages(folder).glob("*.dist-info/RECORD")):
        package = canonicalize_name(re.split(r"-\d", record.parent.name)[0])
        for path, digest, _ in _recorded(record):
            owners.setdefault(path, {})[package] = digest
    shared = {path: found for path, found in owners.items() if len(set(found.values())) > 1}
    if not shared:
        return None
    path = min(shared, key=lambda each: (each.count("/"), each))
    return f"{' and '.join(sorted(shared[path]))} install different files at {path}"


def differing_files(record: Path) -> bool:
    """Return True if a file of one package differs from the RECORD file of its wheel.

    METADATA does not count: some wheels, such as those of PyTorch 1.11, were published with a RECORD of another one.
    """
    site, metadata = record.parent.parent, f"{record.parent.name}/METADATA"
    files = ((path, expected, size) for path, expected, size in _recorded(record) if path != metadata)
    return any(_differs(site / path, expected, size) for path, expected, size in files)


def _recorded(record: Path) -> Iterator[tuple[str, str, int]]:
    """Yield path, hash and size (-1 if unknown) of each file of the wheel. The RECORD file is untrusted input."""
    with record.open(encoding="utf-8", errors="surrogateescape", newline="") as stream, contextlib.suppress(csv.Error):
        for row in csv.reader(stream):
            # The installer writes scripts and bytecode again, even if the wheel contains them.
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
    except (OSError, ValueError):  # ValueError: an invalid file name
        return True
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != expected
