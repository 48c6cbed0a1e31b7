"""Run uv: create virtual environments, resolve, install, build. The only module that calls uv."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from uv import find_uv_bin

from harness.errors import HarnessError
from harness.filesystem.folders import OwnedFolder
from harness.process import child
from harness.process.limits import Limits
from harness.uv.failures import FailureKind, UvFailed, failure_from, last_output_line, timed_out

if TYPE_CHECKING:
    from harness.sandbox.backends import Sandbox

_log = logging.getLogger(__name__)
_RESOLVE_S = 900.0
_INSTALL_S = 3600.0
_QUICK_S = 300.0
_BUILD_LIMITS = Limits(timeout_s=1800.0, memory_mib=8192, processes=256, disk_mib=4096)
_ARCHIVES_BEGIN = "315532800"  # 1980, the first year that zip archives support

# The variables that users may set: locations of packages, interpreters and the cache, and network settings.
# Others (UV_EXCLUDE_NEWER, UV_CONSTRAINT, UV_PRERELEASE ...) would change the resolution or installation.
_KEPT = """
    UV_DEFAULT_INDEX UV_INDEX_URL UV_INDEX UV_EXTRA_INDEX_URL UV_INDEX_STRATEGY UV_FIND_LINKS UV_NO_INDEX UV_OFFLINE
    UV_CACHE_DIR UV_NO_CACHE UV_LINK_MODE UV_HTTP_TIMEOUT UV_HTTP_CONNECT_TIMEOUT UV_HTTP_RETRIES UV_NATIVE_TLS
    UV_SYSTEM_CERTS UV_INSECURE_HOST UV_KEYRING_PROVIDER UV_CREDENTIALS_DIR UV_LOCK_TIMEOUT UV_COMPILE_BYTECODE_TIMEOUT
    UV_CONCURRENT_DOWNLOADS UV_CONCURRENT_BUILDS UV_CONCURRENT_INSTALLS UV_REQUEST_TIMEOUT
    UV_PYTHON_INSTALL_DIR UV_PYTHON_INSTALL_MIRROR UV_PYTHON_CACHE_DIR UV_PYTHON_BIN_DIR UV_PYTHON_DOWNLOADS
    UV_PYTHON_DOWNLOADS_JSON_URL
"""
_DROPPED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "CONDA_PREFIX", "PIP_REQUIRE_VIRTUALENV")


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """The input of a resolution."""

    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    python: str
    platform: str
    exclude_newer: dt.datetime
    exclude_newer_for: tuple[tuple[str, dt.datetime], ...] = ()
    """Packages with another cut-off date."""
    sources: tuple[str, ...] = ()
    """Packages that may be built from source; all others need a wheel."""
    known: tuple[SourceMetadata, ...] = ()
    """Their dependencies. With these, uv does not build the packages to find out."""


@dataclass(frozen=True, kw_only=True)
class SourceMetadata:
    """The dependencies of one version of a package, or of any version."""

    name: str
    version: str | None
    requires: tuple[str, ...]


@dataclass(frozen=True)
class Uv:
    """The uv executable and its environment variables."""

    executable: Path
    variables: Mapping[str, str]
    scratch: Path | None = None
    """The parent of temporary folders; None for the system's."""

    @classmethod
    def find(cls, environ: Mapping[str, str], *, scratch: Path | None = None) -> Uv:
        """Find the installed uv. Keep only the variables that do not change results."""
        try:
            executable = Path(find_uv_bin())
        except FileNotFoundError as error:
            raise HarnessError(
                "uv is not installed", why=str(error), next_step='Install it: python -m pip install "uv>=0.8"'
            ) from None
        variables = {
            name: value
            for name, value in environ.items()
            if name not in _DROPPED
            and (not name.startswith("UV_") or name in _KEPT.split() or name.endswith(("_USERNAME", "_PASSWORD")))
        }
        return cls(executable, variables, scratch)

    def scratch_folder(self) -> AbstractContextManager[Path]:
        """Return a context manager for a temporary folder. Entering it raises OSError."""
        return OwnedFolder(self.scratch, "uv-") if self.scratch else _temporary()

    def resolve(self, resolution: Resolution, *, output: Path, stop: threading.Event | None = None) -> str:
        """Resolve to a pylock.toml in `output`. Keep the versions of an existing file if possible.

        Raises UvFailed.
        """
        folder = output.parent
        command = ["pip", "compile", "requirements.in", "--output-file", output.name, "--format", "pylock.toml"]
        command += ["--quiet", "--no-header", "--no-annotate", "--only-binary", ":all:"]
        command += _configuration(folder, resolution)
        command += ["--python-version", resolution.python, "--python-platform", resolution.platform]
        command += ["--exclude-newer", _date(resolution.exclude_newer), "--no-python-downloads"]
        for package, date in resolution.exclude_newer_for:
            command += ["--exclude-newer-package", f"{package}={_date(date)}"]
        for package in resolution.sources:
            command += ["--no-binary", package]
        _write_lines(folder / "requirements.in", resolution.requirements)
        for option, name, lines in [
            ("--constraints", "constraints.txt", resolution.constraints),
            ("--overrides", "overrides.txt", resolution.overrides),
        ]:
            if lines:
                _write_lines(folder / name, lines)
                command += [option, name]
        self._run(command, folder=folder, timeout_s=_RESOLVE_S, stop=stop)
        return output.read_text(encoding="utf-8")

    def create_environment(self, folder: Path, *, python: Path, stop: threading.Event | None = None) -> None:
        """Create an empty, relocatable virtual environment. Raises UvFailed."""
        command = ["venv", "--quiet", "--no-config", "--no-project", "--relocatable", "--no-python-downloads"]
        self._run([*command, "--python", str(python), str(folder)], folder=folder.parent, timeout_s=_QUICK_S, stop=stop)

    def install(
        self,
        requirements: str,
        *,
        python: Path,
        folder: Path,
        wheels: Sequence[Path] = (),
        compile: bool = True,
        stop: threading.Event | None = None,
    ) -> bool:
        """Install exactly these pinned and hashed wheels. With `compile`, compile bytecode. Raises UvFailed.

        `wheels` are folders of additional wheels. If the index does not answer, install from uv's cache alone.
        Return whether the index answered.
        """
        more = ["--compile-bytecode"] if compile else []
        for each in wheels:
            more += ["--find-links", str(each)]
        return self._install(requirements, python=python, folder=folder, more=more, stop=stop)

    def unpack(
        self, requirements: str, *, python: Path, folder: Path, place: Path, stop: threading.Event | None = None
    ) -> bool:
        """Unpack pinned, hashed wheels into a new folder `place`, working in `folder`. As `install` otherwise."""
        return self._install(requirements, python=python, folder=folder, more=["--target", str(place)], stop=stop)

    def _install(
        self,
        requirements: str,
        *,
        python: Path,
        folder: Path,
        more: Sequence[str],
        stop: threading.Event | None,
    ) -> bool:
        path = folder / "requirements.txt"
        path.write_text(requirements, encoding="utf-8")
        command = ["pip", "install", "--quiet", "--no-config", "--no-deps", "--require-hashes"]
        command += ["--only-binary", ":all:", "--python", str(python), "--requirements", path.name, *more]
        try:
            self._run(command, folder=folder, timeout_s=_INSTALL_S, stop=stop)
        except UvFailed as error:
            if error.kind is not FailureKind.UNREACHABLE:
                raise
            _log.info("the package index does not answer: installing from uv's cache")
            self._install_offline(command, error, folder=folder, stop=stop)
            return False
        return True

    def _install_offline(
        self, command: Sequence[str], failed: UvFailed, *, folder: Path, stop: threading.Event | None
    ) -> None:
        """Install from uv's cache alone. Raises UvFailed with the error of the index if a file is missing."""
        try:
            self._run([*command, "--offline"], folder=folder, timeout_s=_INSTALL_S, stop=stop)
        except UvFailed as error:
            if error.kind is FailureKind.STOPPED:
                raise
            reason = f"{failed.reason}; uv's cache does not have all files"
            raise UvFailed(failed.kind, reason, failed.output + error.output) from error

    def build_wheel(
        self,
        sdist: Path,
        *,
        python: Path,
        folder: Path,
        sandbox: Sandbox,
        hidden: Sequence[Path] = (),
        stop: threading.Event | None = None,
    ) -> Path:
        """Build a wheel in an empty folder, in the sandbox, with the tools of this Python. Raises UvFailed.

        The build can access the source, the Python and that folder, and has no network. The wheel is untrusted.
        """
        from harness.sandbox.policy import Bind, SandboxView, python_binds

        for name in ("home", "tmp", "out"):
            (folder / name).mkdir()
        command = [str(self.executable), "build", "--wheel", "--no-config", "--no-build-isolation", "--offline"]
        command += ["--python", str(python), "--out-dir", str(folder / "out"), str(sdist), "--color", "never"]
        binds = [*python_binds(python), Bind(source=self.executable.resolve(), target=str(self.executable))]
        binds += [Bind(source=sdist), Bind(source=folder, writable=True)]
        view = SandboxView(binds=binds, cwd=str(folder), hidden=hidden)
        variables = {
            "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "UV_CACHE_DIR": str(folder / "cache"),
            "PATH": os.pathsep.join([str(python.parent), os.defpath]), "LANG": "C.UTF-8",
            "UV_PYTHON_DOWNLOADS": "never", "SOURCE_DATE_EPOCH": _ARCHIVES_BEGIN,
        }  # fmt: skip
        limits = replace(_BUILD_LIMITS, folder=folder)
        try:
            with sandbox.group(limits) as group:
                ended = child.run_limited(
                    sandbox.command(view, command), env=variables, cwd=folder, limits=limits,
                    contained=sandbox.contains, group=group, stop=stop,
                )  # fmt: skip
        except OSError as error:
            raise UvFailed(FailureKind.OTHER, f"{sdist.name} could not be built: {error}", str(error)) from None
        if ended.stopped:
            raise UvFailed(FailureKind.STOPPED, "it was stopped", "")
        output = ended.stderr.decode(errors="replace") + ended.stdout.decode(errors="replace")
        if ended.timed_out or ended.lost:
            _log.info("the build of %s timed out or was killed; its output:\n%s", sdist.name, output)
            raise timed_out(f"{sdist.name}: its build timed out or was killed", output)
        wheels = [path for path in (folder / "out").glob("*.whl") if path.is_file() and not path.is_symlink()]
        if ended.status != 0 or len(wheels) != 1:
            _log.info("the build of %s failed with status %d; its output:\n%s", sdist.name, ended.status, output)
            why = last_output_line(output) or f"its build exited with status {ended.status} and {len(wheels)} wheels"
            raise UvFailed(FailureKind.BUILD_FAILED, f"{sdist.name}: {why}", output)
        return wheels[0]

    def remove_from_cache(self, packages: Sequence[str], *, folder: Path) -> None:
        """Remove packages from uv's cache, so that they are downloaded again. Raises UvFailed."""
        self._run(["cache", "clean", "--quiet", "--no-config", *packages], folder=folder, timeout_s=_QUICK_S)

    def install_python(self, version: str, *, folder: Path, stop: threading.Event | None = None) -> Path:
        """Download a Python with uv. Return its path. Raises UvFailed."""
        common = ["--no-config", version]
        self._run(["python", "install", "--no-bin", *common], folder=folder, timeout_s=_INSTALL_S, stop=stop)
        found = self._run(
            ["python", "find", "--managed-python", "--no-project", *common], folder=folder, timeout_s=_QUICK_S
        )
        return Path(found.decode().strip())

    def _run(
        self, arguments: Sequence[str], *, folder: Path, timeout_s: float, stop: threading.Event | None = None
    ) -> bytes:
        command = [str(self.executable), *arguments, "--color", "never"]
        try:
            ended = child.run(command, env=self.variables, cwd=folder, timeout_s=timeout_s, stop=stop)
        except OSError as error:
            raise UvFailed(FailureKind.OTHER, f"uv could not be started: {error}", str(error)) from None
        if ended.stopped:
            raise UvFailed(FailureKind.STOPPED, "it was stopped", "")
        output = ended.stderr.decode(errors="replace") + ended.stdout.decode(errors="replace")
        if not ended.timed_out and ended.status == 0:
            return ended.stdout
        _log.info("uv %s failed: %s; its output:\n%s", " ".join(arguments[:2]), ended.text, output)
        if ended.timed_out:
            raise timed_out(f"uv did not finish within {timeout_s:.0f} s", output)
        raise failure_from(output, status=ended.status)


@contextlib.contextmanager
def _temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="harness-uv-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _configuration(folder: Path, resolution: Resolution) -> list[str]:
    """Return options that pass the metadata of source packages, and disable any other configuration."""
    if not resolution.known:
        return ["--no-config"]
    lines = []
    for each in resolution.known:
        lines += ["[[dependency-metadata]]", f"name = {json.dumps(each.name)}"]
        lines += [f"version = {json.dumps(each.version)}"] if each.version else []
        lines += [f"requires-dist = {json.dumps(each.requires)}"]
    _write_lines(folder / "uv.toml", lines)
    return ["--config-file", "uv.toml"]


def _date(moment: dt.datetime) -> str:
    return moment.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _write_lines(path: Path, lines: Sequence[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
