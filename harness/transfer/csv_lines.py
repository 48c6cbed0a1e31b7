"""The table as CSV: one line for each read that was tested, and one for each file that could not be written."""

from __future__ import annotations

import csv
import io

from harness.report.csv_table import escape_formula
from harness.transfer.grades import NOT_TESTED, Grade
from harness.transfer.table import Transfer

COLUMNS = (
    "cell", "model", "format", "option", "writer", "reader", "written", "grade", "differs", "difference", "stage",
    "error", "label", "note", "link", "reason",
)  # fmt: skip


def render(table: Transfer) -> str:
    """Return the lines, with a header."""
    target = io.StringIO()
    lines = csv.writer(target, lineterminator="\n")
    lines.writerow(COLUMNS)
    for question in table.questions():
        reading = table.reading(question)
        writing = table.writing(question.model, question.format, question.writer)
        if reading == NOT_TESTED and (writing.written or question.reader != table.readers[0]):
            continue
        told = {True: "yes", False: "no", None: ""}[writing.written]
        values = [
            table.cell(question), question.model, question.format, question.option, question.writer, question.reader,
            told, "" if reading.grade is Grade.NOT_TESTED else reading.grade.value, "; ".join(reading.differs),
            "" if reading.difference is None else f"{reading.difference:g}", reading.stage or "", reading.error,
            reading.label or "", reading.note or "", reading.link or "", reading.reason or writing.reason,
        ]  # fmt: skip
        lines.writerow([escape_formula(each) for each in values])
    return target.getvalue()
