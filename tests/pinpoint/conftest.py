"""A project of its own in a temporary folder, an index of throw-away wheels, and the command line run for real."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests import commands
from tests.schemas import validated
from tests.wheels import LoopbackIndex

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
MATRIX = f"""
imports = []
default-tier = "all"

[families.framework]
package = "framework"
id = "framework{{version}}"
versions = ">=9"
pythons = {{ "{PYTHON}" = ">=0" }}
requirements = ["framework=={{version}}"]

[tiers.all]
environments = ["*"]
"""


class Playground:
    """A project, its index and its caches."""

    def __init__(self, folder: Path, index: LoopbackIndex) -> None:
        self.folder = folder
        self.index = index
        self.root = folder / "project"
        for name in ("scenarios", "locks"):
            (self.root / name).mkdir(parents=True)
        (self.root / "matrix.toml").write_text(MATRIX)

    def releases(self, name, texts, **more):
        """Publish a release for each version, a day apart; what is None is not published."""
        for day, (version, text) in enumerate(texts.items(), start=1):
            if text is not None:
                self.index.add(name, version, f"2024-01-{day:02d}", text, **more)

    def script(self, text, name="shows_it.py"):
        """Write a script as someone might send it."""
        path = self.folder / name
        path.write_text(text)
        return path

    @property
    def environ(self):
        """The variables of a command."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "HARNESS_"))}
        return environ | {
            "UV_DEFAULT_INDEX": self.index.address,
            "UV_CACHE_DIR": str(self.folder / "uv"),
            "HARNESS_CACHE": str(self.folder / "cache"),
            "HARNESS_STORE": str(self.folder / "attempts.sqlite"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }

    def command(self, *arguments):
        """The whole of a command."""
        return [sys.executable, "-m", "harness", *self._typed(arguments)]

    def _typed(self, arguments):
        return ["--project", str(self.root), *map(str, arguments)]

    def run(self, *arguments):
        """Run a command. Any exit status is accepted."""
        return commands.run(self._typed(arguments), env=self.environ, cwd=self.folder, timeout=300)

    def harness(self, *arguments, status=0):
        """Run a command; give its output."""
        ended = self.run(*arguments)
        self.said = ended.stderr
        assert ended.returncode == status, f"status {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def json(self, *arguments, status=0):
        """Run a command with --json; give its document."""
        return validated(self.harness(*arguments, "--json", status=status), arguments)


@pytest.fixture
def playground(tmp_path, known_interpreters):
    with LoopbackIndex(tmp_path / "wheels").serving() as index:
        (tmp_path / "wheels").mkdir()
        (tmp_path / "cache").mkdir()
        shutil.copy(known_interpreters, tmp_path / "cache")
        yield Playground(tmp_path, index)
