"""Simulate a plan of a million cells on a cluster, with the placement of the real scheduler and measured durations."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tabulate import tabulate

from benchmark.durations import drawn, kept
from harness.cluster.placement import PlacedShard, Round, Waiting, Worker
from harness.cluster.scheduler import cells_per_shard
from harness.environments.size_estimate import needs_of
from harness.model import Environment
from harness.session import Session
from harness.shards.document import shard_run
from harness.shards.split import MOST_S

CELLS = 1_000_000
WORKERS = (2, 10, 100, 1_000)
CREATE_S = 20.0
"""The creation of an environment: 8 to 25 s were measured."""
START_S = 5.0
"""What a shard takes before its first cell: the sandbox, and the imports of its fork server."""
DOWNLOAD_BYTES_S = 25e6
PRICE = 0.04
"""US dollars for a core and an hour."""


@dataclass(kw_only=True)
class Simulated:
    """What a plan takes on so many workers."""

    workers: int
    shards: int
    seconds: float = 0.0
    calls: int = 0
    created: dict[str, list[str]] = field(default_factory=dict)
    """The environments that each worker created."""


def simulate(
    durations: dict[str, list[float]], workers: int, *, coordinator_s: float, sizes: dict[str, float]
) -> Simulated:
    """Run a plan in virtual time. `durations` are those of the cells by environment, the longest first.

    `coordinator_s` is what the coordinator needs for a cell; it handles one result after the other. `sizes` are the
    bytes to download for an environment.
    """
    most = cells_per_shard(sum(map(len, durations.values())))
    shards, counts = _shards(durations, most)
    waiting = Waiting(shards)
    everyone = [Worker(address=f"w{number}") for number in range(workers)]
    result = Simulated(workers=workers, shards=len(shards), created={each.address: [] for each in everyone})
    idle, running = list(everyone), list[tuple[float, int, Worker]]()
    now = coordinator_free = 0.0
    while waiting or running:
        choice, left = Round(waiting, everyone), list[Worker]()
        for worker in idle:
            shard = choice.next_for(worker)
            if shard is None:
                left.append(worker)
                continue
            result.calls += 1
            missing = sorted(shard.environments - worker.environments)
            if missing:
                choice.creates(worker, missing[0])
                takes_s = CREATE_S + sizes[missing[0]] / DOWNLOAD_BYTES_S
            else:
                waiting.take(shard)
                worker.shard, takes_s = shard, START_S + shard.seconds
            heapq.heappush(running, (now + takes_s, result.calls, worker))
        idle = left
        now, _, worker = heapq.heappop(running)
        if worker.shard is None:
            worker.environments.add(worker.creating)
            result.created[worker.address].append(worker.creating)
            worker.creating = ""
        else:
            coordinator_free = max(coordinator_free, now) + counts[worker.shard.run.number - 1] * coordinator_s
            now = coordinator_free
            worker.shard = None
        idle.append(worker)
    result.seconds = now
    return result


def _shards(durations: dict[str, list[float]], most: int) -> tuple[list[PlacedShard], list[int]]:
    """Return shards in the order of the real scheduler, and how many cells each of them has."""
    parts = [(environment, part) for environment, found in durations.items() for part in _portions(found, most)]
    parts.sort(key=lambda part: -part[1][0])
    shards = [
        PlacedShard(
            run=shard_run("simulated", number, len(parts), len(parts)), tasks=(),
            environments=frozenset([environment]), seconds=sum(found),
        )
        for number, (environment, found) in enumerate(parts, start=1)
    ]  # fmt: skip
    return shards, [len(found) for _, found in parts]


def _portions(durations: list[float], most: int) -> Iterator[list[float]]:
    """Yield shards as `harness.shards.split.portions` makes them, without a million tasks."""
    portion: list[float] = []
    seconds = 0.0
    for each in durations:
        if portion and (len(portion) == most or seconds + each > MOST_S):
            yield portion
            portion, seconds = [], 0.0
        portion.append(each)
        seconds += each
    yield portion


def million(*, coordinator_ms: float) -> tuple[str, list[dict[str, Any]]]:
    """Simulate a million cells of the full tier. Return a table as Markdown, and its values."""
    session = Session.at(Path.cwd(), os.environ, lambda line: None)
    environments = {each.id: each for each in session.project.environments}
    measured = {id: each for id, each in kept().items() if id in environments}
    total = sum(int(str(each["cells"])) for each in measured.values())
    durations: dict[str, list[float]] = {}
    for id, each in measured.items():
        quantiles = each["quantiles_s"]
        assert isinstance(quantiles, list)
        durations[id] = list(drawn(quantiles, round(CELLS * int(str(each["cells"])) / total)))
    sizes = {id: float(needs_of([environments[id].lock], []).download_bytes) for id in durations}
    rows = []
    for workers in WORKERS:
        done = simulate(durations, workers, coordinator_s=coordinator_ms / 1000, sizes=sizes)
        rows.append(_row(done, durations, environments))
    values = [list(each.values()) for each in rows]
    table = tabulate(values, headers=list(rows[0]), tablefmt="github", disable_numparse=True)
    return f"{table}\n", rows


def _row(done: Simulated, durations: dict[str, list[float]], environments: dict[str, Environment]) -> dict[str, Any]:
    most = max(done.created.values(), key=len)
    needs = [needs_of([environments[id].lock for id in created], []) for created in done.created.values()]
    core_hours = done.workers * done.seconds / 3600
    scripts_s = sum(map(sum, durations.values()))
    return {
        "workers": f"{done.workers:,}",
        "wall clock": _hours(done.seconds),
        "scripts run": f"{scripts_s / (done.workers * done.seconds):.0%}",
        "Dask tasks": f"{done.calls:,}",
        "environments created": f"{sum(map(len, done.created.values())):,}, at most {len(most)} on a worker",
        "disk of a worker": f"at most {max(each.disk_bytes for each in needs) / 1e9:.1f} GB",
        "download of a worker": f"at most {max(each.download_bytes for each in needs) / 1e9:.1f} GB",
        "core hours": f"{core_hours:,.0f}",
        "cost": f"{core_hours * PRICE:,.0f} USD",
    }


def _hours(seconds: float) -> str:
    hours = seconds / 3600
    if hours >= 48:
        return f"{hours / 24:.1f} days"
    return f"{hours:.1f} h" if hours >= 1 else f"{seconds / 60:.0f} min"


def assumptions() -> str:
    """Return what the table assumes."""
    return (
        f"Assumed: {CELLS:,} cells with the measured durations of the full tier (`benchmark/results/durations.json`), "
        f"{CREATE_S:.0f} s to create an environment and {DOWNLOAD_BYTES_S / 1e6:.0f} MB/s to download it, "
        f"{START_S:.0f} s to start a shard, workers of one core, {PRICE} USD for a core and an hour.\n"
    )
