"""Render cells as JUnit XML, which CI systems show: a suite for each environment, a test case for each cell.

A failure with a label is expected: it is skipped, as pytest reports its xfail. So is a cell without a verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from harness.model import Outcome
from harness.rendering.foreign_text import one_line
from harness.rendering.results import FLAKY_WORD, Record, Results, by_family, records
from harness.rendering.xml_text import valid

_LONGEST = 20_000


def render(results: Results) -> str:
    """Return the document."""
    suites: dict[str, list[Record]] = {each.id: [] for each in by_family(results.environments)}
    for record in records(results):
        suites[record.environment.id].append(record)
    lines = ['<?xml version="1.0" encoding="utf-8"?>', f"<testsuites {_numbers(records(results), results.title)}>"]
    for name, members in suites.items():
        if members:
            lines.append(f"<testsuite {_numbers(members, name)}>")
            lines += [_case(each) for each in members]
            lines.append("</testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _numbers(members: Sequence[Record], name: str) -> str:
    kinds = [_kind(each) for each in members]
    counts = {"tests": len(kinds), **{f"{kind}s": kinds.count(kind) for kind in ("failure", "error")}}
    counts["skipped"] = kinds.count("skipped")
    return " ".join([f'name="{_attribute(name)}"', *(f'{key}="{value}"' for key, value in counts.items())])


def _kind(record: Record) -> str:
    if record.state == Outcome.PASSED.value:
        return "passed"
    if record.state == FLAKY_WORD:
        return "failure"
    if record.failure is not None:
        return "skipped" if record.label is not None else "failure"
    return "error" if record.state == Outcome.ERROR.value else "skipped"


def _case(record: Record) -> str:
    writer = f" written in {record.writer}" if record.writer else ""
    subject = record.scenario.subject.replace("/", ".") or "scenarios"
    head = (
        f'<testcase classname="{_attribute(f"{record.environment.id}.{subject}")}" '
        f'name="{_attribute(f"{record.case}{writer}")}" time="{record.duration_s:.3f}"'
    )
    kind = _kind(record)
    if kind == "passed":
        return f"{head}/>"
    at = f" at {one_line(record.stage, longest=40)}" if record.stage else ""
    label = f"{record.label.label}: {record.label.note}; " if record.label else ""
    said = one_line(record.error or record.reason, longest=500)
    type = "expected failure" if record.label and kind == "skipped" else record.state
    flaky = f"{record.passes} of {record.verdicts} passed; " if record.state == FLAKY_WORD else ""
    message = f"{label}{flaky}{record.state}{at}{f': {said}' if said else ''}"
    text = escape(valid(record.error or record.reason)[:_LONGEST])
    return f'{head}><{kind} type="{_attribute(type)}" message="{_attribute(message)}">{text}</{kind}></testcase>'


def _attribute(text: str) -> str:
    return escape(valid(one_line(text, longest=1000)), {'"': "&quot;"})
