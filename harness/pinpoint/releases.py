"""Releases of a package as points of a search, and the environment of each: a base with another release."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from harness.errors import UsageError, near_misses
from harness.locking.package_index import Release, ReleaseIndex
from harness.model import Environment
from harness.pinpoint.candidates import Candidate
from harness.pinpoint.environments.derived import DerivedEnvironments, Untestable, changes_of
from harness.project.matrix import Family, Matrix
from harness.search.transitions import SearchPlan

ABOUT_TWENTY = 20
_FEW_MINORS = 8
_AFFORDABLE_S = 180.0
# Measured for Keras on TensorFlow: imports and a short script, on one core; and an environment that is installed.
_OVERLAID_S, _OWN_S = 4.5, 20.0


@dataclass(frozen=True, kw_only=True)
class Releases:
    """The releases of a package to search, ascending, and the number of older releases that are left out."""

    package: NormalizedName
    points: tuple[Release, ...]
    older: int

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions alone."""
        return tuple(str(each.version) for each in self.points)

    def place_of(self, version: str) -> int:
        """Return the place of a version among the releases, or the place where it would be inserted."""
        return sum(each.version < Version(version) for each in self.points)

    def from_the_first_wheel(self, python: str) -> Releases:
        """Leave out the oldest ones, as far as none of them has a wheel for a Python."""
        return self._from_first(lambda each: each.has_wheel_for(python))

    def from_the_first_in(self, versions: SpecifierSet, known: str) -> Releases:
        """Leave out the oldest ones, as far as they are neither in a range of versions nor the known one."""
        return self._from_first(lambda each: each.version >= Version(known) or versions.contains(each.version))

    def _from_first(self, fits: Callable[[Release], bool]) -> Releases:
        first = next((place for place, each in enumerate(self.points) if fits(each)), 0)
        return replace(self, points=self.points[first:], older=self.older + first)


def releases_between(
    index: ReleaseIndex, package: str, versions: str | None, *, pre: bool = False, yanked: bool = False
) -> Releases:
    """List the releases in FIRST..LAST, both included and each optional: final and not yanked, unless asked for."""
    name = canonicalize_name(package)
    known = [
        each
        for each in index.releases(name, every=True)
        if (pre or not each.prerelease) and (yanked or not each.yanked)
    ]
    first, last = _bounds(versions)
    if first is not None and last is not None and first > last:
        raise UsageError(f"--versions {versions}: {first} is later than {last}", next_step=f"Write {last}..{first}")
    points = [
        each for each in known if (first is None or each.version >= first) and (last is None or each.version <= last)
    ]
    if not points:
        raise UsageError(
            f"--versions {versions}: {package} has no release in this range"
            if versions
            else f"{package} has no release",
            why=f"It has {_summary(known)}" if known else "The package index lists none",
            next_step="Write FIRST..LAST; --pre and --yanked include more releases",
        )
    return Releases(package=name, points=tuple(points), older=known.index(points[0]))


def _summary(known: Sequence[Release]) -> str:
    versions = [str(each.version) for each in known]
    return ", ".join(versions) if len(versions) <= 12 else f"{versions[0]} ... {', '.join(versions[-6:])}"


def _bounds(versions: str | None) -> tuple[Version | None, Version | None]:
    if versions is None:
        return None, None
    first, dots, last = versions.partition("..")
    try:
        if dots:
            return (Version(first) if first else None), (Version(last) if last else None)
    except InvalidVersion as error:
        raise UsageError(
            f"--versions {versions!r} is not a range", why=str(error), next_step="Write 3.0.0..3.5.0"
        ) from None
    raise UsageError(f"--versions {versions!r} is not a range", next_step="Write FIRST..LAST, such as 3.0.0..3.5.0")


@dataclass(frozen=True, kw_only=True)
class SearchStrategy:
    """Which releases a search probes: the plan, and its description."""

    plan: SearchPlan
    description: str
    complete: bool = False
    """True if every release is run, so that nothing can have been missed."""
    mode: str = ""
    """`every`, `grid` or `quick`."""
    why: str = ""
    """The reason for the mode: an option, or the cost of all releases."""


def choose_strategy(
    releases: Releases, mode: str, *, known: str | None = None, cost: Cost | None = None
) -> SearchStrategy:
    """Return the strategy of a mode: "every", "quick", "grid", or "auto" for every release if that takes little time.

    "grid" and "auto" go back from a version that is `known` to be testable. Without a `cost` all takes little time.
    """
    size, older = len(releases.points), releases.older
    if mode in ("every", "quick"):
        return fixed_strategy(size, older, mode, "release")
    place = None if known is None else min(releases.place_of(known), size - 1)
    back = "" if place is None else f", back from {known} as far as they can be tested"
    if mode == "auto":
        cost = cost or Cost(releases=size)
        if cost.affordable:
            plan = SearchPlan.grid(size, tuple(range(size)), older, known=place)
            description = f"every one of {size} releases{back}"
            return SearchStrategy(
                plan=plan, description=description, complete=True, mode="every", why=f"that takes {cost}"
            )
        why = f"every one of {size} releases would take {cost}; --every runs them all"
        return replace(_grid(releases, place, back), why=why)
    return replace(_grid(releases, place, back), why="--grid asks for it")


def _grid(releases: Releases, place: int | None, back: str) -> SearchStrategy:
    size, older = len(releases.points), releases.older
    minors: dict[tuple[int, ...], list[int]] = {}
    for mark, each in enumerate(releases.points):
        minors.setdefault((each.version.epoch, *each.version.release[:2]), []).append(mark)
    marks = {mark for places in minors.values() for mark in (places[0], places[-1])}
    description = "both ends, the first and the last release of each minor"
    if len(minors) < _FEW_MINORS:
        more, how = _evenly_spaced(size, older, "release")
        marks.update(more)
        description = f"{description}, and {how}"
    plan = SearchPlan.grid(size, tuple(marks), older, known=place)
    probed = len(plan.marks)
    return SearchStrategy(
        plan=plan, description=f"{description}{back} ({probed} of {size})", complete=probed == size, mode="grid"
    )


@dataclass(frozen=True, kw_only=True)
class Cost:
    """An estimate of what it takes to run every release."""

    releases: int
    overlaid: int | None = None
    """How many of them are pure Python, and will need no environment of their own; None: all."""
    jobs: int = 1
    workers: int = 0
    """How many workers of a cluster create the environments; 0: this machine does."""

    @property
    def seconds(self) -> float:
        """About how long it takes."""
        if self.workers:
            return self.releases * _OWN_S / self.workers
        overlaid = self.releases if self.overlaid is None else self.overlaid
        # Environments are created one after another; attempts run at the same time.
        return overlaid * _OVERLAID_S / self.jobs + (self.releases - overlaid) * _OWN_S

    @property
    def affordable(self) -> bool:
        """Return True if it is fast enough to be the default."""
        return self.seconds <= _AFFORDABLE_S

    def __str__(self) -> str:
        minutes = self.seconds / 60
        return f"about {self.seconds:.0f} s" if self.seconds < 100 else f"about {minutes:.0f} minutes"


def fixed_strategy(size: int, offset: int, mode: str, unit: str) -> SearchStrategy:
    """Return the strategy for points without minors: "every", "quick", or about twenty of them ("grid", "auto")."""
    if mode == "every":
        description = f"every one of {size} {unit}s"
        return SearchStrategy(
            plan=SearchPlan.every(size, offset),
            description=description,
            complete=True,
            mode=mode,
            why="--every asks for it",
        )
    if mode == "quick":
        description = f"halving between the two ends of {size} {unit}s"
        return SearchStrategy(
            plan=SearchPlan.quick(size, offset), description=description, mode=mode, why="--quick asks for it"
        )
    marks, description = _evenly_spaced(size, offset, unit)
    plan = SearchPlan.grid(size, marks, offset)
    probed = len(plan.marks)
    why = "--grid asks for it" if mode == "grid" else f"{unit}s are many; --every runs them all"
    return SearchStrategy(
        plan=plan, description=f"{description} ({probed} of {size})", complete=probed == size, mode="grid", why=why
    )


def _evenly_spaced(size: int, offset: int, unit: str) -> tuple[tuple[int, ...], str]:
    stride = 1 << max(0, round(math.log2(size / ABOUT_TWENTY)))
    marks = tuple(place for place in range(size) if (place + offset) % stride == 0)
    return marks, f"every {unit}" if stride == 1 else f"both ends and one {unit} in {stride}"


class Stepper:
    """Makes the environment of each release."""

    def __init__(
        self, base: Environment, releases: Releases, derived: DerivedEnvironments, matrix: Matrix, *, bounded: bool
    ) -> None:
        """Skip the oldest releases as far as they have no wheel, unless bounds were set (`bounded`)."""
        self.base = base
        self._derived = derived
        self.family = stepping_family(base, releases.package, matrix)
        if releases.package not in base.lock.versions:
            raise _not_in(base, releases.package)
        self.version_in_base = base.lock.versions[releases.package]
        self._built_in_base = releases.package in {canonicalize_name(each) for each in base.lock.origin.sources}
        trimmed = not bounded and not self.moves_more and not self._built_in_base
        if not bounded and self.family is not None and self.family.base is not None:
            # The family says which releases its base can have.
            versions = self.family.versions
            if isinstance(versions, SpecifierSet):
                releases = releases.from_the_first_in(versions, self.version_in_base)
        self.releases = releases.from_the_first_wheel(base.python) if trimmed else releases

    @property
    def moves_more(self) -> bool:
        """Return True if a step takes more than the package: Python, constraints and dated dependencies of a family."""
        return self.family is not None and self.family.base is None

    def cost(self, jobs: int, *, workers: int = 0) -> Cost:
        """Estimate the cost of every release, here or on `workers` workers of a cluster."""
        overlaid = 0 if self.moves_more else sum(each.pure for each in self.releases.points)
        return Cost(releases=len(self.releases.points), overlaid=overlaid, jobs=jobs, workers=workers)

    def candidate(self, place: int) -> Candidate:
        """Return the candidate of a release."""
        release = self.releases.points[place]
        return Candidate(
            name=f"{self.releases.package} {release.version}", make=functools.partial(self._environment, release)
        )

    def _environment(self, release: Release) -> Environment:
        if self.moves_more and self.family is not None:
            return self._with_changes_of_base(self._derived.of_family(self.family, release.version))
        if Version(self.base.lock.versions[self.releases.package]) == release.version:
            return self.base
        if not _runs_on(release, self.base.python):
            raise Untestable(f"it is for Python {release.requires_python}, and this is {self.base.python}")
        if not release.has_wheel_for(self.base.python) and not self._built_in_base:
            raise Untestable(f"no wheel of {self.releases.package} for Python {self.base.python}")
        if self.family is not None:
            known = self._derived.known(self.family.environment_id(release.version))
            if known is not None:
                return known
        return self._derived.derive(self.base, {self.releases.package: str(release.version)})

    def _with_changes_of_base(self, environment: Environment) -> Environment:
        """Return an environment with the packages that the base, an inline environment, replaces and adds."""
        versions, added = changes_of(self.base.id)
        versions.pop(self.releases.package, None)
        return self._derived.derive(environment, versions, added) if versions or added else environment


def stepping_family(base: Environment, package: NormalizedName, matrix: Matrix) -> Family | None:
    """Find the family that steps a package: the base's own, or the first that dates its environments by releases.

    A family with a fixed base serves environments of that base only.
    """
    families = [each for each in matrix.families if canonicalize_name(each.package) == package]
    own = next((each for each in families if each.name == base.family), None)
    dated = (each for each in families if each.base is None and each.days_after_release is not None)
    return own or next(dated, None)


def _runs_on(release: Release, python: str) -> bool:
    try:
        return SpecifierSet(release.requires_python or "").contains(f"{python}.99")
    except InvalidSpecifier:
        return True  # uv will say


def _not_in(base: Environment, package: str) -> UsageError:
    names = [str(name) for name in base.lock.versions]
    close = near_misses(package, names) or f"It has {', '.join(names)}"
    return UsageError(f"--package {package}: {base.id} has no such package", next_step=close)
