"""The scheduler of a cluster, with workers in this process: what it gives to whom, and what it does when they are lost."""

import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from harness.cluster import run as module
from harness.cluster import scheduler as shards
from harness.cluster.connection import ClusterLost, EndedCall, check_address
from harness.cluster.scheduler import ClusterScheduler, cells_per_shard
from harness.errors import HarnessError
from harness.execute.task import this_platform, worker_digest
from harness.model import Attempt, Outcome
from harness.pipeline import Work
from harness.project.plan import Plan
from harness.record.attempt_ids import planned_id
from harness.record.json_lines import to_line
from harness.sandbox.policy import SandboxMode
from harness.schedule.watcher import Watcher
from tests.unit.test_record_store import START
from tests.unit.test_shards_split import ENVIRONMENTS, task

GOOD = {
    "version": "0",
    "worker": worker_digest(),
    "platform": this_platform(),
    "sandboxed": True,
    "why_not": "",
    "host": "h",
}


class Cluster:
    """Stands in for a connection: runs each call as soon as its result is asked for, unless its worker was lost."""

    dashboard = ""

    def __init__(self, **described):
        self.described = {name: {**GOOD, **more} for name, more in described.items()}
        self.calls = {}
        self.created, self.ran = [], []
        self.lose = None
        """The worker that is lost when it gets its first shard, or `scheduler`."""
        self.connections = 0

    def workers(self):
        return sorted(self.described)

    def call_each(self, workers, function, *arguments):
        return {name: self.described[name] for name in workers}

    def wait(self, seconds):
        """Everything has ended by then."""

    def submit(self, number, worker, function, *arguments):
        self.calls[number] = worker, function.__name__, arguments[0]

    def forget(self, number):
        self.calls.pop(number, None)

    def done(self):
        for number, (worker, function, document) in list(self.calls.items()):
            if function == "run_shard" and self.lose == worker:
                del self.described[worker]
                self.lose = None
                continue
            if function == "run_shard" and self.lose == "scheduler":
                self.lose = None
                self.calls.clear()
                raise ClusterLost
            if worker not in self.described:
                continue
            del self.calls[number]
            if function == "create_environment":
                self.created.append((worker, document["id"]))
                yield EndedCall(number=number, result={"built": True, "why_not": "", "conclusive": True})
            else:
                self.ran.append((worker, [each["cell"] for each in document["cells"]]))
                yield EndedCall(number=number, result=self.result(document))

    def result(self, document):
        lines = [
            to_line(
                Attempt(cell=TASKS[each["key"]].cell, key=each["key"], outcome=Outcome.PASSED, started=START, id=id)
            )
            for each in document["cells"]
            for id in each["attempts"]
        ]
        return {"lines": lines, "notes": [], "log": [], "refused": ""}


class Notes(Watcher):
    def __init__(self):
        self.notes = []
        self.finished_cells = []

    def note(self, text):
        self.notes.append(text)

    def finished(self, task, attempt):
        self.finished_cells.append(str(task.cell))


TASKS = {}


@pytest.fixture
def run(monkeypatch):
    """Run tasks on a cluster; give the attempts and the notes."""

    def run(cluster, tasks, *, session_id="one", **more):
        TASKS.update({each.key: each for each in tasks})

        @contextmanager
        def fake_connected(address):
            cluster.connections += 1
            yield cluster

        monkeypatch.setattr(module, "connected", fake_connected)
        monkeypatch.setattr(shards, "write_shard", lambda work, part, run, conditions, project: {
            "environments": [{"id": id} for id in dict.fromkeys(each.environment.id for each in part)],
            "cells": [{"cell": str(each.cell), "key": each.key, "attempts": [planned_id(run.split, 0)]} for each in part],
        })  # fmt: skip
        session = SimpleNamespace(
            sandboxed=True,
            timeout_s=None,
            identity=json.dumps([]),
            sandbox_mode=SandboxMode.AUTO,
            stop=threading.Event(),
            id=session_id,
        )
        plan = Plan(cells=(), scenarios=(), environments=tuple(ENVIRONMENTS.values()))
        work = Work(plan=plan, tasks={each.cell: each for each in tasks}, missing={})
        watcher = Notes()
        scheduler = ClusterScheduler(
            session=session,
            work=work,
            address="tcp://h:1",
            watcher=watcher,
            most_cells=2,
            look_s=0,
            reconnect_s=0.2,
            **more,
        )
        return list(scheduler.run(tasks)), watcher

    return run


def test_each_task_runs_once(run):
    tasks = [task(number, id) for id in "ab" for number in range(5)]
    cluster = Cluster(w1={}, w2={})
    attempts, watcher = run(cluster, tasks)
    assert sorted(str(each.cell) for each in attempts) == sorted(str(each.cell) for each in tasks)
    assert sorted(watcher.finished_cells) == sorted(str(each.cell) for each in tasks)


def test_each_environment_is_created_on_few_workers(run):
    cluster = Cluster(w1={}, w2={}, w3={})
    run(cluster, [task(number, id) for id in "abc" for number in range(4)])
    assert len(cluster.created) == 3, "what is left is done sooner than another environment is created"
    assert len(set(cluster.created)) == 3


def test_worker_without_work_takes_over_if_waiting_is_slower(run):
    cluster = Cluster(w1={}, w2={})
    run(cluster, [task(number, "a", 100.0) for number in range(8)])
    assert sorted(cluster.created) == [("w1", "a"), ("w2", "a")]
    assert {worker for worker, _ in cluster.ran} == {"w1", "w2"}


def test_long_cells_start_first(run):
    cluster = Cluster(w1={})
    run(cluster, [task(number, "a", seconds) for number, seconds in enumerate([1.0, 1.0, 50.0, 2.0])])
    assert cluster.ran[0][1][0] == "s[n=2]@a"


def test_shard_of_a_lost_worker_is_run_by_another(run):
    tasks = [task(number, "a", 100.0) for number in range(8)]
    cluster = Cluster(w1={}, w2={})
    cluster.lose = "w1"
    attempts, watcher = run(cluster, tasks)
    assert sorted(str(each.cell) for each in attempts) == sorted(str(each.cell) for each in tasks)
    assert any("w1: this worker was lost" in each for each in watcher.notes)


def test_calls_that_the_cluster_forgot_are_made_again_and_are_no_tries(run):
    cluster = Cluster(w1={})
    forgotten = iter(range(10))
    done = cluster.done

    def done_after_many():
        if cluster.calls and next(forgotten, None) is not None:
            number = next(iter(cluster.calls))
            cluster.calls.pop(number)
            yield EndedCall(number=number, result=None, error="cancelled", lost=True)
        yield from done()

    cluster.done = done_after_many
    attempts, _ = run(cluster, [task(1, "a")])
    assert [each.outcome for each in attempts] == [Outcome.PASSED]


def test_shard_that_ends_its_workers_is_given_up(run):
    cluster = Cluster(w1={}, w2={}, w3={}, w4={})
    done = cluster.done

    def done_with_losses():
        for worker, function, document in list(cluster.calls.values()):
            if function == "run_shard" and document["cells"][0]["cell"] == "s[n=0]@a":
                cluster.described.pop(worker, None)
        yield from done()

    cluster.done = done_with_losses
    attempts, _ = run(cluster, [task(number, "a", 100.0 - number) for number in range(4)])
    assert {str(each.cell): each.outcome for each in attempts} == {
        "s[n=0]@a": Outcome.ERROR, "s[n=1]@a": Outcome.ERROR, "s[n=2]@a": Outcome.PASSED, "s[n=3]@a": Outcome.PASSED,
    }  # fmt: skip
    assert "its shard failed on 3 workers: the worker was lost" in attempts[-1].reason + attempts[0].reason


def test_lost_scheduler_is_looked_for_again(run):
    tasks = [task(number, "a") for number in range(4)]
    cluster = Cluster(w1={})
    cluster.lose = "scheduler"
    attempts, watcher = run(cluster, tasks)
    assert sorted(str(each.cell) for each in attempts) == sorted(str(each.cell) for each in tasks)
    assert any("the scheduler does not answer" in each for each in watcher.notes)
    assert cluster.connections > 1


@pytest.mark.parametrize(
    ("described", "reason"),
    [
        ({"worker": "other", "version": "0.1.0"}, "it has repro-matrix 0.1.0"),
        ({"platform": "darwin-arm64"}, "it is darwin-arm64"),
        (
            {"sandboxed": False, "why_not": "bubblewrap is not installed"},
            "it has no sandbox: bubblewrap is not installed",
        ),
    ],
)
def test_worker_that_cannot_run_this_is_not_used_and_says_why(run, described, reason):
    attempts, watcher = run(Cluster(w1=described, w2={}), [task(1, "a")])
    assert len(attempts) == 1
    assert any(f"w1: this worker is not used: {reason}" in each for each in watcher.notes)
    with pytest.raises(HarnessError, match="no worker of the cluster can run the cells") as raised:
        run(Cluster(w1=described), [task(1, "a")])
    assert reason in raised.value.why


def test_worker_without_the_project_is_not_used(run):
    cluster = Cluster(w1={}, w2={})
    cluster.described["w1"] = ModuleNotFoundError("No module named 'harness'")
    _, watcher = run(cluster, [task(1, "a")])
    assert any("repro-matrix is not installed there" in each for each in watcher.notes)


def test_shard_that_fails_everywhere_is_an_error_with_the_reason(run):
    cluster = Cluster(w1={})
    cluster.result = lambda document: {"lines": [], "notes": [], "log": [], "refused": "the disk is full"}
    cluster.done = lambda: iter([EndedCall(number=number, result=None, error="KilledWorker: x") if function == "run_shard" else EndedCall(number=number, result={"built": True, "why_not": "", "conclusive": True}) for number, (_, function, _) in list(cluster.calls.items()) if cluster.calls.pop(number)])  # fmt: skip
    attempts, _ = run(cluster, [task(1, "a")])
    assert [(each.outcome, each.conclusive) for each in attempts] == [(Outcome.ERROR, False)]
    assert "its shard failed on 3 workers: KilledWorker: x" in attempts[0].reason


def test_worker_that_refuses_shards_of_one_environment_runs_the_others(run):
    cluster = Cluster(w1={}, w2={})
    good = cluster.result

    def result(document):
        lacks = cluster.ran[-1][0] == "w1" and document["environments"][0]["id"] == "a"
        return {"lines": [], "notes": [], "log": [], "refused": "it has Python 3.11.1"} if lacks else good(document)

    cluster.result = result
    tasks = [task(number, "a", 100.0) for number in range(4)] + [task(number, "b", 99.0) for number in range(40)]
    attempts, _ = run(cluster, tasks)
    assert {each.outcome for each in attempts} == {Outcome.PASSED}
    assert len(attempts) == 44
    assert any(worker == "w1" and cells[0].endswith("@b") for worker, cells in cluster.ran)


def test_attempts_that_nobody_asked_for_are_left_out(run):
    cluster = Cluster(w1={})
    good = Cluster.result
    other = to_line(Attempt(cell=task(9, "b").cell, key="f" * 64, outcome=Outcome.PASSED, started=START))
    cluster.result = lambda document: {**good(cluster, document), "lines": [*good(cluster, document)["lines"], other]}
    attempts, _ = run(cluster, [replace(task(1, "a"))])
    assert len(attempts) == 1


def inconclusive(document, reason="the disk is full"):
    """Return the results of a shard whose cells could not run."""
    lines = [
        to_line(
            Attempt(cell=TASKS[each["key"]].cell, key=each["key"], outcome=Outcome.ERROR, reason=reason, conclusive=False, started=START)
        )
        for each in document["cells"]
    ]  # fmt: skip
    return {"lines": lines, "notes": [], "log": [], "refused": ""}


def only_on(cluster, broken, result):
    """Have a worker return something else for its shards than the others."""
    good = cluster.result
    cluster.result = lambda document: result(document) if cluster.ran[-1][0] == broken else good(document)


@pytest.mark.parametrize(
    "result",
    [
        inconclusive,
        lambda document: {**Cluster().result(document), "lines": []},
        lambda document: {**Cluster().result(document), "lines": ["{"]},
        lambda document: {**Cluster().result(document), "lines": [each[:-9] + each[-8:] for each in Cluster().result(document)["lines"]]},
    ],
    ids=["inconclusive", "absent", "cut off", "changed"],
)  # fmt: skip
def test_what_one_worker_cannot_run_another_one_runs(run, result):
    tasks = [task(number, "a", 100.0) for number in range(8)]
    cluster = Cluster(w1={}, w2={})
    only_on(cluster, "w1", result)
    attempts, _ = run(cluster, tasks)
    assert sorted(str(each.cell) for each in attempts) == sorted(str(each.cell) for each in tasks), "nothing twice"
    assert {each.outcome for each in attempts} == {Outcome.PASSED}
    assert "w1" in {worker for worker, _ in cluster.ran}


def test_worker_that_fails_again_and_again_is_not_used_any_more(run):
    cluster = Cluster(w1={}, w2={})
    only_on(cluster, "w1", inconclusive)
    _, watcher = run(cluster, [task(number, "a", 100.0) for number in range(20)])
    assert [worker for worker, _ in cluster.ran].count("w1") == 3
    assert any("w1: this worker is not used any more: the disk is full" in each for each in watcher.notes)


def test_what_no_worker_can_run_says_why(run):
    for result, reason in (
        (inconclusive, "the disk is full"),
        (lambda document: {"lines": [], "notes": [], "log": [], "refused": ""}, "returned no attempt of a cell"),
        (lambda document: {"lines": ["x"], "notes": [], "log": [], "refused": ""}, "the results of the worker are damaged"),
    ):  # fmt: skip
        cluster = Cluster(w1={})
        cluster.result = result
        attempts, _ = run(cluster, [task(1, "a")])
        assert [(each.outcome, each.conclusive) for each in attempts] == [(Outcome.ERROR, False)]
        assert reason in attempts[0].reason


def test_environment_that_one_worker_cannot_create_is_created_by_another(run):
    cluster = Cluster(w1={}, w2={})
    done = cluster.done

    def done_with_full_disk():
        for each in done():
            if each.result is not None and "built" in each.result and cluster.created[-1] == ("w1", "a"):
                yield replace(each, result={"built": False, "why_not": "the disk is full", "conclusive": False})
            else:
                yield each

    cluster.done = done_with_full_disk
    attempts, watcher = run(cluster, [task(number, "a", 100.0) for number in range(6)])
    assert len(attempts) == 6
    assert {worker for worker, _ in cluster.ran} == {"w2"}
    assert "w1: cannot create a: the disk is full" in watcher.notes


def test_worker_that_does_not_answer_is_asked_again(run):
    cluster = Cluster(w1={}, w2={})
    asked = []
    described = cluster.call_each

    def call_each(workers, function, *arguments):
        asked.append(workers)
        found = described(workers, function, *arguments)
        return {**found, "w1": TimeoutError("no answer")} if "w1" in workers and len(asked) < 3 else found

    cluster.call_each = call_each
    _, watcher = run(cluster, [task(number, "a", 100.0) for number in range(40)])
    assert "w1" in {worker for worker, _ in cluster.ran}
    assert not any("not used" in each for each in watcher.notes)


def test_what_starts_at_the_address_of_a_refused_worker_is_asked_anew(run):
    cluster = Cluster(w1={"worker": "other"}, w2={})
    described, started = cluster.workers, []

    def workers():
        started.append(len(cluster.ran))
        if len(cluster.ran) == 3:
            cluster.described["w1"] = {**GOOD}
            return ["w2"]
        return described()

    cluster.workers = workers
    run(cluster, [task(number, "a", 100.0) for number in range(40)])
    assert "w1" in {worker for worker, _ in cluster.ran}


def test_two_runs_of_the_same_cells_are_other_attempts(run):
    ids = []
    for session_id in ("one", "two"):
        attempts, _ = run(Cluster(w1={}), [task(1, "a")], session_id=session_id)
        ids += [each.id for each in attempts]
    assert len(set(ids)) == 2


def test_large_plans_have_larger_shards():
    assert [cells_per_shard(cells) for cells in (1, 200_000, 500_000, 1_000_000, 9_000_000)] == [20, 20, 50, 100, 100]


@pytest.mark.parametrize("text", ["tcp://host:8786", "tls://host:8786", "tcp://127.0.0.1:1", "tcp://[::1]:8786", "tcp://[::1]", "tcp://host:65535", "local:1", "local:64"])  # fmt: skip
def test_address(text):
    assert check_address(text) == text


@pytest.mark.parametrize("text", ["", "host", "host:8786", "local", "local:0", "local:65", "local:x", "http://host:1", "tcp://", "tcp://host:65536"])  # fmt: skip
def test_wrong_address_says_what_to_write(text):
    with pytest.raises(ValueError, match="tcp://HOST:8786, or local:N"):
        check_address(text)
