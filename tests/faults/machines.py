"""Many machines: workers and schedulers that are killed, cut off, slow, full or old, and a shard that runs twice."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from tests.clusters import QUICK_TO_NOTICE, Cluster, cluster
from tests.faults.faults import CannotInject, Fault, settled_keys, small_disk, store_of
from tests.faults.kills import results
from tests.networks import NoNetwork, network
from tests.runs.conftest import LIMIT_S, PROJECT, READ, WRITE, Project

NUMBERS = range(8)
WAITS = '''\
# /// script
# dependencies = ["demo"]
#
# [tool.harness.parameters]
# number = [{numbers}]
# ///
"""Waits, so that there is time to break something."""
# %% tags=["parameters"]
number = 0
# %% load
import demo, time
time.sleep(0.3)
assert number != 3
'''


def _machine(project: Project, name: str) -> Project:
    """Return the project on another machine: with a store of its own."""
    store = str(project.root / "stores" / f"{name}.sqlite")
    return replace(project, variables={**project.variables, "HARNESS_STORE": store})


def _prepare(project: Project) -> dict[str, dict[str, object]]:
    """Add scenarios that take a while, and return what an undisturbed run gives."""
    project.scenario("load/waits.py", WAITS.format(numbers=", ".join(map(str, NUMBERS))))
    project.scenario("across/write.py", WRITE)
    project.scenario("across/read.py", READ)
    return results(_machine(project, "undisturbed"))


@contextlib.contextmanager
def _disturbed(project: Project, made: Cluster, chance: random.Random) -> Iterator[list[str]]:
    """Run on a cluster; the body disturbs the run, some time after it has recorded something. Then check everything.

    What the run printed is in the list afterwards.
    """
    undisturbed = _prepare(project)
    machine = _machine(project, "coordinator")
    machine.variables.update(QUICK_TO_NOTICE)
    process = machine.start("run", "--cluster", made.address, "--json")
    try:
        deadline = time.monotonic() + LIMIT_S
        while process.poll() is None and not _recorded(machine):
            assert time.monotonic() < deadline, "nothing was recorded"
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, 1.5))
        said: list[str] = []
        yield said
        _, stderr = process.communicate(timeout=LIMIT_S)
    finally:
        process.kill()
        process.wait()
    said.append(stderr)
    assert process.returncode == 0, stderr
    assert "Traceback (most recent call last)" not in stderr, stderr
    _check(machine, undisturbed)
    for number in range(len(made.workers)):
        left = replace(machine, cache=made.cache(number)).processes()
        assert left == [], f"left behind by worker {number}: {left}"


def _check(machine: Project, undisturbed: dict[str, dict[str, object]]) -> None:
    """See that nothing was lost, nothing is there twice, and every cell has its undisturbed result."""
    keys = settled_keys(machine)
    assert set(Counter(keys).values()) == {1}, "a cell is there twice"
    assert "Nothing to run" in machine.run().stderr, "a cell was lost"
    found = results(machine)
    assert found == undisturbed, {cell: (found.get(cell), undisturbed.get(cell)) for cell in {*found, *undisturbed} if found.get(cell) != undisturbed.get(cell)}  # fmt: skip


def _recorded(machine: Project) -> bool:
    with contextlib.suppress(sqlite3.Error):
        return store_of(machine).exists() and bool(settled_keys(machine))
    return False


@contextlib.contextmanager
def _cluster(project: Project, *, workers: int = 2, host: str = "127.0.0.1") -> Iterator[Cluster]:
    with cluster(project.root / "machines", {**project.environ(), **QUICK_TO_NOTICE}, workers=workers, host=host) as made:  # fmt: skip
        yield made


def worker_killed(project: Project, chance: random.Random) -> None:
    with _cluster(project) as made, _disturbed(project, made, chance):
        number = chance.randrange(2)
        made.workers[number].kill()
        if chance.random() < 0.5:
            made.start_worker(cache=made.cache(number))


def scheduler_killed(project: Project, chance: random.Random) -> None:
    with _cluster(project) as made, _disturbed(project, made, chance):
        assert made.scheduler is not None
        made.scheduler.kill()
        made.scheduler.wait()
        time.sleep(chance.uniform(0.0, 3.0))
        made.start_scheduler()
        for number in range(2):  # the first ones end with their scheduler
            made.start_worker(cache=made.cache(number))


def worker_cut_off(project: Project, chance: random.Random) -> None:
    try:
        with network(1) as net, _cluster(project, workers=1, host=net.host) as made:
            made.start_worker(inside=net.inside(0), restarted=True)
            with _disturbed(project, made, chance):
                net.cut(0)
                time.sleep(chance.uniform(0.5, 12.0))
                net.join(0)
    except NoNetwork as error:
        raise CannotInject(str(error)) from error


def disk_full(project: Project, chance: random.Random) -> None:
    with _cluster(project, workers=1) as made:
        folder = project.root / "small"
        with small_disk(folder, "size=4m"):
            made.start_worker(cache=folder / "cache")
            left = chance.choice([0, 16, 64]) << 10
            (folder / "filler").write_bytes(bytes(max(0, shutil.disk_usage(folder).free - left)))
            with _disturbed(project, made, chance) as said:
                pass
            made.stop()
    assert "worker is not used" in said[0] or "cannot create" in said[0], said[0]


def slow_worker(project: Project, chance: random.Random) -> None:
    over = threading.Event()

    def hold_back(process: subprocess.Popen[bytes]) -> None:
        """Let it run for a tenth of the time, and now and then not at all for so long that it seems lost."""
        while not over.is_set():
            for sent, seconds in ((signal.SIGSTOP, chance.choice([0.3, 0.9, 9.0])), (signal.SIGCONT, 0.1)):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, sent)
                over.wait(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGCONT)

    with _cluster(project) as made:
        slow = threading.Thread(target=hold_back, args=[made.workers[0]])
        try:
            with _disturbed(project, made, chance):
                slow.start()
        finally:
            over.set()
            if slow.ident is not None:
                slow.join()


def shard_twice(project: Project, chance: random.Random) -> None:
    undisturbed = _prepare(project)
    shards, out = project.root / "shards", project.root / "out"
    _machine(project, "planner").call("plan", "--shards", "2", "--output", str(shards))
    files = sorted(shards.iterdir())
    twice = chance.choice(files)
    same_folder = chance.random() < 0.5
    processes = [
        project.start("work", str(each), "--output", str(out / ("a" if same_folder else f"{number}")))
        for number, each in enumerate([*files, twice])
    ]
    said = ["".join(process.communicate(timeout=LIMIT_S)) for process in processes]
    refused = [text for text, process in zip(said, processes, strict=True) if process.returncode != 0]
    assert all("another `harness work` runs this shard" in text for text in refused), said
    assert len(refused) <= same_folder, said
    machine = _machine(project, "merged")
    folders = [path.parent for path in out.rglob("manifest.json")]
    machine.call("merge", *map(str, chance.sample(folders, len(folders))))
    machine.call("merge", *map(str, chance.sample(folders, len(folders))))
    _check(machine, undisturbed)


def old_version(project: Project, chance: random.Random) -> None:
    """The other version is a copy of this one, with a worker that differs."""
    old = project.root / "old"
    shutil.copytree(PROJECT / "harness", old / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    worker = old / "harness" / "guest" / "worker.py"
    worker.write_text(worker.read_text(encoding="utf-8") + "\nOTHER = 1\n", encoding="utf-8")
    with _cluster(project, workers=0) as made:
        for each in chance.sample([str(PROJECT), str(old)], 2):
            made.start_worker(variables={"PYTHONPATH": each})
        with _disturbed(project, made, chance) as said:
            pass
    assert "or another state of it than this machine" in said[0], said[0]


_ALL = "no cell lost, none twice, each as in an undisturbed run"
FAULTS = {
    "worker_killed": Fault(
        what="SIGKILL of a worker of a cluster", times=10, inject=worker_killed,
        outcome=f"another one runs its shard; {_ALL}",
    ),
    "scheduler_killed": Fault(
        what="SIGKILL of the scheduler of a cluster, which is started again", times=10, inject=scheduler_killed,
        outcome=f"the run connects again; {_ALL}",
    ),
    "worker_cut_off": Fault(
        what="a worker of a cluster is cut off from the network, and comes back", times=10, inject=worker_cut_off,
        outcome=f"another one runs its shard; {_ALL}",
    ),
    "disk_full": Fault(
        what="the disk of one worker of a cluster is full", times=10, inject=disk_full,
        outcome=f"others run its shards; {_ALL}",
    ),
    "slow_worker": Fault(
        what="one worker of a cluster gets a tenth of its time, or none for 9 s", times=10, inject=slow_worker, outcome=_ALL
    ),
    "shard_twice": Fault(
        what="a shard runs twice at the same time", times=10, inject=shard_twice, outcome=_ALL
    ),
    "old_version": Fault(
        what="one worker of a cluster has another version of the project", times=5, inject=old_version,
        outcome=f"it is not used, with the reason; {_ALL}",
    ),
}  # fmt: skip
