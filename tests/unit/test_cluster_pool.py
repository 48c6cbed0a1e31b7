"""The probes of a search on a cluster: each gets its own attempts, and what ends the cluster ends the wait."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from harness.cluster import pool as module
from harness.cluster import run as running
from harness.cluster.pool import ClusterPool
from harness.errors import HarnessError
from harness.execute.executor import Interrupted
from harness.model import Data, Outcome
from harness.pipeline import Work
from harness.project.plan import Plan
from harness.record.attempt_ids import planned_id
from harness.sandbox.policy import SandboxMode
from tests.unit.test_cluster import TASKS, Cluster
from tests.unit.test_shards_split import task


@pytest.fixture
def pool(monkeypatch):
    """Return a pool on workers in this process. It is made by the attempts of a stand-in for Dask."""
    cluster = Cluster(w1={}, w2={})

    @contextmanager
    def fake_connected(address):
        yield cluster

    monkeypatch.setattr(running, "connected", fake_connected)
    monkeypatch.setattr(module, "write_shard", lambda work, part, run, conditions, project: {
        "environments": [{"id": part[0].environment.id}],
        "cells": [{"cell": str(part[0].cell), "key": part[0].key,
                   "attempts": [planned_id(run.split, number) for number in range(len(part))]}],
    })  # fmt: skip
    session = SimpleNamespace(
        sandboxed=True, timeout_s=None, identity=json.dumps([]), sandbox_mode=SandboxMode.AUTO,
        stop=threading.Event(), id="one", notify=lambda text: None,
    )  # fmt: skip
    return SimpleNamespace(pool=ClusterPool(session, "tcp://h:1"), cluster=cluster, stop=session.stop)


def work_of(asked):
    TASKS[asked.key] = asked
    return Work(plan=Plan(cells=(), scenarios=(), environments=()), tasks={asked.cell: asked}, missing={})


def test_probes_side_by_side_get_their_own_attempts(pool):
    asked = [task(number, id) for id in "abc" for number in range(4)]
    with pool.pool.open() as opened, ThreadPoolExecutor(len(asked)) as threads:
        found = list(threads.map(lambda each: opened.run(work_of(each), [each] * 2, timeout_s=None), asked))
    assert [[each.key for each in attempts] for attempts in found] == [[each.key] * 2 for each in asked]
    assert len({each.id for attempts in found for each in attempts}) == 2 * len(asked)


def test_error_of_the_cluster_reaches_whoever_waits(pool, monkeypatch):
    def refuse(address):
        raise HarnessError(f"{address}: no Dask scheduler answers there")

    monkeypatch.setattr(running, "connected", refuse)
    with pool.pool.open() as opened, pytest.raises(HarnessError, match="no Dask scheduler answers"):
        opened.run(work_of(task(1, "a")), [task(1, "a")], timeout_s=None)


def test_stop_ends_the_wait(pool):
    pool.cluster.done = lambda: iter(())  # nothing ends
    with pool.pool.open() as opened, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(opened.run, work_of(task(1, "a")), [task(1, "a")], timeout_s=None)
        pool.stop.set()
        with pytest.raises(Interrupted):
            waiting.result(timeout=60)


def test_what_needs_this_machine_stays_here():
    assert ClusterPool.takes(task(1, "a"))
    assert not ClusterPool.takes(task(1, "a", writer="b"))
    assert not ClusterPool.takes(replace(task(1, "a"), writes=True))
    assert not ClusterPool.takes(replace(task(1, "a"), data=Data(folder=None, files=(), digest="d")))


@pytest.mark.parametrize(
    ("result", "outcomes"),
    [
        (lambda document: {"lines": [], "notes": [], "log": [], "refused": "the disk is full"}, [Outcome.ERROR]),
        (
            lambda document: {**Cluster().result(document), "lines": Cluster().result(document)["lines"][:1]},
            [Outcome.ERROR, Outcome.PASSED],
        ),
    ],
    ids=["no attempt", "one of three"],
)
def test_repeats_that_no_worker_could_run_end_the_wait(pool, result, outcomes):
    pool.cluster.result = result
    with pool.pool.open() as opened, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(opened.run, work_of(task(1, "a")), [task(1, "a")] * 3, timeout_s=None)
        try:
            assert [each.outcome for each in waiting.result(timeout=20)] == outcomes
        finally:
            pool.stop.set()
