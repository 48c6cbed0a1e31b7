"""Grade one reader of a file by the table: readings of several models and writers become one grade. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from harness.saved_models.config import MODELS
from harness.transfer.grades import Grade, Reading
from harness.transfer.table import PLAIN, Question, Transfer

_WORST_FIRST = (Grade.SILENT, Grade.REFUSED, Grade.PARTIAL, Grade.FULL)
_HELPFUL_FIRST = (Grade.FULL, Grade.PARTIAL)


@dataclass(frozen=True, kw_only=True)
class ReaderAnswer:
    """The grade of one environment for a file, with its reasons."""

    environment: str
    grade: Grade
    """With `Grade.SILENT` for what opens without an error and is not the same."""
    differs: tuple[str, ...] = ()
    """The differences, in words."""
    error: str = ""
    error_of: str = ""
    """The models with this error, or `all but` those with another one; empty if there is only one cause."""
    label: str | None = None
    note: str | None = None
    link: str | None = None
    cells: tuple[str, ...] = ()
    """The attempts that show it."""
    untested: tuple[str, ...] = ()
    """Models that are like the file and that this reader was not tried with."""
    reason: str = ""
    """The reason why it was not tested."""

    @property
    def loads(self) -> bool:
        """Return whether it restores weights and predictions."""
        return self.grade in _HELPFUL_FIRST


@dataclass
class Grading:
    """Answers for files of one format with the layers of some models."""

    table: Transfer
    models: Sequence[str]
    any_layers: bool = False
    """True if a file is like any one of the models, and not like all of them."""
    foreign: Collection[str] = ()
    """Models with layers that the file does not have."""
    layers: Collection[str] = ()
    """The layers of the file: a failure of a foreign model counts only if it names one of them."""
    _answers: dict[tuple[tuple[str, ...], str, str], ReaderAnswer] = field(default_factory=dict)

    def answer(self, writers: Sequence[str], format: str, reader: str) -> ReaderAnswer:
        """Return the grade of a reader for a file of these writers: the worst one."""
        key = (tuple(writers), format, reader)
        if key not in self._answers:
            self._answers[key] = self._answer(writers, format, reader)
        return self._answers[key]

    def writes(self, writer: str, format: str) -> bool:
        """Return whether a writer saved all these models in a format."""
        written = [self.table.writing(model, format, writer).written for model in self.models]
        return bool(written) and all(written)

    def _answer(self, writers: Sequence[str], format: str, reader: str) -> ReaderAnswer:
        found: list[tuple[Question, Reading]] = []
        untested: dict[str, str] = {}
        for model in self.models:
            for writer in writers:
                if self.table.writing(model, format, writer).written is False:
                    continue
                question, reading = self._best(model, format, writer, reader)
                if reading.grade is Grade.NOT_TESTED or not self._counts(model, reading):
                    untested[model] = reading.reason
                else:
                    found.append((question, reading))
        if not found:
            reason = next((each for each in untested.values() if each), "")
            return ReaderAnswer(environment=reader, grade=Grade.NOT_TESTED, untested=tuple(untested), reason=reason)
        grades = {reading.grade for _, reading in found}
        grade = next(each for each in _WORST_FIRST if each in grades)
        mixed = self.any_layers and len(grades) > 1
        if mixed and grade is Grade.REFUSED:
            grade = Grade.PARTIAL
        worst = [(question, reading) for question, reading in found if reading.grade is not Grade.FULL]
        shown = next((reading for _, reading in worst if reading.error), worst[0][1] if worst else None)
        return ReaderAnswer(
            environment=reader,
            grade=grade,
            differs=_differs(worst, by_model=mixed),
            error=shown.error if shown else "",
            error_of=_models_of(shown, worst) if shown else "",
            label=shown.label if shown else None,
            note=shown.note if shown else None,
            link=shown.link if shown else None,
            cells=tuple(dict.fromkeys(self.table.cell(question) for question, _ in found)),
            untested=tuple(untested),
        )

    def _counts(self, model: str, reading: Reading) -> bool:
        """Return False if a result may come from a layer that the file does not have."""
        if reading.grade is Grade.FULL or model not in self.foreign:
            return True
        return any(re.search(rf"\b{re.escape(each)}\b", reading.error) for each in self.layers if each not in MODELS)

    def _best(self, model: str, format: str, writer: str, reader: str) -> tuple[Question, Reading]:
        """Return the reading without options; where that is refused, the one with the option that helps."""
        plain = Question(model=model, format=format, writer=writer, reader=reader)
        reading = self.table.reading(plain)
        if reading.grade not in (Grade.REFUSED, Grade.NOT_TESTED):
            return plain, reading
        options = [each for each in self.table.options if each != PLAIN]
        for helpful in _HELPFUL_FIRST:
            for option in options:
                question = Question(model=model, format=format, writer=writer, reader=reader, option=option)
                other = self.table.reading(question)
                if other.grade is helpful:
                    return question, _with_option(other, reading)
        return plain, reading


def _models_of(shown: Reading, found: Sequence[tuple[Question, Reading]]) -> str:
    """Return the models that fail for the cause of the shown reading, in words; empty if none fails for another one."""
    causes = {question.model: reading.note or reading.error for question, reading in found if reading.error}
    like = [model for model, cause in causes.items() if cause == (shown.note or shown.error)]
    others = [model for model in causes if model not in like]
    if not others:
        return ""
    return ", ".join(like) if len(like) <= len(others) else f"all but {', '.join(others)}"


def _with_option(other: Reading, plain: Reading) -> Reading:
    """Return a reading that needs an option: always partial, with the error that occurs without the option."""
    return Reading(
        grade=Grade.PARTIAL, differs=other.differs, difference=other.difference, error=plain.error,
        label=plain.label, note=plain.note, link=plain.link,
    )  # fmt: skip


def _differs(found: Iterable[tuple[Question, Reading]], *, by_model: bool) -> tuple[str, ...]:
    lines: dict[str, list[str]] = {}
    for question, reading in found:
        text = in_words(reading)
        if question.option != PLAIN:
            text = f"only with {question.option}" + (f"; {text}" if text else "")
        if text:
            lines.setdefault(text, []).append(question.model)
    if not by_model:
        return tuple(lines)
    return tuple(f"{', '.join(dict.fromkeys(models))}: {text}" for text, models in lines.items())


def in_words(reading: Reading) -> str:
    """Return the parts that a reading does not restore, in words."""
    if reading.grade is Grade.REFUSED:
        return "refused"
    texts = [
        f"predictions differ by up to {reading.difference:g}"
        if each == "predictions" and reading.difference is not None
        else each
        for each in reading.differs
    ]
    return ", ".join(texts)
