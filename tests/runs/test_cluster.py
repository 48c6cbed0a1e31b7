"""Runs on a real Dask cluster: what they give, and what they say if there is none. `nox -s faults` breaks clusters."""

import signal
import socket
import sqlite3

import pytest

from harness.cluster import connection
from harness.errors import HarnessError
from tests.clusters import free_port
from tests.faults.faults import TABLE
from tests.runs.conftest import LIMIT_S, wait_until
from tests.runs.test_shards import attempts_in, on

distributed = pytest.importorskip("distributed")

WAITS = '''\
# /// script
# dependencies = ["demo"]
#
# [tool.harness.parameters]
# number = [1, 2]
# ///
"""Waits, so that there is time to kill something."""

# %% tags=["parameters"]
number = 1

# %% define
import time
import demo
time.sleep(1)
'''
WAITED = {f"waits[number={number}]@demo{version}": ("passed", None) for number in range(1, 3) for version in ("1.0", "1.1", "2.0")}  # fmt: skip


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


def test_address_where_something_else_answers(monkeypatch):
    """Dask's client would wait for it without an end."""
    monkeypatch.setattr(connection, "GREET_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(HarnessError, match="no Dask scheduler answers there"), connection.connected(address):
            pass


def test_certificates_that_are_missing():
    with pytest.raises(HarnessError, match="Name the certificates"), connection.connected("tls://127.0.0.1:1"):
        pass


def test_wrong_address_is_a_usage_error(project):
    assert "tcp://HOST:8786" in project.call("run", "--cluster", "myhost", status=2).stderr


def test_stopped_run_continues(slow):
    machine = on(slow, "coordinator")
    process = machine.start("run", "--cluster", "local:2")
    wait_until(lambda: begun(machine, process))
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130, stderr
    machine.call("run", "--cluster", "local:2")
    cells = attempts_in(machine)
    assert len(cells) == len(set(cells))
    assert machine.run().table == {**TABLE, **WAITED}
