"""The rule: which bugs are reproduced, and in which version they are fixed. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from packaging.version import Version

from harness.model import NoVerdict
from harness.triage.evidence import Failure

_NO_LONGER_THERE = re.compile(
    r"^(?:ModuleNotFoundError|ImportError)\b|^AttributeError: module '[\w.]+' has no attribute"
)
_VERSION = re.compile(r"\d+(?:\.\d+){2}")


class Shows(str, Enum):
    """What a script shows in one version."""

    BUG = "bug"
    PASSES = "passes"
    OTHER = "another failure"
    NOT_APPLICABLE = "not applicable"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one bug shows in all versions."""

    bug: str
    shown: tuple[tuple[str, Shows], ...]
    """Environments in ascending order of their version."""
    asked_for_gpu: bool = False
    """Whether the script failed in a version because there is no GPU."""

    @property
    def reproduced(self) -> bool:
        """Return whether a version fails with the exception of the data set."""
        return any(shows is Shows.BUG for _, shows in self.shown)

    @property
    def last_bad(self) -> str | None:
        """The last environment that shows the bug."""
        return next((name for name, shows in reversed(self.shown) if shows is Shows.BUG), None)

    @property
    def first_good(self) -> str | None:
        """The first environment after the last bad one in which the script runs to its end."""
        if self.last_bad is None:
            return None
        later = self.shown[[name for name, _ in self.shown].index(self.last_bad) + 1 :]
        return next((name for name, shows in later if shows is Shows.PASSES), None)

    @property
    def between(self) -> tuple[str, ...]:
        """The environments between the last bad and the first good one: what they show decides nothing."""
        if self.last_bad is None or self.first_good is None:
            return ()
        names = [name for name, _ in self.shown]
        return tuple(names[names.index(self.last_bad) + 1 : names.index(self.first_good)])


def version_of(environment: str) -> Version:
    """Return the version in the id of an environment, such as `old-tf1.15.5` or `python=3.7 tensorflow==2.0.0`."""
    found = _VERSION.search(environment)
    return Version(found[0]) if found is not None else Version("0")


def shown_by(outcome: str, error: str, expected: Failure | None) -> Shows:
    """Return what a cell shows. Only a run to the end passes, and an import that fails says nothing of the bug."""
    if outcome == "passed":
        return Shows.PASSES
    if outcome == "not applicable":
        return Shows.NOT_APPLICABLE
    if outcome not in ("failed", "crashed"):
        return Shows.UNKNOWN
    if expected is not None and expected.matches(error) and (expected.message or not Failure.parse(error).message):
        return Shows.BUG
    return Shows.NOT_APPLICABLE if _NO_LONGER_THERE.search(error) else Shows.OTHER


def judge(bug: str, cells: Sequence[Mapping[str, str | None]], expected: Failure | None) -> Result:
    """Return the result of a bug. Cells are those of `harness run --json`."""
    shown = [
        (str(cell["environment"]), shown_by(cell["outcome"] or "", cell["error"] or "", expected)) for cell in cells
    ]
    shown.sort(key=lambda each: (version_of(each[0]), each[0]))
    asked_for_gpu = any(cell.get("cause") == NoVerdict.NO_GPU.value for cell in cells)
    return Result(bug=bug, shown=tuple(shown), asked_for_gpu=asked_for_gpu)
