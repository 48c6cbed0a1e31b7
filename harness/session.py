"""The context of one command: the project, the store and the caches."""

from __future__ import annotations

import atexit
import functools
import json
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from harness import __version__
from harness.errors import HarnessError, UsageError
from harness.execute.artifacts import Artifacts
from harness.execute.fork_tuning_switch import tuning_off
from harness.filesystem.folders import OwnedFolder
from harness.interpreters import Interpreters
from harness.model import Data, Environment, Lock, Scenario
from harness.project.data_folder import read_data
from harness.project.matrix import FILE
from harness.project.project import Project, read_project
from harness.record.store import Store
from harness.sandbox.policy import SandboxMode
from harness.uv.client import Uv

if TYPE_CHECKING:  # imported where they are used: most commands need only a few of them
    from harness.cgroups.groups import RunGroup
    from harness.environments.shared_bytecode import SharedBytecode
    from harness.environments.size_estimate import Needs
    from harness.environments.store import EnvironmentStore, Provided
    from harness.environments.unpacked_releases import UnpackedReleases
    from harness.execute.fetched_data import FetchedData
    from harness.locking.lock_cache import LockCache
    from harness.locking.source_builds import SourceBuilds
    from harness.sandbox.backends import Sandbox

_log = logging.getLogger(__name__)
BUNDLED = Path(__file__).parent / "bundled"
"""The project that a wheel ships: matrix.toml, locks, scenarios and prepare scripts. A clone does not have it."""


@dataclass(kw_only=True)
class Session:
    """The context of one command, with a random id. Only it reads variables and the current folder."""

    root: Path
    variables: Mapping[str, str]
    notify: Callable[[str], None]
    """Shows a message to the user."""
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    stop: threading.Event = field(default_factory=threading.Event)
    sandbox_mode: SandboxMode = SandboxMode.AUTO
    timeout_s: float | None = None
    """The time limit that replaces every script's own, in seconds."""
    data_folder: Path | None = None
    """The folder of downloaded data that every script sees, instead of that of its header."""
    fetch_data: bool = False
    """True if scripts see what they downloaded once."""

    @classmethod
    def at(cls, folder: Path, variables: Mapping[str, str], notify: Callable[[str], None]) -> Session:
        """Return a session for the project that contains a folder. Raises UsageError if there is none."""
        root = _root_above(folder)
        if root is None:
            raise UsageError(
                f"{folder}: no {FILE} here or above",
                next_step="Change into a clone, or write --project DIR before the command",
            )
        return cls(root=root, variables=variables, notify=notify)

    @classmethod
    def here(cls, folder: Path, variables: Mapping[str, str], notify: Callable[[str], None]) -> Session:
        """Return a session for the project that contains a folder, or for the bundled project. Raises UsageError."""
        if _root_above(folder) is not None or not (BUNDLED / FILE).is_file():
            return cls.at(folder, variables, notify)
        session = cls(root=BUNDLED, variables=variables, notify=notify)
        matrix = f"the matrix of repro-matrix {__version__}"
        notify(f"No {FILE} here or above: using {matrix}. Results: {session.store_path}")
        return session

    @classmethod
    def anywhere(cls, folder: Path, variables: Mapping[str, str], notify: Callable[[str], None]) -> Session:
        """Return a session for a command that needs no project."""
        return cls(root=_root_above(folder) or folder, variables=variables, notify=notify)

    def require_clone(self, command: str, next_step: str) -> None:
        """Raise a UsageError if a command would write into the project that the wheel ships."""
        if self.root == BUNDLED:
            raise UsageError(
                f"{command} needs a clone", why="The matrix of the installed package is read-only", next_step=next_step
            )

    @functools.cached_property
    def project(self) -> Project:
        """The matrix, environments and scenarios of the project."""
        return read_project(self.root)

    @property
    def identity(self) -> str:
        """The identity of the project in stores: its families with their packages, as JSON."""
        return json.dumps(sorted(f"{each.name} ({each.package})" for each in self.project.matrix.families))

    @property
    def command(self) -> str:
        """The command that the user types: `harness`, `repro-matrix`, or the one that noxfile.py sets."""
        return self.variables.get("HARNESS_COMMAND", "harness")

    @property
    def cache(self) -> Path:
        """The folder shared by all clones of this user."""
        return cache_folder(self.variables)

    @property
    def store_path(self) -> Path:
        """The attempts of this clone; without a clone, those of this user."""
        named = self.variables.get("HARNESS_STORE")
        if named:
            return Path(named).absolute()
        if self.root == BUNDLED:
            return Path(platformdirs.user_data_dir("harness", appauthor=False)) / "attempts.sqlite"
        return self.root / "results" / "attempts.sqlite"

    @functools.cached_property
    def uv(self) -> Uv:
        """The installed uv."""
        return Uv.find(self.variables, scratch=self.cache / "scratch")

    @functools.cached_property
    def interpreters(self) -> Interpreters:
        """The Pythons of this machine."""
        return Interpreters(self.cache, uv=self.uv, download=True)

    @functools.cached_property
    def builds(self) -> SourceBuilds:
        """Builds of wheels from source."""
        from harness.locking.source_builds import SourceBuilds

        return SourceBuilds(
            cache=self.cache,
            uv=self.uv,
            find_interpreter=lambda version: self.interpreters.find(version, stop=self.stop),
            find_sandbox=lambda: self.sandbox,
            hidden=self.hidden,
            notify=self.notify,
        )

    @functools.cached_property
    def locks(self) -> LockCache:
        """The locks that no file of the project holds."""
        from harness.locking.lock_cache import LockCache

        return LockCache(self.cache / "locks")

    @functools.cached_property
    def environments(self) -> EnvironmentStore:
        """The environment store."""
        from harness.environments.store import EnvironmentStore

        return EnvironmentStore(self.cache, uv=self.uv, find_builds=lambda: self.builds, notify=self.notify)

    def provide(self, environment: Environment, *, stop: threading.Event | None = None) -> Provided:
        """Return an environment on disk with its interpreter. Create it if it is missing. Raises HarnessError."""
        stop = stop or self.stop
        interpreter = self.interpreters.find(environment.python, stop=stop)
        return self.environments.provide(environment, interpreter, stop=stop)

    def folder_of(self, environment: Environment) -> Path | None:
        """Return the folder of an environment, whether it exists or not; None if its Python is not installed."""
        interpreter = self.interpreters.find_installed(environment.python)
        return None if interpreter is None else self.environments.folder_of(environment.lock, interpreter)

    @functools.cached_property
    def bytecode(self) -> SharedBytecode:
        """The bytecode of source trees."""
        from harness.environments.shared_bytecode import SharedBytecode

        return SharedBytecode(self.cache, environ=self.uv.variables)

    @functools.cached_property
    def unpacked(self) -> UnpackedReleases:
        """Releases that can be overlays of an environment."""
        from harness.environments.unpacked_releases import UnpackedReleases

        return UnpackedReleases(self.cache, uv=self.uv, bytecode=self.bytecode)

    @functools.cached_property
    def sandbox(self) -> Sandbox:
        """The sandbox of this machine, probed at first use. Raises HarnessError if it is required and missing."""
        from harness.sandbox.backends import NO_SANDBOX, find_sandbox, require
        from harness.sandbox.probe_cache import remember

        tuning_off(os.environ)  # an unknown name is an error before the first attempt
        if self.sandbox_mode is SandboxMode.OFF:
            _log.info("no sandbox: --sandbox off")
            return replace(NO_SANDBOX, groups=self._groups)
        sandbox = replace(find_sandbox(self.variables), groups=self._groups)
        remember(self.cache, self.variables, contains=sandbox.contains)
        if self.sandbox_mode is SandboxMode.REQUIRED:
            require(sandbox)
        if not sandbox.contains:
            self.notify(
                f"Scripts run WITHOUT a sandbox, with all your permissions: {sandbox.why_not}. See docs/security.md."
            )
        return sandbox

    @functools.cached_property
    def _groups(self) -> RunGroup | None:
        """The control group of all attempts of this call, removed when it ends; None where none can be created."""
        from harness.cgroups.groups import RunGroup, here

        base, why_not = here()
        if base is None:
            _log.info("limits are polled: %s", why_not)
            return None
        try:
            groups = RunGroup.create(base)
        except OSError as error:  # the kernel refuses what the files promise
            _log.info("limits are polled: a group of %s cannot be created: %s", base.mechanism, error)
            return None
        _log.info("limits are enforced by %s in %s", base.mechanism, base.memory)
        atexit.register(groups.close)
        return groups

    @functools.cached_property
    def sandboxed(self) -> bool:
        """True if scripts run in a sandbox: with `auto`, if one works on this machine."""
        if self.sandbox_mode is not SandboxMode.AUTO:
            return self.sandbox_mode is SandboxMode.REQUIRED
        from harness.sandbox.probe_cache import remember, remembered

        known = remembered(self.cache, self.variables)
        if known is None:
            from harness.sandbox.backends import find_sandbox

            known = find_sandbox(self.variables).contains
            remember(self.cache, self.variables, contains=known)
        return known

    def require_condition(self) -> None:
        """Raise HarnessError if scripts would not run as `sandboxed` says, which is part of their attempts' keys."""
        if self.sandbox.contains != self.sandboxed:
            now = "works" if self.sandbox.contains else "does not work"
            raise HarnessError(
                f"The sandbox {now} on this machine now, unlike in the last run",
                why="Results with and without a sandbox are kept apart",
                next_step="Run the same command again; it takes the machine as it is now",
            )

    @property
    def hidden(self) -> tuple[Path, ...]:
        """Folders hidden from all scripts, even below system folders."""
        return (Path.home(), self.root, self.cache, self.store_path.parent)

    def needs(self, environments: Iterable[Environment]) -> Needs:
        """Estimate the requirements of environments, of which some may exist."""
        from harness.environments.manifest import read_manifest
        from harness.environments.size_estimate import needs_of

        built: list[Lock] = []
        missing: list[Lock] = []
        for environment in environments:
            folder = self.folder_of(environment)
            there = folder is not None and read_manifest(folder) is not None
            (built if there else missing).append(environment.lock)
        return needs_of(missing, built)

    @functools.cached_property
    def fetched(self) -> FetchedData:
        """The data that scripts downloaded."""
        from harness.execute.fetched_data import FetchedData

        return FetchedData(folder=self.cache / "data", remembered_in=self.cache / "checksums")

    def data_of(self, scenario: Scenario) -> Data | None:
        """Return the downloaded data that a scenario sees. Raises HarnessError if it cannot be used."""
        caches = self.project.matrix.caches
        if self.data_folder is not None:
            return self._given_data
        if self.fetch_data:
            return self.fetched.read(scenario.identity, caches)
        named = scenario.header.data
        if named is None:
            return None
        own = scenario.script.path.parent if scenario.script.path is not None else scenario.path.parent
        what = f"{scenario.name}: tool.harness.data"
        if not (own / named).resolve().is_relative_to(own.resolve()):
            raise UsageError(f"{what}: {named!r} leads out of the script's folder", next_step="Use --data DIR")
        return read_data(own / named, caches, remembered_in=self.cache / "checksums", what=what)

    @functools.cached_property
    def _given_data(self) -> Data:
        assert self.data_folder is not None
        return read_data(self.data_folder, self.project.matrix.caches, remembered_in=self.cache / "checksums")

    @functools.cached_property
    def artifacts(self) -> Artifacts:
        """The artifacts of writers."""
        return Artifacts(folder=self.cache / "artifacts")

    def read_store(self) -> Store:
        """Open the store for reading."""
        return Store(self.store_path)


def cache_folder(variables: Mapping[str, str]) -> Path:
    """Return the cache folder of this user, or the one that HARNESS_CACHE names."""
    named = variables.get("HARNESS_CACHE")
    return Path(named).absolute() if named else Path(platformdirs.user_cache_dir("harness", appauthor=False))


def _root_above(folder: Path) -> Path | None:
    """Return the nearest folder with a matrix.toml: this one or one above it."""
    return next((each for each in (folder, *folder.parents) if (each / FILE).is_file()), None)


class RunFolder(OwnedFolder):
    """The temporary folder of one run. It also removes the folders of killed runs."""

    def __init__(self, parent: Path) -> None:
        super().__init__(parent, "run-")

    def __enter__(self) -> Path:
        """Create the folder. Raises HarnessError."""
        try:
            return super().__enter__()
        except OSError as error:
            raise HarnessError(
                f"{self.path.parent}: the cache cannot be used",
                why=str(error),
                next_step="Check disk space and permissions, or set HARNESS_CACHE to another folder",
            ) from error
