"""Run the benchmark: print the figures with their goals, and write docs/performance.md and benchmark/results/."""

from __future__ import annotations

import argparse
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

from benchmark.answer_time import BAD, GOOD, answer_a_report, is_clone
from benchmark.figures import Figure, Part, read_parts, text_of, write_parts
from benchmark.forked_attempts import forked
from benchmark.measurement import measure_harness, notify
from benchmark.recorded_store import fill
from benchmark.speed import JOBS, Ours, against_the_limit, compare
from harness.commands.output_files import write_section
from harness.filesystem.folders import OwnedFolder
from harness.project.selection import Selection
from harness.session import Session

# Two environments of different age, and as many cases as a plain noxfile runs in a few minutes.
ENVIRONMENTS = ("tf2.10.1", "keras3.5.0")
COMPARED = ("sequential_build", "sequential_build_twice", "custom_layer", "kept_weights", "load_after_other_files")
COUNTS = (1_000, 100_000)
MEASURED = Path("benchmark/results/benchmark.json")
PARTS = ("speed", "limit", "answer", "nothing", "own-work", "forked")


def main() -> None:
    """Measure the selected parts."""
    parser = argparse.ArgumentParser(prog="benchmark")
    parser.add_argument("--environments", help=f"comma-separated (default: {','.join(ENVIRONMENTS)})")
    parser.add_argument("--scenarios", help="comma-separated globs (default: five, and all for the limit)")
    parser.add_argument("--whole", action="store_true", help="the default tier, and 10 000 real attempts")
    parser.add_argument("--repository", metavar="DIR", type=Path, help="a clone of Keras, to measure an answer")
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--no-document", action="store_true", help="write no file")
    arguments = parser.parse_args()
    if arguments.repository is not None and not is_clone(arguments.repository):
        parser.error(
            f"--repository {arguments.repository}: this is no git clone with the tags of Keras {GOOD} and {BAD}"
        )
    load, parts = os.getloadavg()[0], {}
    # Next to the cache, so that uv can hard-link packages from its own cache.
    beside = Session.at(Path.cwd(), os.environ, notify).cache.parent
    with OwnedFolder(beside, "harness-benchmark-") as folder:
        ours = Ours(folder, os.environ)
        for part in arguments.only or PARTS:
            started = time.monotonic()
            figures = list(_figures(part, ours, folder, arguments))
            parts[part] = Part(
                day=str(dt.datetime.now(dt.timezone.utc).date()),
                options=" ".join(["--whole"] * arguments.whole + ["--only", part]),
                minutes=round((time.monotonic() - started) / 60),
                machine=_machine(),
                load=load,
                figures=tuple(figures),
            )
    sys.stdout.write(text_of(parts))
    if not arguments.no_document:
        # Parts that were not measured now keep their figures, with the day on which they were measured.
        known = {**read_parts(MEASURED), **parts}
        known = {part: known[part] for part in PARTS if part in known}
        write_parts(MEASURED, known)
        write_section(Path("docs/performance.md"), "benchmark", text_of(known))


def _machine() -> str:
    memory = round(psutil.virtual_memory().total / (1 << 30))
    return f"{JOBS} cores ({platform.machine()}) with {memory} GiB, Python {platform.python_version()}"


def _figures(part: str, ours: Ours, folder: Path, arguments: argparse.Namespace) -> Iterator[Figure]:
    if part == "speed":
        yield from compare(ours, folder, _selection(arguments, COMPARED))
    elif part == "limit":
        ours.run(_selection(arguments, ("imports",)))  # builds the environments
        yield from against_the_limit(ours, _selection(arguments, ()))  # all scenarios, so that start-up is a small part
    elif part == "answer" and arguments.repository is not None:
        yield from answer_a_report(ours, folder, arguments.repository.absolute())
    elif part == "answer":
        yield Figure(what="the answer to a report", measured="not measured: name a clone of Keras with `--repository`")
    elif part == "nothing":
        yield _nothing(folder)
    elif part == "own-work":
        yield from map(_own_work, COUNTS)
    elif part == "forked":
        for count in (1_000, *([10_000] if arguments.whole else [])):
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
        [sys.executable, "-m", "benchmark.overhead", str(count)], capture_output=True, text=True, check=True
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
