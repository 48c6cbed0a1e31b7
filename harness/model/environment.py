"""Environments and locks as values. How they come to be on disk is provision's affair."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One package of a lock: its exact version and the sha256 sums of the files that may be installed for it."""

    name: NormalizedName
    version: str
    hashes: tuple[str, ...]
    size: int = 0
    """Bytes to download, the largest of the files; 0 if the index did not say."""


@dataclass(frozen=True, kw_only=True)
class LockOrigin:
    """The origin of a lock: the input of its resolution."""

    environment: str
    family: str
    package: str | None
    version: str | None
    python: str
    platform: str
    as_of: dt.datetime
    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    base: str | None = None
    moved: tuple[str, ...] = ()
    """The differences from the base, a line for each package."""
    sources: tuple[str, ...] = ()
    """Packages of which there is no wheel that fits: these alone may be built from source. Lock.builds says why."""


@dataclass(frozen=True, kw_only=True)
class Build:
    """How a package is built from source: why it has to be, and with which tools, which are wheels."""

    name: NormalizedName
    why: str
    tools: tuple[Pin, ...]


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A fully pinned, hash-checked set of packages for one Python."""

    origin: LockOrigin
    pins: tuple[Pin, ...]
    builds: tuple[Build, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """The installed packages as 16 hex digits. Locks with the same pins and Python share an environment on disk.

        What a package is built with is not installed, and so no part of it.
        """
        content = [
            self.origin.python,
            [[pin.name, pin.version, *sorted(pin.hashes)] for pin in sorted(self.pins, key=_name)],
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    @cached_property
    def versions(self) -> Mapping[NormalizedName, str]:
        """The pinned version of each package."""
        return {pin.name: pin.version for pin in self.pins}

    @cached_property
    def unexplained(self) -> tuple[str, ...]:
        """The packages that it lets be built from source, and does not say why and with what."""
        explained = {build.name for build in self.builds}
        return tuple(each for each in self.origin.sources if canonicalize_name(each) not in explained)


def _name(pin: Pin) -> str:
    return pin.name


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """A source tree of a package that replaces the installed package of an environment."""

    package: str
    folder: Path
    """The folder that has the package's own folder in it."""
    digest: str
    """The digest of the tree; part of the key of an attempt."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """A script that a fork server runs once after the import of a module, for all its attempts."""

    module: str
    script: Path
    where: tuple[tuple[str, str], ...] = ()
    """Variables that must be set, and how; elsewhere it would make what no attempt uses."""


@dataclass(frozen=True, kw_only=True)
class Generation:
    """A script that completes the sources of a package as its build does."""

    module: str
    script: Path
    needs: tuple[str, ...] = ()
    """Files next to the package that the script reads. Sources without one of them stay as they are."""
    unless: tuple[str, ...] = ()
    """Folders of the package: sources that have one of them are complete."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A variable that asks for a package, such as KERAS_BACKEND: a script that sets it says something only of that."""

    variable: str
    needs: tuple[tuple[str, tuple[str, ...]], ...]
    """The modules that each value needs."""
    in_force: tuple[str, ...] = ()
    """Functions that return the value in force, as `module:function`; the first that is imported answers."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A Python, a locked set of packages and environment variables."""

    id: str
    family: str
    lock: Lock
    variables: tuple[tuple[str, str], ...] = ()
    imports: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    """Modules that may be imported once for many attempts."""
    touch: tuple[str, ...] = ()
    """Attributes of these that import more when they are first used."""
    prepare: tuple[Preparation, ...] = ()
    provides: tuple[tuple[str, str], ...] = ()
    settings: tuple[Setting, ...] = ()
    tiers: frozenset[str] = frozenset()
    overlay: Overlay | None = None
    """A source tree that overlays its packages in every attempt."""

    @property
    def python(self) -> str:
        """The Python it needs, as `3.11`."""
        return self.lock.origin.python

    @property
    def packages(self) -> frozenset[str]:
        """The installed packages, and the packages that they provide."""
        names = set(self.lock.versions)
        stands_for = (canonicalize_name(given) for giver, given in self.provides if canonicalize_name(giver) in names)
        return frozenset({*names, *stands_for})

    @property
    def stand_ins(self) -> tuple[tuple[str, str], ...]:
        """The packages that are not installed, each with the installed one that stands for it."""
        names = {canonicalize_name(each) for each in self.lock.versions}
        pairs = ((canonicalize_name(given), canonicalize_name(giver)) for giver, given in self.provides)
        return tuple((given, giver) for given, giver in pairs if giver in names and given not in names)

    def lacks(self, requirement: Requirement) -> str | None:
        """Return why this environment does not satisfy a requirement, or None if it does.

        A package may stand for another (`provides`), as tensorflow-cpu does for tensorflow.
        """
        if requirement.marker is not None and not requirement.marker.evaluate({"python_version": self.python}):
            return None
        wanted = canonicalize_name(requirement.name)
        stand_ins = [canonicalize_name(giver) for giver, given in self.provides if canonicalize_name(given) == wanted]
        versions = self.lock.versions
        for name in [wanted, *stand_ins]:
            if name in versions:
                if requirement.specifier.contains(versions[name], prereleases=True):
                    return None
                return f"needs {requirement}, and this environment has {name} {versions[name]}"
        return f"needs {requirement.name}, which this environment does not have"
