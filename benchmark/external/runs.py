"""Run scripts with the command line of the harness, and read its JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.external.frameworks import Framework
from benchmark.external.judging import version_of
from benchmark.external.localising import copy_python_files
from harness.commands.selected_plan import find_environment
from harness.errors import HarnessError
from harness.filesystem.folders import OwnedFolder
from harness.model import Lock, matches_globs
from harness.session import Session

_LARGE = 50_000_000
"""Bytes of a wheel above which it is removed from uv's cache with its environment."""


@dataclass(frozen=True, kw_only=True)
class Harness:
    """The command line of the harness, in a project."""

    session: Session
    folders: dict[str, Path] = field(default_factory=dict)
    """The folders of packages that were looked up, by environment."""

    def run(self, scripts: Sequence[Path], environments: str, *more: str) -> list[dict[str, Any]]:
        """Run scripts, and return their cells. What was run before is not run again. Raises HarnessError."""
        typed = ["run", *map(str, scripts), "--environments", environments, *more, "--json"]
        cells: list[dict[str, Any]] = self._json(typed)["cells"]
        return cells

    def show(self, script: Path, environment: str) -> dict[str, Any]:
        """Return the evidence of a cell. Raises HarnessError."""
        return self._json(["show", f"{script}@{environment}", "--json"])

    def environments(self, globs: str) -> list[str]:
        """Return the environments of the project that match, the newest version first."""
        wanted = tuple(globs.split(","))
        found = [each.id for each in self.session.project.environments if matches_globs(each.id, wanted)]
        return sorted(found, key=version_of, reverse=True)

    def site_packages(self, environment: str) -> Path:
        """Return the folder of the packages of an environment that was created. Raises HarnessError."""
        if environment not in self.folders:
            self.folders[environment] = self._site_packages(environment)
        return self.folders[environment]

    def _site_packages(self, environment: str) -> Path:
        found = find_environment(self.session, environment)
        interpreter = self.session.interpreters.find(found.python)
        folder = self.session.environments.folder_of(found.lock, interpreter)
        return folder / "lib" / f"python{found.python}" / "site-packages"

    def keep_python_files(self, environment: str, framework: Framework) -> None:
        """Copy what localising reads of an environment: its folder is the copy from now on. Raises HarnessError."""
        found = find_environment(self.session, environment)
        kept = self.session.cache / "external" / found.lock.fingerprint
        if not kept.is_dir():
            self.session.provide(found)
            with OwnedFolder(kept.parent, "copying-") as folder:
                copy_python_files(framework, self._site_packages(environment), folder)
                folder.rename(kept)
        self.folders[environment] = kept

    def remove(self, environment: str, following: str | None) -> None:
        """Remove an environment, and from uv's cache its large wheels that the following one does not have."""
        found = find_environment(self.session, environment)
        interpreter = self.session.interpreters.find(found.python)
        if not self.session.environments.remove(found.lock, interpreter):
            raise HarnessError(
                f"{environment}: not removed: another process uses it", next_step="Run the same command again later"
            )
        large = superfluous_wheels(
            found.lock, find_environment(self.session, following).lock if following is not None else None
        )
        if large:
            self.session.uv.remove_from_cache(large, folder=self.session.cache)

    def _json(self, typed: Sequence[str]) -> dict[str, Any]:
        command = [sys.executable, "-m", "harness", "--project", str(self.session.root), *typed]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        try:
            document: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise HarnessError(
                f"harness {typed[0]}: exit status {done.returncode}, and no JSON", next_step="Read its output above"
            ) from None
        return document


def superfluous_wheels(lock: Lock, following: Lock | None) -> list[str]:
    """Return the packages with large wheels that another lock does not have in the same version."""
    needed = following.versions if following is not None else {}
    return sorted(pin.name for pin in lock.pins if pin.size > _LARGE and needed.get(pin.name) != pin.version)
