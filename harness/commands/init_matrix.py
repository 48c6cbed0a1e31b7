"""The content of the matrix of a new project: releases of a package, and their Pythons."""

from __future__ import annotations

import platform as host
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidName, canonicalize_name
from packaging.version import Version

from harness.errors import UsageError, some_of
from harness.locking.fitting_pythons import RELEASED, Fitting, choose_pythons, fitting_pythons
from harness.locking.package_index import Release
from harness.project.import_names import PACKAGES
from harness.project.new_project import NewProject, guessed_module

MANY = 12
"""More releases than this are too many to begin with."""
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_PLATFORMS = {"darwin": "apple-darwin", "win32": "pc-windows-msvc"}


def parse_package(text: str) -> str:
    """Return the name of a package. Raises UsageError."""
    try:
        canonicalize_name(text, validate=True)
    except InvalidName:
        raise UsageError(
            f"{text!r} is not the name of a package", next_step="Write the name that pip installs, such as scikit-learn"
        ) from None
    return text


def parse_module(text: str) -> str:
    """Return the name of a module. Raises UsageError."""
    if not _MODULE.fullmatch(text):
        raise UsageError(
            f"{text!r} is not the name of a module", next_step="Write the module that scripts import, such as sklearn"
        )
    return text


def parse_python(text: str) -> str:
    """Return a Python version. Raises UsageError."""
    if text not in RELEASED:
        raise UsageError(f"{text!r} is not a Python that can be used", next_step=f"Write one of: {', '.join(RELEASED)}")
    return text


def newest_minors(releases: Sequence[Release]) -> str:
    """Return the range of the last minor versions."""
    minors = sorted({each.version.release[:2] for each in releases})[-MANY:]
    return f">={min(each.version for each in releases if each.version.release[:2] == minors[0])}"


def in_range(releases: Sequence[Release], text: str) -> list[Release]:
    """Return the releases in a range. Raises UsageError if there are none."""
    try:
        specifier = SpecifierSet(text)
    except InvalidSpecifier:
        raise UsageError(f"{text!r} is not a range of versions", next_step="Write for example '>=1.0,<3'") from None
    inside = [each for each in releases if specifier.contains(each.version)]
    if not inside:
        oldest, newest = releases[0].version, releases[-1].version
        raise UsageError(f"{text!r} has no release", next_step=f"The releases are {oldest} to {newest}")
    return inside


def matrix_of(
    package: str,
    releases: Sequence[Release],
    *,
    module: str | None,
    versions: str | None,
    pick: str | None,
    pythons: Collection[str],
    installed: Collection[str],
) -> tuple[NewProject, tuple[Version, ...]]:
    """Return the content of the matrix, and the releases that no Python fits. Raises UsageError if none is left.

    None and no Pythons stand for the defaults. Installed Pythons come before others.
    """
    wanted = versions if versions is not None else newest_minors(releases)
    inside = in_range(releases, wanted)
    picked = pick or ("every" if len(inside) <= MANY else "last of each minor")
    chosen = _picked(inside, picked)
    platform = this_platform()
    # uv downloads a newer Python, but no 3.6 or 3.7 for every platform.
    allowed = pythons or {*installed, *list(RELEASED)[list(RELEASED).index("3.8") :]}
    runs, left_out = choose_pythons(chosen, platform, allowed=allowed, preferred=installed)
    if not runs:
        fitting = {python for each in chosen for python in fitting_pythons(each, platform)}
        raise UsageError(
            f"No release of {package} in {wanted!r} has a wheel for Python {' or '.join(pythons or sorted(allowed))}",
            next_step=f"These Pythons fit: {some_of(each for each in RELEASED if each in fitting)}",
        )
    specifier = ",".join([wanted, *_without(left_out, runs[0].versions[0], runs[-1].versions[-1])])
    project = NewProject(
        package=package,
        module=module or guessed_module(package, PACKAGES),
        versions=specifier.strip(","),
        pick=picked,
        pythons=dict(_bounds(runs)),
        platform=platform,
        chosen=[str(version) for run in runs for version in run.versions],
    )
    return project, left_out


def this_platform() -> str:
    """Return the platform of this machine in uv's notation."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(host.machine().lower(), host.machine().lower())
    return f"{machine}-{_PLATFORMS.get(sys.platform, 'manylinux_2_28')}"


def _picked(releases: Sequence[Release], pick: str) -> Sequence[Release]:
    if pick == "last of each minor":
        return list({each.version.release[:2]: each for each in releases}.values())
    return releases[-1:] if pick == "newest" else releases


def _without(left_out: Collection[Version], first: Version, last: Version) -> Iterator[str]:
    """Yield the specifiers that exclude versions from a range with this first and last version."""
    if any(each < first for each in left_out):
        yield f">={first}"
    if any(each > last for each in left_out):
        yield f"<={last}"
    yield from (f"!={each}" for each in left_out if first < each < last)


def _bounds(runs: Iterable[Fitting]) -> Iterator[tuple[str, str]]:
    """Yield each Python with its versions. The first that matches counts, so upper bounds are enough."""
    runs = list(runs)
    for run, following in zip(runs, [*runs[1:], None], strict=True):
        yield run.python, f"<{following.versions[0]}" if following is not None else f">={run.versions[0]}"
