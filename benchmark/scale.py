"""Measure and simulate clusters: print the figures with their goals, and write them to docs/many_machines.md."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmark.cluster_efficiency import scaling
from benchmark.figures import Figure, table_of
from benchmark.measurement import notify
from benchmark.simulation import assumptions, million
from harness.commands.output_files import write_section
from harness.filesystem.folders import OwnedFolder
from harness.session import Session
from tests.networks import NoNetwork

CELLS = 100_000
GOAL_MS, MOST_MIB = 5.0, 1024
MEASURED = Path("benchmark/results/scale.json")
PAGE = Path("docs/many_machines.md")
PARTS = ("workers", "coordinator", "million")


def main() -> None:
    """Measure the selected parts, and keep the others as they were measured before."""
    parser = argparse.ArgumentParser(prog="scale", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="default: all")
    parser.add_argument("--cells", type=int, default=CELLS, help=f"cells of the coordinator (default: {CELLS})")
    parser.add_argument("--no-document", action="store_true", help="write no file")
    arguments = parser.parse_args()
    known, new = _known(), dict[str, Any]()
    for part in arguments.only or PARTS:
        if part == "workers":
            measured = {"how": _how(part, ""), "figures": _list(_workers())}
        elif part == "coordinator":
            cells = f" --cells {arguments.cells}" if arguments.cells != CELLS else ""
            measured = {"how": _how(part, cells), **_coordinator(arguments.cells)}
        else:
            if "coordinator" not in known:
                parser.error("--only million: the coordinator was not measured. Add --only coordinator")
            cost_ms = known["coordinator"]["seen"]["processor_ms"]
            table, rows = million(coordinator_ms=cost_ms)
            measured = {"table": table, "rows": rows, "coordinator_ms": cost_ms}
        new[part] = measured
        known = {**_known(), **new}  # another process may have measured other parts
        if not arguments.no_document:
            MEASURED.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
            write_section(PAGE, "scale", _text(known))
    sys.stdout.write(_text(known))


def _known() -> dict[str, Any]:
    """Return what was measured before."""
    return dict(json.loads(MEASURED.read_text(encoding="utf-8"))) if MEASURED.exists() else {}


def _how(part: str, more: str) -> str:
    memory = round(psutil.virtual_memory().total / (1 << 30))
    return (
        f"`nox -s scale -- --only {part}{more}`, {dt.datetime.now(dt.timezone.utc):%Y-%m-%d}, on "
        f"{psutil.cpu_count()} cores ({platform.system()} {platform.machine()}) with {memory} GiB, "
        f"load {os.getloadavg()[0]:.1f} before."
    )


def _list(figures: Iterator[Figure]) -> list[dict[str, object]]:
    return [dataclasses.asdict(each) for each in figures]


def _workers() -> Iterator[Figure]:
    beside = Session.at(Path.cwd(), os.environ, notify).cache.parent
    measured = 0
    with OwnedFolder(beside, "harness-scale-") as folder:
        try:
            for figure in scaling(folder):
                measured += 1
                yield figure
        except NoNetwork as error:
            if not measured:
                sys.exit(f"cannot measure workers: {error}")
            notify(f"cannot measure more workers: {error}")


def _coordinator(count: int) -> dict[str, object]:
    notify(f"running: {count} empty cells")
    done = subprocess.run(
        [sys.executable, "-m", "benchmark.coordinator", str(count)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"the coordinator failed: {done.stderr}")
    return figures_of(json.loads(done.stdout))


def figures_of(seen: dict[str, Any]) -> dict[str, object]:
    """Return what the coordinator measured, with its figures."""
    count = seen["cells"]
    cost = Figure(
        what=f"coordinator, with Dask's scheduler in the same process, {count:,} cells that do nothing",
        measured=f"{seen['processor_ms']:.2f} ms CPU per cell, {seen['wall_ms']:.2f} ms in all",
        goal=f"{GOAL_MS:.0f} ms",
        met=seen["processor_ms"] <= GOAL_MS,
    )
    memory = Figure(
        what="its memory: at the first cell, after half of them, at the end, peak",
        measured=f"{seen['first_mib']}, {seen['half_mib']}, {seen['last_mib']}, {seen['peak_mib']} MiB",
        goal=f"{MOST_MIB} MiB",
        met=seen["peak_mib"] <= MOST_MIB,
    )
    return {"figures": _list(iter([cost, memory])), "seen": seen}


def _text(known: dict[str, dict[str, object]]) -> str:
    parts = []
    for part in ("workers", "coordinator"):
        if part in known:
            figures = known[part]["figures"]
            assert isinstance(figures, list)
            parts.append(f"{known[part]['how']}\n\n{table_of(Figure(**each) for each in figures)}")
    if "million" in known:
        cost = f"The coordinator takes {known['million']['coordinator_ms']:.2f} ms for a cell, as measured above."
        parts.append(
            f"Simulated with `nox -s scale -- --only million`:\n\n{known['million']['table']}\n{assumptions()}{cost}\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    main()
