"""`matrix.toml` as values: families of environments, tiers, exclusions. Nothing here is specific to TensorFlow."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from harness.errors import UsageError
from harness.model import Cache, Generation, LockOrigin, Preparation, Setting, matches_globs
from harness.model.nightly import built_on
from harness.model.site import SiteText
from harness.project.import_names import package_of

FILE = "matrix.toml"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
# The default maximum limits of a script: seconds, MiB, MiB, a number. matrix.toml can set others.
MAX_LIMITS = {"timeout": 3600.0, "memory": 16384.0, "disk": 16384.0, "processes": 1024.0}


@dataclass(frozen=True, kw_only=True)
class Base:
    """An environment that is the same for all versions of a family, except for the package of the family."""

    as_of: dt.datetime
    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Family:
    """The environments of the versions of one package: Pythons, requirements, variables and dates."""

    name: str
    title: str
    package: str
    id: str
    versions: SpecifierSet | tuple[Version, ...]
    pick: str
    also: tuple[Version, ...]
    pythons: tuple[tuple[str, SpecifierSet], ...]
    days_after_release: int | None
    """The days after the release as of which a version is resolved; None for the day of the lock."""
    requirements: tuple[str, ...]
    constraints: tuple[str, ...]
    overrides: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    imports: tuple[str, ...]
    base: Base | None
    prereleases: bool = False
    """True if pre-releases and development releases count as releases do, as in a family of nightly builds."""
    replaces: str | None = None
    """The package that the environments do not use: their variables select another in its place."""

    @property
    def has_every_release(self) -> bool:
        """True if there is no final release between two neighbours of the family."""
        return self.pick == "every" and not isinstance(self.versions, tuple)

    def environment_id(self, version: Version) -> str:
        """Return the id of the environment of a version."""
        return self.id.format(version=version)

    def python_for(self, version: Version) -> str | None:
        """Return the Python of a version, or None if the family has none for it."""
        for python, versions in self.pythons:
            if versions.contains(version, prereleases=True):
                return python
        return None

    def choose(self, available: Iterable[Version]) -> list[Version]:
        """Return the versions to cover, ascending, from the releases in the index.

        Pre-releases are covered if they are listed, or if the family takes them all.
        """
        releases = sorted(available)
        if isinstance(self.versions, tuple):
            return [each for each in releases if each in self.versions]
        chosen = [each for each in releases if self.contains(each)]
        if self.pick == "last of each minor":
            chosen = list({each.release[:2]: each for each in chosen}.values())
        if self.pick == "last of each week":
            chosen = list({_week(each): each for each in chosen}.values())
        if self.pick == "newest":
            chosen = chosen[-1:]
        return sorted({*chosen, *(each for each in releases if each in self.also)})

    def contains(self, version: Version) -> bool:
        """Return True if the specifier of the family has a version."""
        if isinstance(self.versions, tuple):
            return version in self.versions
        if version.is_prerelease and not self.prereleases:
            return False
        return self.versions.contains(version, prereleases=True)

    def origin_of(self, version: Version, *, as_of: dt.datetime, platform: str) -> LockOrigin:
        """Return the input of the resolution of a version. Raises UsageError."""
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


def _week(version: Version) -> tuple[int, int] | Version:
    """Return year and week of a nightly build; the version itself if it has no date."""
    day = built_on(str(version))
    return day.isocalendar()[:2] if day is not None else version


def _fill(templates: tuple[str, ...], fields: dict[str, str]) -> tuple[str, ...]:
    return tuple(template.format(**fields) for template in templates)


@dataclass(frozen=True, kw_only=True)
class Tier:
    """A named selection of environments."""

    name: str
    title: str
    environments: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """Cells that are not run, and the reason."""

    environments: tuple[str, ...]
    scenarios: tuple[str, ...]
    reason: str

    def covers(self, *, scenario: str, environment: str) -> bool:
        """Return True if the cell is excluded."""
        return matches_globs(scenario, self.scenarios) and matches_globs(environment, self.environments)


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """The content of matrix.toml."""

    imports: tuple[str, ...]
    preload: tuple[str, ...]
    """Modules that the fork server imports before it forks a process for each attempt."""
    touch: tuple[str, ...]
    """Attributes of these modules that import further modules at their first use."""
    settings: tuple[Setting, ...]
    prepare: tuple[Preparation, ...]
    """Scripts that the fork server runs after it imported a module."""
    package_dirs: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """By module: folders of the installed package, each with the folder of its sources that is copied there."""
    generate: tuple[Generation, ...]
    """Scripts that complete the sources of a package."""
    show: tuple[str, ...]
    """Packages whose versions the table shows for each environment."""
    platform: str
    variables: tuple[tuple[str, str], ...]
    pass_env: tuple[str, ...]
    """Environment variables of the caller that a script may request."""
    limits: tuple[tuple[str, float], ...]
    """The maximum limits that a script may request, by their names in its header."""
    provides: tuple[tuple[str, str], ...]
    families: tuple[Family, ...]
    tiers: tuple[Tier, ...]
    default_tier: str
    exclusions: tuple[Exclusion, ...]
    site: SiteText = field(default_factory=SiteText)
    """Texts of the published page."""
    caches: tuple[Cache, ...] = ()
    """Folders in which packages keep downloads."""
    built_from: tuple[tuple[str, str], ...] = ()
    """By package: the file of its wheel that has the output of `git describe` of its build."""
    modules: tuple[tuple[str, str], ...] = ()
    """Modules, each with its package, where the names differ and are not in the table of `import_names`."""

    def package_of(self, module: str) -> str:
        """Return the package of a module."""
        return dict(self.modules).get(module) or package_of(module)

    @property
    def packages(self) -> frozenset[NormalizedName]:
        """The packages that the matrix names, and so decides which environments have them and in which version."""
        names = [*self.show, *(name for pair in self.provides for name in pair)]
        for family in self.families:
            names += [family.package, *([family.replaces] if family.replaces else [])]
            parts: tuple[Family | Base, ...] = (family, family.base) if family.base is not None else (family,)
            for part in parts:
                texts = (*part.requirements, *part.constraints, *part.overrides)
                names += [found[0] for text in texts if (found := _NAME.match(text))]
        return frozenset(map(canonicalize_name, names))

    def family(self, name: str) -> Family | None:
        """Return the family with this name, or None."""
        return next((family for family in self.families if family.name == name), None)

    def tiers_of(self, environment: str) -> frozenset[str]:
        """Return the names of the tiers of an environment."""
        return frozenset(tier.name for tier in self.tiers if matches_globs(environment, tier.environments))
