"""Owns the comparison of current results with published ones: findings, from values only.

A cell is compared with what is published of it only if that holds for today's script and locks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from harness.errors import counted
from harness.model import Label, Outcome, Scenario
from harness.rendering.foreign_text import one_line, stable_error
from harness.rendering.published import PublishedCell
from harness.rendering.results import NEVER_RUN_WORD, Record

_NO_EVIDENCE = (NEVER_RUN_WORD, Outcome.ERROR.value)


class Level(str, Enum):
    """How much a finding matters. An error fails the check; the words are those of GitHub's annotations."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


class Kind(str, Enum):
    """The kinds of findings."""

    NEW_FAILURE = "new failure"
    UNEXPECTED_PASS = "unexpected pass"
    EXPIRED_LABEL = "expired label"
    UNUSED_LABEL = "unused label"
    STALE = "stale result"
    FLAKY = "flaky"
    CHANGED = "changed"
    NEVER_RUN = "never run"
    FIXED = "fixed"

    @property
    def level(self) -> Level:
        """The level of all findings of this kind."""
        return _LEVELS.get(self, Level.ERROR)


_LEVELS = {
    Kind.FLAKY: Level.WARNING,
    Kind.CHANGED: Level.WARNING,
    Kind.NEVER_RUN: Level.WARNING,
    Kind.FIXED: Level.NOTICE,
}
_NEXT_STEPS = {
    Kind.NEW_FAILURE: "If the failure is known, add a label with its reason to the script",
    Kind.UNEXPECTED_PASS: "Publish the new result, and correct the label of the script",
    Kind.EXPIRED_LABEL: "Look whether the reason still holds: then set a new date, else correct the label",
    Kind.UNUSED_LABEL: "Correct the label, or take it out",
    Kind.STALE: "Run these cells and publish them again",
    Kind.FLAKY: "Repeat the cells with `run --repeat`",
    Kind.CHANGED: "Compare with `show`, and publish again if it is right",
    Kind.NEVER_RUN: "Run these cells and publish them",
    Kind.FIXED: "Publish the new result",
}


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A cell as it is here, and as it is published."""

    record: Record
    published: PublishedCell | None = None
    stale: str | None = None
    """The reason why the published result does not hold, or None."""
    comparable: bool = True
    """False if the published result is of another platform."""

    @property
    def reference(self) -> PublishedCell | None:
        """The published result to compare with, if it holds."""
        return self.published if self.stale is None and self.comparable else None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A finding about cells of a scenario, with one reason."""

    kind: Kind
    scenario: Scenario
    what: str
    cells: tuple[str, ...] = ()
    error: str = ""
    signature: str | None = None
    label: Label | None = None
    line: int | None = None
    """The line of the label in the script, from 1."""

    @property
    def level(self) -> Level:
        """How much it matters."""
        return self.kind.level

    @property
    def next_step(self) -> str:
        """The next step."""
        return _NEXT_STEPS[self.kind]


@dataclass(frozen=True, kw_only=True)
class Check:
    """The findings, the most important first, and how many cells there are of each kind."""

    findings: tuple[Finding, ...]
    cells: int
    run_here: int
    """Cells with a verdict of this clone."""
    as_published: int
    undecided_labels: int
    """Labels of which some cells are unknown, so that nothing can be said."""

    @property
    def failed(self) -> bool:
        """Return True if there is an error."""
        return any(each.level is Level.ERROR for each in self.findings)

    def count(self, kind: Kind) -> int:
        """Return the number of cells with findings of a kind; of labels without cells, the number of findings."""
        return sum(max(len(each.cells), 1) for each in self.findings if each.kind is kind)


def check(cells: Iterable[Checked], everything: Iterable[Record], *, today: dt.date) -> Check:
    """Compare cells with their published results.

    `everything` is what is known of all cells of these scenarios, published results included: labels are judged by it.
    """
    cells = tuple(cells)
    judged = [(each, _judge(each)) for each in cells]
    stale = [(each, Kind.STALE, f"{each.stale}") for each in cells if each.stale is not None]
    scenarios = {each.record.scenario.name: each.record.scenario for each in cells}
    labels = _Labels(scenarios, everything)
    found = [
        *_grouped([*((each, *verdict) for each, verdict in judged if verdict is not None), *stale]),
        *labels.expired(today),
        *labels.unused(),
    ]
    order = list(Kind)
    found.sort(key=lambda each: order.index(each.kind))
    return Check(
        findings=tuple(found),
        cells=len(cells),
        run_here=sum(each.record.verdicts > 0 for each in cells),
        as_published=sum(each.reference is not None and verdict is None for each, verdict in judged),
        undecided_labels=labels.undecided,
    )


def _judge(each: Checked) -> tuple[Kind, str] | None:
    """Return the kind and the reason of a finding about a cell, or None."""
    record, before = each.record, each.reference
    if record.outcome == NEVER_RUN_WORD:
        return (Kind.NEVER_RUN, "neither run here nor published") if each.published is None else None
    if record.flaky:
        known = before is not None and before.values.get("flaky") is not None
        return None if known else (Kind.FLAKY, f"repeats differ{_was(before)}")
    if record.failure is not None:
        return _judge_failure(record, before)
    if before is None:
        return None
    if record.outcome == Outcome.PASSED.value:
        return _judge_pass(before)
    same = before.outcome == record.outcome and (before.values.get("cause") or None) == (
        record.cause.value if record.cause else None
    )
    reason = f": {one_line(record.reason, longest=120)}" if record.reason else ""
    return None if same else (Kind.CHANGED, f"{record.state}{reason}{_was(before)}")


def _judge_failure(record: Record, before: PublishedCell | None) -> tuple[Kind, str] | None:
    at = f" at {one_line(record.stage, longest=40)}" if record.stage else ""
    fails = f"{record.outcome}{at}"
    if before is None:
        return None if record.label is not None else (Kind.NEW_FAILURE, f"{fails}; not published, and without a label")
    if before.outcome == Outcome.PASSED.value:
        return Kind.NEW_FAILURE, f"{fails}{_was(before)}"
    if before.signature != record.signature:
        kind = Kind.CHANGED if record.label is not None else Kind.NEW_FAILURE
        return kind, f"{fails}, with another error than published"
    if before.label is not None and record.label is None:
        return Kind.CHANGED, f"{fails}; it has lost its label {before.label!r}"
    return None


def _judge_pass(before: PublishedCell) -> tuple[Kind, str] | None:
    if before.outcome == Outcome.PASSED.value and before.values.get("flaky") is None:
        return None
    if before.label is not None:
        return Kind.UNEXPECTED_PASS, f"passes; published as {before.outcome} with the label {before.label!r}"
    if before.signature is not None:
        return Kind.FIXED, f"passes{_was(before)}"
    return Kind.CHANGED, f"passes{_was(before)}"


def _was(before: PublishedCell | None) -> str:
    if before is None:
        return ""
    stage = before.values.get("stage")
    at = f" at {one_line(str(stage), longest=40)}" if stage else ""
    return f"; published as {before.outcome}{at}"


def _grouped(found: Iterable[tuple[Checked, Kind, str]]) -> Iterator[Finding]:
    """Join the findings of cells that have the same reason."""
    groups: dict[tuple[Kind, str, str, str | None], list[Checked]] = {}
    for each, kind, what in found:
        signature = each.record.signature if kind is not Kind.STALE else None
        groups.setdefault((kind, each.record.scenario.name, what, signature), []).append(each)
    for (kind, _, what, signature), members in groups.items():
        first = members[0].record
        shown = kind in (Kind.NEW_FAILURE, Kind.CHANGED, Kind.FLAKY)
        yield Finding(
            kind=kind,
            scenario=first.scenario,
            what=what,
            cells=tuple(each.record.cell for each in members),
            error=stable_error(first.error) if shown else "",
            signature=signature,
            label=first.label if shown else None,
        )


class _Labels:
    """Which labels of scenarios apply to a failure that is known."""

    def __init__(self, scenarios: Mapping[str, Scenario], everything: Iterable[Record]) -> None:
        self._scenarios = scenarios
        self._cells: dict[tuple[str, int], list[str]] = {}
        self._known: dict[str, list[Record]] = {name: [] for name in scenarios}
        for record in everything:
            name = record.scenario.name
            if name not in scenarios:
                continue
            self._known[name].append(record)
            for number, label in enumerate(scenarios[name].header.labels):
                if label is record.label or label == record.label:
                    self._cells.setdefault((name, number), []).append(record.cell)
                    break
        self.undecided = 0

    def _all(self) -> Iterator[tuple[Scenario, int, Label]]:
        for scenario in self._scenarios.values():
            for number, label in enumerate(scenario.header.labels):
                yield scenario, number, label

    def expired(self, today: dt.date) -> Iterator[Finding]:
        """Yield the labels that explain a failure after their date."""
        for scenario, number, label in self._all():
            cells = self._cells.get((scenario.name, number), [])
            if label.expires is not None and label.expires < today and cells:
                what = f"the label {label.label!r} ({one_line(label.note, longest=120)}) expired on {label.expires}"
                yield _label_finding(Kind.EXPIRED_LABEL, scenario, number, what, cells)

    def unused(self) -> Iterator[Finding]:
        """Yield the labels that apply to no failure, where all cells that they can apply to are known."""
        for scenario, number, label in self._all():
            if (scenario.name, number) in self._cells:
                continue
            possible = [each for each in self._known[scenario.name] if label.concerns(each.case, each.environment.id)]
            about = f"the label {label.label!r} ({one_line(label.note, longest=120)})"
            named = {"environment": label.environments, "case": label.cases}
            if not possible and any(named.values()):
                kinds = " or ".join(kind for kind, globs in named.items() if globs)
                what = f"{about} names no {kinds} that there is: {', '.join((*label.environments, *label.cases))}"
                yield _label_finding(Kind.UNUSED_LABEL, scenario, number, what, ())
            elif not possible or any(each.state in _NO_EVIDENCE for each in possible):
                self.undecided += 1
            else:
                what = f"{about} applies to none of {counted(len(possible), 'cell')}"
                yield _label_finding(Kind.UNUSED_LABEL, scenario, number, what, ())


def _label_finding(kind: Kind, scenario: Scenario, number: int, what: str, cells: Iterable[str]) -> Finding:
    label = scenario.header.labels[number]
    return Finding(
        kind=kind,
        scenario=scenario,
        what=what,
        cells=tuple(cells),
        label=label,
        line=_line_of(scenario.script.text, number),
    )


def _line_of(text: str, number: int) -> int | None:
    """Return the line in which the entry of a label begins."""
    begin = ("[[tool.harness.label]]", "[[tool.harness.known]]")
    lines = (at for at, line in enumerate(text.splitlines(), start=1) if line.lstrip("# ").startswith(begin))
    return next((line for place, line in enumerate(lines) if place == number), None)
