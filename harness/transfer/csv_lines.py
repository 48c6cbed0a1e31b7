"""The table as lines, for CSV and pandas: one for each read that was tested, and one for each missing file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.rendering.csv_table import escape_formula
from harness.transfer.grades import NOT_TESTED
from harness.transfer.table import Transfer

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "cell", "model", "format", "option", "writer", "reader", "written", "grade", "differs", "difference", "stage",
    "error", "label", "note", "link", "reason",
)  # fmt: skip


def render(table: Transfer) -> str:
    """Return the lines as CSV, with a header."""
    target = io.StringIO()
    lines = csv.writer(target, lineterminator="\n")
    lines.writerow(COLUMNS)
    for values in _lines(table):
        lines.writerow([escape_formula(_text(each)) for each in values])
    return target.getvalue()


def to_frame(table: Transfer) -> pd.DataFrame:
    """Return the lines as a DataFrame. The reader of a file that does not exist is None."""
    import pandas as pd  # half a second that most commands need not spend

    return pd.DataFrame(_lines(table), columns=list(COLUMNS), dtype=object)


def _lines(table: Transfer) -> Iterator[tuple[object, ...]]:
    for question in table.questions():
        reading = table.reading(question)
        writing = table.writing(question.model, question.format, question.writer)
        unwritten = writing.written is False
        if unwritten and question.reader == table.readers[0]:
            named = (None, question.model, question.format, question.option, question.writer, None, False)
            yield (*named, None, None, None, None, None, None, None, None, writing.reason or None)
        if unwritten or reading == NOT_TESTED:
            continue
        yield (
            table.cell(question), question.model, question.format, question.option, question.writer, question.reader,
            writing.written, reading.grade.value, "; ".join(reading.differs) or None, reading.difference, reading.stage,
            reading.error or None, reading.label, reading.note, reading.link, reading.reason or None,
        )  # fmt: skip


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
    return str(value)
