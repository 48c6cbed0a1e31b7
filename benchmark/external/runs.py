"""Run scripts with the command line of the harness, and read its JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.commands.selected_plan import environment_named
from harness.errors import HarnessError
from harness.session import Session


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

    def site_packages(self, environment: str) -> Path:
        """Return the folder of the packages of an environment that was created. Raises HarnessError."""
        if environment not in self.folders:
            self.folders[environment] = self._site_packages(environment)
        return self.folders[environment]

    def _site_packages(self, environment: str) -> Path:
        found = environment_named(self.session, environment)
        interpreter = self.session.interpreters.find(found.python)
        folder = self.session.environments.folder_of(found.lock, interpreter)
        return folder / "lib" / f"python{found.python}" / "site-packages"

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
