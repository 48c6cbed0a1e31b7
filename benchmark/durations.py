"""Measured durations by environment: `python -m benchmark.durations STORE` keeps those of a store as quantiles."""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.record.store import Store

KEPT = Path("benchmark/results/durations.json")
_PARTS = 50


def keep(store: Path) -> None:
    """Write the durations of the attempts of a store."""
    by_environment: dict[str, list[float]] = {}
    with contextlib.closing(Store(store)) as opened:
        for (cell, _), cost in opened.costs().items():
            environment = cell.rpartition("@")[2].rpartition(" -> ")[2]
            by_environment.setdefault(environment, []).append(cost.duration_s)
    quantiles = {
        environment: {"cells": len(found), "quantiles_s": [round(each, 2) for each in _quantiles(found)]}
        for environment, found in sorted(by_environment.items())
        if len(found) > 1
    }
    KEPT.write_text(json.dumps(quantiles) + "\n", encoding="utf-8")


def _quantiles(found: Sequence[float]) -> list[float]:
    return statistics.quantiles(found, n=_PARTS, method="inclusive")


def kept() -> Mapping[str, Mapping[str, object]]:
    """Return what was kept, by environment."""
    return dict(json.loads(KEPT.read_text(encoding="utf-8")))


def drawn(quantiles: Sequence[float], count: int) -> Iterator[float]:
    """Yield so many durations that are distributed like the measured ones, the longest first."""
    for number in range(count):
        yield quantiles[len(quantiles) - 1 - number * len(quantiles) // count]


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
