"""A lock's origin becomes a lock: uv resolves it, as of its date, for its Python and platform."""

from __future__ import annotations

import datetime as dt
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from harness.errors import HarnessError
from harness.model import Lock, LockOrigin, Pin
from harness.provision.uv import Resolution, Uv
from harness.provision.uv_failures import FailureKind, UvFailed, packages_without_wheels

if sys.version_info >= (3, 11):
    import tomllib
else:  # the same library under its earlier name
    import tomli as tomllib

_MOST_SOURCES = 12


def resolve(
    origin: LockOrigin,
    *,
    uv: Uv,
    prefer: Mapping[str, str] | None = None,
    dates: Mapping[str, dt.datetime] | None = None,
    stop: threading.Event | None = None,
) -> Lock:
    """Resolve what an origin says; versions in `prefer` are taken where they fit, `dates` count for single packages.

    Wheels only; a package of which there is none is taken as source, and the origin of the lock says so.
    Raises UvFailed.
    """
    sources = origin.sources
    while True:
        try:
            text = _resolve_once(replace(origin, sources=sources), uv, prefer or {}, dates or {}, stop)
        except UvFailed as error:
            more = tuple(each for each in packages_without_wheels(error.output) if each not in sources)
            if not more or len(sources) + len(more) > _MOST_SOURCES:
                raise
            sources += more
        else:
            return parse_resolution(text, replace(origin, sources=tuple(sorted(sources))))


def resolve_swapped(origin: LockOrigin, base: Lock, *, uv: Uv, stop: threading.Event | None = None) -> Lock:
    """Resolve a release inside a base: all else is as in the base, as of its date, as far as the release allows.

    Where it does not, the date of the release counts for all. What moved stands in the lock's origin.
    Raises UvFailed.
    """
    swapped = canonicalize_name(origin.package or "")
    before = {str(name): version for name, version in base.versions.items()}
    prefer = {name: version for name, version in before.items() if name != swapped}
    held = replace(origin, as_of=base.origin.as_of)
    try:
        lock = resolve(held, uv=uv, prefer=prefer, dates={swapped: origin.as_of}, stop=stop)
    except UvFailed as error:
        later = origin.as_of > base.origin.as_of
        if error.kind not in (FailureKind.CONFLICT, FailureKind.NO_WHEEL) or not later:
            raise
        lock = resolve(origin, uv=uv, prefer=prefer, stop=stop)
    after = {str(name): version for name, version in lock.versions.items()}
    moved = differences(before, after, but=swapped)
    return replace(lock, origin=replace(lock.origin, as_of=origin.as_of, moved=moved))


def differences(old: Mapping[str, str], new: Mapping[str, str], *, but: str) -> tuple[str, ...]:
    """Name what differs between two sets of versions, but for one package: `optree 0.14.1 -> 0.15.0`."""
    lines = []
    for name in sorted({*old, *new} - {but}):
        before, after = old.get(name), new.get(name)
        if before is None:
            lines.append(f"{name} added {after}")
        elif after is None:
            lines.append(f"{name} removed {before}")
        elif before != after:
            lines.append(f"{name} {before} -> {after}")
    return tuple(lines)


def parse_resolution(text: str, origin: LockOrigin) -> Lock:
    """Read the pylock.toml that uv wrote. Of its addresses nothing is kept: the sums say which file it is.

    Raises UvFailed for what is none: names, versions and sizes in it are the index's words.
    """
    try:
        packages = tomllib.loads(text).get("packages", [])
        pins = tuple(sorted((_pin(each) for each in packages), key=lambda pin: pin.name))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UvFailed(FailureKind.OTHER, f"what uv resolved cannot be read: {str(error)[:200]}", text) from error
    return Lock(origin=origin, pins=pins)


def _pin(package: Mapping[str, Any]) -> Pin:
    files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
    hashes = tuple(sorted(each["hashes"]["sha256"] for each in files if "sha256" in each.get("hashes", {})))
    if not hashes:
        raise HarnessError(
            f"{package['name']} {package.get('version', '')}: the package index gives no sha256 sum for it",
            next_step="Use an index that does: without sums, a lock locks nothing",
        )
    return Pin(
        name=canonicalize_name(package["name"]),
        version=str(Version(package["version"])),
        hashes=hashes,
        size=max(int(each.get("size", 0)) for each in files),
    )


def _resolve_once(
    origin: LockOrigin,
    uv: Uv,
    prefer: Mapping[str, str],
    dates: Mapping[str, dt.datetime],
    stop: threading.Event | None,
) -> str:
    resolution = Resolution(
        requirements=origin.requirements,
        constraints=origin.constraints,
        overrides=origin.overrides,
        python=origin.python,
        platform=origin.platform,
        exclude_newer=origin.as_of,
        exclude_newer_for=tuple(dates.items()),
        sources=origin.sources,
    )
    with uv.scratch_folder() as folder:
        output = folder / "pylock.toml"
        if prefer:
            output.write_text(_as_pylock(prefer), encoding="utf-8")
        return uv.resolve(resolution, output=output, stop=stop)


def _as_pylock(versions: Mapping[str, str]) -> str:
    """Write versions as a file that uv could have left behind: it keeps to what it finds there where it can."""
    packages = [f'\n[[packages]]\nname = "{name}"\nversion = "{version}"\n' for name, version in versions.items()]
    return "".join(['lock-version = "1.0"\ncreated-by = "harness"\n', *packages])
