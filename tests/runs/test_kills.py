"""Killed without warning, at random moments: after going on, everything is as if nothing had happened.

The short form of what `nox -s faults` does a thousand times.
"""

import shutil

from tests.faults.kills import KINDS, kill_at_random, prepare, results
from tests.runs.conftest import make_project

KILLS = 50
SEED = 20240801


def test_kills_at_random_moments_lose_nothing_and_leave_nothing(project, tmp_path):
    prepare(project)
    undisturbed = results(project)
    assert {cell["outcome"] for cell in undisturbed.values()} >= {"passed", "failed", "crashed"}
    (tmp_path / "killed").mkdir()
    shutil.copytree(
        project.cache, tmp_path / "killed-cache", ignore=shutil.ignore_patterns("environments", "artifacts")
    )
    killed = make_project(tmp_path / "killed", project.wheels, tmp_path / "killed-cache", project.variables)
    prepare(killed)
    done = kill_at_random(killed, undisturbed, kills=KILLS, seed=SEED)
    assert set(done.kills) == set(KINDS), "not all kinds of processes were killed"
    assert done.kept, "the kills came too early to show anything"
