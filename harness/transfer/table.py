"""The table of who can read which file: models x formats x writers x readers. Pure; `load_transfer` reads it from disk.

table = load_transfer(Path("results/transfer/transfer.json"))
key = Question(model="dense", format=".keras", writer="tf2.13.1", reader="tf2.14.1")
table.reading(key).grade, table.reading(key).differs, table.cell(key)
table.summary(writer="tf2.13.1", reader="tf2.14.1", format=".keras")
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.filesystem.reading import parse_json
from harness.model import Case, Cell
from harness.transfer.grades import NOT_TESTED, Grade, Reading

SCHEMA = 1
PLAIN = "plain"
"""The option of a read without any option."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A kind of model: one that write.py makes."""

    name: str
    title: str = ""
    layers: tuple[str, ...] = ()
    """The classes of its layers, sorted: those that some writer reported."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """A way to store a model."""

    name: str
    """As the parameter `format` has it: `.keras`, `.h5`, `tf`, `.weights.h5`, `checkpoint`, `export`, `json`."""
    title: str = ""
    """The format in words, if `name` does not say it."""
    keeps: str = "model"
    """The kept part: `model`, `weights` (the code makes the model), `function` (for prediction)."""

    def __str__(self) -> str:
        return self.title or self.name


@dataclass(frozen=True, kw_only=True)
class Place:
    """An environment: a writer, a reader, or both."""

    id: str
    python: str = ""
    packages: tuple[tuple[str, str], ...] = ()
    """The versions of the packages that the project shows, such as tensorflow-cpu and keras."""
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Writing:
    """The result of a writer: the file, or why there is none."""

    written: bool | None = None
    """True: there is a file. False: it cannot be written. None: not tried."""
    reason: str = ""
    """The reason why there is no file."""
    sha256: str | None = None
    """The digest of the files, with their names."""
    size: int | None = None
    """Bytes."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One place in the table."""

    model: str
    format: str
    writer: str
    reader: str
    option: str = PLAIN


@dataclass(frozen=True, kw_only=True)
class Line:
    """The readings of one writer's file of a model in a format: one for each reader of the table."""

    writing: Writing
    readings: tuple[Reading, ...]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The results of a pair of environments for all models of a format."""

    grades: Mapping[Grade, tuple[str, ...]]
    """The models by grade, in the order of the table. Models that the writer cannot write are in none."""
    differs: tuple[str, ...]
    """The checks that differ for any model."""
    unwritten: tuple[str, ...]
    """The models for which there is no file."""

    @property
    def worst(self) -> Grade:
        """The worst grade of a model that was tested; not tested if there is none."""
        worst_first = (Grade.SILENT, Grade.REFUSED, Grade.PARTIAL, Grade.FULL)
        return next((grade for grade in worst_first if self.grades[grade]), Grade.NOT_TESTED)

    @property
    def tested(self) -> int:
        """The number of models that were read."""
        return sum(len(names) for grade, names in self.grades.items() if grade is not Grade.NOT_TESTED)

    @property
    def unwritable(self) -> bool:
        """True if the writer can write no model in this format."""
        return bool(self.unwritten) and not any(self.grades.values())

    @property
    def carries_everything(self) -> bool:
        """True if all models that were written were read in full, and at least one was."""
        return self.worst is Grade.FULL and not self.grades[Grade.NOT_TESTED]


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """The table. Writers and readers are in the order of the project: families, each from the oldest release on."""

    scenario: str
    generated: str
    models: tuple[Model, ...]
    formats: tuple[Format, ...]
    options: tuple[str, ...]
    places: Mapping[str, Place]
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    squares: Mapping[tuple[str, str, str], Mapping[str, Line]] = field(repr=False)
    """By model, format and option: the lines by writer."""

    def writing(self, model: str, format: str, writer: str) -> Writing:
        """Return the result of a writer for a model in a format."""
        for option in self.options:
            line = self.squares.get((model, format, option), {}).get(writer)
            if line is not None:
                return line.writing
        return Writing()

    def reading(self, question: Question) -> Reading:
        """Return the result of a read; `NOT_TESTED` if there is none."""
        line = self.squares.get((question.model, question.format, question.option), {}).get(question.writer)
        place = self._columns.get(question.reader)
        return NOT_TESTED if line is None or place is None else line.readings[place]

    def cell(self, question: Question) -> str:
        """Return the id of the cell that proves a reading: `harness show` and `harness replay` take it."""
        case = self.case(question.model, question.format, question.option)
        return str(Cell(case=case, environment=question.reader, writer=question.writer))

    def case(self, model: str, format: str, option: str) -> Case:
        """Return the case of a square."""
        return Case(scenario=self.scenario, parameters=(("model", model), ("format", format), ("option", option)))

    def summary(self, *, writer: str, reader: str, format: str, option: str = PLAIN) -> Summary:
        """Return the summary of a pair for all models of a format."""
        grades: dict[Grade, list[str]] = {grade: [] for grade in Grade}
        differs: dict[str, None] = {}
        unwritten = []
        for model in self.models:
            if (model.name, format, option) not in self.squares:
                continue
            reading = self.reading(
                Question(model=model.name, format=format, option=option, writer=writer, reader=reader)
            )
            if reading.grade is Grade.NOT_TESTED and self.writing(model.name, format, writer).written is False:
                unwritten.append(model.name)
                continue
            grades[reading.grade].append(model.name)
            differs |= dict.fromkeys(reading.differs)
        return Summary(
            grades={grade: tuple(names) for grade, names in grades.items()},
            differs=tuple(differs),
            unwritten=tuple(unwritten),
        )

    def only(self, *, models: Collection[str], writers: Collection[str], readers: Collection[str]) -> Transfer:
        """Return the part of the table with these models, writers and readers."""
        columns = [place for place, reader in enumerate(self.readers) if reader in readers]
        squares = {
            key: {
                writer: replace(line, readings=tuple(line.readings[column] for column in columns))
                for writer, line in lines.items()
                if writer in writers
            }
            for key, lines in self.squares.items()
            if key[0] in models
        }
        return replace(
            self,
            models=tuple(each for each in self.models if each.name in models),
            writers=tuple(each for each in self.writers if each in writers),
            readers=tuple(self.readers[column] for column in columns),
            places={id: place for id, place in self.places.items() if id in writers or id in readers},
            squares={key: lines for key, lines in squares.items() if lines},
        )

    def tested(self) -> Transfer:
        """Return the part of the table with the readers that have read anything."""
        read = {each.reader for each in self.questions() if self.reading(each).grade is not Grade.NOT_TESTED}
        return self.only(models=[each.name for each in self.models], writers=self.writers, readers=read)

    def pair(self, writer: str, reader: str) -> tuple[str, ...]:
        """Return the formats in which a pair carries everything, of every model that the writer can write in them."""
        formats = [each.name for each in self.formats]
        return tuple(e for e in formats if self.summary(writer=writer, reader=reader, format=e).carries_everything)

    def questions(self) -> Iterator[Question]:
        """Yield every place of the table that has a line, tested or not."""
        for (model, format, option), lines in self.squares.items():
            for writer in lines:
                for reader in self.readers:
                    yield Question(model=model, format=format, option=option, writer=writer, reader=reader)

    @functools.cached_property
    def _columns(self) -> Mapping[str, int]:
        return {id: place for place, id in enumerate(self.readers)}


def load_transfer(path: Path) -> Transfer:
    """Read a table from `results/transfer/transfer.json`. Raises UsageError if it is missing or not such a document."""
    try:
        document = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path}: there is no table of readers", why=str(error), next_step="`harness transfer --publish` writes it"
        ) from None
    try:
        return transfer_of(document)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise UsageError(f"{path} is not a table of readers", why=f"{type(error).__name__}: {error}") from None


def transfer_of(document: Mapping[str, Any]) -> Transfer:
    """Return the table of a document: see docs/schemas/transfer.schema.json."""
    if document["schema"] != SCHEMA:
        raise ValueError(f"its schema is {document['schema']!r}, and this version reads {SCHEMA}")
    found = [_reading(each) for each in document["readings"]]
    squares = {
        (square["model"], square["format"], square["option"]): {
            line["writer"]: Line(
                writing=Writing(
                    written=line["written"], reason=line["reason"] or "", sha256=line["sha256"], size=line["bytes"]
                ),
                readings=tuple(NOT_TESTED if number is None else found[number] for number in line["readings"]),
            )
            for line in square["lines"]
        }
        for square in document["squares"]
    }
    return Transfer(
        scenario=document["scenario"],
        generated=document["generated"],
        models=tuple(Model(name=e["model"], title=e["title"], layers=tuple(e["layers"])) for e in document["models"]),
        formats=tuple(Format(name=e["format"], title=e["title"], keeps=e["keeps"]) for e in document["formats"]),
        options=tuple(document["options"]),
        places={
            each["environment"]: Place(
                id=each["environment"],
                python=each["python"],
                packages=tuple(each["packages"].items()),
                variables=tuple(each["variables"].items()),
            )
            for each in document["environments"]
        },
        writers=tuple(document["writers"]),
        readers=tuple(document["readers"]),
        squares=squares,
    )


def _reading(value: Mapping[str, Any]) -> Reading:
    return Reading(
        grade=Grade(value["grade"]),
        differs=tuple(value["differs"]),
        difference=value["difference"],
        stage=value["stage"],
        error=value["error"] or "",
        label=value["label"],
        note=value["note"],
        link=value["link"],
        reason=value["reason"] or "",
    )
