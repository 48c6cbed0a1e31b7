"""Killed without warning, at random moments: the scheduler, a parent that forks, a worker, what builds an environment.

After going on, everything must be as if nothing had happened.
"""

from __future__ import annotations

import contextlib
import json
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from harness.environments.probe import PROBE_SCRIPT
from harness.filesystem.folders import remove_folder
from tests import commands
from tests.runs.conftest import BUILD, READ, WRITE, Project

SCHEDULER, PARENT, WORKER, BUILDER = "scheduler", "fork server", "worker", "builder of an environment"
KINDS = (SCHEDULER, PARENT, WORKER, BUILDER)
_SHARES = (4, 2, 3, 2)
_LONGEST_RUN_S = 120
_UNKNOWN = "a cell that cannot be told"
MATRIX = f"""
default-tier = "small"
platform = "any"
imports = ["demo"]
preload = ["demo"]

[families.demo]
package = "demo"
pythons = {{ "{sys.version_info.major}.{sys.version_info.minor}" = ">=0" }}

[tiers.small]
environments = ["demo1.0", "demo1.1"]
"""
FORKS = """\
# /// script
# [tool.harness.parameters]
# number = [1, 2, 3, 4]
# ///
# %% tags=["parameters"]
number = 0
# %% load
import subprocess, sys
subprocess.run([sys.executable, "-c", "import time; time.sleep(0.1)"], check=True)
assert number != 4
"""
CRASHES = """\
# %% load
import demo, os, signal
os.kill(os.getpid(), signal.SIGSEGV)
"""


def prepare(project: Project) -> None:
    """Make a matrix of all kinds of cells, small enough to be run many times over."""
    project.matrix(MATRIX)
    project.scenario("across/write.py", WRITE)
    project.scenario("across/read.py", READ)
    project.scenario("build/build.py", BUILD)
    project.scenario("load/forks.py", FORKS)
    project.scenario("load/crashes.py", CRASHES)
    (project.root / "scenarios" / "load" / "newer.py").unlink(missing_ok=True)
    (project.root / "tmp").mkdir(exist_ok=True)
    project.variables["TMPDIR"] = str(project.root / "tmp")


@dataclass
class Killed:
    """What was injected, and how often the whole was found to be as if undisturbed."""

    kills: Counter[str] = field(default_factory=Counter)
    checked: int = 0
    kept: int = 0
    """Kills of the scheduler before which something had been recorded."""

    @property
    def total(self) -> int:
        return self.kills.total()


def results(project: Project) -> dict[str, dict[str, object]]:
    """Give, for each cell, everything that an undisturbed run determines."""
    done = project.run()
    keys = ("outcome", "stage", "signature", "reason", "flaky")
    return {cell["cell"]: {key: cell[key] for key in keys} for cell in done.document["cells"]}


def kill_at_random(
    project: Project,
    undisturbed: dict[str, dict[str, object]],
    *,
    kills: int,
    seed: int,
    until: float = float("inf"),
) -> Killed:
    """Kill so many processes of runs of a project, at random moments. Raises AssertionError for what is not as it was.

    After `until` (of the monotonic clock) no more are begun.
    """
    chance = random.Random(seed)
    killed = Killed()
    over = False
    while not over:
        before = attempts_of(project)
        coordinator = _Run(project)
        try:
            status = _disturbed(coordinator, chance, killed, kills)
        finally:
            coordinator.end()
        now = attempts_of(project)
        assert now[: len(before)] == before, "an attempt was changed or lost"
        killed.kept += status == -signal.SIGKILL and len(now) > len(before)
        assert status in (0, 1, -signal.SIGKILL), coordinator.said
        assert "Traceback (most recent call last)" not in coordinator.said, coordinator.said
        over = killed.total >= kills or time.monotonic() > until
        if status == 0 or over:
            check(project, undisturbed)
            killed.checked += 1
            _forget(project, environments=not killed.kills[BUILDER] or chance.random() < 0.6)
    return killed


def check(project: Project, undisturbed: dict[str, dict[str, object]]) -> None:
    """Go on to the end, and see that each cell has its undisturbed result, once, and that nothing is left behind."""
    # What was killed while it built an environment, or twice, is tried again by the next run; and then no more.
    for _ in range(2):
        if project.run(status=None).status == 0:
            break
    found = results(project)
    assert found == undisturbed, {cell: (found.get(cell), undisturbed.get(cell)) for cell in {*found, *undisturbed} if found.get(cell) != undisturbed.get(cell)}  # fmt: skip
    times = Counter(key for key, _, settled in attempts_of(project) if settled)
    assert set(times.values()) == {1}, "a cell that had finished ran again"
    left = [*project.left_over(), *map(str, (project.root / "tmp").iterdir()), *_half_built(project), *_mounts(project)]
    assert left == [], f"left behind: {left}"


class _Run:
    """A run of the command line, with what it writes in a file."""

    def __init__(self, project: Project) -> None:
        self._output = project.root.parent / f"{project.root.name}.output"
        with self._output.open("w", encoding="utf-8") as output:
            self._process = commands.start(
                ["run"], env=project.environ(), cwd=project.root, stdout=output, stderr=output
            )
        self.pid = self._process.pid
        self.poll = self._process.poll

    def end(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def said(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")


def _disturbed(coordinator: _Run, chance: random.Random, killed: Killed, most: int) -> int:
    """Kill processes of a run until it ends, or is the one that is killed; give its status."""
    spared: set[object] = {_UNKNOWN}
    deadline = time.monotonic() + _LONGEST_RUN_S
    while killed.total < most:
        # What was not met yet is looked for: environments are built in some of the runs only, and soon.
        shares = [share if killed.kills[kind] else 4 * share for kind, share in zip(KINDS, _SHARES, strict=True)]
        kind = chance.choices(KINDS, shares)[0]
        moment = time.monotonic() + chance.choice(
            [chance.uniform(0, 0.1), chance.uniform(0, 0.6), chance.uniform(0, 2.5)]
        )
        while coordinator.poll() is None and time.monotonic() < moment:
            time.sleep(0.002)
        if coordinator.poll() is not None:
            break
        if kind == SCHEDULER:
            coordinator.end()
            killed.kills[kind] += 1
        elif (victim := _victim(coordinator.pid, kind, spared, chance)) is not None:
            with contextlib.suppress(psutil.Error):
                victim.kill()
                killed.kills[kind] += 1
    while coordinator.poll() is None:
        assert time.monotonic() < deadline, f"a run does not end: {coordinator.said}"
        time.sleep(0.01)
    status = coordinator.poll()
    assert status is not None
    return status


def _victim(pid: int, kind: str, spared: set[object], chance: random.Random) -> psutil.Process | None:
    """Find a process of a kind; wait a little for one.

    The one that executes a script in a process of its own is killed once a run for each cell: what is killed each time
    that it is tried has crashed, and nobody could say otherwise. What contains it may be killed at any time.
    """
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        with contextlib.suppress(psutil.Error):
            processes = psutil.Process(pid).children(recursive=True)
            for process in chance.sample(processes, len(processes)):
                if _kind_of(process) == kind:
                    cell = _cell_of(process) if _executes_alone(process) else None
                    if cell in spared:
                        continue
                    spared |= {cell} if cell else set()
                    return process
        if not psutil.pid_exists(pid):
            return None
        time.sleep(0.005)
    return None


def _kind_of(process: psutil.Process) -> str | None:
    with contextlib.suppress(psutil.Error, OSError):
        command = process.cmdline()
        if {"uv", PROBE_SCRIPT.name} & {Path(part).name for part in command[:4]}:
            return BUILDER
        if "--serve" in command:
            # Of the one that serves parents are forked, with the same command, and of these what runs attempts.
            above = sum(_is_worker(each.cmdline(), "--serve") for each in process.parents())
            return WORKER if above > 1 else PARENT
        if any(part.endswith("worker.py") for part in command):
            return WORKER
    return None


def _is_worker(command: list[str], way: str) -> bool:
    """Return whether a command is the worker itself in a mode, and not the sandbox that starts it."""
    return len(command) > 2 and command[1].endswith("worker.py") and command[2] == way


def _executes_alone(process: psutil.Process) -> bool:
    """Return whether this process executes a script itself. A script in a fork is always repeated in a process."""
    with contextlib.suppress(psutil.Error, OSError):
        command = process.cmdline()
        if _is_worker(command, "--as-init"):
            # The init process is the parent of the process that executes it.
            above = process.parent()
            return above is not None and _is_worker(above.cmdline(), "--as-init")
        return len(command) == 3 and command[1].endswith("worker.py")
    return True


def _cell_of(process: psutil.Process) -> object:
    """Return whose attempt a worker is: the environment's Python, and what the request asks for."""
    with contextlib.suppress(psutil.Error, OSError, ValueError):
        python, *_, path = process.cmdline()
        inside = Path(f"/proc/{process.pid}/root{path}")
        request = json.loads((inside if inside.exists() else Path(path)).read_text(encoding="utf-8"))
        return (python, Path(request["script"]).name, json.dumps(request["parameters"]))
    return _UNKNOWN


def attempts_of(project: Project) -> list[tuple[str, str, int]]:
    """Return (key, time, whether it counts) of every attempt in the store, in the order recorded."""
    if not project.store.exists():
        return []
    with contextlib.closing(sqlite3.connect(project.store, timeout=30)) as connection:
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'attempts'").fetchone()
        return (
            connection.execute("SELECT key, started, settled FROM attempts ORDER BY id").fetchall() if tables[0] else []
        )


def _forget(project: Project, *, environments: bool) -> None:
    """Begin anew: no attempts, and perhaps no environments."""
    remove_folder(project.store.parent)
    if environments:
        remove_folder(project.cache / "environments")
        remove_folder(project.cache / "artifacts")


def _half_built(project: Project) -> list[str]:
    folders = (project.cache / "environments").glob("*")
    return [each.name for each in folders if not each.name.startswith(".") and not (each / "manifest.json").is_file()]


def _mounts(project: Project) -> list[str]:
    """List what is mounted in a project or its caches."""
    path = Path("/proc/self/mounts")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [line for line in lines if str(project.root.parent) in line]
