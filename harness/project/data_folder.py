"""Folders of downloaded data: their files by the places where packages look for them, with a digest of all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.filesystem.atomic import write_whole
from harness.filesystem.reading import parse_json
from harness.model import Cache, Data, DataFile
from harness.project.script_files import digest_of

MOST = 200_000
"""Files of a folder of data, and members of an archive that are looked at."""
_DIGITS = 16
_ARCHIVES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar", ".zip")


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A file of a folder of data, before it is read."""

    name: str
    path: Path
    cache: Cache
    size: int
    changed_ns: int


def read_data(folder: Path, caches: Sequence[Cache], *, remembered_in: Path, what: str = "--data") -> Data:
    """Read a folder that contains the folders of packages (`.keras`), or is one of them. Raises UsageError.

    What was read is remembered in a folder: files of the same size and date are not read again.
    """
    folder = folder.absolute()
    try:
        root, found = _find(folder, caches, what)
        if not found:
            raise UsageError(
                f"{what}: {folder} has no data",
                why=f"Data is in these folders of it: {', '.join(each.folder for each in caches)}",
                next_step="Name a folder that has one of them, or that folder itself. See docs/data.md",
            )
        files = _remembered(root, found, remembered_in) or _read(root, found, remembered_in)
    except OSError as error:
        raise UsageError(f"{what}: {error.filename or folder} cannot be read: {error.strerror or error}") from error
    return Data(folder=root, files=files, digest=_digest(files))


def _find(folder: Path, caches: Sequence[Cache], what: str) -> tuple[Path, list[_Found]]:
    """Return the folder that contains the folders of packages, and the files in these."""
    if not folder.is_dir():
        raise UsageError(f"{what}: there is no folder {folder}", next_step="Check the path")
    own = [each for each in caches if folder.name == each.folder.rpartition("/")[2] and not _has_any(folder, caches)]
    if own:
        depth = own[0].folder.count("/") + 1
        root, caches = folder.resolve().parents[depth - 1], own[:1]
        if root / own[0].folder != folder.resolve():
            raise UsageError(
                f"{what}: {folder} is a link to {folder.resolve()}, which has another name",
                next_step=f"Name a folder that contains {own[0].folder}",
            )
    else:
        root = folder.resolve()
    found = [each for cache in caches for each in _files(root, cache, what)]
    if len(found) > MOST:
        raise UsageError(f"{what}: {folder} has more than {MOST} files", next_step="Name a folder with less data")
    return root, sorted(found, key=lambda each: each.name)


def _has_any(folder: Path, caches: Iterable[Cache]) -> bool:
    return any((folder / each.folder).is_dir() for each in caches)


def _files(root: Path, cache: Cache, what: str) -> Iterator[_Found]:
    for top, folders, names in os.walk(root / cache.folder):
        for name in [*names, *(each for each in folders if (Path(top) / each).is_symlink())]:
            path = Path(top) / name
            if path.is_symlink():
                raise UsageError(
                    f"{what}: {path} is a link",
                    why="A sandbox sees the folder only, not the targets of its links",
                    next_step="Replace the link by its target",
                )
            inner = path.relative_to(root / cache.folder).as_posix()
            if path.is_file() and cache.has(inner):
                status = path.stat()
                yield _Found(
                    name=f"{cache.folder}/{inner}",
                    path=path,
                    cache=cache,
                    size=status.st_size,
                    changed_ns=status.st_mtime_ns,
                )


def _read(root: Path, found: Sequence[_Found], remembered_in: Path) -> tuple[DataFile, ...]:
    extracted = _extracted(found)
    files = tuple(
        DataFile(
            name=each.name,
            cache=each.cache,
            size=each.size,
            digest=digest_of(each.path),
            extracted=each.name in extracted,
        )
        for each in found
    )
    listed = [[each.name, each.digest, each.extracted] for each in files]
    remembered_in.mkdir(parents=True, exist_ok=True)
    write_whole(_memory(root, remembered_in), json.dumps({"schema": 1, "found": _listing(found), "files": listed}))
    return files


def _remembered(root: Path, found: Sequence[_Found], remembered_in: Path) -> tuple[DataFile, ...] | None:
    """Return the files as they were read before, None if they have changed since."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = parse_json(_memory(root, remembered_in).read_text(encoding="utf-8"))
        if known["schema"] == 1 and known["found"] == _listing(found):
            return tuple(
                DataFile(name=name, cache=each.cache, size=each.size, digest=digest, extracted=extracted)
                for each, (name, digest, extracted) in zip(found, known["files"], strict=True)
            )
    return None


def _memory(root: Path, remembered_in: Path) -> Path:
    return remembered_in / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:_DIGITS]}.json"


def _listing(found: Iterable[_Found]) -> list[list[str | int]]:
    return [[each.name, each.size, each.changed_ns] for each in found]


def _digest(files: Iterable[DataFile]) -> str:
    content = [[each.name, each.digest] for each in files]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:_DIGITS]


def _extracted(found: Sequence[_Found]) -> set[str]:
    """Return the names of files that an archive in the same folder contains: packages may extract them again."""
    names = {each.name for each in found}
    extracted: set[str] = set()
    for each in found:
        suffix = next((end for end in _ARCHIVES if each.name.lower().endswith(end)), None)
        top = each.name.rpartition("/")[0]
        if suffix is None or sum(name.startswith(f"{top}/") for name in names) < 2:
            continue
        stem = each.name[: -len(suffix)]
        for member in _members(each.path, is_zip=suffix == ".zip"):
            inner = os.path.normpath(member).replace("\\", "/")
            extracted.update({f"{folder}/{inner}" for folder in (top, stem, f"{stem}_extracted")} & names)
    return extracted


def _members(path: Path, *, is_zip: bool) -> Iterator[str]:
    """Yield the names of the files in an archive, as far as it can be read."""
    with contextlib.suppress(OSError, EOFError, ValueError, tarfile.TarError, zipfile.BadZipFile, zlib.error):
        if is_zip:
            with zipfile.ZipFile(path) as archive:
                yield from archive.namelist()[:MOST]
        else:
            with tarfile.open(path) as tar:
                for number, member in enumerate(tar):
                    if number >= MOST:
                        return
                    if member.isfile():
                        yield member.name
