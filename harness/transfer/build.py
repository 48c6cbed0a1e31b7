"""Make the table from attempts. Pure: the caller reads them from the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import UsageError
from harness.model import Attempt, Case, Label, Outcome, Scenario, label_of, reduced
from harness.transfer.grades import NOT_TESTED, Reading, measured_in, reading_of
from harness.transfer.table import PLAIN, Format, Line, Model, Place, Transfer, Writing

PARAMETERS = ("model", "format", "option")
"""The parameters that a scenario of the table declares, in this order."""


@dataclass(frozen=True, kw_only=True)
class WriterResult:
    """The newest attempt of a writer, with the digest and the size of its files if it left some."""

    attempt: Attempt
    sha256: str | None = None
    size: int | None = None


def require_table(scenario: Scenario) -> None:
    """Raise UsageError unless a scenario can be shown as a table of readers."""
    names = tuple(name for name, _ in scenario.header.parameters)
    if scenario.write is None or names != PARAMETERS:
        raise UsageError(
            f"{scenario.name}: is no scenario for a table of readers",
            why=f"Such a scenario has write.py and read.py, and read.py declares {', '.join(PARAMETERS)}",
            next_step="docs/writing_a_scenario.md has an example",
        )


@dataclass(kw_only=True)
class _Facts:
    """Facts of models and formats that writers measured. The first writer of a model or format counts."""

    layers: dict[str, set[str]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    keeps: dict[str, str] = field(default_factory=dict)
    stored_as: dict[str, str] = field(default_factory=dict)

    def add(self, model: str, format: str, measured: Mapping[str, Any]) -> None:
        """Add the measurements of a writer. All its layers count."""
        self.layers.setdefault(model, set()).update(_texts(measured.get("layers")))
        self.titles.setdefault(model, str(measured.get("title", "")))
        self.keeps.setdefault(format, str(measured.get("keeps", "model")))
        self.stored_as.setdefault(format, str(measured.get("stored_as", "")))

    def model(self, name: str) -> Model:
        """Return a model of the table."""
        return Model(name=name, title=self.titles.get(name, ""), layers=tuple(sorted(self.layers.get(name, ()))))

    def format(self, name: str) -> Format:
        """Return a format of the table."""
        return Format(name=name, title=self.stored_as.get(name, ""), keeps=self.keeps.get(name, "model"))


def build(
    scenario: Scenario,
    places: Sequence[Place],
    *,
    writers: Sequence[str],
    readers: Sequence[str],
    written: Mapping[tuple[Case, str], WriterResult],
    read: Mapping[tuple[Case, str, str], Attempt],
    day: str,
) -> Transfer:
    """Return the table of the given attempts: those of writers by case and writer, of reads also by reader.

    `day` is the date of the results, YYYY-MM-DD. A case without an attempt has no square.
    """
    require_table(scenario)
    readings = {key: reading_of(attempt, scenario.header.labels) for key, attempt in read.items()}
    labels = scenario.write.header.labels if scenario.write is not None else ()
    squares: dict[tuple[str, str, str], Mapping[str, Line]] = {}
    first_option = next((str(case.values["option"]) for case in scenario.cases()), PLAIN)
    facts = _Facts()
    for case in scenario.cases():
        model, format, option = (str(value) for _, value in case.parameters)
        lines = {}
        for writer in writers:
            found = written.get((case, writer))
            line = _line(found, [readings.get((case, writer, reader), NOT_TESTED) for reader in readers], labels)
            if line is not None:
                lines[writer] = line
            measured = measured_in(found.attempt.evidence.stdout) if found is not None else None
            if measured is not None:
                facts.add(model, format, measured)
        tested = any(reading != NOT_TESTED for line in lines.values() for reading in line.readings)
        # A writer writes once for all options: it says nothing about options without a reader.
        unwritten = any(line.writing.written is False for line in lines.values())
        if tested or (unwritten and option == first_option):
            squares[model, format, option] = lines
    values = {name: [str(value) for value in values] for name, values in scenario.header.parameters}
    used = {place for key in squares for place in enumerate(key)}
    return Transfer(
        scenario=scenario.name,
        generated=day,
        models=tuple(facts.model(name) for name in values["model"] if (0, name) in used),
        formats=tuple(facts.format(name) for name in values["format"] if (1, name) in used),
        options=tuple(name for name in values["option"] if (2, name) in used) or (PLAIN,),
        places={place.id: place for place in places if place.id in {*writers, *readers}},
        writers=tuple(writers),
        readers=tuple(readers),
        squares=squares,
    )


def _line(found: WriterResult | None, readings: list[Reading], labels: Iterable[Label]) -> Line | None:
    if found is None:
        return None
    # That there is no file is one reason for the whole line.
    writing = _writing(found, labels)
    return Line(writing=writing, readings=tuple(readings) if writing.written else (NOT_TESTED,) * len(readings))


def _writing(found: WriterResult, labels: Iterable[Label]) -> Writing:
    attempt = found.attempt
    if attempt.outcome is Outcome.PASSED:
        return Writing(written=True, sha256=found.sha256, size=found.size)
    if attempt.is_verdict and attempt.outcome not in (Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY):
        label = label_of(attempt, labels)
        where = f"fails at {attempt.stage}: " if attempt.stage else ""
        reason = f"{where}{reduced(attempt.error) or attempt.outcome}"
        return Writing(written=False, reason=f"{reason} ({label.note})" if label else reason)
    applies = attempt.outcome is not Outcome.NOT_APPLICABLE or attempt.cause is not None
    return Writing(written=None if applies else False, reason=attempt.reason or str(attempt.outcome))


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
