"""The environment store. Each lock becomes one folder, built once for all processes and checked at each use."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import logging
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

from harness.environments.build_mutex import Stopped, end_orphans, environment_lock
from harness.environments.bytecode import CAN_LINK, compile_modules, link_bytecode, most_similar_environment
from harness.environments.integrity import contents, corrupted_packages, packages_with_the_same_files, python_of
from harness.environments.manifest import ImportResult, Manifest, read_import_result, read_manifest, write_import_result
from harness.environments.probe import ProbeResult, first_line, probe_imports, probe_versions
from harness.environments.prune import DiskUse, Pruned, disk_use, mark_used, prune, remove_environment
from harness.environments.unavailable import Unavailable, unavailable
from harness.environments.wheel_archive import WheelArchive
from harness.filesystem.atomic import make_folders_read_only
from harness.filesystem.folders import remove_folder
from harness.interpreters import Interpreter
from harness.model import Environment, Lock
from harness.project.lock_file import write_lock
from harness.uv.client import Uv
from harness.uv.failures import FailureKind, UvFailed

if TYPE_CHECKING:
    from harness.locking.source_builds import SourceBuilds


_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Provided:
    """An environment on disk, ready for use."""

    python: Path
    folder: Path
    versions: Mapping[NormalizedName, str]
    import_error: str | None
    """The error of importing the environment's `imports`, on one line; None if they import."""
    built: bool
    """True if this call built it."""
    import_certain: bool = True
    """False if an import crashed or timed out: the machine may be the cause."""


class _VerificationFailed(Exception):
    """The built environment does not match its lock. `certain` is False if the check itself could not run."""

    def __init__(self, message: str, *, certain: bool = True, removed: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.certain, self.removed = certain, removed
        """`removed`: from uv's cache."""


class EnvironmentStore:
    """Environments under one cache folder, shared by all processes of a user."""

    def __init__(
        self,
        cache: Path,
        *,
        uv: Uv,
        find_builds: Callable[[], SourceBuilds],
        notify: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.folder = cache / "environments"
        self._archive = WheelArchive(cache)
        self._uv = uv
        self._find_builds = find_builds  # called only if a lock has source packages
        self._notify = notify

    def folder_of(self, lock: Lock, interpreter: Interpreter) -> Path:
        """Return the folder of the environment of a lock, whether it exists or not."""
        return self.folder / f"{lock.fingerprint}-{interpreter.id}"

    def provide(
        self, environment: Environment, interpreter: Interpreter, *, stop: threading.Event | None = None
    ) -> Provided:
        """Return the environment of a lock. Build it if it is missing or damaged. Raises Unavailable."""
        try:
            return self._provide(environment, interpreter, stop)
        except Stopped:
            raise Unavailable(
                environment.id, "stopped", conclusive=False, next_step="Run the same command again to continue"
            ) from None
        except OSError as error:
            reason = f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
            raise Unavailable(
                environment.id, reason, conclusive=False, next_step="Fix this, then run the command again"
            ) from error

    def _provide(self, environment: Environment, interpreter: Interpreter, stop: threading.Event | None) -> Provided:
        folder = self.folder_of(environment.lock, interpreter)
        manifest = read_manifest(folder)
        key = _imports_key(environment)
        result = read_import_result(folder, key)
        built = False
        if manifest is None or result is None or not result.certain or find_damage(folder, manifest) is not None:
            with environment_lock(folder, stop=stop):
                self._remove_leftovers(folder)
                manifest, built = self._ensure(environment, interpreter, folder, stop)
                result = read_import_result(folder, key)
                if result is None or not result.certain:
                    result = self._probe_imports(environment, folder, stop)
                    write_import_result(folder, key, result)
        mark_used(folder)
        _log.info("%s: environment %s: %s", environment.id, "built" if built else "reused", folder.name)
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
        """Return the manifest and whether the environment was built now. The caller holds the environment's lock."""
        manifest = read_manifest(folder)
        if manifest is not None:
            damage = find_damage(folder, manifest)
            if damage is None:
                return manifest, False
            self._notify(f"{environment.id}: damaged ({damage}); rebuilding it")
        try:
            return self._build(environment, interpreter, folder, stop), True
        except _VerificationFailed as error:
            self._notify(f"{environment.id}: {error}; building it again")
            fresh = error.removed
        try:
            return self._build(environment, interpreter, folder, stop, fresh=fresh), True
        except _VerificationFailed as error:
            raise Unavailable(
                environment.id,
                f"built twice, but {error}",
                conclusive=error.certain,
                next_step="Update its lock with `harness lock --upgrade`" if error.certain else "Run the command again",
            ) from None

    def _probe_imports(self, environment: Environment, folder: Path, stop: threading.Event | None) -> ImportResult:
        with self._scratch_folder(folder) as scratch:
            return probe_imports(
                python_of(folder),
                environment.imports,
                dict(environment.variables),
                folder=scratch,
                environ=self._uv.variables,
                stop=stop,
            )

    @contextlib.contextmanager
    def _scratch_folder(self, folder: Path) -> Iterator[Path]:
        """Create a temporary folder. Its name lets a later process remove it if this process is killed."""
        scratch = self._temporary(folder)
        scratch.mkdir(parents=True)
        try:
            yield scratch
        finally:
            remove_folder(scratch)

    def _temporary(self, folder: Path) -> Path:
        return self.folder / f".building-{folder.name}-{os.getpid()}-{uuid.uuid4().hex[:8]}"

    def _remove_leftovers(self, folder: Path) -> None:
        """Remove temporary folders of builds of this environment that were killed."""
        for leftover in self.folder.glob(f".building-{folder.name}-*"):
            end_orphans(leftover)
            remove_folder(leftover)

    def _build(
        self,
        environment: Environment,
        interpreter: Interpreter,
        folder: Path,
        stop: threading.Event | None,
        *,
        fresh: tuple[str, ...] = (),
    ) -> Manifest:
        temporary = self._temporary(folder)
        started = time.monotonic()
        try:
            self._install(environment.lock, interpreter, temporary, stop)
            probed = self._verify(environment.lock, temporary, folder, stop, fresh)
            manifest = Manifest(
                built=dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
                interpreter=str(interpreter.executable),
                interpreter_stamp=_stamp(interpreter.executable),
                versions=dict(probed.versions),
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
            raise unavailable(environment.id, error, environment.lock) from error
        finally:
            remove_folder(temporary)
        return manifest

    def _install(self, lock: Lock, interpreter: Interpreter, folder: Path, stop: threading.Event | None) -> None:
        """Create a virtual environment and install the packages of the lock."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._uv.create_environment(folder, python=interpreter.executable, stop=stop)
        donor = most_similar_environment(self.folder, str(interpreter.executable), lock.versions) if CAN_LINK else None
        with self._wheels(lock, interpreter, stop) as (wheels, built):
            index_answered = self._uv.install(
                write_lock(wheels),
                python=python_of(folder),
                folder=folder,
                wheels=[each for each in (built, self._archive.folder_for(lock)) if each is not None],
                compile=donor is None,
                stop=stop,
            )
        if not index_answered:
            self._notify(f"{lock.origin.environment}: the package index does not answer; installed from uv's cache")
        if donor is not None:
            compile_modules(folder, link_bytecode(folder, donor), environ=self._uv.variables, stop=stop)

    def _wheels(
        self, lock: Lock, interpreter: Interpreter, stop: threading.Event | None
    ) -> contextlib.AbstractContextManager[tuple[Lock, Path | None]]:
        """Return the lock with wheels only, and the folder of the wheels built from source."""
        if not lock.origin.sources:
            return contextlib.nullcontext((lock, None))
        return self._find_builds().wheels(lock, interpreter, stop=stop)

    def _verify(
        self, lock: Lock, folder: Path, place: Path, stop: threading.Event | None, fresh: tuple[str, ...]
    ) -> ProbeResult:
        """Check the installed versions and files against the lock and the wheels. Raises _VerificationFailed.

        Files of `fresh` were just downloaded, with the hash of the lock: their RECORD may differ, as in PyTorch 1.9.1.
        """
        with self._scratch_folder(place) as scratch:
            probed = probe_versions(python_of(folder), folder=scratch, environ=self._uv.variables, stop=stop)
        if isinstance(probed, str):
            raise _VerificationFailed(probed, certain=False)
        differences = lock_differences(lock, probed.versions)
        if differences:
            raise _VerificationFailed(f"its packages differ from its lock: {', '.join(differences)}")
        corrupted = tuple(each for each in corrupted_packages(folder) if each not in fresh)
        conflict = packages_with_the_same_files(folder) if corrupted else None
        if conflict is not None:
            reason, next_step = f"{conflict}: neither is as published", "Leave one of them out"
            raise Unavailable(lock.origin.environment, reason, conclusive=True, next_step=next_step)
        if corrupted:
            self._uv.remove_from_cache(corrupted, folder=folder)
            reason = f"files of {', '.join(corrupted)} in uv's cache are not the published files"
            raise _VerificationFailed(reason, removed=corrupted)
        return probed

    def prune(self, *, keep: Iterable[Lock], unused_for: dt.timedelta, now: dt.datetime | None = None) -> Pruned:
        """Remove environments without a lock in `keep`, unused environments, and the remains of killed builds."""
        moment = now or dt.datetime.now(dt.timezone.utc)
        return prune(self.folder, keep={lock.fingerprint for lock in keep}, unused_for=unused_for, now=moment)

    def remove(self, lock: Lock, interpreter: Interpreter) -> bool:
        """Remove the environment of a lock, if it exists. Return False if another process builds or removes it now."""
        folder = self.folder_of(lock, interpreter)
        return not folder.exists() or remove_environment(folder)

    def disk_use(self) -> DiskUse:
        """Measure the disk use of all environments."""
        return disk_use(self.folder)


def find_damage(folder: Path, manifest: Manifest) -> str | None:
    """Return the damage of a built environment in words, or None. Starts no process."""
    python = python_of(folder)
    if not python.exists():
        return "its Python is missing"
    if manifest.interpreter_stamp != _stamp(Path(manifest.interpreter)):
        return "the Python that it was built with has changed"
    try:
        now = contents(folder)
    except OSError as error:
        return str(error)
    if now.files != manifest.contents.files:
        return f"{now.files} files instead of {manifest.contents.files}"
    return None if now == manifest.contents else "files have changed"


def lock_differences(lock: Lock, installed: Mapping[str, str]) -> list[str]:
    """List missing, different and additional packages. Installed versions may be invalid version numbers."""
    wanted = lock.versions
    found = {canonicalize_name(name): version for name, version in installed.items()}
    wrong = [
        f"{name} {found.get(name, 'missing')} instead of {version}"
        for name, version in wanted.items()
        if name not in found or not _same_version(found[name], version)
    ]
    return wrong + [f"{name} {version} additional" for name, version in found.items() if name not in wanted]


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
    """Rename a finished environment into place. Remove the damaged one that it replaces."""
    if not folder.exists():
        temporary.rename(folder)
        return
    aside = temporary.with_name(f"{temporary.name}-old")
    folder.rename(aside)
    temporary.rename(folder)
    remove_folder(aside)
