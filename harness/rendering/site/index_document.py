"""Render the index of the site: every cell in a few digits, and what the cells refer to. Loaded with the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import groupby
from typing import Any

from harness.rendering.causes import Cause
from harness.rendering.foreign_text import one_line, web_address
from harness.rendering.grid import STATES, count
from harness.rendering.results import EnvironmentColumn, Record
from harness.rendering.site.content import SCHEMA, Content, file_name
from harness.rendering.site.marks import MARKS
from harness.rendering.status import Status, statuses
from harness.rendering.workarounds import Workaround

NOT_SELECTED = -1


class _Kinds:
    """Numbers what cells show: a state, a cause and workarounds. Thousands of cells share a few hundred kinds."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._causes: dict[str, int] = {}
        self._ways: dict[Workaround, int] = {}
        self._kinds: dict[tuple[object, ...], int] = {}
        self.causes: list[dict[str, object]] = []
        self.ways: list[dict[str, object]] = []
        self.kinds: list[list[object]] = []

    def of(self, record: Record) -> int:
        """Return the number of what a cell shows."""
        cause = self._content.causes.of(record)
        ways = tuple(self._way(each) for each in self._content.workarounds.of(record))
        ratio = f"{record.passes}/{record.verdicts}" if record.flaky else ""
        key = (record.state, self._cause(cause) if cause else None, ways, ratio)
        if key not in self._kinds:
            self._kinds[key] = len(self.kinds)
            self.kinds.append([key[0], key[1], list(ways), *([ratio] if ratio else [])])
        return self._kinds[key]

    def _cause(self, cause: Cause) -> int:
        if cause.key not in self._causes:
            self._causes[cause.key] = len(self.causes)
            self.causes.append(_cause(cause, self._content))
        return self._causes[cause.key]

    def _way(self, way: Workaround) -> int:
        if way not in self._ways:
            self._ways[way] = len(self.ways)
            self.ways.append({name: value for name, value in asdict(way).items() if value is not None})
        return self._ways[way]


def document(content: Content) -> dict[str, object]:
    """Return the index."""
    kinds = _Kinds(content)
    places = {column.id: place for place, column in enumerate(content.columns)}
    cases, squares = _rows(content, kinds, places)
    numbers = {str(case["case"]): place for place, case in enumerate([*cases, *squares])}
    results, measured = content.results, content.measured
    return {
        "schema": SCHEMA,
        "title": one_line(content.text.title or results.title),
        "about": one_line(content.text.about),
        "source": web_address(content.text.source),
        "address": web_address(content.text.address),
        "notes": [one_line(note) for note in results.notes],
        "command": content.command,
        "measured": [day.isoformat() for day in measured] if measured else None,
        "platforms": sorted(filter(None, {each.platform for each in content.shown.values()} or {results.platform})),
        "pythons": sorted({column.python for column in content.columns}, key=_version_key),
        "counts": asdict(count(content.records)),
        "states": {
            state: {"mark": MARKS[state].mark, "style": MARKS[state].style, "meaning": STATES[state].meaning}
            for state in STATES
        },
        "families": [
            _family(family, list(members), content)
            for family, members in groupby(content.columns, key=lambda column: column.family)
        ],
        "environments": [_environment(column) for column in content.columns],
        "scenarios": [
            {
                "scenario": each.name,
                "subject": each.subject.replace("_", " "),
                "title": one_line(each.title),
                "issue": web_address(each.header.issue),
                "file": file_name(each.name),
            }
            for each in results.scenarios
        ],
        "cases": cases,
        "squares": squares,
        "kinds": kinds.kinds,
        "causes": kinds.causes,
        "ways": kinds.ways,
        "transitions": list(_transitions(content, numbers, places)),
        "transfer": transfer_member(content.transfer) if content.transfer else None,
    }


def transfer_member(transfer: Mapping[str, Any]) -> dict[str, object]:
    """Return the part of the index about the table of readers."""
    return {key: transfer[key] for key in ("formats", "writers", "readers")}


def _rows(
    content: Content, kinds: _Kinds, places: Mapping[str, int]
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    scenarios = {each.name: place for place, each in enumerate(content.results.scenarios)}
    status = statuses(content.records)
    cases, squares = [], []
    for name, members in groupby(content.records, key=lambda record: str(record.case)):
        group = list(members)
        row: dict[str, object] = {
            "case": name,
            "scenario": scenarios[group[0].scenario.name],
            "parameters": dict(group[0].parameters),
            "file": file_name(name),
        }
        if group[0].writer is None:
            line = [NOT_SELECTED] * len(places)
            for record in group:
                line[places[record.environment.id]] = kinds.of(record)
            cases.append(row | {"status": [_status(each) for each in status.get(name, ())], "row": line})
        else:
            squares.append(row | _square(group, kinds, places))
    return cases, squares


def _square(group: list[Record], kinds: _Kinds, places: Mapping[str, int]) -> dict[str, object]:
    writers = sorted({places[record.writer or ""] for record in group})
    readers = sorted({places[record.environment.id] for record in group})
    lines = [[NOT_SELECTED] * len(readers) for _ in writers]
    for record in group:
        line = lines[writers.index(places[record.writer or ""])]
        line[readers.index(places[record.environment.id])] = kinds.of(record)
    return {"writers": writers, "readers": readers, "lines": lines}


def _status(status: Status) -> list[str]:
    return [status.package, status.minor, status.text]


def _cause(cause: Cause, content: Content) -> dict[str, object]:
    label = cause.label
    return {
        "key": cause.key,
        "outcome": cause.outcome,
        "stage": cause.stage,
        "meaning": content.text.meaning_of(cause.stage) if cause.signature else None,
        "error": cause.whole_error or None,
        "signature": cause.signature,
        "reason": cause.reason or None,
        "label": one_line(label.label) if label else None,
        "note": one_line(label.note, longest=2000) if label else None,
        "link": web_address(label.link) if label else None,
    }


def _family(name: str, members: list[EnvironmentColumn], content: Content) -> dict[str, object]:
    package = members[0].package
    return {
        "family": name,
        "title": one_line(content.text.families.get(name) or name),
        "package": package,
        "name": one_line(content.text.name_of(package) or name),
        "environments": len(members),
    }


def _environment(column: EnvironmentColumn) -> dict[str, object]:
    return {
        "environment": column.id,
        "family": column.family,
        "version": column.version,
        "python": column.python,
        "packages": {one_line(name): one_line(version) for name, version in column.packages},
        "variables": {one_line(name): one_line(value) for name, value in column.variables},
        "as_of": column.as_of.isoformat() if column.as_of else None,
        "file": file_name(column.id),
    }


def _transitions(content: Content, cases: Mapping[str, int], places: Mapping[str, int]) -> Iterator[dict[str, object]]:
    for history in content.histories:
        for each in history.transitions:
            yield {
                "kind": each.kind,
                "case": cases[str(history.case)],
                "family": history.family,
                "held": history.held or None,
                "last": places[each.last.column.id],
                "first": places[each.first.column.id],
                "when": each.when,
                "cells": [each.last.record.cell, each.first.record.cell],
            }


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
