"""Downloaded data as values: where packages keep it, and a folder of it that attempts see read-only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from harness.model.scenario import matches_globs


class CachePlace(str, Enum):
    """The folder of an attempt in which a package keeps its downloads."""

    HOME = "home"
    TEMPORARY = "temporary"


@dataclass(frozen=True, kw_only=True)
class Cache:
    """The folder in which a package keeps its downloads, such as `.keras` in the home folder."""

    folder: str
    place: CachePlace
    leave_out: tuple[str, ...] = ()
    """Names and globs of files in it that are settings or locks, not data."""

    def has(self, name: str) -> bool:
        """Return True if a file, by its path in the folder, is data."""
        return not self.leave_out or not matches_globs(name.rpartition("/")[2], self.leave_out)


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """One file of a folder of data."""

    name: str
    """Its path in the folder of data, with slashes: `.keras/datasets/mnist.npz`."""
    cache: Cache
    size: int
    digest: str
    """The sha256 of its content."""
    extracted: bool = False
    """True if an archive in the same folder contains it: packages may extract it again, so attempts get a copy."""

    @property
    def in_cache(self) -> str:
        """Its path in the folder of the package."""
        return self.name.removeprefix(f"{self.cache.folder}/")


@dataclass(frozen=True, kw_only=True)
class Data:
    """A folder of data. Attempts see its files at the places where packages look for their downloads."""

    folder: Path = field(compare=False)
    """It contains the folders of the packages. No part of what identifies the data."""
    files: tuple[DataFile, ...]
    digest: str
    """16 hex digits: names and contents."""

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(each.size for each in self.files)
