"""`matrix.toml` as values: families of environments, tiers, exclusions. Nothing here knows of TensorFlow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from harness.errors import UsageError
from harness.model import LockOrigin, Preparation, matches_globs

FILE = "matrix.toml"
# The largest limits that a header may ask for, if matrix.toml does not say others: seconds, MiB, MiB, a number.
MOST = {"timeout": 3600.0, "memory": 16384.0, "disk": 16384.0, "processes": 1024.0}


@dataclass(frozen=True, kw_only=True)
class Base:
    """An environment that a family holds fixed while it swaps its package."""

    as_of: dt.datetime
    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Family:
    """A package and its versions, what is held fixed, Pythons, variables, and how its environments are dated."""

    name: str
    title: str
    package: str
    id: str
    versions: SpecifierSet | tuple[Version, ...]
    pick: str
    also: tuple[Version, ...]
    pythons: tuple[tuple[str, SpecifierSet], ...]
    days_after_release: int | None
    """How long after the release its environments are dated; None for the day of the lock."""
    requirements: tuple[str, ...]
    constraints: tuple[str, ...]
    overrides: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    imports: tuple[str, ...]
    base: Base | None

    @property
    def has_every_release(self) -> bool:
        """Whether between two of its neighbours there is no final release of its package."""
        return self.pick == "every" and not isinstance(self.versions, tuple)

    def environment_id(self, version: Version) -> str:
        """Name the environment of a version."""
        return self.id.format(version=version)

    def python_for(self, version: Version) -> str | None:
        """Give the Python on which a version is run, or None if the family names none for it."""
        for python, versions in self.pythons:
            if versions.contains(version, prereleases=True):
                return python
        return None

    def choose(self, available: Iterable[Version]) -> list[Version]:
        """Choose the versions to cover, ascending, from the final releases that the index has."""
        releases = sorted(available)
        if isinstance(self.versions, tuple):
            return [each for each in releases if each in self.versions]
        chosen = [each for each in releases if self.versions.contains(each)]
        if self.pick == "last of each minor":
            chosen = list({each.release[:2]: each for each in chosen}.values())
        return sorted({*chosen, *(each for each in releases if each in self.also)})

    def origin_of(self, version: Version, *, as_of: dt.datetime, platform: str) -> LockOrigin:
        """Say what is to be resolved for a version."""
        python = self.python_for(version)
        if python is None:
            raise UsageError(
                f"{FILE}: families.{self.name}.pythons: no Python for {self.package} {version}",
                next_step=f'Add one, such as "3.12" = "=={version}"',
            )
        fields = {"version": str(version), "minor": f"{version.major}.{version.minor}", "package": self.package}
        base = self.base
        return LockOrigin(
            environment=self.environment_id(version),
            family=self.name,
            package=self.package,
            version=str(version),
            python=python,
            platform=platform,
            as_of=as_of,
            requirements=_fill(((*base.requirements,) if base else ()) + self.requirements, fields),
            constraints=_fill(((*base.constraints,) if base else ()) + self.constraints, fields),
            overrides=_fill(((*base.overrides,) if base else ()) + self.overrides, fields),
            base=f"{self.name}-base" if base else None,
        )


def _fill(templates: tuple[str, ...], fields: dict[str, str]) -> tuple[str, ...]:
    return tuple(template.format(**fields) for template in templates)


@dataclass(frozen=True, kw_only=True)
class Tier:
    """A named choice of environments."""

    name: str
    title: str
    environments: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """Cells that are not run, with the reason."""

    environments: tuple[str, ...]
    scenarios: tuple[str, ...]
    reason: str

    def covers(self, *, scenario: str, environment: str) -> bool:
        """Whether a cell is excluded."""
        return matches_globs(scenario, self.scenarios) and matches_globs(environment, self.environments)


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """What to cover, as written by hand."""

    imports: tuple[str, ...]
    preload: tuple[str, ...]
    """Modules that a script may find imported already, by a process that is forked for each attempt."""
    touch: tuple[str, ...]
    """Attributes of such modules that import more when they are first used."""
    prepare: tuple[Preparation, ...]
    """What such a process runs when it has imported a module."""
    built: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """What the build of a module puts elsewhere than its sources have it: folders, each with the sources' own."""
    show: tuple[str, ...]
    """The packages whose versions the table shows for each environment."""
    platform: str
    variables: tuple[tuple[str, str], ...]
    passed: tuple[str, ...]
    """Which of the caller's variables a script may ask for."""
    most: tuple[tuple[str, float], ...]
    """The largest limits that a script may ask for, by their names in its header."""
    provides: tuple[tuple[str, str], ...]
    families: tuple[Family, ...]
    tiers: tuple[Tier, ...]
    default_tier: str
    exclusions: tuple[Exclusion, ...]

    def family(self, name: str) -> Family | None:
        """Find a family by its name."""
        return next((family for family in self.families if family.name == name), None)

    def tiers_of(self, environment: str) -> frozenset[str]:
        """Name the tiers that an environment is in."""
        return frozenset(tier.name for tier in self.tiers if matches_globs(environment, tier.environments))
