"""Values for tests, made with as little as a test has to say."""

from __future__ import annotations

import datetime as dt
import sys
import venv
from pathlib import Path

from harness.errors import Problems
from harness.execute.task import make_task
from harness.model import Case, Cell, Environment, Lock, LockOrigin, Pin
from harness.project.script import read_script

OUTCOMES = Path(__file__).parent / "fixtures" / "outcomes"


def make_python(folder, **modules):
    """Make a virtual environment that holds these modules; give its Python."""
    venv.create(folder, symlinks=sys.platform != "win32")
    site = next(folder.glob("[Ll]ib/**/site-packages"))
    for name, text in modules.items():
        (site / f"{name}.py").write_text(text, encoding="utf-8")
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def make_lock(environment="env", *, python="3.11", **versions):
    origin = LockOrigin(
        environment=environment,
        family="family",
        package="package",
        version="1",
        python=python,
        platform="x86_64-manylinux_2_28",
        as_of=dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc),
        requirements=("package==1",),
    )
    pins = [Pin(name=name.replace("_", "-"), version=version, hashes=("0" * 64,)) for name, version in versions.items()]
    return Lock(origin=origin, pins=tuple(pins))


def make_environment(
    id="env", *, python="3.11", variables=None, imports=(), provides=(), tiers=("default",), **versions
):
    return Environment(
        id=id,
        family="family",
        lock=make_lock(id, python=python, **versions),
        variables=tuple((variables or {}).items()),
        imports=tuple(imports),
        provides=tuple(provides),
        tiers=frozenset(tiers),
    )


def outcome_task(name, *, timeout_s=20.0, memory_mib=4096, variables=None, **parameters):
    """Make the task of a fixture scenario, with limits that suit a test."""
    from dataclasses import replace

    problems = Problems()
    script = read_script(OUTCOMES / f"{name}.py", problems=problems)
    problems.raise_if_any(name)
    script = replace(script, header=replace(script.header, timeout_s=timeout_s, memory_mib=memory_mib))
    case = Case(scenario=name, parameters=tuple(parameters.items()))
    environment = make_environment(variables=variables)
    return make_task(
        Cell(case=case, environment=environment.id),
        script,
        environment,
        interpreter="cpython-3.11.0",
        caller_variables={},
    )
