"""What the store of environments takes, and what of it may go."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import counted
from harness.folders import remove_folder
from harness.provision.owning import end_orphans, owned_if_free

# Something may be running in it that asked for it a while ago.
_IN_USE = dt.timedelta(hours=1)
_TEMPORARY = re.compile(r"\.building-(?P<name>[0-9a-f]{16}-.+)-\d+-[0-9a-f]{8}(-old)*")


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """What was removed."""

    environments: int
    leftovers: int
    """Folders of builds that died."""
    freed_bytes: int
    """At least: files that uv's cache has, too, are not counted, since they stay there."""

    def __str__(self) -> str:
        return (
            f"removed {counted(self.environments, 'environment')} and {counted(self.leftovers, 'leftover')} of builds "
            f"that died; freed {self.freed_bytes / 1e9:.1f} GB. `uv cache prune` frees what uv keeps to install again"
        )


@dataclass(frozen=True, kw_only=True)
class DiskUse:
    """What the environments take together."""

    environments: int
    bytes: int
    """Files that several of them share count once."""
    own_bytes: int
    """Of these, what removing them all would free: the rest is in uv's cache, too."""


def environments_in(folder: Path) -> Iterator[Path]:
    """List the environments of a store."""
    if folder.is_dir():
        yield from sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))


def prune(folder: Path, *, keep: Collection[str], unused_for: dt.timedelta, now: dt.datetime) -> Pruned:
    """Remove environments whose lock's fingerprint is not in `keep`, or that were not used for so long.

    What was used within the hour stays, and so does what somebody builds or removes at the moment.
    """
    environments = leftovers = freed = 0
    for each in environments_in(folder):
        idle = now - _last_used(each)
        unwanted = each.name.partition("-")[0] not in keep and idle >= _IN_USE
        if unwanted or idle >= unused_for:
            size = _own_bytes(each)
            if _remove(each, each):
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
    """Measure all environments, file by file: seconds for dozens of them, minutes where the disk is busy."""
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


def _remove(environment: Path, folder: Path) -> bool:
    with owned_if_free(environment) as ours:
        if ours:
            if folder != environment:
                end_orphans(folder)
            # Under another name at once, so that nobody finds half of it.
            aside = folder.with_name(f".building-{environment.name}-{os.getpid()}-{os.urandom(4).hex()}-old")
            folder.rename(aside)
            remove_folder(aside)
        return ours


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
