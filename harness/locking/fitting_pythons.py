"""Choose the Pythons of the releases of a package: few of them, each with a wheel of its releases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from harness.locking.package_index import Release, fits

RELEASED = {
    "3.6": dt.date(2016, 12, 23),
    "3.7": dt.date(2018, 6, 27),
    "3.8": dt.date(2019, 10, 14),
    "3.9": dt.date(2020, 10, 5),
    "3.10": dt.date(2021, 10, 4),
    "3.11": dt.date(2022, 10, 24),
    "3.12": dt.date(2023, 10, 2),
    "3.13": dt.date(2024, 10, 7),
    "3.14": dt.date(2025, 10, 7),
}
"""The Pythons that environments can have, with the days of their releases."""
_SETTLED = dt.timedelta(days=120)
"""After this time, most packages that others need have wheels for a new Python."""


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """Consecutive releases that have the same Python."""

    python: str
    versions: tuple[Version, ...]


def fitting_pythons(release: Release, platform: str) -> tuple[str, ...]:
    """Return the Pythons that fit a release on a platform in uv's notation: those of its day, the oldest first."""
    wheels = release.wheels or ()
    specific = [each for each in wheels if not each.endswith("-none-any.whl")]
    return tuple(
        python
        for python, released in RELEASED.items()
        if _allows(release.requires_python, python)
        and (not wheels or any(fits(each, python, platform) for each in wheels))
        and (
            any(f"cp{python.replace('.', '')}-" in each for each in specific)
            or release.date is None
            or released + _SETTLED <= release.date.date()
        )
    )


def choose_pythons(
    releases: Iterable[Release], platform: str, *, allowed: Collection[str], preferred: Collection[str] = ()
) -> tuple[tuple[Fitting, ...], tuple[Version, ...]]:
    """Return runs of releases with their Python, in ascending order, and the releases that no allowed Python fits.

    A run is as long as one Python fits. Later runs have newer Pythons. A preferred Python comes before others, then the
    newest one.
    """
    fitting = {
        each.version: [python for python in fitting_pythons(each, platform) if python in allowed] for each in releases
    }
    remaining = sorted(version for version, pythons in fitting.items() if pythons)
    left_out = [version for version, pythons in fitting.items() if not pythons]
    runs: list[Fitting] = []
    while remaining:
        before = Version(runs[-1].python) if runs else Version("0")
        common = [each for each in fitting[remaining[0]] if Version(each) > before]
        if not common:
            left_out.append(remaining.pop(0))
            continue
        length = 0
        for version in remaining:
            still = [each for each in common if each in fitting[version]]
            if not still:
                break
            common, length = still, length + 1
        python = max(common, key=lambda each: (each in preferred, Version(each)))
        runs.append(Fitting(python=python, versions=tuple(remaining[:length])))
        remaining = remaining[length:]
    return tuple(runs), tuple(sorted(left_out))


def _allows(requires_python: str | None, python: str) -> bool:
    try:
        # The last patch release: `>=3.8.1` allows 3.8.
        return SpecifierSet(requires_python or "").contains(f"{python}.99")
    except InvalidSpecifier:
        return True
