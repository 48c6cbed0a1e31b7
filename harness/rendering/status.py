"""Owns the computed status of a case in a minor version of a package. Pure; every page and file shows this one."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from packaging.version import Version

from harness.model import Outcome
from harness.rendering.results import Record
from harness.rendering.transitions import judged_state


class Support(str, Enum):
    """Whether a case works in a minor version."""

    WORKS = "works"
    WORKS_WITH = "works with"
    BROKEN = "broken"
    NOT_APPLICABLE = "not applicable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Status:
    """The status of a case in a minor version of a package, and the cell that shows it."""

    package: str
    minor: str
    support: Support
    condition: str
    """With what it works: another release, or variables; empty for any other status."""
    cell: str

    @property
    def text(self) -> str:
        """The status in words: `works with 3.2.1`."""
        return f"{self.support.value} {self.condition}".strip()


def statuses(found: Sequence[Record]) -> Mapping[str, tuple[Status, ...]]:
    """Return the statuses of each one-step case by its id, in the order of packages and versions."""
    cases: dict[str, dict[tuple[str, tuple[int, ...]], list[Record]]] = {}
    for record in found:
        column = record.environment
        if record.writer is None and column.version is not None:
            key = (column.package or "", _parsed(column.version).release[:2])
            cases.setdefault(str(record.case), {}).setdefault(key, []).append(record)
    packages = list(dict.fromkeys(record.environment.package or "" for record in found))
    return {
        case: tuple(
            status_of(minors[key], package=key[0], minor=".".join(map(str, key[1])))
            for key in sorted(minors, key=lambda each: (packages.index(each[0]), each[1]))
        )
        for case, minors in cases.items()
    }


def status_of(found: Sequence[Record], *, package: str, minor: str) -> Status:
    """Return the status of one case from its cells in one minor version.

    The first family counts: the newest release of the minor version that has a verdict. If it fails, another release
    or another family of the package may be a condition under which the case works. What has no verdict never counts as
    a failure.
    """

    def status(support: Support, record: Record, condition: str = "") -> Status:
        return Status(package=package, minor=minor, support=support, condition=condition, cell=record.cell)

    first, *others = (list(members) for members in _families(found))
    judged = [each for each in first if judged_state(each) is not None]
    passing = list(itertools.takewhile(lambda each: judged_state(each) is True, reversed(judged)))
    if passing:
        whole = len(passing) == len(judged)
        return status(
            Support.WORKS if whole else Support.WORKS_WITH, passing[-1], "" if whole else _version(passing[-1])
        )
    last = next((each for each in reversed(judged) if judged_state(each) is True), None)
    if last is not None:
        return status(Support.WORKS_WITH, last, _version(last))
    rest = [each for members in others for each in members if judged_state(each) is not None]
    alternative = next((each for each in rest if judged_state(each) is True), None)
    if alternative is not None:
        return status(Support.WORKS_WITH, alternative, _difference(first[0], alternative))
    if judged or rest:
        return status(Support.BROKEN, (judged or rest)[-1])
    inapplicable = all(each.outcome == Outcome.NOT_APPLICABLE.value for each in found)
    return status(Support.NOT_APPLICABLE if inapplicable else Support.UNKNOWN, found[-1])


def _families(found: Sequence[Record]) -> Iterator[list[Record]]:
    families: dict[str, list[Record]] = {}
    for record in found:
        families.setdefault(record.environment.family, []).append(record)
    for members in families.values():
        yield sorted(members, key=lambda each: _parsed(each.environment.version or "0"))


_parsed = functools.lru_cache(maxsize=4096)(Version)


def _version(record: Record) -> str:
    return record.environment.version or ""


def _difference(usual: Record, record: Record) -> str:
    """Return the difference of an environment of another family: its variables, or else its id."""
    settings = [f"{name}={value}" for name, value in record.environment.variables if (name, value) not in
                usual.environment.variables]  # fmt: skip
    return " ".join(settings) or record.environment.id
