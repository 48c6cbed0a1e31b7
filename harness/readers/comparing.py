"""Grades of a file that was tried: what several readers made of it, compared with one of them. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.model import Attempt, Outcome
from harness.readers.grading import ReaderAnswer
from harness.transfer.grades import Grade

TRIED = "tried: "
"""The beginning of the lines in which the script prints what it found, as JSON."""
PLAIN = ("plain", "tf.saved_model.load")
_TOLERANCE = 1e-4
"""Relative to the largest prediction: releases add in other orders."""
_MOST_VALUES = 2000
_QUOTED = 140
"""Characters of the beginning and of the end of a long error: the end says what is wrong, after a configuration."""


@dataclass(frozen=True, kw_only=True)
class TriedReader:
    """The result of one environment that opened the file."""

    environment: str
    cell: str
    attempt: Attempt | None
    reason: str = ""
    """The reason why there is no attempt."""
    found: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, environment: str, cell: str, attempt: Attempt | None, reason: str) -> TriedReader:
        """Read the output of the script."""
        found: dict[str, Any] = {}
        if attempt is not None and attempt.is_verdict:
            for line in attempt.evidence.stdout.splitlines():
                if line.startswith(TRIED):
                    found.update(_object(line[len(TRIED) :]))
        return cls(environment=environment, cell=cell, attempt=attempt, reason=reason, found=found)

    @property
    def way(self) -> str | None:
        """How it was opened; None if it was not."""
        return _text(self.found, "way")

    @property
    def predictions(self) -> tuple[float, ...] | None:
        """Its predictions for generated inputs; None if it cannot predict."""
        try:
            data = base64.b64decode(_text(self.found, "predictions") or "", validate=True)
        except (binascii.Error, ValueError):
            return None
        if not data or len(data) % 8 or len(data) > 8 * _MOST_VALUES:
            return None
        return struct.unpack(f"<{len(data) // 8}d", data)


def compared(tried: Sequence[TriedReader], written_by: Sequence[str]) -> tuple[ReaderAnswer, ...]:
    """Return a grade for each environment: no one knows what is right, so one of them is what others are compared with.

    That is the writer, if it was tried; otherwise the one with which most others agree.
    """
    reference = reference_of(tried, written_by)
    return tuple(answer_of(each, reference, sum(other.way is not None for other in tried)) for each in tried)


def reference_of(tried: Sequence[TriedReader], written_by: Sequence[str]) -> TriedReader | None:
    """Return the reader with which others are compared; None if nothing opened the file."""
    opened = [each for each in tried if each.way is not None]
    own = [each for each in opened if each.environment in written_by and each.way in PLAIN]
    if own:
        return own[0]
    return max(opened, key=lambda each: sum(not _differs(other, each) for other in opened), default=None)


def answer_of(tried: TriedReader, reference: TriedReader | None, readers: int) -> ReaderAnswer:
    """Return the grade of one environment. `readers` is the number of environments that opened the file."""
    attempt, cells = tried.attempt, (tried.cell,)
    if attempt is None or not attempt.is_verdict:
        reason = tried.reason or (attempt.reason or attempt.error if attempt is not None else "it was not run")
        return ReaderAnswer(environment=tried.environment, grade=Grade.NOT_TESTED, reason=_one_line(reason))
    if tried.way is None or reference is None:
        refused = attempt.outcome is not Outcome.PASSED
        error = _text(tried.found, "plain") or attempt.error or str(attempt.outcome)
        return ReaderAnswer(
            environment=tried.environment,
            grade=Grade.REFUSED if refused else Grade.NOT_TESTED,
            error=_one_line(error) if refused else "",
            reason="" if refused else "the script did not say how it opened the file",
            cells=cells,
        )
    wrong = _differs(tried, reference)
    partly = _is_less(tried, reference)
    if attempt.outcome is not Outcome.PASSED:
        partly.append(f"after opening it: {_one_line(attempt.error or str(attempt.outcome))}")
    if readers == 1:
        partly.append("no other environment opened it, so there is nothing to compare with")
    grade = Grade.SILENT if wrong else Grade.PARTIAL if partly else Grade.FULL
    plain = _text(tried.found, "plain") or ""
    return ReaderAnswer(
        environment=tried.environment,
        grade=grade,
        differs=(*wrong, *partly),
        error=_one_line(plain) if tried.way not in PLAIN else "",
        cells=cells,
    )


def _differs(tried: TriedReader, reference: TriedReader) -> list[str]:
    """Return the parts that another reader restores differently, without an error."""
    found = []
    if _has_variables(tried) and _has_variables(reference) and tried.found["weights"] != reference.found["weights"]:
        found.append(f"weights differ from those in {reference.environment}")
    here, there = tried.predictions, reference.predictions
    if here is not None and there is not None:
        difference = _difference(here, there)
        if difference is None:
            found.append(f"predictions have another shape than in {reference.environment}")
        elif difference > _TOLERANCE * max(1.0, *map(abs, there)):
            found.append(f"predictions differ from {reference.environment} by up to {difference:.1g}")
    return found


def _has_variables(tried: TriedReader) -> bool:
    """Return whether the weights can be compared: some ways to open a file give a function without them."""
    return isinstance(tried.found.get("weights"), str) and bool(tried.found.get("count")) and tried.way in _WITH_WEIGHTS


_WITH_WEIGHTS = ("plain", "compile=False", "safe_mode=False", "compile=False, safe_mode=False")


def _difference(here: Sequence[float], there: Sequence[float]) -> float | None:
    if len(here) != len(there):
        return None
    return max(
        (math.inf if math.isnan(one) != math.isnan(other) else 0.0 if math.isnan(one) else abs(one - other))
        for one, other in zip(here, there, strict=True)
    )


def _is_less(tried: TriedReader, reference: TriedReader) -> list[str]:
    """Return the parts that a reader does not restore, or only with an option."""
    found = []
    if tried.way not in PLAIN:
        found.append(f"only with {tried.way}")
    if reference.found.get("optimizer") and not tried.found.get("optimizer"):
        found.append("the optimizer is not restored")
    elif reference.found.get("iterations") != tried.found.get("iterations"):
        found.append("the state of the optimizer is not restored")
    if tried.found.get("not_predicted"):
        found.append(f"no predictions: {_one_line(str(tried.found['not_predicted']))}")
    elif tried.predictions is not None and reference.predictions is None and reference is not tried:
        found.append(f"{reference.environment} predicts nothing to compare with")
    if tried.found.get("not_saved") and not reference.found.get("not_saved"):
        found.append(f"it cannot be saved again: {_one_line(str(tried.found['not_saved']))}")
    return found


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(found: Mapping[str, Any], key: str) -> str | None:
    value = found.get(key)
    return value if isinstance(value, str) and value else None


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 2 * _QUOTED else f"{line[:_QUOTED]} … {line[-_QUOTED:]}"
