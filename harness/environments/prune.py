"""Measure and prune the environment store."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.environments.build_mutex import end_orphans, try_environment_lock
from harness.errors import counted
from harness.filesystem.folders import remove_folder

_log = logging.getLogger(__name__)
# A process that requested the environment earlier may still run in it.
_IN_USE = dt.timedelta(hours=1)
_TEMPORARY = re.compile(r"\.building-(?P<name>[0-9a-f]{16}-.+)-\d+-[0-9a-f]{8}(-old)*")


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """The result of pruning."""

    environments: int
    leftovers: int
    """Temporary folders of killed builds."""
    freed_bytes: int
    """A lower bound: files that are also in uv's cache stay there and are not counted."""

    def __str__(self) -> str:
        return (
            f"removed {counted(self.environments, 'environment')} and {counted(self.leftovers, 'folder')} of killed "
            f"builds; freed {self.freed_bytes / 1e9:.1f} GB. `uv cache prune` frees uv's own cache"
        )


@dataclass(frozen=True, kw_only=True)
class DiskUse:
    """The disk use of all environments."""

    environments: int
    bytes: int
    """Shared files count once."""
    own_bytes: int
    """Bytes that removing all environments would free; the other files are also in uv's cache."""


def environments_in(folder: Path) -> Iterator[Path]:
    """Yield the folders of the environments in a store, sorted."""
    if folder.is_dir():
        yield from sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))


def prune(folder: Path, *, keep: Collection[str], unused_for: dt.timedelta, now: dt.datetime) -> Pruned:
    """Remove environments whose lock fingerprint is not in `keep`, or that were unused for `unused_for`.

    Keep environments that were used within the last hour, and those that another process builds or removes now.
    """
    environments = leftovers = freed = 0
    for each in environments_in(folder):
        idle = now - _last_used(each)
        unwanted = each.name.partition("-")[0] not in keep and idle >= _IN_USE
        if unwanted or idle >= unused_for:
            size = _own_bytes(each)
            if remove_environment(each):
                environments += 1
                freed += size
    for each in sorted(folder.glob(".building-*")):
        match = _TEMPORARY.fullmatch(each.name)
        size = _own_bytes(each)
        if match and _remove(folder / match["name"], each):
            leftovers += 1
            freed += size
    return Pruned(environments=environments, leftovers=leftovers, freed_bytes=freed)


def disk_use(folder: Path) -> DiskUse:
    """Measure all environments file by file. Takes seconds for dozens of environments, minutes on a busy disk."""
    found = list(environments_in(folder))
    seen: dict[tuple[int, int], tuple[int, int, int]] = {}
    for environment in found:
        for status in _files(environment):
            key = (status.st_dev, status.st_ino)
            times = seen[key][2] + 1 if key in seen else 1
            seen[key] = (status.st_blocks * 512, status.st_nlink, times)
    return DiskUse(
        environments=len(found),
        bytes=sum(size for size, _, _ in seen.values()),
        own_bytes=sum(size for size, links, times in seen.values() if links <= times),
    )


def remove_environment(environment: Path) -> bool:
    """Remove an environment. Return False if another process builds or removes it now."""
    return _remove(environment, environment)


def _remove(environment: Path, folder: Path) -> bool:
    with try_environment_lock(environment) as acquired:
        if acquired:
            if folder != environment:
                end_orphans(folder)
            # Rename it first: no process may find a partly removed environment.
            aside = folder.with_name(f".building-{environment.name}-{os.getpid()}-{os.urandom(4).hex()}-old")
            folder.rename(aside)
            remove_folder(aside)
        _log.info("%s: %s", folder.name, "removed" if acquired else "kept: another process uses it")
        return acquired


def mark_used(environment: Path) -> None:
    """Record that an environment is used now."""
    with contextlib.suppress(OSError):
        (environment / "used").touch()


def _last_used(folder: Path) -> dt.datetime:
    for name in ("used", "manifest.json", "."):
        try:
            return dt.datetime.fromtimestamp((folder / name).stat().st_mtime, tz=dt.timezone.utc)
        except OSError:
            continue
    return dt.datetime.now(dt.timezone.utc)


def _own_bytes(folder: Path) -> int:
    return sum(status.st_blocks * 512 for status in _files(folder) if status.st_nlink == 1)


def _files(folder: Path) -> Iterator[os.stat_result]:
    for top, _, names in os.walk(folder):
        for name in names:
            yield (Path(top) / name).lstat()
