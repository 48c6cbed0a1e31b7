"""Measure real attempts of an empty script in forks of a process that has imported a generated wheel."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.utils import canonicalize_name

from benchmark.figures import Figure
from benchmark.measurement import measure_harness
from benchmark.speed import JOBS
from harness.model import Lock, LockOrigin, Pin
from harness.pipeline import prepare
from harness.project.lock_file import write_lock
from harness.project.plan import make_plan
from harness.project.selection import Selection
from harness.session import Session
from tests.wheels import make_wheel

_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_MATRIX = f"""
default-tier = "all"
platform = "any"
imports = ["demo"]
preload = ["demo"]
show = ["demo"]

[families.demo]
package = "demo"
pythons = {{ "{_PYTHON}" = ">=0" }}

[tiers.all]
environments = ["*"]
"""
_SCRIPT = '''\
# /// script
# dependencies = ["demo"]
#
# [tool.harness.parameters]
# n = {values}
# ///
"""Does nothing."""
# %% tags=["parameters"]
n = 0
# %% define
import demo
'''


def forked(folder: Path, count: int) -> Iterator[Figure]:
    """Run `count` cells, then again with nothing to do. The difference is the cost of the cells."""
    project = _project(folder / f"forked-{count}", count)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "HARNESS_"))}
    variables = {
        **kept,
        "HARNESS_CACHE": str(folder / "forked-cache"),
        "UV_FIND_LINKS": str(project / "wheels"),
        "UV_NO_INDEX": "1",
        "UV_OFFLINE": "1",
    }
    measure_harness(["provision"], variables, project=project)
    took = measure_harness(["run", "--jobs", str(JOBS)], variables, project=project)
    nothing = measure_harness(["run", "--jobs", str(JOBS)], variables, project=project)
    session = Session.at(project, variables, lambda line: None)
    store = session.read_store()
    try:
        attempts = [
            each[-1] for each in prepare(session, make_plan(session.project, Selection())).attempts(store).values()
        ]
    finally:
        store.close()
    forks = sum(each.isolation == "fork" for each in attempts)
    script_ms = sum(each.script_s for each in attempts) / count * 1000
    own_ms = (took.own_s - nothing.own_s) / count * 1000
    wall_ms = (took.wall_s - nothing.wall_s) / count * 1000
    all_ms = (took.processor_s - nothing.processor_s) / count * 1000
    yield Figure(
        what=f"{count} attempts of an empty script ({forks} forked, sandbox on): coordinator process",
        measured=f"{own_ms:.1f} ms CPU per cell, {took.peak_mib} MiB",
        goal="5 ms",
        met=own_ms <= 5,
    )
    yield Figure(
        what=f"the same, all processes, {JOBS} at a time",
        measured=f"{wall_ms:.1f} ms per cell, {all_ms:.1f} ms CPU; the script {script_ms:.1f} ms",
    )


def _project(root: Path, count: int) -> Path:
    wheel = make_wheel(root / "wheels", "demo", "1.0", {"demo.py": ""})
    script = root / "scenarios" / "nothing" / "nothing.py"
    script.parent.mkdir(parents=True)
    script.write_text(_SCRIPT.format(values=list(range(count))), encoding="utf-8")
    (root / "matrix.toml").write_text(_MATRIX, encoding="utf-8")
    origin = LockOrigin(
        environment="demo1.0", family="demo", package="demo", version="1.0", python=_PYTHON, platform="any",
        as_of=dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), requirements=("demo==1.0",),
    )  # fmt: skip
    pin = Pin(name=canonicalize_name("demo"), version="1.0", hashes=(hashlib.sha256(wheel.read_bytes()).hexdigest(),))
    lock = root / "locks" / "demo" / "demo1.0.txt"
    lock.parent.mkdir(parents=True)
    lock.write_text(write_lock(Lock(origin=origin, pins=(pin,))), encoding="utf-8")
    return root
