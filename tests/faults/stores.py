"""The store of attempts: full, read-only, gone, damaged, wanted by two, and a clock that goes back."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from tests.faults.faults import TABLE, CannotInject, Fault, check_mended, settled_keys, small_disk, store_of
from tests.runs.conftest import LIMIT_S, Project

PRINTS = '''\
# /// script
# [tool.harness.parameters]
# number = [{numbers}]
# ///
"""Leaves evidence that cannot be packed."""
# %% tags=["parameters"]
number = 0
# %% load
import base64, os
print(base64.b64encode(os.urandom(90000)).decode())
'''
NUMBERS = range(16)
VERSIONS = ("1.0", "1.1", "2.0")
WAITS = '''\
# /// script
# [tool.harness.parameters]
# number = [{numbers}]
# ///
"""Takes its time, so that the run goes on for a while after something has been recorded."""
# %% tags=["parameters"]
number = 0
# %% load
import demo, time
time.sleep(0.2)
'''


def full(project: Project, chance: random.Random) -> None:
    with small_disk(project.root / "disk", f"size={chance.randrange(500, 1100)}k") as again:
        project.variables["HARNESS_STORE"] = str(project.root / "disk" / "attempts.sqlite")
        project.scenario("load/prints.py", PRINTS.format(numbers=", ".join(map(str, NUMBERS))))
        selection = ["--scenarios", "prints", "--environments", "demo1.0"]
        done = project.run(*selection, status=1)
        assert "could not be recorded" in done.stderr or "the store cannot be used" in done.stderr, done.stderr
        assert "disk space" in done.stderr
        assert project.left_over() == []
        kept = settled_keys(project)
        assert len(kept) < len(NUMBERS)
        again("size=20m")
        check_mended(project, {f"prints[number={number}]@demo1.0": ("passed", None) for number in NUMBERS}, *selection)
        assert settled_keys(project)[: len(kept)] == kept, "what had been recorded was lost"


def read_only(project: Project, chance: random.Random) -> None:
    with small_disk(project.root / "disk", "size=20m") as again:
        store = project.root / "disk" / "attempts.sqlite"
        project.variables["HARNESS_STORE"] = str(store)
        if chance.random() < 0.7:
            project.run("--environments", chance.choice(["demo1.0", "demo2.0"]))
        before = settled_keys(project) if store.exists() else []
        again("ro")
        refused = project.run("--fresh", status=1)
        assert "the store cannot be used" in refused.stderr, refused.stderr
        assert "HARNESS_STORE" in refused.stderr
        again("rw")
        check_mended(project)
        assert settled_keys(project)[: len(before)] == before


def _start_and_wait(project: Project, chance: random.Random) -> subprocess.Popen[str]:
    """Start a run, and wait until it has recorded something, and a little more."""
    process = project.start("run", "--json")
    while process.poll() is None:
        try:
            if settled_keys(project):
                break
        except Exception:  # not there yet
            pass
        _for(process, 0.01)
    _for(process, chance.uniform(0.0, 0.4))
    return process


def _for(process: subprocess.Popen[str], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _end(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, stderr = process.communicate(timeout=LIMIT_S)
    assert "Traceback (most recent call last)" not in stderr, stderr
    return process.returncode, stderr


def file_deleted(project: Project, chance: random.Random) -> None:
    process = _start_and_wait(project, chance)
    running = process.poll() is None
    for suffix in ("", "-wal", "-shm"):
        Path(f"{store_of(project)}{suffix}").unlink(missing_ok=True)
    status, stderr = _end(process)
    assert status == 0, stderr
    assert not running or "It was restored completely" in stderr or not store_of(project).exists(), stderr
    check_mended(project)


def folder_deleted(project: Project, chance: random.Random) -> None:
    process = _start_and_wait(project, chance)
    running = process.poll() is None
    shutil.rmtree(store_of(project).parent, ignore_errors=True)
    status, stderr = _end(process)
    assert status == 0, stderr
    assert not running or "It was restored completely" in stderr or not store_of(project).exists(), stderr
    check_mended(project)


def disk_gone(project: Project, chance: random.Random) -> None:
    with small_disk(project.root / "disk", "size=20m"):
        project.variables["HARNESS_STORE"] = str(project.root / "disk" / "attempts.sqlite")
        process = _start_and_wait(project, chance)
        running = process.poll() is None
        subprocess.run(["umount", "-l", str(project.root / "disk")], check=True, capture_output=True)
        status, stderr = _end(process)
        assert status == 0, stderr
        assert not running or "It was restored completely" in stderr or not store_of(project).exists(), stderr
        check_mended(project)


def damaged(project: Project, chance: random.Random) -> None:
    project.run()
    store = store_of(project)
    data = bytearray(store.read_bytes())
    for _ in range(chance.choice([1, 1, 4, 40, 400])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    store.write_bytes(data[: chance.choice([len(data), len(data), chance.randrange(1, len(data))])])
    shown = project.call("table", "--format", "json", status=None)
    assert shown.status == 1 or shown.table == TABLE, "a changed attempt was taken for a result"
    done = project.run(status=None)
    if done.status == 1 and "newer version" in done.stderr:  # the name of a step was hit: nothing may be done to it
        store.rename(store.with_name("newer"))
        done = project.run()
    assert done.status == 0, done.stderr
    assert done.table == TABLE
    assert "Nothing to run" in project.run().stderr
    assert project.left_over() == []


def two_at_once(project: Project, chance: random.Random) -> None:
    apart = chance.random() < 0.3
    first = project.start("run", "--json", *(["--environments", "demo1.0"] if apart else []))
    _for(first, chance.uniform(0.0, 2.0))
    second = project.start("run", "--json", *(["--environments", "demo1.1,demo2.0"] if apart else []))
    ended = [_end(first), _end(second)]
    for status, stderr in ended:
        refused = "another run uses this environment" in stderr
        assert status == (1 if refused else 0), stderr
        assert not (refused and apart), stderr
    assert any(status == 0 for status, _ in ended)
    check_mended(project)


def clock_set(project: Project, chance: random.Random) -> None:
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        raise CannotInject("there is no C compiler to make a clock with")
    library, clock = project.root / "clock.so", project.root / "clock"
    source = Path(__file__).with_name("clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    clock.write_text("0")
    project.scenario("load/waits.py", WAITS.format(numbers=", ".join(map(str, NUMBERS))))
    waits = {f"waits[number={number}]@demo{version}": ("passed", None) for number in NUMBERS for version in VERSIONS}
    calm = dict(project.variables)
    project.variables |= {"LD_PRELOAD": str(library), "CLOCK_OFFSET_FILE": str(clock)}
    process = _start_and_wait(project, chance)
    running = process.poll() is None
    days = chance.choice([-3000, -40, -1, -0.1, 0.1, 400])
    clock.write_text(str(int(days * 86400)))
    status, stderr = _end(process)
    assert status == 0, stderr
    times = [_times(project)[number : number + 2] for number in range(len(_times(project)) - 1)]
    assert not running or days > 0 or any(later < earlier for earlier, later in times), "the clock did not go back"
    project.variables.clear()
    project.variables.update(calm)
    check_mended(project, {**TABLE, **waits})


def _times(project: Project) -> list[str]:
    """Return when each attempt began, as it says, in the order recorded."""
    with contextlib.closing(sqlite3.connect(store_of(project))) as connection:
        return [started for (started,) in connection.execute("SELECT started FROM attempts ORDER BY id")]


FAULTS = {
    "full": Fault(
        what="the disk of the store is full", times=12, inject=full,
        outcome="the run stops with an error; recorded attempts stay; with free space, the same command continues",
    ),
    "read_only": Fault(
        what="the disk of the store is read-only", times=12, inject=read_only,
        outcome="an error says what to do; nothing changes; once writable, the same command runs all cells",
    ),
    "file_deleted": Fault(
        what="the store is deleted during a run", times=25, inject=file_deleted,
        outcome="the run restores it with all attempts, prints a notice and continues",
    ),
    "folder_deleted": Fault(
        what="the folder of the store is deleted during a run", times=25, inject=folder_deleted,
        outcome="the run restores it with all attempts, prints a notice and continues",
    ),
    "disk_gone": Fault(
        what="the disk of the store is unmounted during a run", times=12, inject=disk_gone,
        outcome="the run restores it at the same path with all attempts, prints a notice and continues",
    ),
    "damaged": Fault(
        what="random bytes of the store are damaged, or the file is truncated", times=40, inject=damaged,
        outcome="no changed attempt is shown; the run moves the file aside or reads its intact rows; same table",
    ),
    "two_at_once": Fault(
        what="two runs at the same time", times=25, inject=two_at_once,
        outcome="with different environments both run; with the same, one stops with an error; no cell runs twice",
    ),
    "clock_set": Fault(
        what="the clock is set back or ahead by hours to years during a run", times=20, inject=clock_set,
        outcome="same table; the next run has nothing to do",
    ),
}  # fmt: skip
