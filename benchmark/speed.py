"""Compare the harness with a plain noxfile on the same cells, from nothing and warm, and with the lower bound."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmark.figures import Figure
from benchmark.measurement import Took, measure, measure_harness
from benchmark.plain_noxfile import FIRST, REST, write_noxfile
from harness.commands.defaults import default_jobs
from harness.execute.fork_choice import fork_server_kind
from harness.pipeline import Work, prepare
from harness.project.plan import make_plan
from harness.project.selection import Selection
from harness.session import Session

JOBS = default_jobs()


class Ours:
    """The harness with an empty cache, so that it starts without environments. It uses uv's cache of the user."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._variables = {**variables, "HARNESS_CACHE": str(folder / "cache")}
        self._runs = 0

    def with_store(self, name: str) -> dict[str, str]:
        """Return the variables of a command with this cache and a store of its own."""
        return {**self._variables, "HARNESS_STORE": str(self._folder / name)}

    def run(self, selection: Selection) -> tuple[Took, Session, Work]:
        """Run a selection without existing attempts. Return its usage, its session and its work."""
        self._runs += 1
        variables = self.with_store(f"attempts-{self._runs}.sqlite")
        took = measure_harness(["run", *_arguments(selection), "--json"], variables)
        session = Session.at(Path.cwd(), variables, lambda line: None)
        return took, session, prepare(session, make_plan(session.project, selection))


def compare(ours: Ours, folder: Path, selection: Selection) -> Iterator[Figure]:
    """Measure both from nothing and warm, alternately."""
    session = Session.at(Path.cwd(), os.environ, lambda line: None)
    work = prepare(session, make_plan(session.project, selection))
    versions = {environment.python for environment in work.plan.environments}
    interpreters = {version: session.interpreters.find(version).executable for version in versions}
    noxfile = write_noxfile(folder / "plain", work, session.root, interpreters)
    where = f"{len(work.tasks)} cells in {len(work.plan.environments)} environments"
    # A plain run is slow, and both measurements run all but the first script in the same way: so run those once.
    made_and_first = _plain(noxfile, FIRST)
    from_nothing, _, _ = ours.run(selection)
    rest = _plain(noxfile, REST, "-R")
    warm, _, _ = ours.run(selection)
    first = _plain(noxfile, FIRST, "-R")
    for how, took, theirs, goal in (
        ("create and run, packages cached", from_nothing, made_and_first + rest, 3),
        ("run, environments built", warm, first + rest, 6),
    ):
        yield Figure(
            what=f"{where}, {how}",
            measured=f"{took.wall_s:.0f} s ({took.processor_s:.0f} s CPU); plain noxfile, `nox -j {JOBS}`: "
            f"{theirs.wall_s:.0f} s ({theirs.processor_s:.0f} s CPU), {theirs.wall_s / took.wall_s:.1f} times as long",
            goal=f"{goal} times",
            met=theirs.wall_s >= goal * took.wall_s,
        )


def _plain(noxfile: Path, part: str, *options: str) -> Took:
    """Run a part of the noxfile without PYTHON* variables. Raises RuntimeError.

    With PYTHONDONTWRITEBYTECODE, it would compile TensorFlow again for each script.
    """
    command = [sys.executable, "-m", "nox", "-f", str(noxfile), "-j", str(JOBS), *options, "--", part]
    took = measure(command, {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")})
    if took.status != 0:
        raise RuntimeError(f"a session of the plain noxfile did not run its scripts: {shlex.join(command)}")
    return took


def against_the_limit(ours: Ours, selection: Selection) -> Iterator[Figure]:
    """Compare the duration of a run with the lower bound, and measure its memory.

    The lower bound is the time of all imports and scripts divided by the number of cores. Each script has its own core.
    """
    took, session, work = ours.run(selection)
    scripts_s = _scripts_s(session, work)
    imports_s = sum(_imports_s(session, work))
    limit_s = (scripts_s + imports_s) / JOBS
    yield Figure(
        what=f"{len(work.tasks)} cells in {len(work.plan.environments)} built environments, beside the limit",
        measured=f"{took.wall_s:.0f} s; limit ({imports_s:.0f} s imports + {scripts_s:.0f} s scripts) / {JOBS} = "
        f"{limit_s:.0f} s; {took.wall_s / limit_s:.2f} times the limit",
        goal="1.3 times",
        met=took.wall_s <= 1.3 * limit_s,
    )
    yield Figure(
        what="coordinator process in that run, start included",
        measured=f"{took.own_s / max(1, len(work.tasks)) * 1000:.1f} ms CPU per cell, {took.peak_mib} MiB",
    )


def _arguments(selection: Selection) -> list[str]:
    asked = ["--environments", ",".join(selection.environments)] if selection.environments else []
    return asked + (["--scenarios", ",".join(selection.scenarios)] if selection.scenarios else [])


def _scripts_s(session: Session, work: Work) -> float:
    store = session.read_store()
    try:
        return sum(each[-1].script_s for each in work.attempts(store).values())
    finally:
        store.close()


def _imports_s(session: Session, work: Work) -> Iterator[float]:
    """Yield the duration of all preloaded imports of each environment, measured in a process that does nothing else.

    A failing import counts until it fails.
    """
    for environment in work.plan.environments:
        python = session.provide(environment).python
        tasks = (task for task in work.tasks.values() if task.environment.id == environment.id)
        kinds = [kind for task in tasks if (kind := fork_server_kind(task, python)) is not None]
        if not kinds:
            continue
        modules = dict.fromkeys(name for kind in kinds for name in (kind.zygote.module, *kind.modules))
        touched = dict.fromkeys(name for kind in kinds for name in kind.touched)
        statements = [*(f"import {name}" for name in modules), *touched]
        tried = "".join(f"with contextlib.suppress(Exception): {each}\n" for each in statements)
        code = f"import contextlib, time\nstarted = time.time()\n{tried}print(time.time() - started)"
        done = subprocess.run(
            [str(python), "-c", code], env=dict(kinds[0].zygote.variables), capture_output=True, text=True, check=True
        )
        yield float(done.stdout.split()[-1])
