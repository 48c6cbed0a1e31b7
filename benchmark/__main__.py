"""Run the benchmark: print the figures with their goals, and write docs/performance.md and benchmark/results/."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmark.figures import Figure, table_of
from benchmark.forked import forked
from benchmark.measured import measure_harness, notify
from benchmark.recorded import fill
from benchmark.speed import JOBS, Ours, against_the_limit, compare
from harness.commands.output_files import write_section
from harness.filesystem.folders import OwnedFolder
from harness.project.selection import Selection
from harness.session import Session

# Two environments of different age, and as many cases as a plain noxfile runs in a few minutes.
ENVIRONMENTS = ("tf2.10.1", "keras3.5.0")
COMPARED = ("sequential_build", "sequential_build_twice", "custom_layer", "kept_weights", "load_after_other_files")
COUNTS = (100, 1_000, 10_000, 100_000)
MEASURED = Path("benchmark/results/benchmark.json")
PARTS = ("speed", "limit", "nothing", "own-work", "forked")


def main() -> None:
    """Measure the selected parts."""
    parser = argparse.ArgumentParser(prog="benchmark")
    parser.add_argument("--environments", help=f"comma-separated (default: {','.join(ENVIRONMENTS)})")
    parser.add_argument("--scenarios", help="comma-separated globs (default: five, and all for the limit)")
    parser.add_argument("--whole", action="store_true", help="the default tier, and 10 000 real attempts")
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--no-document", action="store_true", help="write no file")
    arguments = parser.parse_args()
    started, load = time.monotonic(), os.getloadavg()[0]
    # Next to the cache, so that uv can hard-link packages from its own cache.
    beside = Session.at(Path.cwd(), os.environ, notify).cache.parent
    with OwnedFolder(beside, "harness-benchmark-") as folder:
        figures = list(_figures(folder, arguments.only or PARTS, arguments))
    how = _how(arguments, (time.monotonic() - started) / 60, load)
    text = f"{how}\n\n{table_of(figures)}"
    sys.stdout.write(text)
    if not arguments.no_document:
        document = {"how": how, "figures": [dataclasses.asdict(each) for each in figures]}
        MEASURED.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        write_section(Path("docs/performance.md"), "benchmark", text)


def _how(arguments: argparse.Namespace, minutes: float, load: float) -> str:
    typed = " ".join(["nox -s benchmark", *(["--", *sys.argv[1:]] if sys.argv[1:] else [])])
    memory = round(psutil.virtual_memory().total / (1 << 30))
    lines = [
        f"`{typed}`, {dt.datetime.now(dt.timezone.utc):%Y-%m-%d}, {minutes:.0f} minutes, on {JOBS} cores "
        f"({platform.system()} {platform.machine()}) with {memory} GiB, Python {platform.python_version()}. "
        f"Load {load:.1f} before, {os.getloadavg()[0]:.1f} at the end."
    ]
    if not arguments.whole and arguments.only is None:
        environments = arguments.environments or ", ".join(ENVIRONMENTS)
        lines.append(f"Environments: {environments}. `-- --whole` measures the default tier.")
    return "\n".join(lines)


def _figures(folder: Path, wanted: tuple[str, ...] | list[str], arguments: argparse.Namespace) -> Iterator[Figure]:
    ours = Ours(folder, os.environ)
    if "speed" in wanted:
        yield from compare(ours, folder, _selection(arguments, COMPARED))
    if "limit" in wanted:
        if "speed" not in wanted:
            ours.run(_selection(arguments, ("imports",)))  # builds the environments
        yield from against_the_limit(ours, _selection(arguments, ()))  # all scenarios, so that start-up is a small part
    if "nothing" in wanted:
        yield _nothing(folder)
    if "own-work" in wanted:
        yield from map(_own_work, COUNTS)
    if "forked" in wanted:
        for count in (100, 1_000, *([10_000] if arguments.whole else [])):
            yield from forked(folder, count)


def _selection(arguments: argparse.Namespace, scenarios: tuple[str, ...]) -> Selection:
    if arguments.whole:
        return Selection()
    return Selection(
        environments=tuple(arguments.environments.split(",")) if arguments.environments else ENVIRONMENTS,
        scenarios=tuple(arguments.scenarios.split(",")) if arguments.scenarios else scenarios,
    )


def _nothing(folder: Path) -> Figure:
    """Measure a run of the full tier in which every cell has an attempt."""
    variables = {**os.environ, "HARNESS_STORE": str(folder / "recorded.sqlite")}
    count = fill(Session.at(Path.cwd(), variables, notify), "full")
    runs = [measure_harness(["run", "--tier", "full"], variables) for _ in range(5)]
    took = sorted(runs, key=lambda each: each.wall_s)[len(runs) // 2]
    return Figure(
        what=f"run with nothing to do, {count} recorded cells, median of {len(runs)}",
        measured=f"{took.wall_s:.2f} s ({took.processor_s:.2f} s CPU), {took.peak_mib} MiB",
        goal="1 s",
        met=took.wall_s <= 1,
    )


def _own_work(count: int) -> Figure:
    notify(f"running: {count} empty cells")
    done = subprocess.run(
        [sys.executable, "-m", "benchmark.own_work", str(count)], capture_output=True, text=True, check=True
    )
    seen = json.loads(done.stdout)
    return Figure(
        what=f"schedule and record {count} cells that do nothing",
        measured=f"{seen['wall_ms']:.2f} ms per cell ({seen['processor_ms']:.2f} ms CPU), {seen['peak_mib']} MiB",
        goal="5 ms",
        met=seen["wall_ms"] <= 5,
    )


if __name__ == "__main__":
    main()
