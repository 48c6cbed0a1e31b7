"""The ids of attempts. Key and id together identify an attempt in every store: what was merged once is recognised."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator

_DIGITS = 24


def planned_id(split: str, number: int) -> str:
    """Return the id of the attempt `number` (from 0) that a split plans for a cell.

    It is the same on every machine: a shard that ran twice has made one attempt.
    """
    return f"shard-{split}-{number}"


def is_planned(attempt: str, split: str) -> bool:
    """Return True if a split planned the attempt with this id."""
    return attempt.startswith(f"shard-{split}-")


def derived_id(
    *,
    key: str,
    cell: str,
    outcome: str,
    stage: str | None,
    error: str,
    reason: str,
    conclusive: bool,
    started: str,
    duration_s: float,
) -> str:
    """Return the id of an attempt without a split, from its content."""
    content = [key, cell, outcome, stage, error, reason, conclusive, started, duration_s]
    return f"run-{hashlib.sha256(json.dumps(content, default=repr).encode()).hexdigest()[:_DIGITS]}"


def candidates(id: str, split: str, *, conclusive: bool, derived: str) -> Iterator[str]:
    """Yield the ids that an attempt can have, in order: the first that is free is taken.

    `id` is its id, if it has one. A split plans conclusive attempts only: others are repeated, and are no result.
    """
    if id:
        yield id
    elif split and conclusive:
        yield from (planned_id(split, number) for number in itertools.count())
    else:
        yield derived
        yield from (f"{derived}-{number}" for number in itertools.count(2))
