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
class Statement:
    """What holds for some cases of a scenario in the versions of a family: a sentence for each stretch that fails."""

    scenario: str
    cases: tuple[Case, ...]
    family: str
    held: str
    lines: tuple[tuple[str, Cause | None], ...]
    """Sentences, each with the cause of what it tells of."""

    @property
    def subject(self) -> str:
        """The cases in words."""
        return cases_text(self.cases)

    def with_causes(self, causes: Mapping[str, Cause]) -> Statement:
        """Put the causes of a grid, by their keys, in the place of its own; one that is not in the grid stays."""
        lines = tuple((text, causes.get(cause.key, cause) if cause else None) for text, cause in self.lines)
        return replace(self, lines=lines)


def statements_of(histories: Iterable[History], causes: Causes) -> tuple[Statement, ...]:
    """Tell histories, in their order; those that read the same are told once."""
    groups: dict[tuple[object, ...], list[History]] = {}
    for history in histories:
        told = tuple((stretch.sentence, causes.of(stretch.shown)) for stretch in history.failing)
        same = tuple((sentence, cause.key if cause else None) for sentence, cause in told)
        groups.setdefault((history.case.scenario, history.family, history.held, same), []).append(history)
    return tuple(_statement(members, causes) for members in groups.values())


def _statement(members: Sequence[History], causes: Causes) -> Statement:
    first = members[0]
    return Statement(
        scenario=first.case.scenario,
        cases=tuple(each.case for each in members),
        family=first.family,
        held=first.held,
        lines=tuple((stretch.sentence, causes.of(stretch.shown)) for stretch in first.failing),
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
