"""Owns how transitions are told: cases of a scenario of which the same is true share one statement."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.model import Case
from harness.model.case import write_value
from harness.report.causes import Cause, Causes
from harness.report.foreign_text import one_line
from harness.report.transitions import History


@dataclass(frozen=True, kw_only=True)
class Line:
    """A sentence, the cause of what it tells of, and the cells of its borders, of the first case: they prove it."""

    sentence: str
    cause: Cause | None
    cells: tuple[str, ...]

    @property
    def places(self) -> tuple[str, ...]:
        """Where these cells are: what stands behind the case in their ids."""
        return tuple(dict.fromkeys(cell.rpartition("@")[2] for cell in self.cells))


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What holds for some cases of a scenario in the versions of a family: a sentence for each stretch that fails."""

    scenario: str
    cases: tuple[Case, ...]
    family: str
    held: str
    lines: tuple[Line, ...]

    @property
    def subject(self) -> str:
        """The cases in words."""
        return cases_text(self.cases)

    def with_causes(self, causes: Mapping[str, Cause]) -> Statement:
        """Put the causes of a grid, by their keys, in the place of its own; one that is not in the grid stays."""
        lines = (
            replace(line, cause=causes.get(line.cause.key, line.cause)) if line.cause else line for line in self.lines
        )
        return replace(self, lines=tuple(lines))


def statements_of(histories: Iterable[History], causes: Causes) -> tuple[Statement, ...]:
    """Tell histories, in their order; those that read the same are told once."""
    groups: dict[tuple[object, ...], list[History]] = {}
    for history in histories:
        told = _lines(history, causes)
        same = tuple((line.sentence, line.cause.key if line.cause else None) for line in told)
        groups.setdefault((history.case.scenario, history.family, history.held, same), []).append(history)
    return tuple(_statement(members, causes) for members in groups.values())


def _statement(members: Sequence[History], causes: Causes) -> Statement:
    first = members[0]
    return Statement(
        scenario=first.case.scenario,
        cases=tuple(each.case for each in members),
        family=first.family,
        held=first.held,
        lines=_lines(first, causes),
    )


def _lines(history: History, causes: Causes) -> tuple[Line, ...]:
    return tuple(
        Line(
            sentence=stretch.sentence,
            cause=causes.of(stretch.shown),
            cells=tuple(
                step.record.cell
                for border in (stretch.came, stretch.went)
                if border is not None
                for step in (border.last, border.first)
            ),
        )
        for stretch in history.failing
    )


def cases_text(cases: Sequence[Case]) -> str:
    """Name cases by their parameters: together where every combination of some values is there, else one by one."""
    values: dict[str, dict[str, None]] = {}
    for case in cases:
        for name, value in case.parameters:
            values.setdefault(name, {})[one_line(write_value(value))] = None
    if math.prod(len(each) for each in values.values()) == len(cases):
        return ", ".join(f"{name}={' or '.join(each)}" for name, each in values.items())
    texts = (",".join(f"{name}={one_line(write_value(value))}" for name, value in case.parameters) for case in cases)
    return "; ".join(texts)
