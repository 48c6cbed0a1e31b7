"""The table for a terminal: squares with one or two letters a place, readers numbered, footnotes below."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rich.style import Style

from harness.rendering.foreign_text import one_line
from harness.transfer.display import (
    DISPLAY,
    UNWRITTEN,
    UNWRITTEN_MEANING,
    Footnotes,
    cause_of,
    has_square,
    legend,
    title_of,
    unwritten_line,
)
from harness.transfer.grades import NOT_TESTED, Grade
from harness.transfer.table import Question, Transfer

_COLUMN = 8
_PARTS = re.compile(r"[0-9.]+|[^0-9]+")
_Place = Callable[[str, str], tuple[Grade, str]]


def render(table: Transfer, *, each_model: bool, width: int, colour: bool) -> str:
    """Return the squares of each format: the worst grade of all models, or the grade of each model with footnotes."""
    parts = [_each_model(table, width, colour) if each_model else _summary(table, width, colour)]
    marks = [f"{display.plain or ' ':3} {meaning}" for display, meaning in legend() if display.plain]
    marks += [f"{UNWRITTEN:3} {UNWRITTEN_MEANING}", "    blank: not tested; [ ] the same environment writes and reads"]
    return "\n\n".join([*parts, "\n".join(marks), _counts(table)]) + "\n"


def _summary(table: Transfer, width: int, colour: bool) -> str:
    blocks = []
    for format in table.formats:
        for option in table.options:
            if not has_square(table, format.name, option):
                continue

            def place(writer: str, reader: str, format: str = format.name, option: str = option) -> tuple[Grade, str]:
                summary = table.summary(writer=writer, reader=reader, format=format, option=option)
                if summary.worst is Grade.NOT_TESTED:
                    return summary.worst, UNWRITTEN if summary.unwritable else ""
                full = len(summary.grades[Grade.FULL])
                return summary.worst, f"{DISPLAY[summary.worst].plain} {full}/{summary.tested}"

            title = f"{title_of('all models', str(format), option)}: the worst grade, and how many are full"
            blocks.append(f"{title}\n{_square(table, place, width, colour)}")
    return "\n\n".join([*blocks, "--models GLOBS shows the models one by one, with the causes."])


def _each_model(table: Transfer, width: int, colour: bool) -> str:
    notes = Footnotes()
    blocks = []
    for (model, format, option), lines in table.squares.items():

        def place(
            writer: str,
            reader: str,
            key: tuple[str, str, str] = (model, format, option),
        ) -> tuple[Grade, str]:
            if unwritten_line(table.squares[key].get(writer)):
                return Grade.NOT_TESTED, UNWRITTEN
            asked = Question(model=key[0], format=key[1], option=key[2], writer=writer, reader=reader)
            reading = table.reading(asked)
            if reading == NOT_TESTED or reading.grade is Grade.FULL:
                return reading.grade, DISPLAY[reading.grade].plain
            return reading.grade, f"{DISPLAY[reading.grade].plain}{notes.number(cause_of(reading))}"

        title = title_of(model, format, option)
        reasons = {line.writing.reason: writer for writer, line in lines.items() if line.writing.written is False}
        below = [f"  {UNWRITTEN} {writer} and alike: {one_line(reason)}" for reason, writer in reasons.items()]
        blocks.append("\n".join([title, _square(table, place, width, colour), *below]))
    return "\n\n".join([*blocks, "\n".join(f"[{number}] {one_line(cause)}" for number, cause in notes)])


def _square(table: Transfer, place: _Place, width: int, colour: bool) -> str:
    names = max((len(writer) for writer in table.writers), default=0)
    per_block = max(1, (width - names - 2) // (_COLUMN + 1))
    lines = []
    for start in range(0, len(table.readers), per_block):
        readers = table.readers[start : start + per_block]
        lines += [f"{'':{names}}  {' '.join(f'{short:>{_COLUMN}}' for short in row)}" for row in _heads(readers)]
        for writer in table.writers:
            cells = [_cell(*place(writer, reader), same=writer == reader, colour=colour) for reader in readers]
            lines.append(f"{writer:{names}}  {' '.join(cells)}".rstrip())
    return "\n".join(lines)


def _heads(readers: tuple[str, ...]) -> Iterator[list[str]]:
    """Yield the ids of readers from top to bottom: name, version, the rest, in rows of `_COLUMN` characters."""
    parts = [
        [part[at : at + _COLUMN] for part in _PARTS.findall(reader) for at in range(0, len(part), _COLUMN)]
        for reader in readers
    ]
    for row in range(max(map(len, parts))):
        yield [f"{each[row] if row < len(each) else '':<{_COLUMN}}" for each in parts]


def _cell(grade: Grade, text: str, *, same: bool, colour: bool) -> str:
    shown = f"[{text or ' '}]" if same else text
    shown = f"{shown:<{_COLUMN}}"
    style = DISPLAY[grade].style
    return Style.parse(style).render(shown) if colour and style and text != UNWRITTEN else shown


def _counts(table: Transfer) -> str:
    counts = dict.fromkeys(Grade, 0)
    for question in table.questions():
        counts[table.reading(question).grade] += 1
    tested = sum(counts.values()) - counts[Grade.NOT_TESTED]
    by_grade = ", ".join(
        f"{counts[grade]} {DISPLAY[grade].meaning.partition(':')[0]}"
        for grade in Grade
        if grade is not Grade.NOT_TESTED
    )
    size = f"{len(table.writers)} writers, {len(table.readers)} readers, {len(table.models)} models"
    return f"{size}: {tested} reads: {by_grade}"
