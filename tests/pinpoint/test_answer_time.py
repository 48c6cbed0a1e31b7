"""The benchmark of an answer needs a clone of Keras: it says so before it measures for minutes."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.answer_time import BAD, GOOD, is_clone
from tests.pinpoint.repositories import ThrowAwayRepository

pytestmark = pytest.mark.slow


def test_only_a_clone_with_both_tags_is_taken(tmp_path):
    repository = ThrowAwayRepository(tmp_path / "clone")
    repository.commit("Begin", "1", tag=f"v{GOOD}")
    assert not is_clone(repository.folder)
    repository.commit("Change", "2", tag=f"v{BAD}")
    assert is_clone(repository.folder)


def test_another_folder_is_refused_before_anything_is_measured(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "benchmark", "--only", "answer", "--repository", str(tmp_path)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "this is no git clone with the tags of Keras" in done.stderr
