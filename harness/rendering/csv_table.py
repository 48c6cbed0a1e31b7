"""Render cells as CSV, one line per cell. Text of scripts never becomes a spreadsheet formula."""

from __future__ import annotations

import csv
import io
import json

from harness.rendering.foreign_text import one_line, stable_error
from harness.rendering.results import Record, Results, records

COLUMNS = (
    "cell", "subject", "scenario", "title", "parameters", "case", "family", "environment", "python", "writer",
    "outcome", "stage", "error", "signature", "label", "note", "link", "reason", "flaky",
)  # fmt: skip
_BEGINS_FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "＝",
    "＋",
    "－",
    "＠",
)  # spreadsheets accept full-width characters, too


def render(results: Results) -> str:
    """Return all cells as CSV. The output does not depend on dates or durations of attempts."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in records(results):
        values = _values(record)
        writer.writerow([escape_formula(values[name]) for name in COLUMNS])
    return target.getvalue()


def escape_formula(text: str | None) -> str:
    """Return text on one line, with an apostrophe before text that a spreadsheet would evaluate as a formula."""
    begins = text is not None and text.startswith(_BEGINS_FORMULA)
    line = one_line(text or "", longest=2000)
    return f"'{line}" if begins or line.startswith(_BEGINS_FORMULA) else line


def _values(record: Record) -> dict[str, str | None]:
    label = record.label
    return {
        "cell": record.cell,
        "subject": record.scenario.subject,
        "scenario": record.scenario.name,
        "title": record.scenario.title,
        "parameters": json.dumps(dict(record.parameters)),
        "case": str(record.case),
        "family": record.environment.family,
        "environment": record.environment.id,
        "python": record.environment.python,
        "writer": record.writer,
        "outcome": record.outcome,
        "stage": record.stage,
        "error": stable_error(record.error),
        "signature": record.signature,
        "label": label.label if label else None,
        "note": label.note if label else None,
        "link": label.link if label else None,
        "reason": record.reason,
        "flaky": f"{record.passes} of {record.verdicts}" if record.flaky else None,
    }
