"""The data that scripts downloaded once, by script: files with a manifest of their checksums."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import HarnessError
from harness.execute.attempt_dir import Folder
from harness.execute.data_links import cache_folder
from harness.execute.sanitize import sanitize
from harness.filesystem.atomic import write_whole
from harness.filesystem.folders import remove_folder
from harness.filesystem.reading import parse_json
from harness.model import Cache, Data
from harness.project.data_folder import read_data

_FILES, _MANIFEST = "files", "manifest.json"


@dataclass(frozen=True, kw_only=True)
class FetchedData:
    """A folder with one folder per script, by its identity."""

    folder: Path
    remembered_in: Path
    """The folder in which checksums are cached."""
    guard: threading.Lock = field(default_factory=threading.Lock)
    """Held while data is fetched."""
    failed: set[str] = field(default_factory=set)
    """Scripts whose data could not be fetched; they are not tried again in this command."""

    def has(self, identity: str) -> bool:
        """Return True if the data of a script was fetched."""
        return (self.folder / identity / _MANIFEST).is_file()

    def read(self, identity: str, caches: Sequence[Cache]) -> Data | None:
        """Return the data of a script; None if it was not fetched, or if the script downloads nothing.

        Raises HarnessError if it is not what was fetched.
        """
        folder = self.folder / identity
        try:
            manifest = parse_json((folder / _MANIFEST).read_text(encoding="utf-8"))
            expected = {each["name"]: each["sha256"] for each in manifest["files"]}
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(folder, f"its manifest cannot be read: {error}") from error
        if not expected:
            return None
        data = read_data(folder / _FILES, caches, remembered_in=self.remembered_in, what="--fetch")
        if {each.name: each.digest for each in data.files} != expected:
            raise _damaged(folder, "its files are not those of its manifest")
        with contextlib.suppress(OSError):
            os.utime(folder)
        return data

    def keep(self, identity: str, attempt: Folder, caches: Sequence[Cache], *, environment: str) -> int:
        """Keep what packages downloaded in an attempt. Return the number of files. Raises OSError, HarnessError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        made = self.folder / f".{identity}-{os.getpid()}-{os.urandom(4).hex()}"
        try:
            for cache in caches:
                source, target = cache_folder(attempt, cache), made / _FILES / cache.folder
                if source.is_dir() and not source.is_symlink():
                    sanitize(source)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    source.rename(target)
                    _remove_unwanted(target, cache)
            files = () if not _has_files(made) else self._files(made / _FILES, caches)
            manifest = {
                "schema": 1,
                "environment": environment,
                "fetched": dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
                "files": [{"name": name, "bytes": size, "sha256": digest} for name, size, digest in files],
            }
            made.mkdir(exist_ok=True)
            write_whole(made / _MANIFEST, json.dumps(manifest, indent=1) + "\n")
            remove_folder(self.folder / identity)
            made.rename(self.folder / identity)
            return len(files)
        finally:
            remove_folder(made)

    def forget(self, identity: str) -> None:
        """Remove the data of a script."""
        remove_folder(self.folder / identity)

    def _files(self, folder: Path, caches: Sequence[Cache]) -> tuple[tuple[str, int, str], ...]:
        data = read_data(folder, caches, remembered_in=self.remembered_in, what="--fetch")
        return tuple((each.name, each.size, each.digest) for each in data.files)

    def prune(self, *, unused_for: dt.timedelta) -> None:
        """Remove the data that was not used for this long."""
        oldest = dt.datetime.now().timestamp() - unused_for.total_seconds()
        for each in _folders(self.folder):
            with contextlib.suppress(OSError):
                if each.stat().st_mtime < oldest:
                    remove_folder(each)


def _folders(folder: Path) -> Iterable[Path]:
    return [each for each in folder.iterdir() if each.is_dir()] if folder.is_dir() else []


def _has_files(made: Path) -> bool:
    return any(names for _, _, names in os.walk(made))


def _remove_unwanted(folder: Path, cache: Cache) -> None:
    """Remove settings and locks, and links: those that stay inside become files."""
    for top, folders, names in os.walk(folder):
        for name in [*names, *folders]:
            path = Path(top) / name
            if path.is_symlink():
                target = path.resolve()
                path.unlink()
                if target.is_file():
                    shutil.copyfile(target, path)
            if path.is_file() and not cache.has(path.relative_to(folder).as_posix()):
                path.unlink()


def _damaged(folder: Path, why: str) -> HarnessError:
    return HarnessError(
        f"{folder}: the fetched data cannot be used", why=why, next_step="Delete this folder, and use --fetch again"
    )
