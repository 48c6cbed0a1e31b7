"""Ranges of versions that show the same. Pure."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from packaging.utils import NormalizedName
from packaging.version import Version

from harness.triage.evidence import Evidence, Shows


@dataclass(frozen=True, kw_only=True)
class Range:
    """Neighbouring versions of a package that were run and show the same. Nothing is claimed between two ranges."""

    package: NormalizedName
    first: str
    last: str
    shows: Shows
    error: str
    reason: str
    cells: tuple[str, ...]

    @property
    def text(self) -> str:
        """The versions in words."""
        return self.first if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True, kw_only=True)
class Border:
    """Two neighbouring versions that were run, one of which passes while the other shows the bug."""

    package: NormalizedName
    last: str
    first: str

    introduced: bool


def ranges_of(
    evidence: Iterable[Evidence], package: NormalizedName, *, apart_by_error: bool = False
) -> tuple[Range, ...]:
    """Return the ranges of a package's versions, ascending.

    A version with different results in different environments makes a range of its own for each result: no range
    contradicts a cell. Evidence from environments that set variables of their own is left out: they may replace the
    package. With `apart_by_error`, neighbours that show the bug with other errors are ranges of their own.
    """
    versions: dict[str, list[Evidence]] = {}
    for each in evidence:
        if package in each.versions and not each.variables:
            versions.setdefault(each.versions[package], []).append(each)
    ranges: list[Range] = []
    extensible = False
    for version in sorted(versions, key=Version):
        groups = list(_groups(versions[version]))
        for shows, error, reason, cells in groups:
            previous = ranges[-1] if ranges else None
            alike = previous is not None and (not apart_by_error or _line(previous.error) == _line(error))
            if previous and alike and extensible and len(groups) == 1 and _same(previous, shows, error, reason):
                ranges[-1] = Range(
                    package=package,
                    first=previous.first,
                    last=version,
                    shows=shows,
                    error=previous.error,
                    reason=previous.reason,
                    cells=(*previous.cells, *cells),
                )
                continue
            ranges.append(
                Range(
                    package=package,
                    first=version,
                    last=version,
                    shows=shows,
                    error=error,
                    reason=reason,
                    cells=tuple(cells),
                )
            )
        # A result of a version with different results says nothing about the next version.
        extensible = len(groups) == 1
    return tuple(ranges)


def _groups(evidence: Sequence[Evidence]) -> Iterator[tuple[Shows, str, str, list[str]]]:
    """Group the evidence of one version by what it shows. What was not tested counts only where nothing was."""
    conclusive = [each for each in evidence if each.shows.conclusive]
    counted = conclusive or list(evidence)
    groups: dict[tuple[Shows, str], list[Evidence]] = {}
    for each in counted:
        groups.setdefault((each.shows, _line(each.error) if each.shows is Shows.OTHER else ""), []).append(each)
    for (shows, _), members in groups.items():
        yield shows, members[0].error, members[0].reason, [each.cell for each in members]


def _same(previous: Range, shows: Shows, error: str, reason: str) -> bool:
    if previous.shows is not shows:
        return False
    if shows is Shows.OTHER:
        return _line(previous.error) == _line(error)
    return shows.conclusive or _without_numbers(previous.reason) == _without_numbers(reason)


def _line(error: str) -> str:
    """Return the line that identifies another failure: the lines below may have addresses and numbers."""
    return error.splitlines()[0] if error else ""


def _without_numbers(reason: str) -> str:
    return re.sub(r"\d+(?:\.\d+)*", "", reason).rstrip(". ")


def borders_of(ranges: Sequence[Range]) -> tuple[Border, ...]:
    """Return the borders between a pass and the bug.

    Another failure between them hides the border, and so does a version with different results.
    """
    borders = []
    conclusive = [each for each in ranges if each.shows.conclusive]
    results = Counter(version for each in conclusive for version in {each.first, each.last})
    for before, after in itertools.pairwise(conclusive):
        clear = results[before.last] == results[after.first] == 1
        if clear and {before.shows, after.shows} == {Shows.PASSES, Shows.BUG}:
            borders.append(
                Border(
                    package=before.package,
                    last=before.last,
                    first=after.first,
                    introduced=after.shows is Shows.BUG,
                )
            )
    return tuple(borders)
