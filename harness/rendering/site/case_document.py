"""Render the document of a case: its cells with attempts, evidence and workarounds, its script, its statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.model import Attempt, Evidence, Outcome
from harness.model.case import write_value
from harness.rendering.foreign_text import one_line, plain, stable_error, web_address, whole_error
from harness.rendering.results import Record
from harness.rendering.site.content import SCHEMA, Content
from harness.rendering.site.published_text import LONGEST_OUTPUT, LONGEST_TRACEBACK, failing_line, published
from harness.rendering.site.searches import commits_of
from harness.rendering.site.shared import Table
from harness.rendering.transitions import History
from harness.rendering.workarounds import Workaround

MOST_ATTEMPTS = 10


class _Shared:
    """Shared values of the cells of a case: lines of text, texts as numbers of lines, causes, workarounds, attempts."""

    def __init__(self) -> None:
        self.lines, self.texts, self.causes, self.ways, self.attempts = (Table() for _ in range(5))

    def text(self, text: str) -> int | None:
        """Return the number of a text, or None if it is empty. Tracebacks of neighbouring versions share most lines."""
        return self.texts.number(tuple(self.lines.number(line) for line in text.split("\n"))) if text else None


def document(content: Content, found: Sequence[Record], histories: Sequence[History]) -> dict[str, object]:
    """Return the document of a case. `found` are its records, `histories` its histories."""
    first, shared = found[0], _Shared()
    scenario = first.scenario
    cells = [_cell(content, record, shared) for record in found]
    return {
        "schema": SCHEMA,
        "case": str(first.case),
        "scenario": scenario.name,
        "subject": scenario.subject.replace("_", " "),
        "title": one_line(scenario.title),
        "issue": web_address(scenario.header.issue),
        "parameters": dict(first.parameters),
        "script": {"name": scenario.script.file_name, "text": plain(scenario.script.text)},
        "writer_script": {"name": scenario.write.file_name, "text": plain(scenario.write.text)}
        if scenario.write
        else None,
        "statements": [_statement(history, content) for history in histories],
        "cells": cells,
        "causes": shared.causes.values,
        "ways_out": shared.ways.values,
        "attempts": shared.attempts.values,
        "texts": shared.texts.values,
        "lines": shared.lines.values,
    }


def _statement(history: History, content: Content) -> dict[str, object]:
    def error(record: Record) -> str:
        text = stable_error(record.error)
        return f" ({text})" if text else ""

    commits = commits_of(content.searches, history, families=content.families)
    return {
        "family": history.family,
        "held": history.held or None,
        "statements": [segment.sentence(error) for segment in history.failing],
    } | ({"commits": commits} if commits else {})


def _cell(content: Content, record: Record, shared: _Shared) -> dict[str, object]:
    attempt = content.shown.get(record.cell)
    cell: dict[str, object] = {"cell": record.cell, "environment": record.environment.id}
    if record.writer is not None:
        cell |= {"writer": record.writer, "reader": record.environment.id}
    cell |= {"outcome": record.outcome}
    values: Mapping[str, object] = {
        "cause": _cause_number(content, record, shared),
        "error": shared.text(plain(record.error)[:LONGEST_TRACEBACK]),
        "flaky": {"passes": record.passes, "of": record.verdicts} if record.flaky else None,
        "ways_out": [shared.ways.number(*_way(record, way)) for way in content.workarounds.of(record)] or None,
    }
    cell |= {name: value for name, value in values.items() if value is not None}
    if attempt is not None:
        cell |= {"attempts": _attempts(content, record, shared)}
        if attempt.outcome is not Outcome.PASSED:
            cell |= _evidence(content.evidence_of(attempt), record, shared)
    return cell


def _cause_number(content: Content, record: Record, shared: _Shared) -> int | None:
    cause = content.causes.of(record)
    key = (cause.key if cause else None, record.stage, record.cause, record.reason)
    return shared.causes.number(_cause(content, record), key) if record.state != Outcome.PASSED.value else None


def _cause(content: Content, record: Record) -> dict[str, object]:
    label = record.label
    return {
        "stage": record.stage,
        "meaning": content.text.meaning_of(record.stage) if record.failure else None,
        "error": whole_error(record.error) or None,
        "signature": record.signature,
        "label": one_line(label.label) if label else None,
        "note": one_line(label.note, longest=2000) if label else None,
        "link": web_address(label.link) if label else None,
        "reason": one_line(record.reason) or None,
        "cause": record.cause.value if record.cause else None,
    }


def _way(record: Record, way: Workaround) -> tuple[dict[str, str], tuple[str, str]]:
    """Return a workaround with the cell that shows it, and both as a key."""
    environment = way.environment or record.environment.id
    case = str(record.case)
    if way.parameter is not None:
        name, value = way.parameter
        given = (f"{each}={value if each == name else write_value(own)}" for each, own in record.case.parameters)
        case = f"{record.case.scenario}[{','.join(given)}]"
    cell = f"{case}@{environment}" if record.writer is None else f"{case}@{record.writer} -> {environment}"
    return {"text": way.text, "cell": cell}, (way.text, cell)


def _attempts(content: Content, record: Record, shared: _Shared) -> list[int]:
    attempts = (_attempt(each) for each in content.cells[record.cell].attempts[-MOST_ATTEMPTS:])
    return [shared.attempts.number(each, tuple(each.items())) for each in attempts]


def _attempt(attempt: Attempt) -> dict[str, object]:
    values = {
        "started": attempt.started.strftime("%Y-%m-%d"),
        "outcome": attempt.outcome.value,
        "stage": attempt.stage,
        "signature": attempt.signature,
        "isolation": attempt.isolation,
        "sandbox": attempt.sandbox,
    }
    return {name: value for name, value in values.items() if value}


def _evidence(evidence: Evidence, record: Record, shared: _Shared) -> dict[str, object]:
    values = {
        "line": failing_line(evidence.traceback, record.scenario.script.file_name),
        "traceback": shared.text(published(evidence.traceback, longest=LONGEST_TRACEBACK)),
        "dump": shared.text(published(evidence.dump, longest=LONGEST_TRACEBACK)),
        "stdout": shared.text(published(evidence.stdout, longest=LONGEST_OUTPUT)),
        "stderr": shared.text(published(evidence.stderr, longest=LONGEST_OUTPUT)),
    }
    return {name: value for name, value in values.items() if value is not None}
