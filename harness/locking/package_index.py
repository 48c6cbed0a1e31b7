"""The releases that the package index has. uv has its own client; index_client.py is the only other one."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.locking.index_client import IndexClient

# The variables that uv and pip read. The first one that is set is used.
INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")


@dataclass(frozen=True, kw_only=True)
class Release:
    """One published version of a package."""

    version: Version
    date: dt.datetime | None
    """Upload time of its first file; None if the index does not report it."""
    yanked: bool
    prerelease: bool
    requires_python: str | None
    wheels: tuple[str, ...] | None = None
    """File names of its wheels; None if unknown."""
    uploaded: Mapping[str, dt.datetime] = field(default_factory=dict)
    """Upload times by file name, if the index reports them."""
    hashes: Mapping[str, str] = field(default_factory=dict)
    """sha256 sums by file name, if the index reports them."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Sizes in bytes by file name, if the index reports them."""

    @property
    def pure(self) -> bool:
        """Return True if its only wheel is for every platform."""
        return self.wheels is not None and len(self.wheels) == 1 and self.wheels[0].endswith("-none-any.whl")

    def has_wheel_for(self, python: str) -> bool:
        """Return True if a wheel may fit a Python such as `3.11` on any platform, or if the wheels are unknown."""
        if self.wheels is None:
            return True
        return any(fits(name, python) for name in self.wheels)


def fits(wheel: str, python: str, platform: str | None = None) -> bool:
    """Return True if a wheel may fit a Python, on any platform or on one in uv's notation: `x86_64-manylinux_2_28`."""
    fitting = _interpreters_and_abis(python)
    machine, _, system = (platform or "").partition("-")
    return any(
        (tag.interpreter, tag.abi) in fitting
        and (not system or tag.platform == "any" or ("linux" in tag.platform and tag.platform.endswith(machine)))
        for tag in _tags_of(wheel)
    )


@functools.cache
def _interpreters_and_abis(python: str) -> frozenset[tuple[str, str]]:
    major, minor = (int(part) for part in python.split(".")[:2])
    short = f"cp{major}{minor}"
    # Up to Python 3.7, the ABI tag ends in `m` (pymalloc).
    abi = short if (major, minor) >= (3, 8) else f"{short}m"
    specific = cpython_tags((major, minor), abis=[abi], platforms=["any"])
    general = compatible_tags((major, minor), interpreter=short, platforms=["any"])
    return frozenset((tag.interpreter, tag.abi) for tag in (*specific, *general))


def _tags_of(name: str) -> frozenset[Tag]:
    try:
        return parse_wheel_filename(name)[3]
    except ValueError:
        return frozenset()


class IndexUnavailable(HarnessError):
    """The package index does not answer."""


class WrongFile(HarnessError):
    """The package index served a file with another hash."""


class ReleaseIndex:
    """A client of the package index. Requests the page of each package once."""

    def __init__(self, endpoint: str | None = None) -> None:
        self._endpoint = endpoint
        self._releases: dict[str, list[Release]] = {}

    @classmethod
    def configured(cls, environ: Mapping[str, str]) -> ReleaseIndex:
        """Return a client of the index that uv and pip are configured to use."""
        for variable in INDEX_VARIABLES:
            if environ.get(variable):
                # uv accepts NAME=ADDRESS, too.
                name, found, address = environ[variable].partition("=")
                return cls(address if found and "/" not in name else environ[variable])
        return cls()

    def releases(self, package: str, *, every: bool = False) -> list[Release]:
        """List the releases of a package in ascending order: final and not yanked ones, or `every` one.

        Raises IndexUnavailable, or HarnessError if the package does not exist.
        """
        if package not in self._releases:
            self._releases[package] = self._client.releases(package)
        return [each for each in self._releases[package] if every or not (each.yanked or each.prerelease)]

    def fetch_source(self, package: str, hashes: Collection[str], folder: Path) -> Path:
        """Download the source distribution with one of these sha256 hashes, and verify the hash.

        Raises IndexUnavailable, WrongFile, or HarnessError if the index has no such file.
        """
        return self._client.fetch(package, hashes, folder, "sdist")

    def fetch_wheel(self, package: str, hashes: Collection[str], folder: Path) -> Path:
        """Download the wheel with one of these sha256 hashes, and verify the hash. Raises as `fetch_source`."""
        return self._client.fetch(package, hashes, folder, "wheel")

    @functools.cached_property
    def _client(self) -> IndexClient:
        from harness.locking.index_client import IndexClient

        return IndexClient(self._endpoint)
