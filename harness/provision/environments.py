"""The store of environments: each lock becomes one folder, built once, whoever asks, and checked at each use."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from harness.errors import HarnessError
from harness.folders import remove_folder
from harness.model import Environment, Lock
from harness.plan.locks import write_lock
from harness.provision.bytecode import CAN_LINK, compile_modules, link_bytecode, most_alike
from harness.provision.condition import contents, python_of, spoiled_packages
from harness.provision.files import make_folders_read_only
from harness.provision.housekeeping import DiskUse, Pruned, disk_use, prune
from harness.provision.inside import Seen, first_line, try_imports, versions_inside
from harness.provision.interpreters import Interpreter
from harness.provision.manifest import ImportResult, Manifest, read_import_result, read_manifest, write_import_result
from harness.provision.owning import Stopped, end_orphans, owned
from harness.provision.uv import Uv
from harness.provision.uv_failures import FailureKind, UvFailed

if TYPE_CHECKING:
    from harness.provision.sources import SourceBuilds


@dataclass(frozen=True, kw_only=True)
class Provided:
    """An environment on disk, ready to be used."""

    python: Path
    folder: Path
    versions: Mapping[NormalizedName, str]
    import_error: str | None
    """What importing the environment's `imports` raised, on one line; None if they import."""
    built: bool
    """Whether it was built just now."""
    import_certain: bool = True
    """Whether an import error would be the same again: a crash or a time limit may have been the machine's."""


class Unavailable(HarnessError):
    """An environment could not be had; `settled` if trying again would give the same."""

    def __init__(self, environment: str, reason: str, *, settled: bool, next_step: str = "") -> None:
        super().__init__(f"{environment}: not available", why=reason, next_step=next_step)
        self.reason = reason
        self.settled = settled


class _Unfit(Exception):
    """What was built is not what the lock says; `certain` if that was seen, and not only that nothing could be seen."""

    def __init__(self, what: str, *, certain: bool = True) -> None:
        super().__init__(what)
        self.certain = certain


class EnvironmentStore:
    """Environments under one cache folder, shared by all processes of a user."""

    def __init__(
        self,
        cache: Path,
        *,
        uv: Uv,
        find_builds: Callable[[], SourceBuilds],
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.folder = cache / "environments"
        self._uv = uv
        self._find_builds = find_builds  # asked for only where a lock has sources
        self._say = say

    def folder_of(self, lock: Lock, interpreter: Interpreter) -> Path:
        """Say where the environment of a lock is, or would be."""
        return self.folder / f"{lock.fingerprint}-{interpreter.id}"

    def provide(
        self, environment: Environment, interpreter: Interpreter, *, stop: threading.Event | None = None
    ) -> Provided:
        """Give an environment that is what its lock says: an existing one, or one built now. Raises Unavailable."""
        try:
            return self._provide(environment, interpreter, stop)
        except Stopped:
            raise Unavailable(environment.id, "stopped", settled=False, next_step="Run it again to go on") from None
        except OSError as error:
            reason = f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
            raise Unavailable(environment.id, reason, settled=False, next_step="Mend it, then run it again") from error

    def _provide(self, environment: Environment, interpreter: Interpreter, stop: threading.Event | None) -> Provided:
        folder = self.folder_of(environment.lock, interpreter)
        manifest = read_manifest(folder)
        key = _imports_key(environment)
        result = read_import_result(folder, key)
        built = False
        if manifest is None or result is None or not result.certain or damage(folder, manifest) is not None:
            with owned(folder, stop=stop):
                self._remove_leftovers(folder)
                manifest, built = self._ensure(environment, interpreter, folder, stop)
                result = read_import_result(folder, key)
                if result is None or not result.certain:
                    result = self._tried(environment, folder, stop)
                    write_import_result(folder, key, result)
        mark_used(folder)
        return Provided(
            python=python_of(folder),
            folder=folder,
            versions={canonicalize_name(name): version for name, version in manifest.versions.items()},
            import_error=None if result.error is None else first_line(result.error),
            built=built,
            import_certain=result.certain,
        )

    def _ensure(
        self, environment: Environment, interpreter: Interpreter, folder: Path, stop: threading.Event | None
    ) -> tuple[Manifest, bool]:
        """Give the manifest of the environment, built now if it is not there or damaged. Runs under its lock."""
        manifest = read_manifest(folder)
        if manifest is not None:
            what = damage(folder, manifest)
            if what is None:
                return manifest, False
            self._say(f"{environment.id}: damaged ({what}); it is built again")
        try:
            return self._build(environment, interpreter, folder, stop), True
        except _Unfit as error:
            self._say(f"{environment.id}: {error}; it is built once more")
        try:
            return self._build(environment, interpreter, folder, stop), True
        except _Unfit as error:
            raise Unavailable(
                environment.id,
                f"built twice, but {error}",
                settled=error.certain,
                next_step="Make its lock again" if error.certain else "Run it again",
            ) from None

    def _tried(self, environment: Environment, folder: Path, stop: threading.Event | None) -> ImportResult:
        with self._beside(folder) as scratch:
            return try_imports(
                python_of(folder),
                environment.imports,
                dict(environment.variables),
                folder=scratch,
                environ=self._uv.variables,
                stop=stop,
            )

    @contextlib.contextmanager
    def _beside(self, folder: Path) -> Iterator[Path]:
        """Give a folder to work in, of a name by which it is found if we are killed meanwhile."""
        scratch = self._temporary(folder)
        scratch.mkdir(parents=True)
        try:
            yield scratch
        finally:
            remove_folder(scratch)

    def _temporary(self, folder: Path) -> Path:
        return self.folder / f".building-{folder.name}-{os.getpid()}-{uuid.uuid4().hex[:8]}"

    def _remove_leftovers(self, folder: Path) -> None:
        """Remove what whoever was killed while it owned this environment left beside it."""
        for leftover in self.folder.glob(f".building-{folder.name}-*"):
            end_orphans(leftover)
            remove_folder(leftover)

    def _build(
        self, environment: Environment, interpreter: Interpreter, folder: Path, stop: threading.Event | None
    ) -> Manifest:
        temporary = self._temporary(folder)
        started = time.monotonic()
        try:
            self._install(environment.lock, interpreter, temporary, stop)
            seen = self._verified(environment.lock, temporary, folder, stop)
            manifest = Manifest(
                built=dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
                interpreter=str(interpreter.executable),
                interpreter_stamp=_stamp(interpreter.executable),
                versions=dict(seen.versions),
                contents=contents(temporary),
                disk_bytes=_size(temporary),
                duration_s=round(time.monotonic() - started, 3),
                lock=write_lock(environment.lock),
            )
            manifest.write(temporary)
            make_folders_read_only(temporary)
            temporary.chmod(0o755)
            _replace(folder, temporary)
        except UvFailed as error:
            if error.kind is FailureKind.STOPPED:
                raise Stopped from None
            raise _lost(environment.id, error) from error
        finally:
            remove_folder(temporary)
        return manifest

    def _install(self, lock: Lock, interpreter: Interpreter, folder: Path, stop: threading.Event | None) -> None:
        """Make a virtual environment and fill it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._uv.make_environment(folder, python=interpreter.executable, stop=stop)
        donor = most_alike(self.folder, str(interpreter.executable), lock.versions) if CAN_LINK else None
        with self._wheels(lock, interpreter, stop) as (wheels, built):
            answered = self._uv.install(
                write_lock(wheels),
                python=python_of(folder),
                folder=folder,
                built=built,
                compile=donor is None,
                stop=stop,
            )
        if not answered:
            self._say(f"{lock.origin.environment}: the package index does not answer; made of what uv's cache has")
        if donor is not None:
            compile_modules(folder, link_bytecode(folder, donor), environ=self._uv.variables, stop=stop)

    def _wheels(
        self, lock: Lock, interpreter: Interpreter, stop: threading.Event | None
    ) -> contextlib.AbstractContextManager[tuple[Lock, Path | None]]:
        """Give the lock with wheels only, and the folder of those that were built here."""
        if not lock.origin.sources:
            return contextlib.nullcontext((lock, None))
        return self._find_builds().wheels(lock, interpreter, stop=stop)

    def _verified(self, lock: Lock, folder: Path, place: Path, stop: threading.Event | None) -> Seen:
        """See from inside that all is there, and from outside that the files are those of the wheels."""
        with self._beside(place) as scratch:
            seen = versions_inside(python_of(folder), folder=scratch, environ=self._uv.variables, stop=stop)
        if isinstance(seen, str):
            raise _Unfit(seen, certain=False)
        differences = differences_from(lock, seen.versions)
        if differences:
            raise _Unfit(f"it does not hold what its lock says: {', '.join(differences)}")
        spoiled = spoiled_packages(folder)
        if spoiled:
            self._uv.forget(spoiled, folder=folder)
            raise _Unfit(f"files of {', '.join(spoiled)} are not those that were published, and not used")
        return seen

    def prune(self, *, keep: Iterable[Lock], unused_for: dt.timedelta, now: dt.datetime | None = None) -> Pruned:
        """Remove environments of other locks than these, those not used for so long, and what dead builds left."""
        moment = now or dt.datetime.now(dt.timezone.utc)
        return prune(self.folder, keep={lock.fingerprint for lock in keep}, unused_for=unused_for, now=moment)

    def disk_use(self) -> DiskUse:
        """Measure what all environments take."""
        return disk_use(self.folder)


def _lost(id: str, error: UvFailed) -> Unavailable:
    """Say why what is locked could not be installed.

    Only that there is no such wheel is settled: an index that does not have a file, or has another, may be mended.
    """
    if error.kind is FailureKind.CONFLICT:
        reason = f"the package index does not offer what was locked: {error.reason}"
        return Unavailable(id, reason, settled=False, next_step="Try again when it does, or lock again")
    return Unavailable(id, error.summary, settled=error.kind is FailureKind.NO_WHEEL, next_step=error.next_step)


def damage(folder: Path, manifest: Manifest) -> str | None:
    """Say what is wrong with an environment that was built, None if nothing is. Starts no process."""
    python = python_of(folder)
    if not python.exists():
        return "its Python is gone"
    if manifest.interpreter_stamp != _stamp(Path(manifest.interpreter)):
        return "the Python that it was made with has changed"
    try:
        now = contents(folder)
    except OSError as error:
        return str(error)
    if now.files != manifest.contents.files:
        return f"{now.files} files instead of {manifest.contents.files}"
    return None if now == manifest.contents else "files have changed"


def mark_used(folder: Path) -> None:
    """Note that an environment is used now."""
    with contextlib.suppress(OSError):
        (folder / "used").touch()


def differences_from(lock: Lock, seen: Mapping[str, str]) -> list[str]:
    """Name what is missing, of another version, or too much. What packages say of their versions may be none."""
    wanted = lock.versions
    found = {canonicalize_name(name): version for name, version in seen.items()}
    wrong = [
        f"{name} {found.get(name, 'missing')} instead of {version}"
        for name, version in wanted.items()
        if name not in found or not _same_version(found[name], version)
    ]
    return wrong + [f"{name} {version} too much" for name, version in found.items() if name not in wanted]


def _same_version(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except ValueError:
        return one == other


def _imports_key(environment: Environment) -> str:
    content = json.dumps([environment.imports, sorted(environment.variables)])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _stamp(executable: Path) -> str:
    try:
        status = executable.stat()
    except OSError:
        return "gone"
    return f"{status.st_size}|{status.st_mtime_ns}"


def _size(folder: Path) -> int:
    return sum((Path(top) / name).lstat().st_size for top, _, names in os.walk(folder) for name in names)


def _replace(folder: Path, temporary: Path) -> None:
    """Put a finished environment in its place; a damaged one that stands there goes."""
    if not folder.exists():
        temporary.rename(folder)
        return
    aside = temporary.with_name(f"{temporary.name}-old")
    folder.rename(aside)
    temporary.rename(folder)
    remove_folder(aside)
