"""Measure how a cluster scales: 1, 2 and 4 workers in network namespaces of their own, with cells that sleep."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmark.figures import Figure
from benchmark.measurement import notify
from harness.errors import counted
from harness.model import Lock, LockOrigin, Pin
from harness.project.lock_file import write_lock
from tests.clusters import cluster
from tests.networks import network
from tests.wheels import make_wheel

WORKERS = (1, 2, 4)
VERSIONS = ("1.0", "1.1", "1.2", "1.3")
CELLS_EACH = 40
SLEEP_S = 4.0
GOAL = 0.85
_MOST_S = 1800
_AS_OF = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_MATRIX = f"""
default-tier = "all"
platform = "any"
imports = ["sleeper"]
preload = ["sleeper"]

[families.sleeper]
package = "sleeper"
pythons = {{ "{_PYTHON}" = ">=0" }}

[tiers.all]
environments = ["*"]
"""
_SCRIPT = f"""\
# /// script
# dependencies = ["sleeper"]
#
# [tool.harness.parameters]
# number = [{", ".join(map(str, range(CELLS_EACH)))}]
# ///
# %% tags=["parameters"]
number = 0
# %% load
import sleeper, time
time.sleep({SLEEP_S})
"""


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """What a run with so many workers took, from the start of the command to its end."""

    workers: int
    cells: int
    seconds: float

    @property
    def busy(self) -> float:
        """The part of the time in which scripts ran, of 1."""
        return self.cells * SLEEP_S / (self.workers * self.seconds)


def scaling(folder: Path) -> Iterator[Figure]:
    """Run the same cells with more and more workers, each time from empty caches. Raises NoNetwork."""
    project = _project(folder / "project")
    runs: list[Scaled] = []
    for workers in WORKERS:
        notify(f"running: {len(VERSIONS) * CELLS_EACH} cells on {workers} workers")
        run = _run(project, folder / f"run-{workers}", workers)
        runs.append(run)
        efficiency = runs[0].seconds / (run.workers * run.seconds)
        yield Figure(
            what=f"{run.cells} cells that sleep {SLEEP_S:.0f} s, in {len(VERSIONS)} environments to create: "
            f"{counted(run.workers, 'worker')}",
            measured=f"{run.seconds:.1f} s, efficiency {efficiency:.2f}; scripts ran {run.busy:.0%} of the time",
            goal=f"efficiency {GOAL}" if run.workers > 1 else "",
            met=efficiency >= GOAL,
        )


def _run(project: Path, folder: Path, workers: int) -> Scaled:
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("UV_", "HARNESS_"))},
        "PYTHONPATH": str(Path.cwd()),
        "HARNESS_CACHE": str(folder / "cache"),
        "HARNESS_STORE": str(folder / "attempts.sqlite"),
        "UV_FIND_LINKS": str(project / "wheels"),
        "UV_NO_INDEX": "1",
        "UV_OFFLINE": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    with network(workers) as net, cluster(folder, variables, host=net.host) as made:
        for number in range(workers):
            made.start_worker(inside=net.inside(number))
        time.sleep(5.0 + 2.0 * workers)  # until all have started
        started = time.monotonic()
        command = [sys.executable, "-m", "harness", "run", "--cluster", made.address]
        done = subprocess.run(
            command, cwd=project, env=variables, capture_output=True, text=True, timeout=_MOST_S, check=False
        )
        seconds = time.monotonic() - started
    if done.returncode != 0:
        raise RuntimeError(f"the run on {workers} workers failed: {done.stderr}")
    return Scaled(workers=workers, cells=len(VERSIONS) * CELLS_EACH, seconds=seconds)


def _project(root: Path) -> Path:
    """Write a project with throw-away packages, and a script that sleeps."""
    for version in VERSIONS:
        wheel = make_wheel(root / "wheels", "sleeper", version, {"sleeper.py": ""})
        origin = LockOrigin(
            environment=f"sleeper{version}", family="sleeper", package="sleeper", version=version, python=_PYTHON,
            platform="any", requirements=(f"sleeper=={version}",), as_of=_AS_OF,
        )  # fmt: skip
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lock = Lock(origin=origin, pins=(Pin(name="sleeper", version=version, hashes=(digest,), size=500),))
        path = root / "locks" / "sleeper" / f"sleeper{version}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(write_lock(lock), encoding="utf-8")
    (root / "matrix.toml").write_text(_MATRIX, encoding="utf-8")
    (root / "scenarios" / "load").mkdir(parents=True)
    (root / "scenarios" / "load" / "sleeps.py").write_text(_SCRIPT, encoding="utf-8")
    return root
