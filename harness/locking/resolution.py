"""Resolve the origin of a lock with uv, as of its date, for its Python and platform."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from packaging.utils import canonicalize_name

from harness.locking.pylock import parse_resolution
from harness.locking.source_builds import SourceBuilds
from harness.model import Build, Lock, LockOrigin, Pin
from harness.uv.client import Resolution, SourceMetadata, Uv
from harness.uv.failures import FailureKind, UvFailed, packages_without_wheels

_log = logging.getLogger(__name__)
_MOST_SOURCES = 12
_MOST_ROUNDS = 30


def resolve(
    origin: LockOrigin,
    *,
    builds: SourceBuilds,
    prefer: Mapping[str, str] | None = None,
    dates: Mapping[str, dt.datetime] | None = None,
    built_as_in: Lock | None = None,
    stop: threading.Event | None = None,
) -> Lock:
    """Resolve an origin. Use versions in `prefer` if possible; `dates` are cut-off dates of single packages.

    A source package that the lock `built_as_in` has at the same version keeps the build tools of that lock.

    Use wheels only. A package without a fitting wheel is built from source; the lock records why and with which tools.
    Its dependencies come from the built wheel and are passed to uv, so uv executes no code of the package.
    Raises UvFailed, or HarnessError if the index does not answer.
    """
    sources = tuple(canonicalize_name(each) for each in origin.sources)
    # A release that replaces a package of a base may be newer than the base, and so may its build tools.
    dated = replace(origin, as_of=max([origin.as_of, *(dates or {}).values()]))
    found: dict[tuple[str, str], tuple[Build, SourceMetadata]] = {}
    for _ in range(_MOST_ROUNDS):
        request = _resolution(replace(origin, sources=sources), dates or {}, _source_metadata(found, sources))
        try:
            lock = parse_resolution(_resolve_once(request, builds.uv, prefer or {}, stop), origin)
        except UvFailed as error:
            more = tuple(each for each in packages_without_wheels(error.output) if each not in sources)
            if not more or len(sources) + len(more) > _MOST_SOURCES:
                raise
            _log.info("%s: no wheel of %s: resolving with builds from source", origin.environment, ", ".join(more))
            sources += tuple(canonicalize_name(each) for each in more)
            continue
        built = [pin for pin in lock.pins if pin.name in sources]
        new = [pin for pin in built if (pin.name, pin.version) not in found]
        if not new:
            _log.info("%s: resolved to %d packages as of %s", origin.environment, len(lock.pins), origin.as_of)
            taken = replace(origin, sources=tuple(pin.name for pin in built))
            return replace(lock, origin=taken, builds=tuple(found[pin.name, pin.version][0] for pin in built))
        for pin in new:
            kept = _build_of(pin, built_as_in, origin.python)
            build = kept or builds.describe_build(pin, dated, stop=stop)
            found[pin.name, pin.version] = build, builds.metadata(pin, build, origin.python, stop=stop)
    raise UvFailed(
        FailureKind.CONFLICT, f"no stable result: each version of {', '.join(sources)} has other dependencies", ""
    )


def _build_of(pin: Pin, lock: Lock | None, python: str) -> Build | None:
    """Return the build of exactly this package in a lock for the same Python; None if it has none."""
    if lock is None or lock.origin.python != python or pin not in lock.pins:
        return None
    return next((build for build in lock.builds if build.name == pin.name), None)


def _source_metadata(
    found: Mapping[tuple[str, str], tuple[Build, SourceMetadata]], names: Sequence[str]
) -> tuple[SourceMetadata, ...]:
    """Return the known metadata of source packages, and empty dependencies for all versions not built yet."""
    guesses = [SourceMetadata(name=name, version=None, requires=()) for name in names]
    return (*(metadata for _, metadata in found.values()), *guesses)


def resolve_in_base(
    origin: LockOrigin, base: Lock, *, builds: SourceBuilds, stop: threading.Event | None = None
) -> Lock:
    """Resolve a release in a base: keep the other packages as in the base, as of its date, if possible.

    If that has no solution, use the date of the release for all packages. The origin of the lock lists what moved.
    Raises UvFailed.
    """
    changed = canonicalize_name(origin.package or "")
    before = {str(name): version for name, version in base.versions.items()}
    prefer = {name: version for name, version in before.items() if name != changed}
    held = replace(origin, as_of=base.origin.as_of)
    try:
        lock = resolve(held, builds=builds, prefer=prefer, dates={changed: origin.as_of}, stop=stop)
    except UvFailed as error:
        later = origin.as_of > base.origin.as_of
        if error.kind not in (FailureKind.CONFLICT, FailureKind.NO_WHEEL) or not later:
            raise
        _log.info("%s: no solution as of the base's date: resolving as of %s", origin.environment, origin.as_of)
        lock = resolve(origin, builds=builds, prefer=prefer, stop=stop)
    after = {str(name): version for name, version in lock.versions.items()}
    moved = differences(before, after, but=changed)
    return replace(lock, origin=replace(lock.origin, as_of=origin.as_of, moved=moved))


def differences(old: Mapping[str, str], new: Mapping[str, str], *, but: str) -> tuple[str, ...]:
    """List the differences between two sets of versions, except one package: `optree 0.14.1 -> 0.15.0`."""
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


def _resolution(origin: LockOrigin, dates: Mapping[str, dt.datetime], known: tuple[SourceMetadata, ...]) -> Resolution:
    return Resolution(
        requirements=origin.requirements,
        constraints=origin.constraints,
        overrides=origin.overrides,
        python=origin.python,
        platform=origin.platform,
        exclude_newer=origin.as_of,
        exclude_newer_for=tuple(dates.items()),
        sources=origin.sources,
        known=known,
    )


def _resolve_once(resolution: Resolution, uv: Uv, prefer: Mapping[str, str], stop: threading.Event | None) -> str:
    with uv.scratch_folder() as folder:
        output = folder / "pylock.toml"
        if prefer:
            output.write_text(_as_pylock(prefer), encoding="utf-8")
        return uv.resolve(resolution, output=output, stop=stop)


def _as_pylock(versions: Mapping[str, str]) -> str:
    """Return versions as an existing pylock.toml. uv keeps the versions of its output file if possible."""
    packages = [f'\n[[packages]]\nname = "{name}"\nversion = "{version}"\n' for name, version in versions.items()]
    return "".join(['lock-version = "1.0"\ncreated-by = "harness"\n', *packages])
