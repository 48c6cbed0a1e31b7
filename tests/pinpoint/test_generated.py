"""Sources that are completed by what their build generates, before they overlay an environment."""

import pytest

from tests.pinpoint.conftest import MATRIX
from tests.pinpoint.repositories import ThrowAwayRepository
from tests.pinpoint.test_commits import IN
from tests.wheels import make_wheel

pytestmark = pytest.mark.slow

PART = "def answer():\n    return {}\n"
API = "from lib.part import answer\n"
# What the wheel has, and the sources have not: names that a list beside the package says.
GENERATES = """\
import pathlib, sys
tree = pathlib.Path(sys.argv[1])
names = (tree / "names.txt").read_text().split()
(tree / "lib" / "api").mkdir()
(tree / "lib" / "api" / "__init__.py").write_text("".join(f"from lib.part import {name}\\n" for name in names))
"""


@pytest.fixture
def repository(playground):
    return ThrowAwayRepository(playground.folder / "clone")


def publish(playground, repository, names="answer"):
    """Three releases with a generated `lib.api`, and the commits between them without."""
    (playground.root / "prepare").mkdir()
    (playground.root / "prepare" / "generates.py").write_text(GENERATES)
    more = '[generate.lib]\nscript = "prepare/generates.py"\nneeds = ["names.txt"]\nunless = ["api"]\n[families'
    (playground.root / "matrix.toml").write_text(MATRIX.replace("[families", more, 1))
    (repository.folder / "lib").mkdir()
    part = repository.folder / "lib" / "part.py"
    guilty = None
    for day, (version, value) in enumerate([("1.0", 42), ("1.1", 41)], start=1):
        files = {"lib/__init__.py": "", "lib/part.py": PART.format(value), "lib/api/__init__.py": API}
        playground.index.publish(make_wheel(playground.index.folder, "lib", version, files), f"2024-01-{day:02d}")
        (repository.folder / "names.txt").write_text(names)
        part.write_text(PART.format(value))
        sha = repository.commit(f"Change to {value}", "")
        guilty = guilty or (sha if value == 41 else None)
        repository.commit(f"Release {version}", "\n" * day, tag=f"v{version}")
    return guilty


def test_the_commit_is_found_where_sources_lack_what_the_build_generates(playground, repository):
    guilty = publish(playground, repository)
    script = playground.script("from lib.api import answer\nassert answer() == 42, 'wrong answer'\n")
    common = ["pinpoint", script, "--package", "lib", "--in", IN, "--repository", repository.folder]
    (found,) = playground.json(*common)["transitions"]
    assert found["commit"] is not None, found["commit_note"]
    assert found["commit"]["sha"] == guilty


def test_what_cannot_be_generated_is_said(playground, repository):
    publish(playground, repository)
    (playground.root / "prepare" / "generates.py").write_text("raise SystemExit('no generator here')\n")
    script = playground.script("from lib.api import answer\nassert answer() == 42, 'wrong answer'\n")
    common = ["pinpoint", script, "--package", "lib", "--in", IN, "--repository", repository.folder]
    (found,) = playground.json(*common)["transitions"]
    assert found["commit"] is None
    assert "could not be created: no generator here" in found["commit_note"]
