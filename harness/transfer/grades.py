"""Grades of reads: how much of a saved model another environment gets back. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from harness.filesystem.reading import parse_json
from harness.model import Attempt, Label, Outcome, label_of, reduced

MEASURED = "transfer: "
"""The beginning of the line in which read.py and write.py print what they measured, as JSON."""
_SETTING_UP = frozenset({None, "parameters", "define"})
_LIMITED = frozenset({Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY})
"""A limit says something of the machine, too: no grade follows from it, unless a label explains it."""
_LONGEST_ERROR = 400


class Grade(str, Enum):
    """How much of the saved model the reader gets back."""

    FULL = "full"
    """Everything that the format keeps."""
    PARTIAL = "partial"
    """Weights and predictions, but not everything else: see `Reading.differs`."""
    SILENT = "silent"
    """It opens without an error, and weights or predictions differ. The worst grade."""
    REFUSED = "refused"
    """It does not open, or cannot be used: there is an error."""
    NOT_TESTED = "not tested"
    """Unknown."""

    def __str__(self) -> str:
        return self.value

    __hash__ = str.__hash__


class Check(str, Enum):
    """The checks of a read after the file is open, the gravest first. The values are the names of stages of read.py."""

    WEIGHTS = "weights"
    PREDICTIONS = "predictions"
    CONFIGURATION = "configuration"
    COMPILATION = "compilation"
    OPTIMIZER = "optimizer state"
    METRICS = "metrics"
    TRAINING = "training"
    SAVING = "saving again"

    def __str__(self) -> str:
        return self.value

    __hash__ = str.__hash__


SILENT_CHECKS = (Check.WEIGHTS, Check.PREDICTIONS)
"""A difference in these without an error is a silent loss."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The result of one read. Equal results of different cells are equal values."""

    grade: Grade
    differs: tuple[str, ...] = ()
    """The checks that found a difference or failed, the gravest first; values of `Check`."""
    difference: float | None = None
    """The largest difference between predictions, with one significant digit; None if it was not measured."""
    stage: str | None = None
    """The stage at which it failed."""
    error: str = ""
    """The failure, without paths and numbers that differ between equal failures."""
    label: str | None = None
    """A maintainer's judgement: `bug`, `removed`, `by design`, `dependency` or `fixed in ...`."""
    note: str | None = None
    """The cause and the workaround, in words."""
    link: str | None = None
    reason: str = ""
    """The reason why it was not tested."""


NOT_TESTED = Reading(grade=Grade.NOT_TESTED)


def reading_of(attempt: Attempt, labels: Iterable[Label] = ()) -> Reading:
    """Return the result of a reading cell, given its newest attempt.

    The grade follows from the outcome, the stage, and the line of measurements that read.py printed before it judged
    them. An attempt without a verdict, or that failed before the file was opened, is not tested. Nor is one over a
    limit, unless a label says why it never ends.
    """
    measured = measured_in(attempt.evidence.stdout)
    label = label_of(attempt, labels)
    if reason := _why_not_tested(attempt, measured, explained=label is not None):
        return Reading(grade=Grade.NOT_TESTED, reason=_one_line(reason))
    found = Reading(
        grade=Grade.REFUSED,
        stage=attempt.stage if attempt.outcome.is_failure else None,
        error=_one_line(reduced(attempt.error, short=False) or str(attempt.outcome))
        if attempt.outcome.is_failure
        else "",
        label=label.label if label else None,
        note=label.note if label else None,
        link=label.link if label else None,
    )
    if measured is None:
        return found
    differs = tuple(check for check in Check if _same(measured, check) is False)
    return replace(
        found,
        grade=_grade(attempt, measured, differs),
        differs=tuple(check.value for check in differs),
        difference=_rounded(measured),
    )


def _why_not_tested(attempt: Attempt, measured: Mapping[str, Any] | None, *, explained: bool) -> str:
    if not attempt.is_verdict:
        return attempt.reason or attempt.error or str(attempt.outcome)
    if attempt.outcome in _LIMITED and not explained:
        return f"{attempt.outcome}: {attempt.reason}" if attempt.reason else str(attempt.outcome)
    if attempt.outcome is Outcome.FAILED and attempt.stage in _SETTING_UP:
        return f"failed before it opened the file: {attempt.error}"
    if attempt.outcome is Outcome.PASSED and measured is None:
        return "it passed without measuring anything"
    return ""


def _grade(attempt: Attempt, measured: Mapping[str, Any], differs: tuple[Check, ...]) -> Grade:
    grave = [check for check in SILENT_CHECKS if check in differs]
    if grave:
        return Grade.REFUSED if all(_failed(measured, check) for check in grave) else Grade.SILENT
    if differs:
        return Grade.PARTIAL
    return Grade.FULL if attempt.outcome is Outcome.PASSED else Grade.REFUSED


def measured_in(stdout: str) -> Mapping[str, Any] | None:
    """Return the measurements of a script: the last line that begins with `MEASURED`, or None. It is foreign text."""
    for line in reversed(stdout.splitlines()):
        if line.startswith(MEASURED):
            try:
                found = parse_json(line[len(MEASURED) :])
            except ValueError:
                return None
            return found if isinstance(found, dict) else None
    return None


def _same(measured: Mapping[str, Any], check: Check) -> bool | None:
    """Return whether a check found everything the same; None if the format or the model has nothing to check."""
    found = measured.get(check.value)
    same = found.get("same") if isinstance(found, dict) else None
    return same if isinstance(same, bool) else None


def _failed(measured: Mapping[str, Any], check: Check) -> bool:
    """Return True if a check ended with an error instead of a comparison."""
    found = measured.get(check.value)
    return isinstance(found, dict) and bool(found.get("error"))


def _rounded(measured: Mapping[str, Any]) -> float | None:
    found = measured.get(Check.PREDICTIONS.value)
    value = found.get("difference") if isinstance(found, dict) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(f"{value:.0e}")


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    half = _LONGEST_ERROR // 2
    # Errors of Keras quote a configuration first and end with the cause.
    return line if len(line) <= _LONGEST_ERROR else f"{line[:half]} … {line[-half:]}"
