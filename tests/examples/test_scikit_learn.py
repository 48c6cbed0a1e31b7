"""The project in examples/scikit-learn: its files are complete, and a part of it gives the published results."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.project.lock_file import read_lock, write_lock
from harness.project.project import read_project

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "scikit-learn"
PUBLISHED = EXAMPLE / "results" / "results.json"
LOCKS = sorted((EXAMPLE / "locks").rglob("*.txt"))
OLDER, NEWER = "sklearn1.2.2", "sklearn1.3.2"


@pytest.mark.parametrize("path", LOCKS, ids=[path.stem for path in LOCKS])
def test_lock_round_trips_and_has_no_address(path):
    text = path.read_text(encoding="utf-8")
    assert write_lock(read_lock(path)) == text
    assert "://" not in text


def test_matrix_locks_and_tiers_agree():
    project = read_project(EXAMPLE)
    assert project.notices == ()
    ids = {each.id for each in project.environments}
    assert {id for tier in project.matrix.tiers for id in tier.environments if "*" not in id} <= ids
    # The module has another name than the package.
    assert {each.imports for each in project.environments} == {("sklearn",)}
    assert len({each.lock.origin.version for each in project.environments}) >= 12


def published():
    return {each["cell"]: each for each in json.loads(PUBLISHED.read_text(encoding="utf-8"))["cells"]}


def test_published_results_have_no_gap():
    cells = published()
    project = read_project(EXAMPLE)
    assert {each["environment"] for each in cells.values()} == {each.id for each in project.environments}
    assert {each["outcome"] for each in cells.values()} <= {"passed", "failed", "not applicable", "unavailable"}


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.timeout(900)
def test_part_of_the_project_gives_the_published_results(tmp_path):
    variables = {**os.environ, "HARNESS_STORE": str(tmp_path / "attempts.sqlite"), "PYTHONPATH": str(ROOT)}
    selection = ["--scenarios", "mixin_without_base,pls_coefficients", "--environments", f"{OLDER},{NEWER}"]
    command = [sys.executable, "-m", "harness", "--project", str(EXAMPLE), "run", "--tier", "full", *selection]
    ended = subprocess.run(
        [*command, "--json"], env=variables, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = {each["cell"]: each for each in json.loads(ended.stdout)["cells"]}
    known = published()
    assert len(found) == 4
    results = {id: (each["outcome"], each["stage"], each["signature"]) for id, each in found.items()}
    assert results == {id: tuple(known[id][key] for key in ("outcome", "stage", "signature")) for id in found}
    # What is known of these two releases: a coefficient has another shape.
    assert results[f"pls_coefficients@{OLDER}"][0] == "passed"
    assert results[f"pls_coefficients@{NEWER}"][:2] == ("failed", "compare")
