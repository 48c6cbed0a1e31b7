"""Texts of a refresh: what a pull request says, and an issue for each new regression. The same facts, the same text.

An issue has the signature of its failure as its id, in a comment that no reader sees: it is found again by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.errors import counted, some_of
from harness.rendering.foreign_text import one_line, stable_error
from harness.rendering.markdown import code, escaped
from harness.rendering.transitions import History, Transition

_MARKER = "<!-- repro-matrix regression {id} -->"
_MOST_CASES = 10


@dataclass(frozen=True, kw_only=True)
class Regression:
    """A failure that a new release introduced, in all cases that show it."""

    id: str
    """The signature of the failure."""
    members: tuple[tuple[History, Transition], ...]
    search: str = ""
    """The result of the search for the release and commit as Markdown, or why there was none."""

    @property
    def first(self) -> Transition:
        """The transition that represents them."""
        return self.members[0][1]

    @property
    def label(self) -> str | None:
        """The label that already explains it, or None."""
        label = self.first.first.record.label
        return label.label if label is not None else None

    @property
    def cases(self) -> tuple[str, ...]:
        """The cases with what is fixed in them, each once."""
        texts = (" ".join(filter(None, [str(history.case), history.held])) for history, _ in self.members)
        return tuple(dict.fromkeys(texts))

    @property
    def package(self) -> str:
        """The package whose release introduced it."""
        column = self.first.first.column
        return column.package or column.family


@dataclass(frozen=True, kw_only=True)
class Refresh:
    """The facts of a refresh."""

    added: tuple[str, ...] = ()
    superseded: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    """Environments whose cells were run."""
    attempts: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    """The states of their cells."""
    regressions: tuple[Regression, ...] = ()
    others: tuple[tuple[History, Transition], ...] = ()
    """New transitions that introduce no failure: fixed, or another failure."""

    @property
    def empty(self) -> bool:
        """Return True if nothing is new."""
        return not (self.added or self.superseded or self.new or self.files)

    @property
    def issues(self) -> tuple[Regression, ...]:
        """The regressions that no label explains: each is worth an issue."""
        return tuple(each for each in self.regressions if each.label is None)


def regressions_of(members: Iterable[tuple[History, Transition]]) -> tuple[Regression, ...]:
    """Return introduced failures by their signature, in the order given."""
    groups: dict[str, list[tuple[History, Transition]]] = {}
    for history, transition in members:
        signature = transition.first.record.signature
        if transition.kind == "introduced" and signature is not None:
            groups.setdefault(signature, []).append((history, transition))
    return tuple(Regression(id=id, members=tuple(each)) for id, each in groups.items())


def pull_request(refresh: Refresh, *, command: str) -> str:
    """Return the text of the pull request; its first line is the title."""
    names = some_of(refresh.added or refresh.new, most=4)
    lines = [
        f"# New releases: {names}" if refresh.added or refresh.new else "# Superseded pre-releases are removed",
        "",
    ]
    if refresh.added:
        lines.append(f"Added: {_codes(refresh.added)}, each with its lockfile.")
    if refresh.superseded:
        lines.append(f"Removed, since a newer release replaces them: {_codes(refresh.superseded)}.")
    if refresh.new:
        states = ", ".join(f"{number} {state}" for state, number in refresh.counts.items())
        lines.append(f"Run: {counted(refresh.attempts, 'attempt')} in {_codes(refresh.new)}: {states or 'no cells'}.")
    lines += ["", *_section("Introduced failures", [_regression_line(each) for each in refresh.regressions])]
    lines += _section("Other transitions", [_transition_line(*each) for each in refresh.others])
    lines += _section("Could not be locked", [f"{code(id)}: {escaped(why)}" for id, why in refresh.failed])
    lines += _section("Notes", [escaped(each) for each in refresh.notes])
    unexplained = [each for each in refresh.regressions if each.label is None]
    if unexplained:
        lines += ["Each failure without a label needs one: see `docs/writing_a_scenario.md`.", ""]
    lines.append(f"Check a cell: `{command} replay CELL`.")
    return "\n".join(lines) + "\n"


def _section(title: str, items: Sequence[str]) -> list[str]:
    return [f"## {title}", "", *(f"* {each}" for each in items), ""] if items else []


def _codes(names: Iterable[str]) -> str:
    return ", ".join(code(each) for each in names)


def _regression_line(each: Regression) -> str:
    step = each.first.first
    label = f"label `{each.label}`" if each.label is not None else "no label"
    error = stable_error(step.record.error)
    return (
        f"{code(each.id)} {escaped(each.package)} {escaped(each.first.when)}: {escaped(step.shows)} in "
        f"{counted(len(each.cases), 'case')}, {label}: {code(error or step.record.outcome)}"
    )


def _transition_line(history: History, transition: Transition) -> str:
    about = " ".join(filter(None, [code(str(history.case)), escaped(history.held)]))
    return f"{about}: {transition.kind} {escaped(transition.when)} ({escaped(history.family)})"


def issue(regression: Regression, *, command: str) -> str:
    """Return the text of an issue; its first line is the title."""
    step, last = regression.first.first, regression.first.last
    scenario = regression.members[0][0].case.scenario
    title = one_line(
        f"{scenario} {step.shows} since {regression.package} {step.column.version}".replace("#", ""), longest=200
    )
    error = stable_error(step.record.error)
    lines = [
        f"# {title}",
        "",
        _MARKER.format(id=regression.id),
        f"{code(last.record.cell)} passes, {code(step.record.cell)} {escaped(step.shows)}. "
        f"Introduced {escaped(regression.first.when)}.",
        "",
        code(error or step.record.outcome),
        "",
        f"{counted(len(regression.cases), 'case')}:",
        "",
        *(f"* {code(each)}" for each in regression.cases[:_MOST_CASES]),
    ]
    if len(regression.cases) > _MOST_CASES:
        lines.append(f"* and {len(regression.cases) - _MOST_CASES} more")
    if regression.search:
        lines += ["", "## Search", "", regression.search.rstrip()]
    lines += [
        "",
        "## Check it",
        "",
        f"    {command} replay '{one_line(last.record.cell)}'",
        f"    {command} replay '{one_line(step.record.cell)}'",
        "",
        f"Signature of the failure: {code(regression.id)}.",
    ]
    return "\n".join(lines) + "\n"


def marker(id: str) -> str:
    """Return the comment by which the issue of a regression is found again."""
    return _MARKER.format(id=id)


def document(refresh: Refresh) -> dict[str, object]:
    """Return the JSON document."""
    return {
        "schema": 1,
        "added": list(refresh.added),
        "superseded": list(refresh.superseded),
        "failed": [{"environment": id, "reason": why} for id, why in refresh.failed],
        "notes": list(refresh.notes),
        "files": list(refresh.files),
        "deleted": list(refresh.deleted),
        "new_environments": list(refresh.new),
        "attempts": refresh.attempts,
        "counts": dict(refresh.counts),
        "regressions": [
            {
                "id": each.id,
                "package": each.package,
                "last": each.first.last.column.version,
                "first": each.first.first.column.version,
                "adjacent": each.first.adjacent,
                "error": stable_error(each.first.first.record.error) or None,
                "label": each.label,
                "cases": list(each.cases),
                "cells": [each.first.last.record.cell, each.first.first.record.cell],
                "issue": f"issues/{each.id}.md" if each.label is None else None,
            }
            for each in refresh.regressions
        ],
        "transitions": [
            {
                "kind": transition.kind,
                "case": str(history.case),
                "family": history.family,
                "held": history.held or None,
                "last": transition.last.column.version,
                "first": transition.first.column.version,
                "cells": [transition.last.record.cell, transition.first.record.cell],
            }
            for history, transition in refresh.others
        ],
    }
