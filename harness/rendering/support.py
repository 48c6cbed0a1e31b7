"""Render support statements as JSON, in the shape of browser-compat-data: since and until when a case works.

A version is always a plain version. What is uncertain stands next to it: `added.after` and `removed.after` are the last
versions that were seen otherwise. `proof` has the cells that were run. What was not judged is left out, and is never
`false`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from harness.rendering.foreign_text import stable_error
from harness.rendering.results import FLAKY_WORD, EnvironmentColumn, Results
from harness.rendering.transitions import History, Segment, Step, Transition, timelines

SCHEMA = 1


def render(results: Results) -> str:
    """Return the document. The same results give the same bytes."""
    cases: dict[str, dict[str, dict[str, object]]] = {}
    titles = {scenario.name: scenario for scenario in results.scenarios}
    for case, support in _support(timelines(results)).items():
        name = case.partition("[")[0]
        scenario = titles[name]
        compat = {"description": scenario.title, "issue": scenario.header.issue, "support": support}
        cases.setdefault(name, {})[case] = {"__compat": compat}
    # A line for each case: a diff shows which cases changed, and the file stays small.
    scenarios = ",\n".join(f"  {json.dumps(name)}: {{\n{_lines(members, 3)}\n  }}" for name, members in cases.items())
    families = _lines(_families(results.environments), 2)
    parts = [f' "schema": {SCHEMA}', f' "families": {{\n{families}\n }}', f' "cases": {{\n{scenarios}\n }}']
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(members: Mapping[str, object], indent: int) -> str:
    return ",\n".join(f"{' ' * indent}{json.dumps(name)}: {json.dumps(value)}" for name, value in members.items())


def _support(found: Iterable[History]) -> dict[str, dict[str, list[dict[str, object]]]]:
    support: dict[str, dict[str, list[dict[str, object]]]] = {}
    for history in found:
        statements = support.setdefault(str(history.case), {}).setdefault(history.family, [])
        statements += _statements(history)
    return support


def _families(columns: Iterable[EnvironmentColumn]) -> dict[str, dict[str, object]]:
    releases: dict[tuple[str, str | None], dict[str, object]] = {}
    for column in columns:
        if column.version is not None:
            releases.setdefault((column.family, column.package), {})[column.version] = {
                "environment": column.id,
                "python": column.python,
                "as_of": column.as_of.isoformat() if column.as_of else None,
            }
    return {family: {"package": package, "releases": found} for (family, package), found in releases.items()}


def _statements(history: History) -> list[dict[str, object]]:
    """Return the statements of a case in a family, the newest first, as browser-compat-data has them."""
    passing = [_statement(history, each) for each in history.segments if _supports(each)]
    if passing:
        return passing[::-1]
    first, last = history.segments[0].steps[0], history.segments[-1].steps[-1]
    cells = dict.fromkeys([first.record.cell, last.record.cell])
    return [_held(history) | {"version_added": False, "notes": _failures(history), "proof": list(cells)}]


def _supports(segment: Segment) -> bool:
    return segment.steps[0].passes or segment.shown.state == FLAKY_WORD


def _statement(history: History, segment: Segment) -> dict[str, object]:
    first, last = segment.steps[0], segment.steps[-1]
    sides = [segment.start.last if segment.start else None, first, last, segment.end.first if segment.end else None]
    statement = _held(history) | {
        "version_added": first.column.version,
        "added": _bound(segment.start),
        "version_last": last.column.version,
    }
    if segment.end is not None:
        statement |= {"version_removed": segment.end.first.column.version, "removed": _bound(segment.end)}
    if segment.shown.state == FLAKY_WORD:
        shown = segment.shown
        statement |= {"partial_implementation": True, "notes": [f"flaky: {shown.passes} of {shown.verdicts} passed"]}
    elif segment.end is not None:
        statement["notes"] = [_shows(segment.end.first)]
    return statement | {"proof": list(dict.fromkeys(step.record.cell for step in sides if step is not None))}


def _held(history: History) -> dict[str, object]:
    return {"held": history.held} if history.held else {}


def _bound(transition: Transition | None) -> dict[str, object]:
    """Return the bound of a change: the last version before it, if one was judged."""
    if transition is None:
        return {"after": None, "adjacent": False, "untestable": []}
    return {
        "after": transition.last.column.version,
        "adjacent": transition.adjacent and not transition.between,
        "untestable": [each.column.version for each in transition.between],
    }


def _shows(step: Step) -> str:
    error = stable_error(step.record.error)
    return f"{step.column.version}: {step.shows}{f': {error}' if error else ''}"


def _failures(history: History) -> list[str]:
    notes = []
    for segment in history.segments:
        first, last = segment.steps[0], segment.steps[-1]
        until = "" if first is last else f"{first.column.version} to "
        notes.append(f"{until}{_shows(last)}")
    return notes
