"""Owns transitions as sentences. Cases of a scenario with the same transitions share a statement."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.model import Case
from harness.model.case import write_value
from harness.rendering.causes import Cause, Causes
from harness.rendering.foreign_text import one_line
from harness.rendering.results import Record
from harness.rendering.transitions import History, Segment


@dataclass(frozen=True, kw_only=True)
class Line:
    """A segment that does not pass, with the causes of its cells and of its neighbours."""

    segment: Segment
    causes: Mapping[str, Cause]

    @property
    def cause(self) -> Cause | None:
        """The cause of what the segment shows."""
        return self.causes.get(self.segment.shown.cell)

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of the first case that prove its transitions."""
        transitions = (self.segment.start, self.segment.end)
        return tuple(step.record.cell for each in transitions if each is not None for step in (each.last, each.first))

    @property
    def places(self) -> tuple[str, ...]:
        """The places of these cells: the part of their ids after the case."""
        return tuple(dict.fromkeys(cell.rpartition("@")[2] for cell in self.cells))

    def sentence(self, reference: Callable[[Cause], str]) -> str:
        """Return what holds; `reference` returns what names a cause in the format, such as ` [2]`."""

        def of(record: Record) -> str:
            cause = self.causes.get(record.cell)
            return reference(cause) if cause else ""

        return self.segment.sentence(of)

    @property
    def pieces(self) -> tuple[tuple[str, Cause | None], ...]:
        """The sentence, split after each failure: a text, and the cause that it ends with, or None."""
        causes: list[Cause] = []

        def mark(cause: Cause) -> str:
            causes.append(cause)
            return "\0"

        texts = self.sentence(mark).split("\0")
        return tuple(zip(texts, [*causes, None], strict=True))


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement about cases of a scenario in the versions of a family: a sentence for each segment that fails."""

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
        """Return the same with the causes of a grid, by their keys; a cause that is not in the grid stays."""
        lines = (
            replace(line, causes={cell: causes.get(each.key, each) for cell, each in line.causes.items()})
            for line in self.lines
        )
        return replace(self, lines=tuple(lines))


def statements_of(histories: Iterable[History], causes: Causes) -> tuple[Statement, ...]:
    """Return the statements of histories, in order. Equal statements become one."""
    groups: dict[tuple[object, ...], list[History]] = {}
    for history in histories:
        same = tuple(line.sentence(lambda cause: f" [{cause.key}]") for line in _lines(history, causes))
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
    return tuple(Line(segment=segment, causes=_causes(segment, causes)) for segment in history.failing)


def _causes(segment: Segment, causes: Causes) -> dict[str, Cause]:
    neighbours = [transition.last for transition in (segment.start,) if transition] + [
        transition.first for transition in (segment.end,) if transition
    ]
    found = {record.cell: causes.of(record) for record in (segment.shown, *(step.record for step in neighbours))}
    return {cell: cause for cell, cause in found.items() if cause is not None}


def cases_text(cases: Sequence[Case]) -> str:
    """Return cases by their parameters: as a product of values if all combinations are present, else one by one."""
    values: dict[str, dict[str, None]] = {}
    for case in cases:
        for name, value in case.parameters:
            values.setdefault(name, {})[one_line(write_value(value))] = None
    if math.prod(len(each) for each in values.values()) == len(cases):
        return ", ".join(f"{name}={' or '.join(each)}" for name, each in values.items())
    texts = (",".join(f"{name}={one_line(write_value(value))}" for name, value in case.parameters) for case in cases)
    return "; ".join(texts)
