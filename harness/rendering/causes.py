"""Owns the causes of cells that do not pass. Cells with the same failure and label, or the same reason, share one."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.model import Label, Outcome
from harness.rendering.foreign_text import first_lines, one_line, stable_error, whole_error
from harness.rendering.results import NEVER_RUN_WORD, Record

NO_REASON = "no reason was recorded"


@dataclass(frozen=True, kw_only=True)
class Cause:
    """The cause of cells that do not pass: a failure's signature and label, or the reason why there is no verdict.

    A failure that is no verdict has an error and no signature. The key stays the same between runs; the number is the
    place among the causes of this grid, from 1.
    """

    key: str
    number: int
    outcome: str
    stage: str | None
    error: str
    """Short, and the same in every repeat."""
    message: str
    """Short, as it was raised in the first of the cells: with its numbers."""
    whole_error: str
    signature: str | None
    reason: str
    label: Label | None
    cells: tuple[str, ...]

    @property
    def unexplained(self) -> bool:
        """Return True if it is a failure without a label."""
        return self.signature is not None and self.label is None


class Causes:
    """Finds the cause of each record; those with the same signature or reason, and label, share one."""

    def __init__(self, found: Iterable[Record]) -> None:
        self._of_cell: dict[str, Cause] = {}
        members: dict[tuple[object, ...], list[Record]] = {}
        for record in found:
            identity = _identity(record)
            if identity is not None:
                members.setdefault(identity, []).append(record)
        taken: Counter[str] = Counter()
        for group in members.values():
            key = group[0].signature or _reason_key(group[0])
            taken[key] += 1
            cause = _cause(group, key if taken[key] == 1 else f"{key}-{taken[key]}")
            self._of_cell.update(dict.fromkeys(cause.cells, cause))

    def of(self, record: Record) -> Cause | None:
        """Return the cause of a record; None for a plain pass."""
        return self._of_cell.get(record.cell)


def _identity(record: Record) -> tuple[object, ...] | None:
    label = record.label
    if record.failure is not None:
        spoken = (label.label, label.note, label.link) if label else None
        return record.failure, record.signature, spoken
    if record.outcome in (Outcome.PASSED.value, NEVER_RUN_WORD):
        return None
    return record.state, one_line(record.reason)


def _reason_key(record: Record) -> str:
    text = f"{record.state}\n{one_line(record.reason)}"
    return "r" + hashlib.sha256(text.encode(errors="replace")).hexdigest()[:9]


def _cause(group: Sequence[Record], key: str) -> Cause:
    first = group[0]
    failed = first.failure is not None
    return Cause(
        key=key,
        number=0,
        outcome=first.failure.value if first.failure else first.state,
        stage=one_line(first.stage, longest=40) if first.stage and failed else None,
        error=stable_error(first.error),
        message=first_lines(first.error),
        whole_error=whole_error(first.error),
        signature=first.signature,
        reason=one_line(first.reason) or ("" if failed else NO_REASON),
        label=first.label,
        cells=tuple(record.cell for record in group),
    )
