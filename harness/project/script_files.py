"""The files that a script needs: found next to it by the names in its header, each with the digest of its content."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from harness.errors import Problems
from harness.model.scenario import File

LARGEST = 512 << 20
"""Bytes of all files of a script together."""
MOST = 1000
_CHUNK = 1 << 20


def find_files(folder: Path, patterns: tuple[str, ...], *, where: str, problems: Problems) -> tuple[File, ...]:
    """Return the files that relative paths and globs name, by name; a folder stands for all files in it.

    Links are left out: they could lead out of the folder. What is wrong is noted in problems.
    """
    found: dict[str, Path] = {}
    for pattern in patterns:
        if not is_below(pattern):
            problems.add(where, f"{pattern!r} is not a path below the script's folder", "Write data.csv or models/*.h5")
            continue
        matches = dict(_matches(folder, pattern))
        if not matches:
            problems.add(where, f"there is no file {pattern!r} next to the script", "Put it there, or correct the name")
        found.update(matches)
        if len(found) > MOST:
            problems.add(where, f"names more than {MOST} files", "Name only files that the script reads")
            return ()
    try:
        if sum(path.stat().st_size for path in found.values()) > LARGEST:
            problems.add(where, f"names more than {LARGEST >> 20} MiB", "Name only files that the script reads")
            return ()
        return tuple(File(name=name, digest=digest_of(path), path=path) for name, path in sorted(found.items()))
    except OSError as error:
        problems.add(where, f"{error.filename} cannot be read: {error.strerror or error}")
        return ()


def is_below(text: str) -> bool:
    """Return True if a text is a relative path that does not lead out of its folder."""
    path = PurePosixPath(text)
    return bool(text) and not path.is_absolute() and ".." not in path.parts and not {"\\", "\0"} & set(text)


def _matches(folder: Path, pattern: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.glob(pattern)):
        below = [path] if not path.is_dir() else (Path(top) / name for top, _, names in os.walk(path) for name in names)
        for each in below:
            if each.is_file() and not _is_linked(each, folder):
                yield each.relative_to(folder).as_posix(), each


def _is_linked(path: Path, folder: Path) -> bool:
    return any(each.is_symlink() for each in (path, *path.parents) if each != folder and folder in each.parents)


def digest_of(path: Path) -> str:
    """Return the sha256 of a file as hex digits. Raises OSError."""
    stat = path.stat()
    return _digest_of(path, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=2 * MOST)
def _digest_of(path: Path, _changed: int, _size: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
