"""Owns the results as one JSON document, `"schema": 1`: keys and order are stable; docs/reading_the_table.md has them.

ASCII only: what scripts said stays whole, and yet shows no terminal or browser anything but letters.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from harness.model import Scenario
from harness.rendering.foreign_text import stable_error, whole_error
from harness.rendering.grid import count
from harness.rendering.results import EnvironmentColumn, Record, Results, records
from harness.rendering.transitions import History, Transition, histories

SCHEMA = 1


def render(results: Results, *, published: bool = False) -> str:
    """Return all results. The published form omits values that differ between equal runs."""
    found = records(results)
    document: dict[str, object] = {"schema": SCHEMA, "title": results.title, "notes": list(results.notes)}
    if not published:
        document["generated"] = results.generated.isoformat()
    document["platform"] = results.platform
    counts = count(found)
    changed = histories(results)
    document |= {
        "counts": asdict(counts),
        "environments": [_environment(column) for column in results.environments],
        "scenarios": [_scenario(scenario) for scenario in results.scenarios],
        "cells": [_cell(record, published=published) for record in found],
        "transitions": [
            _transition(history, each, published=published) for history in changed for each in history.transitions
        ],
        "statements": [_statement(history) for history in changed],
    }
    return _lines(document)


def _lines(document: dict[str, object]) -> str:
    """Print a list's members a line each: a diff then shows a cell a line, and the file stays small."""
    parts = []
    for key, value in document.items():
        if isinstance(value, list) and value:
            members = ",\n".join(_compact(member) for member in value)
            parts.append(f"{_compact(key)}:[\n{members}\n]")
        else:
            parts.append(f"{_compact(key)}:{_compact(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _environment(column: EnvironmentColumn) -> dict[str, object]:
    return {
        "environment": column.id,
        "family": column.family,
        "python": column.python,
        "packages": dict(column.packages),
        "variables": dict(column.variables),
        "as_of": column.as_of.isoformat() if column.as_of else None,
        "lock": column.lock,
    }


def _scenario(scenario: Scenario) -> dict[str, object]:
    return {
        "scenario": scenario.name,
        "subject": scenario.subject,
        "title": scenario.title,
        "issue": scenario.header.issue,
        "two_step": scenario.write is not None,
        "digest": scenario.digest,
        "timeout_s": scenario.header.timeout_s,
    }


def _transition(history: History, transition: Transition, *, published: bool) -> dict[str, object]:
    last, first = transition.last, transition.first
    groups = {"observed": transition.observed, "group_before": last.group, "group_after": first.group}
    return {
        "kind": transition.kind,
        **_place(history),
        "package": first.column.package,
        "last": last.column.version,
        "first": first.column.version,
        "adjacent": transition.adjacent,
        "untestable": [each.column.version for each in transition.between],
        "stage_before": last.record.stage,
        "stage_after": first.record.stage,
        "signature_before": last.record.signature,
        "signature_after": first.record.signature,
        **({} if published else groups),
        "cells": [last.record.cell, first.record.cell],
    }


def _statement(history: History) -> dict[str, object]:
    sentences = [each.sentence(_error_of) for each in history.failing]
    return {**_place(history), "statements": sentences}


def _error_of(record: Record) -> str:
    error = stable_error(record.error)
    return f" ({error})" if error else ""


def _place(history: History) -> dict[str, object]:
    return {
        "case": str(history.case),
        "scenario": history.case.scenario,
        "family": history.family,
        "held": history.held or None,
    }


def _observation(record: Record) -> dict[str, str] | None:
    found = record.observation
    return {"kind": found.kind, "group": found.group, "text": found.text} if found is not None else None


def _cell(record: Record, *, published: bool) -> dict[str, object]:
    label = record.label
    cell: dict[str, object] = {
        "cell": record.cell,
        "scenario": record.scenario.name,
        "parameters": dict(record.parameters),
        "environment": record.environment.id,
    }
    if record.writer is not None:
        cell |= {"writer": record.writer, "reader": record.environment.id}
    error = whole_error(record.error) if published else record.error
    head = stable_error(record.error)
    cell |= {
        "outcome": record.outcome,
        "stage": record.stage,
        "error": error or None,
        "signature": record.signature,
        "label": label.label if label else None,
        "note": label.note if label else None,
        "link": label.link if label else None,
        "reason": record.reason or None,
        "cause": record.cause.value if record.cause else None,
        "flaky": {"passes": record.passes, "of": record.verdicts} if record.flaky else None,
    }
    if published:
        # Short tables show parts of an error of many lines, which its published line does not have.
        return cell if head == stable_error(error) else cell | {"error_head": head}
    return cell | {
        "duration_s": round(record.duration_s, 3),
        "attempts": record.attempts,
        "isolation": record.isolation or None,
        "sandbox": record.sandbox or None,
        "condition": record.condition or None,
        "observation": _observation(record),
        "published": record.published,
    }
