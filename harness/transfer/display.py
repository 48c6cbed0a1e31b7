"""The words and marks of grades, the same in every output, and the footnotes of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from harness.transfer.grades import Grade, Reading
from harness.transfer.table import PLAIN, Line, Transfer

SILENT_MARK = "☠️"
UNWRITTEN = "-"
"""The mark of a writer that cannot write the model in this format."""


@dataclass(frozen=True, kw_only=True)
class Display:
    """How a grade is drawn: one letter or more, a mark for Markdown, a colour, a meaning."""

    plain: str
    mark: str
    style: str
    colour: str
    meaning: str


DISPLAY = {
    Grade.FULL: Display(
        plain="F",
        mark="✅",
        style="green",
        colour="#2e9e4f",
        meaning="full: everything that the format keeps is restored",
    ),
    Grade.PARTIAL: Display(
        plain="p",
        mark="🟡",
        style="yellow",
        colour="#e8c547",
        meaning="partial: weights and predictions are restored, something else is not (footnote)",
    ),
    Grade.SILENT: Display(
        plain="!!",
        mark=f"{SILENT_MARK} **WRONG**",
        style="bold white on red",
        colour="#7a0016",
        meaning="silent loss: it opens without an error, and weights or predictions differ",
    ),
    Grade.REFUSED: Display(
        plain="x", mark="❌", style="red", colour="#e07a6b", meaning="refused: it does not open, or cannot predict"
    ),
    Grade.NOT_TESTED: Display(plain="", mark="", style="", colour="#ffffff", meaning="blank: not tested"),
}
UNWRITTEN_MEANING = "the writer cannot write this model in this format"


@dataclass
class Footnotes:
    """Numbers causes in the order in which they are first shown."""

    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, cause: str) -> int:
        """Return the number of a cause; equal causes have the same one."""
        return self._numbers.setdefault(cause, len(self._numbers) + 1)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return ((number, cause) for cause, number in self._numbers.items())


def cause_of(reading: Reading) -> str:
    """Return in words what is not as it was, with the label and the workaround; empty for a full read."""
    if reading.grade in (Grade.FULL, Grade.NOT_TESTED):
        return reading.reason
    what = f"{', '.join(reading.differs)}: " if reading.differs else ""
    error = reading.error or (f"fails at {reading.stage}" if reading.stage else reading.grade.value)
    # The note first: an error may be long, and is cut.
    return f"{what}{reading.label}: {reading.note} {error}" if reading.label else f"{what}{error}"


def has_square(table: Transfer, format: str, option: str = PLAIN) -> bool:
    """Return True if any model was tried in a format with an option."""
    return any((model.name, format, option) in table.squares for model in table.models)


def unwritten_line(line: Line | None) -> bool:
    """Return True if the writer cannot write the file of a line."""
    return line is not None and line.writing.written is False


def title_of(model: str, format: str, option: str) -> str:
    """Return the title of a square."""
    return f"{model} in {format}" + (f", read with {option}" if option != PLAIN else "")


def legend() -> Iterable[tuple[Display, str]]:
    """Yield the grades with their meanings, the best first."""
    order = (Grade.FULL, Grade.PARTIAL, Grade.SILENT, Grade.REFUSED, Grade.NOT_TESTED)
    return ((DISPLAY[grade], DISPLAY[grade].meaning) for grade in order)
