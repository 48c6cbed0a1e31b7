"""Runs on a real Dask cluster: what they give, and what they give when a worker or the scheduler is killed."""

import contextlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.faults.faults import TABLE
from tests.runs.conftest import LIMIT_S, PROJECT, wait_until
from tests.runs.test_shards import attempts_in, on

distributed = pytest.importorskip("distributed")

WAITS = '''\
# /// script
# dependencies = ["demo"]
#
# [tool.harness.parameters]
# number = [1, 2, 3, 4]
# ///
"""Waits, so that there is time to kill something."""

# %% tags=["parameters"]
number = 1

# %% define
import time
import demo
time.sleep(1)
'''
WAITED = {f"waits[number={number}]@demo{version}": ("passed", None) for number in range(1, 5) for version in ("1.0", "1.1", "2.0")}  # fmt: skip


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(machine, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", *arguments], env=machine.environ(), cwd=machine.root.parent, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


class Cluster:
    """A scheduler and workers, each a process of its own with a cache of its own."""

    def __init__(self, project, folder):
        self.project, self.folder = project, folder
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler = None
        self.workers = []

    def start_scheduler(self):
        self.scheduler = start(self.project, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard", "--no-show")  # fmt: skip
        wait_until(self.answers, process=self.scheduler)

    def answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def start_worker(self):
        number = len(self.workers)
        machine = replace(self.project, cache=self.folder / f"cache-{number}")
        self.workers.append(
            start(machine, "distributed.cli.dask_worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard",
                  "--local-directory", str(self.folder / f"worker-{number}"))
        )  # fmt: skip

    def stop(self):
        for each in (*self.workers, self.scheduler):
            if each is not None and each.poll() is None:
                each.terminate()
        for each in (*self.workers, self.scheduler):
            if each is not None:
                try:
                    each.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    each.kill()
                    each.wait()


@pytest.fixture
def cluster(project, tmp_path):
    made = Cluster(project, tmp_path)
    made.start_scheduler()
    for _ in range(2):
        made.start_worker()
    yield made
    made.stop()


def begun(machine, process):
    """Whether a run has recorded something, or has ended."""
    try:
        return bool(attempts_in(machine)) or process.poll() is not None
    except sqlite3.OperationalError:  # it is being created
        return False


@pytest.fixture
def slow(project):
    """The project with cells that take a second."""
    project.scenario("load/waits.py", WAITS)
    return project


def test_local_cluster_gives_what_a_run_gives(two_step):
    whole, machine = on(two_step, "whole"), on(two_step, "cluster")
    expected = whole.run()
    done = machine.run("--cluster", "local:2")
    assert done.table == expected.table
    assert attempts_in(machine) == attempts_in(whole)
    assert "Nothing to run" in machine.run("--cluster", "local:2").stderr
    assert two_step.left_over() == []


def test_address_where_nobody_answers(project):
    refused = project.call("run", "--cluster", f"tcp://127.0.0.1:{free_port()}", status=1)
    assert "no Dask scheduler answers there" in refused.stderr and "dask worker ADDRESS" in refused.stderr
    assert set(project.call("table", "--json").table.values()) == {("never run", None), ("not applicable", None)}


def test_wrong_address_is_a_usage_error(project):
    assert "tcp://HOST:8786" in project.call("run", "--cluster", "myhost", status=2).stderr


def test_killed_worker_loses_nothing(slow, cluster):
    machine = on(slow, "coordinator")
    process = machine.start("run", "--cluster", cluster.address, "--json")
    wait_until(lambda: begun(machine, process))
    cluster.workers[0].send_signal(signal.SIGKILL)
    _, stderr = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, stderr
    cells = attempts_in(machine)
    assert len(cells) == len(set(cells)), "nothing twice"
    assert machine.run().table == {**TABLE, **WAITED}, stderr
    assert attempts_in(machine) == cells, "nothing lost"


def test_killed_scheduler_that_comes_back_loses_nothing(slow, cluster):
    machine = on(slow, "coordinator")
    process = machine.start("run", "--cluster", cluster.address, "--json")
    wait_until(lambda: begun(machine, process))
    cluster.scheduler.send_signal(signal.SIGKILL)
    cluster.scheduler.wait()
    cluster.start_scheduler()
    for _ in range(2):  # the first ones end with their scheduler
        cluster.start_worker()
    _, stderr = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, stderr
    cells = attempts_in(machine)
    assert len(cells) == len(set(cells)), "nothing twice"
    assert machine.run().table == {**TABLE, **WAITED}, stderr
    assert attempts_in(machine) == cells, "nothing lost"


def test_stopped_run_continues(slow, cluster):
    machine = on(slow, "coordinator")
    process = machine.start("run", "--cluster", cluster.address)
    wait_until(lambda: begun(machine, process))
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130, stderr
    machine.call("run", "--cluster", cluster.address)
    cells = attempts_in(machine)
    assert len(cells) == len(set(cells))
    assert machine.run().table == {**TABLE, **WAITED}


def test_worker_of_another_version_is_refused_with_the_reason(project, tmp_path):
    """The other version is a copy of this one, with a worker that differs."""
    old = tmp_path / "old"
    shutil.copytree(PROJECT / "harness", old / "harness")
    worker = old / "harness" / "guest" / "worker.py"
    worker.write_text(worker.read_text() + "\nOTHER = 1\n")
    cluster = Cluster(replace(project, variables={**project.variables, "PYTHONPATH": str(old)}), tmp_path)
    cluster.start_scheduler()
    cluster.start_worker()
    try:
        refused = on(project, "coordinator").call("run", "--cluster", cluster.address, status=1)
    finally:
        cluster.stop()
    assert "no worker of the cluster can run this" in refused.stderr
    assert "or another state of it than this machine" in refused.stderr
