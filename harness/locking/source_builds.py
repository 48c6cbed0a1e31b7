"""Build packages without a fitting wheel in a sandbox, and record why and with which tools.

Their code is never executed outside the sandbox: uv gets their dependencies as metadata, and installs the built wheels.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from harness.errors import HarnessError
from harness.filesystem.folders import remove_folder
from harness.interpreters import Interpreter, Interpreters
from harness.locking.package_index import IndexUnavailable, ReleaseIndex, WrongFile
from harness.locking.pylock import parse_resolution
from harness.locking.source_metadata import requires_of, tools_of, why_no_wheel
from harness.model import Build, Lock, LockOrigin, Pin
from harness.sandbox.backends import Sandbox, find_sandbox
from harness.uv.client import Resolution, SourceMetadata, Uv
from harness.uv.failures import FailureKind, UvFailed


@dataclass(frozen=True, kw_only=True)
class SourceBuilds:
    """Build wheels from source, each once for a Python, and keep them in the cache."""

    cache: Path
    uv: Uv
    find_interpreter: Callable[[str], Interpreter]
    find_sandbox: Callable[[], Sandbox]
    """Called only before a build: probing sandboxes takes time."""
    hidden: Sequence[Path] = ()
    """Folders hidden from every build, even below system folders."""
    notify: Callable[[str], None] = lambda line: None

    @classmethod
    def default(cls, cache: Path, uv: Uv, *, notify: Callable[[str], None] = lambda line: None) -> SourceBuilds:
        """Return an instance that uses the best sandbox of this machine and its Pythons."""
        return cls(
            cache=cache,
            uv=uv,
            find_interpreter=Interpreters(cache, uv=uv).find,
            find_sandbox=lambda: find_sandbox(uv.variables),
            hidden=(Path.home(), cache),
            notify=notify,
        )

    @cached_property
    def index(self) -> ReleaseIndex:
        """The index of source distributions: the one that uv uses."""
        return ReleaseIndex.configured(self.uv.variables)

    def add_builds(self, lock: Lock, *, stop: threading.Event | None = None) -> Lock:
        """Return the lock with the reason and the tools of each source build, as of its date.

        Raises UvFailed, or HarnessError if the index does not answer.
        """
        pins = {pin.name: pin for pin in lock.pins}
        names = [canonicalize_name(each) for each in lock.origin.sources]
        builds = [self.describe_build(pins[name], lock.origin, stop=stop) for name in names if name in pins]
        origin = replace(lock.origin, sources=tuple(build.name for build in builds))
        return replace(lock, origin=origin, builds=tuple(builds))

    def describe_build(self, pin: Pin, origin: LockOrigin, *, stop: threading.Event | None = None) -> Build:
        """Return why a package is built from source, and its build tools: wheels as of the date of the lock."""
        with self.uv.scratch_folder() as folder:
            wanted = tools_of(self._fetch(pin, folder))
            resolution = Resolution(
                requirements=wanted, python=origin.python, platform=origin.platform, exclude_newer=origin.as_of
            )
            text = self.uv.resolve(resolution, output=folder / "pylock.toml", stop=stop)
        tools = parse_resolution(text, origin).pins
        why = why_no_wheel(pin, origin, self.index)
        return Build(name=pin.name, why=why, tools=tuple(replace(tool, size=0) for tool in tools))

    def metadata(self, pin: Pin, build: Build, python: str, *, stop: threading.Event | None = None) -> SourceMetadata:
        """Return the dependencies of a package. Build its wheel to read them. Raises UvFailed."""
        wheel = self.wheel(pin, build, self.find_interpreter(python), stop=stop)
        return SourceMetadata(name=pin.name, version=pin.version, requires=requires_of(wheel))

    @contextlib.contextmanager
    def wheels(
        self, lock: Lock, interpreter: Interpreter, *, stop: threading.Event | None = None
    ) -> Iterator[tuple[Lock, Path]]:
        """Yield the lock with built wheels instead of sources, and the folder of the wheels. Raises UvFailed."""
        if lock.unexplained:
            names = ", ".join(lock.unexplained)
            raise UvFailed(
                FailureKind.BUILD_FAILED, f"its lock has no build tools for {names}; update it with `harness lock`", ""
            )
        builds = {build.name: build for build in lock.builds}
        with self.uv.scratch_folder() as folder:
            pins = []
            for pin in lock.pins:
                if pin.name in builds:
                    wheel = self.wheel(pin, builds[pin.name], interpreter, stop=stop)
                    shutil.copyfile(wheel, folder / wheel.name)
                    pins.append(replace(pin, hashes=(hashlib.sha256(wheel.read_bytes()).hexdigest(),)))
                else:
                    pins.append(pin)
            yield replace(lock, pins=tuple(pins)), folder

    def wheel(self, pin: Pin, build: Build, interpreter: Interpreter, *, stop: threading.Event | None = None) -> Path:
        """Return the wheel of a source package from the cache, or build it in the sandbox. Raises UvFailed."""
        kept = self.cache / "wheels" / _digest(pin, build, interpreter)
        with contextlib.suppress(StopIteration):
            wheel = next(kept.glob("*.whl"))
            kept.touch()
            return wheel
        with self.uv.scratch_folder() as folder:
            sdist = self._fetch(pin, folder)
            python = self._tools(build, interpreter, folder / "tools", stop=stop)
            sandbox = self.find_sandbox()
            where = (
                f"in the sandbox ({sandbox.alone})" if sandbox.contains else f"WITHOUT a sandbox: {_why_not(sandbox)}"
            )
            self.notify(f"{pin.name} {pin.version}: building from source {where}")
            work = folder / "build"
            work.mkdir()
            wheel = self.uv.build_wheel(
                sdist, python=python, folder=work, sandbox=sandbox, hidden=self.hidden, stop=stop
            )
            _check_name(wheel, pin)
            return _keep(wheel, kept)

    def prune(self, *, unused_for: dt.timedelta) -> None:
        """Remove wheels that were unused for `unused_for`. They can be built again."""
        oldest = (dt.datetime.now(dt.timezone.utc) - unused_for).timestamp()
        for each in (self.cache / "wheels").glob("*"):
            if each.stat().st_mtime < oldest:
                remove_folder(each)

    def _tools(self, build: Build, interpreter: Interpreter, folder: Path, *, stop: threading.Event | None) -> Path:
        """Create an environment of the build tools. Return its Python."""
        self.uv.create_environment(folder, python=interpreter.executable, stop=stop)
        python = folder / "bin" / "python"
        python = python if python.exists() else folder / "Scripts" / "python.exe"
        if build.tools:
            lines = "".join(map(_pinned, build.tools))
            self.uv.install(lines, python=python, folder=folder, compile=False, stop=stop)
        return python

    def _fetch(self, pin: Pin, folder: Path) -> Path:
        """Download the locked source distribution. Raises UvFailed."""
        try:
            return self.index.fetch_source(pin.name, pin.hashes, folder)
        except IndexUnavailable as error:
            raise UvFailed(FailureKind.UNREACHABLE, f"{error.what} ({error.why})", str(error)) from error
        except WrongFile as error:
            raise UvFailed(FailureKind.HASH_MISMATCH, error.what, str(error)) from error
        except HarnessError as error:
            raise UvFailed(FailureKind.CONFLICT, error.what, str(error)) from error


def _pinned(pin: Pin) -> str:
    return f"{pin.name}=={pin.version} {' '.join(f'--hash=sha256:{each}' for each in pin.hashes)}\n"


def _check_name(wheel: Path, pin: Pin) -> None:
    """Raise UvFailed if the wheel has another name or version than its lock."""
    with contextlib.suppress(InvalidWheelFilename):
        name, version, _, _ = parse_wheel_filename(wheel.name)
        if name == pin.name and version == Version(pin.version):
            return
    raise UvFailed(FailureKind.BUILD_FAILED, f"{pin.name} {pin.version}: its build produced {wheel.name!r}", "")


def _keep(wheel: Path, folder: Path) -> Path:
    """Move a wheel into the cache atomically. If another process was first, return its wheel."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    place = wheel.parent / "kept"
    place.mkdir()
    shutil.copyfile(wheel, place / wheel.name)
    with contextlib.suppress(OSError):
        place.rename(folder)
    return next(folder.glob("*.whl"))


def _digest(pin: Pin, build: Build, interpreter: Interpreter) -> str:
    """Return a digest of everything that can change the built wheel."""
    tools = [[tool.name, tool.version, *sorted(tool.hashes)] for tool in build.tools]
    content = [pin.name, pin.version, sorted(pin.hashes), tools, interpreter.id, str(interpreter.executable)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:24]


def _why_not(sandbox: Sandbox) -> str:
    return sandbox.why_not or "--sandbox off"
