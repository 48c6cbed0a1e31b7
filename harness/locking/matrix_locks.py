"""Create the locks of a matrix: determine its environments, resolve each as of its date, write atomically."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.version import Version

from harness.errors import HarnessError, UsageError, counted
from harness.filesystem.atomic import write_whole
from harness.locking.package_index import ReleaseIndex
from harness.locking.resolution import resolve, resolve_in_base
from harness.locking.source_builds import SourceBuilds
from harness.model import Lock, LockOrigin, matches_globs
from harness.model.nightly import is_nightly
from harness.project.lock_file import read_lock, write_lock
from harness.project.matrix import Family, Matrix
from harness.project.selection import check_globs
from harness.uv.failures import FailureKind, UvFailed


@dataclass(frozen=True, kw_only=True)
class LockingReport:
    """The result for each lock, by the id of its environment."""

    written: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    """Ids with the reason."""
    obsolete: tuple[Path, ...] = ()
    """Lock files of environments that are no longer in the matrix."""
    gone: tuple[Path, ...] = ()
    """Lock files of nightly builds that the package index no longer offers."""


@dataclass(kw_only=True)
class Locking:
    """The locks of one matrix in one folder."""

    matrix: Matrix
    folder: Path
    index: ReleaseIndex
    builds: SourceBuilds
    now: dt.datetime
    notify: Callable[[str], None] = lambda line: None
    upgrade: bool = False
    """Resolve again also the locks that still match the matrix."""
    stop: threading.Event | None = None
    _written: list[str] = field(default_factory=list, init=False)
    _kept: list[str] = field(default_factory=list, init=False)
    _failed: list[tuple[str, str]] = field(default_factory=list, init=False)
    _obsolete: list[Path] = field(default_factory=list, init=False)
    _gone: list[Path] = field(default_factory=list, init=False)

    def run(self, globs: tuple[str, ...] = ()) -> LockingReport:
        """Create missing and outdated locks of the environments that match the globs. Continue after a failure.

        Raises UsageError for globs without a match.
        """
        wanted = {family.name: self._wanted(family) for family in self.matrix.families}
        ids = [origin.environment for origins in wanted.values() for origin in origins or ()]
        chosen = {id for id in ids if matches_globs(id, globs)}
        if not self._failed:  # otherwise the list of environments is incomplete
            check_globs(globs, ids, option="lock", kind="environment of matrix.toml")
        for family in self.matrix.families:
            origins = wanted[family.name]
            if origins is not None:
                self._lock_family(family, [each for each in origins if each.environment in chosen])
                self._collect_obsolete(family, origins)
        return LockingReport(
            written=tuple(self._written),
            kept=tuple(self._kept),
            failed=tuple(self._failed),
            obsolete=tuple(self._obsolete),
            gone=tuple(self._gone),
        )

    def _wanted(self, family: Family) -> list[LockOrigin] | None:
        """Return the origins of all locks of a family, or None if the index query fails."""
        try:
            return list(wanted_origins(family, self.matrix.platform, self.index, self.now))
        except HarnessError as error:
            self._fail(f"{family.name}*", error)
            return None

    def _lock_family(self, family: Family, origins: list[LockOrigin]) -> None:
        if not origins or self._stopped():
            return
        base, base_is_new = None, False
        if family.base is not None:
            base, base_is_new = self._lock_base(family)
            if base is None:
                return
        for number, origin in enumerate(origins, start=1):
            if self._stopped():
                return
            self._lock_one(origin, base, again=self.upgrade or base_is_new, place=f"{number}/{len(origins)}")

    def _lock_base(self, family: Family) -> tuple[Lock | None, bool]:
        """Return the lock of the base, or None on failure, and whether its pins changed now."""
        assert family.base is not None
        origin = base_origin(family, self.matrix.platform)
        path = self._path(origin)
        known = _read(path)
        if known is not None and _still_wanted(known.origin, origin, self.now) and not self.upgrade:
            return known, False
        lock = self._resolve(origin, None)
        if lock is None:
            return None, False
        new = known is None or known.pins != lock.pins
        self._write(path, lock, "")
        return lock, new

    def _lock_one(self, origin: LockOrigin, base: Lock | None, *, again: bool, place: str) -> None:
        path = self._path(origin)
        known = _read(path)
        if known is not None and not again and _still_wanted(known.origin, origin, self.now):
            if not known.unexplained:
                self._kept.append(origin.environment)
                return
            lock = self._try_lock(origin, lambda: self.builds.add_builds(known, stop=self.stop))
        else:
            lock = self._resolve(origin, base)
        if lock is not None:
            self._write(path, lock, f" ({place})")

    def _resolve(self, origin: LockOrigin, base: Lock | None) -> Lock | None:
        if base is None:
            return self._try_lock(origin, lambda: resolve(origin, builds=self.builds, stop=self.stop))
        return self._try_lock(origin, lambda: resolve_in_base(origin, base, builds=self.builds, stop=self.stop))

    def _try_lock(self, origin: LockOrigin, create: Callable[[], Lock]) -> Lock | None:
        try:
            return create()
        except UvFailed as error:
            if error.kind is not FailureKind.STOPPED:
                self._fail(origin.environment, error)
        except (HarnessError, OSError) as error:
            self._fail(origin.environment, error)
        return None

    def _write(self, path: Path, lock: Lock, place: str) -> None:
        text = write_lock(lock)
        try:
            if path.is_file() and path.read_text(encoding="utf-8") == text:
                self._kept.append(lock.origin.environment)
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text)
        except OSError as error:
            self._fail(lock.origin.environment, error)
            return
        self._written.append(lock.origin.environment)
        origin = lock.origin
        details = f"; moved: {', '.join(origin.moved)}" if origin.moved else ""
        details += f"; from source: {', '.join(origin.sources)}" if origin.sources else ""
        packages = counted(len(lock.pins), "package")
        self.notify(f"{origin.environment}: {packages} as of {origin.as_of:%Y-%m-%d}{place}{details}")

    def _fail(self, id: str, error: Exception) -> None:
        reason = error.explanation if isinstance(error, UvFailed) else str(error).replace("\n", " ")
        self._failed.append((id, reason))
        self.notify(f"{id}: cannot be locked: {reason}")

    def _collect_obsolete(self, family: Family, origins: list[LockOrigin]) -> None:
        names = {origin.environment for origin in origins} | ({f"{family.name}-base"} if family.base else set())
        files = sorted((self.folder / family.name).glob("*.txt"))
        left = [path for path in files if path.stem not in names]
        offered = {each.version for each in self.index.releases(family.package, every=True)}
        gone = [path for path in left if _is_gone(_read(path), offered)]
        self._gone += gone
        self._obsolete += [path for path in left if path not in gone]

    def _path(self, origin: LockOrigin) -> Path:
        return self.folder / origin.family / f"{origin.environment}.txt"

    def _stopped(self) -> bool:
        return self.stop is not None and self.stop.is_set()


def wanted_origins(family: Family, platform: str, index: ReleaseIndex, now: dt.datetime) -> Iterator[LockOrigin]:
    """Yield the origins of a family: its versions that are in the index, each with its date.

    Raises HarnessError if the index does not answer, or does not report the date of a release.
    """
    now = now.replace(microsecond=0)
    every = index.releases(family.package, every=True)
    releases = {release.version: release for release in every if not release.yanked}
    for version in family.choose(releases):
        date = releases[version].date
        if family.days_after_release is None:
            as_of = now
        elif date is None:
            raise HarnessError(
                f"The package index does not report the release date of {family.package} {version}",
                next_step='Use an index that does, or set `exclude-newer = "today"` for the family',
            )
        else:
            days = dt.timedelta(days=family.days_after_release)
            as_of = now if date > now - days else date.replace(microsecond=0) + days
        yield family.origin_of(version, as_of=as_of, platform=platform)


def base_origin(family: Family, platform: str) -> LockOrigin:
    """Return the origin of the base of a family, for the Python of its first versions."""
    assert family.base is not None
    return LockOrigin(
        environment=f"{family.name}-base",
        family=family.name,
        package=None,
        version=None,
        python=family.pythons[0][0],
        platform=platform,
        as_of=family.base.as_of,
        requirements=family.base.requirements,
        constraints=family.base.constraints,
        overrides=family.base.overrides,
    )


def _still_wanted(known: LockOrigin, wanted: LockOrigin, now: dt.datetime) -> bool:
    """Return True if a lock still matches the wanted origin. A date in the future is not final and always matches."""
    same = replace(known, as_of=wanted.as_of, moved=wanted.moved, sources=wanted.sources) == wanted
    return same and (known.as_of == wanted.as_of or wanted.as_of >= now.replace(microsecond=0))


def _is_gone(lock: Lock | None, offered: Collection[Version]) -> bool:
    """Return True for the lock of a nightly build that the index does not have any more."""
    version = lock.origin.version if lock is not None else None
    return version is not None and is_nightly(version) and Version(version) not in offered


def _read(path: Path) -> Lock | None:
    """Return a lock, or None if it is missing or invalid and must be created again."""
    try:
        return read_lock(path)
    except (OSError, UsageError, ValueError):
        return None
