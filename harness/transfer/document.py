"""The table as a JSON document, `"schema": 1`: docs/schemas/transfer.schema.json. ASCII only, one line a member."""

from __future__ import annotations

import json

from harness.transfer.grades import NOT_TESTED, Reading
from harness.transfer.table import SCHEMA, Line, Transfer


def render(table: Transfer) -> str:
    """Return the document of a table. Equal readings are written once, in the order in which they first occur."""
    numbers: dict[Reading, int] = {}
    squares: list[object] = [
        {
            "model": model,
            "format": format,
            "option": option,
            "lines": [_line(writer, line, numbers) for writer, line in lines.items()],
        }
        for (model, format, option), lines in table.squares.items()
    ]
    lists: dict[str, list[object]] = {
        "models": [{"model": e.name, "title": e.title, "layers": list(e.layers)} for e in table.models],
        "formats": [{"format": e.name, "title": e.title, "keeps": e.keeps} for e in table.formats],
        "options": list(table.options),
        "environments": [
            {
                "environment": each.id,
                "python": each.python,
                "packages": dict(each.packages),
                "variables": dict(each.variables),
            }
            for each in table.places.values()
        ],
        "writers": list(table.writers),
        "readers": list(table.readers),
        "readings": [_reading(each) for each in numbers],
        "squares": squares,
    }
    head = {"schema": SCHEMA, "scenario": table.scenario, "generated": table.generated}
    parts = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    for key, members in lists.items():
        lines = ",\n".join(f"  {json.dumps(member)}" for member in members)
        parts.append(f" {json.dumps(key)}: [\n{lines}\n ]" if members else f" {json.dumps(key)}: []")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _line(writer: str, line: Line, numbers: dict[Reading, int]) -> dict[str, object]:
    return {
        "writer": writer,
        "written": line.writing.written,
        "reason": line.writing.reason or None,
        "sha256": line.writing.sha256,
        "bytes": line.writing.size,
        "readings": [None if each == NOT_TESTED else numbers.setdefault(each, len(numbers)) for each in line.readings],
    }


def _reading(reading: Reading) -> dict[str, object]:
    return {
        "grade": reading.grade.value,
        "differs": list(reading.differs),
        "difference": reading.difference,
        "stage": reading.stage,
        "error": reading.error or None,
        "label": reading.label,
        "note": reading.note,
        "link": reading.link,
        "reason": reading.reason or None,
    }
