"""Killed without warning, at random moments: after going on, everything is as if nothing had happened."""

import contextlib
import random
import shutil
import signal
import sqlite3
import subprocess
import time

from harness.provision.files import remove_folder
from tests.runs.conftest import BUILD, READ, WRITE, make_project

KILLS = 50
SEED = 20240801
FORKS = """\
# /// script
# [tool.harness.parameters]
# number = [1, 2, 3, 4, 5, 6]
# ///
# %% tags=["parameters"]
number = 0
# %% load
import subprocess, sys
subprocess.run([sys.executable, "-c", "import time; time.sleep(0.1)"], check=True)
assert number != 4
"""


def prepare(project):
    """Make a matrix of all kinds of cells, small enough to be run many times over."""
    project.scenario("across/write.py", WRITE)
    project.scenario("across/read.py", READ)
    project.scenario("build/build.py", BUILD)
    project.scenario("load/forks.py", FORKS)


def results(project):
    """Give, for each cell, everything that an undisturbed run determines."""
    done = project.run()
    keys = ("outcome", "stage", "signature", "reason", "flaky")
    return {cell["cell"]: {key: cell[key] for key in keys} for cell in done.document["cells"]}


def test_kills_at_random_moments_lose_nothing_and_leave_nothing(project, tmp_path):
    prepare(project)
    undisturbed = results(project)
    started = time.monotonic()
    assert project.run("--fresh").table
    whole_s = time.monotonic() - started

    (tmp_path / "killed").mkdir()
    killed = make_project(tmp_path / "killed", project.wheels, tmp_path / "killed-cache", project.variables)
    prepare(killed)
    chance = random.Random(SEED)
    kills, kept = 0, 0
    while kills < KILLS:
        before = attempts_of(killed)
        with killed.start("run") as process:
            try:
                if chance.random() < 0.5:
                    process.wait(chance.uniform(0.0, whole_s))
                else:  # in the middle of the cells, wherever on this machine that is
                    until_more(killed, before, process)
                    process.wait(chance.uniform(0.0, 0.5))
            except subprocess.TimeoutExpired:
                process.kill()  # the coordinator alone: what it has started must end by itself, or with the next run
                kills += 1
            stderr = process.communicate(timeout=60)[1]
            assert process.returncode in (0, -signal.SIGKILL), stderr
        now = attempts_of(killed)
        assert now[: len(before)] == before, "an attempt was changed or lost"
        kept += len(now) > len(before)
        if process.returncode == 0:
            # It came to its end: begin again, with what was built or without.
            assert killed.left_over() == []
            assert results(killed) == undisturbed
            forget(killed, environments=chance.random() < 0.5)
    assert kept > KILLS / 4, "the kills came too early to show anything"
    assert results(killed) == undisturbed
    assert killed.left_over() == []
    ran = [cell for cell, _ in attempts_of(killed)]
    assert len(ran) == len(set(ran)), "a cell that had finished before a kill ran again"


def until_more(project, before, process):
    """Wait until a run has recorded something, or has ended."""
    while len(attempts_of(project)) <= len(before):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
            return


def attempts_of(project):
    """Give (cell, time) of every attempt in the store, in the order recorded."""
    if not project.store.exists():
        return []
    with contextlib.closing(sqlite3.connect(project.store)) as connection:
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'attempts'").fetchone()
        return connection.execute("SELECT cell, started FROM attempts ORDER BY id").fetchall() if tables[0] else []


def forget(project, *, environments):
    """Begin anew: no attempts, and perhaps no environments."""
    shutil.rmtree(project.store.parent)
    if environments:
        remove_folder(project.cache / "environments")
        remove_folder(project.cache / "artifacts")
