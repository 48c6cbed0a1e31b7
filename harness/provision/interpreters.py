"""Finds the Pythons that people have, wherever they have them; has uv download one if that is allowed."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from findpython.providers import ALL_PROVIDERS
from packaging.version import Version

from harness import process
from harness.errors import HarnessError
from harness.provision.files import write_whole
from harness.provision.uv import Uv
from harness.provision.uv_failures import UvFailed

_PROBE_S = 20.0
_PROBES_AT_ONCE = 4
# Runs in any Python from 2.7 up: what a name on PATH turns out to be is not known before.
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
    """A Python to make environments with."""

    executable: Path
    version: str
    implementation: str

    @property
    def id(self) -> str:
        """Implementation and version, as `cpython-3.11.7`."""
        return f"{self.implementation}-{self.version}"


class MissingInterpreter(HarnessError):
    """There is no such Python here, and none could be had."""

    def __init__(self, version: str, tried: str) -> None:
        super().__init__(
            f"Python {version} is missing",
            why=tried,
            next_step=f"Install it: `uv python install {version}`, `pyenv install {version}`, or however you install "
            "Python here; it is then found by itself",
        )
        self.version = version


@dataclass(frozen=True, kw_only=True)
class _Probed:
    """What an executable said of itself."""

    executable: str
    version: str
    implementation: str
    release: bool


class Interpreters:
    """The Pythons of this machine. What each executable is, is remembered in `cache` until the file changes."""

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

    def have(self, version: str) -> Interpreter | None:
        """Find it if it is here already: never downloads, and so never waits."""
        with self._guard:
            return self._found.get(version) or self._best(version)

    def find(self, version: str, *, stop: threading.Event | None = None) -> Interpreter:
        """Find a released CPython of this version, such as "3.11": the highest patch. Raises MissingInterpreter."""
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
        """All released CPythons found, those found first in front where two have one version."""
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
        """Say what an executable is, None if no Python; and whether it would say the same again: one that is killed or
        slow says nothing, and is asked again next time."""
        try:
            ended = process.run(
                [path, "-c", _PROBE], env=_plain(self._uv.variables), cwd=path.parent, timeout_s=_PROBE_S
            )
        except (OSError, subprocess.SubprocessError) as error:
            return None, isinstance(error, OSError) and error.errno == errno.ENOEXEC
        if ended.status != 0:
            return None, ended.status > 0 and not ended.timed_out
        try:
            values = json.loads(ended.stdout)
            values["executable"] = os.path.realpath(values["executable"])
            return _Probed(**values), True
        except (ValueError, TypeError, KeyError, AttributeError):
            return None, True

    def _recall(self) -> dict[str, _Probed | None]:
        try:
            values = json.loads(self._memory.read_text(encoding="utf-8"))
            return {key: _Probed(**value) if value else None for key, value in values.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _remember(self, seen: Mapping[str, _Probed | None]) -> None:
        text = json.dumps({key: asdict(value) if value else None for key, value in seen.items()}, indent=1)
        try:
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._memory, text)
        except OSError:
            return  # it is only slower without

    def _fetch(self, version: str, stop: threading.Event | None) -> Interpreter:
        had = ", ".join(sorted({each.version for each in self._all}, key=Version)) or "none"
        tried = f"Looked on PATH and in what pyenv, uv, asdf, rye and the system keep; found: {had}"
        if not self._download:
            raise self._refuse(version, tried)
        try:
            with self._uv.scratch_folder() as folder:
                executable = self._uv.install_python(version, folder=folder, stop=stop)
        except UvFailed as error:
            raise self._refuse(version, f"{tried}; `uv python install {version}` failed: {error.reason}") from error
        probed, _ = self._probe(executable)
        if probed is None or not _fits(probed.version, version):
            raise self._refuse(version, f"{tried}; what uv installed does not run")
        return Interpreter(
            executable=Path(probed.executable), version=probed.version, implementation=probed.implementation
        )

    def _refuse(self, version: str, tried: str) -> MissingInterpreter:
        self._refused[version] = MissingInterpreter(version, tried)
        return self._refused[version]


def executables() -> Iterator[Path]:
    """List all that is called like a Python and may be one, by findpython's providers: what is on PATH comes last.

    Files kept by pyenv and its like are the real thing; what stands on PATH is often a script in front of them.
    """
    for name, provider in sorted(ALL_PROVIDERS.items(), key=lambda item: item[0] == "path"):
        created = provider.create()
        if created is None:
            continue
        try:
            yield from (each.executable for each in created.find_pythons() if _NAME.fullmatch(each.executable.name))
        except OSError as error:
            raise HarnessError(f"Looking for Pythons by way of {name} failed", why=str(error)) from error


def _identity(path: Path) -> str | None:
    """Give the real path with what changes when the file does; None if there is no such file."""
    real = os.path.realpath(path)
    try:
        status = Path(real).stat()
    except OSError:
        return None
    # A script that stands for whatever Python is active says something else under each of its names.
    with Path(real).open("rb") as stream:
        name = str(path) if stream.read(2) == b"#!" else real
    return f"{name}|{status.st_size}|{status.st_mtime_ns}"


def _fits(version: str, wanted: str) -> bool:
    return version == wanted or version.startswith(f"{wanted}.")


def _plain(variables: Mapping[str, str]) -> dict[str, str]:
    """Leave out what makes a shim start another Python than the one that it stands for by itself."""
    return {name: value for name, value in variables.items() if name not in ("PYENV_VERSION", "__PYVENV_LAUNCHER__")}
