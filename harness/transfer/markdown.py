"""The table as Markdown: for each pair the formats that carry everything, then squares with footnotes."""

from __future__ import annotations

from collections.abc import Iterator

from harness.rendering.markdown import code, escaped
from harness.rendering.markdown import table as markdown_table
from harness.transfer.display import (
    DISPLAY,
    SILENT_MARK,
    UNWRITTEN,
    UNWRITTEN_MEANING,
    Footnotes,
    cause_of,
    has_square,
    legend,
    title_of,
    unwritten_line,
)
from harness.transfer.grades import NOT_TESTED, Grade, Reading
from harness.transfer.table import Question, Transfer


def render(table: Transfer, *, each_model: bool) -> str:
    """Return the summary, or the squares of each model."""
    body = squares(table) if each_model else [*formats_of_pairs(table), *worst_grades(table)]
    return "\n\n".join([*body, legend_text()]) + "\n"


def formats_of_pairs(table: Transfer) -> Iterator[str]:
    """Yield a section with the formats that carry everything, for each pair."""
    yield "## The formats that carry everything"
    yield (
        "For a writer (line) and a reader (column): how many models are read in full in a format, of those tested. In "
        f"bold: all of them are, of those that the writer can write. {SILENT_MARK}: at least one loses weights or "
        "predictions silently. Formats without a full read are left out."
    )
    lines = [[code(writer), *(_formats(table, writer, reader) for reader in table.readers)] for writer in table.writers]
    yield markdown_table(["written by / read by", *map(code, table.readers)], lines)


def worst_grades(table: Transfer) -> Iterator[str]:
    """Yield a square for each format and option, with the worst grade of all models."""
    for format in table.formats:
        for option in table.options:
            if has_square(table, format.name, option):
                yield f"## {escaped(title_of('All models', str(format), option))}: the worst grade"
                yield markdown_table(
                    ["written by / read by", *map(code, table.readers)],
                    [
                        [code(w), *(_worst(table, w, r, format.name, option) for r in table.readers)]
                        for w in table.writers
                    ],
                )


def squares(table: Transfer) -> Iterator[str]:
    """Yield a square for each model, format and option, and the footnotes of all."""
    notes = Footnotes()
    for (model, format, option), lines in table.squares.items():
        yield f"### {escaped(title_of(model, format, option))}"
        rows = []
        for writer in table.writers:
            line = lines.get(writer)
            cells = [
                _mark(table.reading(_question(model, format, option, writer, reader)), notes, writer == reader)
                for reader in table.readers
            ]
            if line is not None and unwritten_line(line):
                cells = [f"{UNWRITTEN}[^{notes.number(line.writing.reason)}]" for _ in table.readers]
            rows.append([code(writer), *cells])
        yield markdown_table(["written by / read by", *map(code, table.readers)], rows)
    yield "\n".join(f"[^{number}]: {escaped(cause) or 'no reason'}" for number, cause in notes)


def legend_text() -> str:
    """Return the meaning of the marks."""
    lines = [f"{display.mark} {escaped(meaning)}".strip() for display, meaning in legend()]
    return "\n".join(f"* {each}" for each in [*lines, f"{UNWRITTEN} {UNWRITTEN_MEANING}"])


def _question(model: str, format: str, option: str, writer: str, reader: str) -> Question:
    return Question(model=model, format=format, option=option, writer=writer, reader=reader)


def _formats(table: Transfer, writer: str, reader: str) -> str:
    everything = table.pair(writer, reader)
    shown = []
    for format in table.formats:
        found = table.summary(writer=writer, reader=reader, format=format.name)
        full, tested = len(found.grades[Grade.FULL]), found.tested
        if format.name in everything:
            shown.append(f"**{code(format.name)} {full}/{tested}**")
        elif full or found.worst is Grade.SILENT:
            wrong = f" {SILENT_MARK}" if found.worst is Grade.SILENT else ""
            shown.append(f"{code(format.name)} {full}/{tested}{wrong}")
    return "<br>".join(shown)


def _worst(table: Transfer, writer: str, reader: str, format: str, option: str) -> str:
    found = table.summary(writer=writer, reader=reader, format=format, option=option)
    if found.worst is Grade.NOT_TESTED:
        return UNWRITTEN if found.unwritable else ""
    return f"{DISPLAY[found.worst].mark} {len(found.grades[Grade.FULL])}/{found.tested}"


def _mark(reading: Reading, notes: Footnotes, same: bool) -> str:
    if reading == NOT_TESTED:
        return ""
    mark = DISPLAY[reading.grade].mark
    if reading.grade is not Grade.FULL:
        mark = f"{mark}[^{notes.number(cause_of(reading))}]"
    return f"({mark})" if same else mark
