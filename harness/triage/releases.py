"""Releases near those of a report: earlier minors of a package that a failure names, and the range to search. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from harness.pinpoint.environments.derived import DerivedId, changes_of
from harness.project.import_names import package_of
from harness.project.matrix import Matrix
from harness.project.selection import CHANGE_SEPARATOR
from harness.triage.evidence import Evidence, Shows
from harness.triage.observed_runs import CellRun

EARLIER_MINORS = 2
"""The number of earlier minors of a package that are tried, if the report does not name its version."""
SEARCHED_MINORS = 3
"""The number of minors that are searched before and after the affected releases, for a package without a family."""

_FOLDER = re.compile(r"(?<=[\\/])([A-Za-z_]\w*)(?=[\\/])")


def packages_of_failure(message: str, installed: Mapping[NormalizedName, str]) -> tuple[NormalizedName, ...]:
    """Return the installed packages whose folders an error message names: that of the library that cannot be loaded."""
    named = (canonicalize_name(package_of(folder)) for folder in _FOLDER.findall(message))
    return tuple(dict.fromkeys(name for name in named if name in installed))


def packages_of_families(matrix: Matrix) -> frozenset[NormalizedName]:
    """Return the packages that the matrix is about, by all their names."""
    families = {canonicalize_name(family.package) for family in matrix.families}
    replaced = {canonicalize_name(family.replaces) for family in matrix.families if family.replaces}
    provided = {canonicalize_name(name) for pair in matrix.provides for name in pair}
    return frozenset(families | replaced | provided)


def earlier_releases(releases: Sequence[Version], version: str) -> tuple[str, ...]:
    """Return the last final release of each of the minors before that of a version, the nearest first."""
    own = _minor(Version(version))
    last: dict[tuple[int, ...], Version] = {}
    for release in sorted(releases):
        if not release.is_prerelease and _minor(release) < own:
            last[_minor(release)] = release
    return tuple(str(release) for release in list(last.values())[: -EARLIER_MINORS - 1 : -1])


def range_to_search(releases: Sequence[Version], affected: Sequence[str]) -> str | None:
    """Return FIRST..LAST around affected versions, some minors wider; None if no release is known."""
    minors = sorted({_minor(release) for release in releases if not release.is_prerelease})
    wanted = [_minor(Version(version)) for version in affected]
    if not minors or not wanted:
        return None
    first = max(0, sum(minor < min(wanted) for minor in minors) - SEARCHED_MINORS)
    last = min(len(minors), sum(minor <= max(wanted) for minor in minors) + SEARCHED_MINORS) - 1
    inside = [release for release in sorted(releases) if minors[first] <= _minor(release) <= minors[last]]
    return f"{inside[0]}..{inside[-1]}"


def range_of_pair(
    pair: CellRun, package: NormalizedName, matrix: Matrix, releases: Callable[[str], Sequence[Version]]
) -> str | None:
    """Return FIRST..LAST around the versions of writer and reader; None for all releases of a fixed base.

    Elsewhere releases that are far from these do not fit the environments of the pair.
    """
    if any(each.base is not None and each.package == package and each.name == pair.family for each in matrix.families):
        return None
    affected = [versions[package] for versions in (pair.versions, pair.written_with) if package in versions]
    return range_to_search(releases(str(package)), affected)


def loss_of(evidence: Iterable[Evidence], package: NormalizedName) -> str | None:
    """Return FIRST..LAST from the newest version of a package that passes to the next one with the problem.

    None if no later version has it.
    """
    shown = [(Version(each.versions[package]), each.shows) for each in evidence if package in each.versions]
    last = max((version for version, shows in shown if shows is Shows.PASSES), default=None)
    later = [version for version, shows in shown if shows is Shows.BUG and last is not None and version > last]
    return f"{last}..{min(later)}" if later else None


BaseAndChanges = tuple[str, tuple[tuple[NormalizedName, str], ...], frozenset[str]]


def without_package(id: str, package: NormalizedName) -> BaseAndChanges:
    """Return the base, the replaced and the added packages of an environment's id, without this package.

    Two environments that differ in the version of the package only have the same.
    """
    base = id
    while CHANGE_SEPARATOR in base:
        base = DerivedId.parse(base).base
    versions, added = changes_of(id)
    versions.pop(package, None)
    return base, tuple(sorted(versions.items())), frozenset(added)


def _minor(version: Version) -> tuple[int, ...]:
    return (version.epoch, *version.release[:2])
