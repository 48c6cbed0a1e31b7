"""Find the Python interpreters of this machine. Let uv download one if that is allowed."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from findpython.providers import ALL_PROVIDERS
from packaging.version import Version

from harness.errors import HarnessError
from harness.filesystem.atomic import write_whole
from harness.filesystem.reading import parse_json
from harness.process import child
from harness.uv.client import Uv
from harness.uv.failures import UvFailed

_PROBE_S = 20.0
_PROBES_AT_ONCE = 4
# Must run in Python 2.7 and later: a name on PATH can be any version.
_PROBE = """
import json, platform, sys
try:
    import sysconfig
    free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
except ImportError:
    free = False
print(json.dumps({
    "executable": getattr(sys, "_base_executable", "") or sys.executable,
    "version": platform.python_version(),
    "implementation": platform.python_implementation().lower(),
    "release": sys.version_info[3] == "final" and not free,
}))
"""
_NAME = re.compile(r"python(3(\.\d+)?)?(\.exe)?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A Python that environments are created with."""

    executable: Path
    version: str
    implementation: str

    @property
    def id(self) -> str:
        """Implementation and version, such as `cpython-3.11.7`."""
        return f"{self.implementation}-{self.version}"


class MissingInterpreter(HarnessError):
    """No such Python is installed, and none could be downloaded."""

    def __init__(self, version: str, tried: str) -> None:
        super().__init__(
            f"Python {version} is missing",
            why=tried,
            next_step=f"Install it, for example with `uv python install {version}` or `pyenv install {version}`; "
            "it is then found automatically",
        )
        self.version = version


@dataclass(frozen=True, kw_only=True)
class _Probed:
    """The answer of an executable."""

    executable: str
    version: str
    implementation: str
    release: bool


class Interpreters:
    """The Pythons of this machine. Answers are cached in `cache` until the executable changes."""

    def __init__(
        self,
        cache: Path,
        *,
        uv: Uv,
        download: bool = False,
        candidates: Callable[[], Iterable[Path]] | None = None,
    ) -> None:
        self._memory = cache / "interpreters.json"
        self._uv = uv
        self._download = download
        self._candidates = candidates or executables
        self._found: dict[str, Interpreter] = {}
        self._refused: dict[str, MissingInterpreter] = {}
        self._guard = threading.Lock()

    def find_installed(self, version: str) -> Interpreter | None:
        """Return an installed Python of this version, or None. Never downloads."""
        with self._guard:
            return self._found.get(version) or self._best(version)

    def installed(self) -> list[Interpreter]:
        """Return all released CPythons that are here already, the newest first."""
        with self._guard:
            return sorted(self._all, key=lambda each: Version(each.version), reverse=True)

    def find(self, version: str, *, stop: threading.Event | None = None) -> Interpreter:
        """Return the released CPython with the highest patch version of e.g. "3.11". Raises MissingInterpreter."""
        with self._guard:
            if version in self._refused:
                raise self._refused[version]
            if version not in self._found:
                found = self._best(version)
                if found is None:
                    found = self._fetch(version, stop)
                self._found[version] = found
            return self._found[version]

    def _best(self, version: str) -> Interpreter | None:
        fitting = [each for each in self._all if _fits(each.version, version)]
        return max(fitting, key=lambda each: Version(each.version), default=None)

    @cached_property
    def _all(self) -> list[Interpreter]:
        """All released CPythons, in the order in which they were found."""
        known = self._recall()
        paths: dict[str, Path] = {}
        for path in self._candidates():
            key = _identity(path)
            if key is not None:
                paths.setdefault(key, path)
        with ThreadPoolExecutor(_PROBES_AT_ONCE) as pool:
            new = {key: pool.submit(self._probe, path) for key, path in paths.items() if key not in known}
            probed = {key: future.result() for key, future in new.items()}
        seen = {key: known[key] if key in known else probed[key][0] for key in paths}
        certain = {key: each for key, each in seen.items() if key in known or probed[key][1]}
        if certain != known:
            self._remember(certain)
        interpreters = {
            each.executable: Interpreter(
                executable=Path(each.executable), version=each.version, implementation=each.implementation
            )
            for each in seen.values()
            if each is not None and each.release and each.implementation == "cpython" and Path(each.executable).exists()
        }
        return list(interpreters.values())

    def _probe(self, path: Path) -> tuple[_Probed | None, bool]:
        """Probe an executable. Return its answer, None if it is no Python, and whether to cache that.

        An executable that was killed or timed out is probed again next time.
        """
        try:
            ended = child.run([path, "-c", _PROBE], env=_plain(self._uv.variables), cwd=path.parent, timeout_s=_PROBE_S)
        except (OSError, subprocess.SubprocessError) as error:
            return None, isinstance(error, OSError) and error.errno == errno.ENOEXEC
        if ended.status != 0:
            return None, ended.status > 0 and not ended.timed_out
        try:
            values = parse_json(ended.stdout)
            values["executable"] = os.path.realpath(values["executable"])
            return _Probed(**values), True
        except (ValueError, TypeError, KeyError, AttributeError):
            return None, True

    def _recall(self) -> dict[str, _Probed | None]:
        try:
            values = parse_json(self._memory.read_text(encoding="utf-8"))
            return {key: _Probed(**value) if value else None for key, value in values.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _remember(self, seen: Mapping[str, _Probed | None]) -> None:
        text = json.dumps({key: asdict(value) if value else None for key, value in seen.items()}, indent=1)
        try:
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._memory, text)
        except OSError:
            return  # without the cache it is only slower

    def _fetch(self, version: str, stop: threading.Event | None) -> Interpreter:
        had = ", ".join(sorted({each.version for each in self._all}, key=Version)) or "none"
        tried = f"Searched PATH, pyenv, uv, asdf, rye and the system's folders; found: {had}"
        if not self._download:
            raise self._refuse(version, tried)
        try:
            with self._uv.scratch_folder() as folder:
                executable = self._uv.install_python(version, folder=folder, stop=stop)
        except UvFailed as error:
            raise self._refuse(version, f"{tried}; `uv python install {version}` failed: {error.reason}") from error
        probed, _ = self._probe(executable)
        if probed is None or not _fits(probed.version, version):
            raise self._refuse(version, f"{tried}; the Python that uv installed does not run")
        return Interpreter(
            executable=Path(probed.executable), version=probed.version, implementation=probed.implementation
        )

    def _refuse(self, version: str, tried: str) -> MissingInterpreter:
        self._refused[version] = MissingInterpreter(version, tried)
        return self._refused[version]


def executables() -> Iterator[Path]:
    """Yield executables with the name of a Python from findpython's providers, PATH last.

    Files in the folders of pyenv and others are real interpreters. On PATH there are often shims for them.
    """
    roots: set[Path] = set()
    for name, provider in sorted(ALL_PROVIDERS.items(), key=lambda item: item[0] == "path"):
        created = provider.create()
        if created is None:
            continue
        try:
            for each in created.find_pythons():
                path = each.executable
                if _NAME.fullmatch(path.name) and not _is_shim(path, roots):
                    roots.update(list(path.parents)[3:5])
                    yield path
        except OSError as error:
            raise HarnessError(
                f"The search for Pythons with findpython's provider {name!r} failed", why=str(error)
            ) from error


def _is_shim(path: Path, roots: Collection[Path]) -> bool:
    """Return whether an executable only starts one of the Pythons of a folder in which some were found.

    pyenv has `versions/3.11.7/bin/python` and `shims/python`, asdf has `installs/python/3.11.7/bin/python`. A shim is a
    script that takes up to a second, also if it fails.
    """
    return path.parent.name == "shims" and path.parents[1] in roots


def _identity(path: Path) -> str | None:
    """Return a cache key from real path, size and date; None if the file does not exist."""
    real = os.path.realpath(path)
    try:
        status = Path(real).stat()
    except OSError:
        return None
    # A shim script starts a different Python under each of its names.
    with Path(real).open("rb") as stream:
        name = str(path) if stream.read(2) == b"#!" else real
    return f"{name}|{status.st_size}|{status.st_mtime_ns}"


def _fits(version: str, wanted: str) -> bool:
    return version == wanted or version.startswith(f"{wanted}.")


def _plain(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without those that make a shim start another Python."""
    return {name: value for name, value in variables.items() if name not in ("PYENV_VERSION", "__PYVENV_LAUNCHER__")}
