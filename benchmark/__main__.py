"""`python -m benchmark`: measures, prints the ratios with the goals that they miss, and writes docs/performance.md."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.plain_noxfile import write_noxfile
from benchmark.recorded import fill
from harness.commands.tables import write_section
from harness.execute.run_task import parent_kind
from harness.pipeline import Work, prepare
from harness.plan.plan import make_plan
from harness.plan.selection import Selection
from harness.session import Session

QUICK = (("tf2.16.2", "keras3.5.0"), ("sequential_build", "custom_layer"))
COUNTS = (100, 1_000, 10_000)
EVERY_COUNT = (*COUNTS, 100_000)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table: what was measured, what came out, and the goal that it meets or misses, if any."""

    what: str
    measured: str
    goal: str = ""
    met: bool = True

    def __str__(self) -> str:
        verdict = f"{self.goal}: {'met' if self.met else 'MISSED'}" if self.goal else ""
        return f"| {self.what} | {self.measured} | {verdict} |"


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="benchmark")
    parser.add_argument("--environments", help="comma-separated (default: two)")
    parser.add_argument("--scenarios", help="comma-separated globs (default: two scenarios)")
    parser.add_argument("--whole", action="store_true", help="the default tier, and 100 000 cells that cost nothing")
    parser.add_argument("--only", choices=("speed", "nothing", "own-work"), action="append")
    parser.add_argument("--no-document", action="store_true", help="leave docs/performance.md as it is")
    arguments = parser.parse_args()
    wanted = arguments.only or ["speed", "nothing", "own-work"]
    with tempfile.TemporaryDirectory() as folder:
        figures = list(_figures(Path(folder), wanted, arguments))
    load = os.getloadavg()[0]
    lines = [
        f"`nox -s benchmark -- {' '.join(sys.argv[1:])}`".replace(" `", "`")
        + f" on {os.cpu_count()} cores; the load was {load:.1f} at the end.",
        "",
        "| what | measured | goal |",
        "| --- | --- | --- |",
        *map(str, figures),
    ]
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if not arguments.no_document:
        write_section(Path("docs/performance.md"), "benchmark", text)


def _figures(folder: Path, wanted: list[str], arguments: argparse.Namespace) -> Iterator[Figure]:
    if "speed" in wanted:
        yield from _speed(folder, _selection(arguments))
    if "nothing" in wanted:
        yield _nothing(folder)
    if "own-work" in wanted:
        yield from _own_work(EVERY_COUNT if arguments.whole else COUNTS)


def _selection(arguments: argparse.Namespace) -> Selection:
    if arguments.whole:
        return Selection()
    environments = tuple(arguments.environments.split(",")) if arguments.environments else QUICK[0]
    scenarios = tuple(arguments.scenarios.split(",")) if arguments.scenarios else QUICK[1]
    return Selection(environments=environments, scenarios=scenarios)


def _speed(folder: Path, selection: Selection) -> Iterator[Figure]:
    """The same cells by the harness and by a plain noxfile, both with environments built; and the limit."""
    variables = {**os.environ, "HARNESS_STORE": str(folder / "attempts.sqlite")}
    session = Session.at(Path.cwd(), variables, _say)
    work = prepare(session, make_plan(session.project, selection))
    asked = ["--environments", ",".join(selection.environments)] if selection.environments else []
    asked += ["--scenarios", ",".join(selection.scenarios)] if selection.scenarios else []
    harness = [sys.executable, "-m", "harness"]
    _timed([*harness, "provision", *asked[:2]], variables)
    noxfile = write_noxfile(folder, work, session.root)
    plain = [sys.executable, "-m", "nox", "-f", str(noxfile)]
    _timed([*plain, "--install-only"], variables)
    ours_s = _timed([*harness, "run", *asked, "--json"], variables)
    plain_s = _timed([*plain, "-R", "-j", "2"], variables)
    limit_s = _limit_s(session, work) / (os.cpu_count() or 1)
    where = f"{len(work.tasks)} cells in {len(work.plan.environments)} environments"
    yield Figure(what=f"{where}: harness, warm", measured=f"{ours_s:.0f} s")
    yield Figure(
        what="the same by a plain noxfile, `nox -j 2`, uv backend, warm",
        measured=f"{plain_s:.0f} s: {plain_s / ours_s:.1f} times as long",
        goal="6 times",
        met=plain_s >= 6 * ours_s,
    )
    yield Figure(
        what="the limit: imports and scripts, as measured inside the processes, over the cores",
        measured=f"{limit_s:.0f} s; the harness takes {ours_s / limit_s:.2f} times that",
        goal="1.3 times",
        met=ours_s <= 1.3 * limit_s,
    )


def _limit_s(session: Session, work: Work) -> float:
    """Sum what the scripts took inside their processes, and one import for each environment."""
    store = session.read_store()
    try:
        scripts = sum(each[-1].script_s for each in work.attempts(store).values())
    finally:
        store.close()
    imports = 0.0
    for environment in work.plan.environments:
        interpreter = session.interpreters.find(environment.python)
        python = session.environments.provide(environment, interpreter).python
        tasks = (task for task in work.tasks.values() if task.environment.id == environment.id)
        kind = next((kind for task in tasks if (kind := parent_kind(task, python)) is not None), None)
        if kind is None:
            continue
        statements = "; ".join([*(f"import {name}" for name in kind.modules), *kind.touched])
        code = f"import time; started = time.time(); {statements}; print(time.time() - started)"
        done = subprocess.run(
            [str(python), "-c", code], env=dict(kind.variables), capture_output=True, text=True, check=True
        )
        imports += float(done.stdout.split()[-1])
    return scripts + imports


def _nothing(folder: Path) -> Figure:
    """A run of the full tier in which every cell has an attempt."""
    variables = {**os.environ, "HARNESS_STORE": str(folder / "recorded.sqlite")}
    count = fill(Session.at(Path.cwd(), variables, _say), "full")
    command = [sys.executable, "-m", "harness", "run", "--tier", "full"]
    took = sorted(_measured(command, variables) for _ in range(3))[1]
    return Figure(
        what=f"a run with nothing to do over {count} recorded cells, the middle of three",
        measured=f"{took[0]:.1f} s, {took[1]:.1f} s of it on the processor",
        goal="1 s",
        met=took[0] <= 1,
    )


def _own_work(counts: tuple[int, ...]) -> Iterator[Figure]:
    for count in counts:
        done = subprocess.run(
            [sys.executable, "-m", "benchmark.own_work", str(count)], capture_output=True, text=True, check=True
        )
        seen = json.loads(done.stdout)
        yield Figure(
            what=f"{count} cells that cost nothing: handed out, counted, recorded",
            measured=f"{seen['wall_ms']:.2f} ms a cell ({seen['processor_ms']:.2f} ms on the processor); memory "
            f"{seen['before_mib']} MiB with the tasks made, {seen['half_mib']} half way, {seen['peak_mib']} at most",
            goal="5 ms",
            met=seen["wall_ms"] <= 5,
        )


def _timed(command: list[str], variables: Mapping[str, str]) -> float:
    return _measured(command, variables)[0]


def _measured(command: list[str], variables: Mapping[str, str]) -> tuple[float, float]:
    """Run a command whatever its status; give wall clock and processor seconds, its children's included."""
    _say(f"running: {' '.join(command)}")
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, env=dict(variables), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - started, processor_s


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - it is a command


if __name__ == "__main__":
    main()
