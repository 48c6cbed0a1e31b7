"""Put new reads into a published table: what was not read again stays as it is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.model import Case, Label, Scenario
from harness.transfer.grades import NOT_TESTED, Grade, Reading
from harness.transfer.table import Format, Line, Model, Transfer, Writing

Key = tuple[str, str, str]


def merged(old: Transfer, new: Transfer, scenario: Scenario, environments: Sequence[str]) -> Transfer:
    """Return the table of both; a read of `new` replaces that of `old`. All have the labels of the scenario.

    Cases that the scenario no longer has are left out, and so are environments that are not in `environments`, which
    is the order of the lines and columns.
    """
    old = _labelled(old, scenario.header.labels)
    values = {name: [str(value) for value in values] for name, values in scenario.header.parameters}
    cases: list[Key] = []
    for case in scenario.cases():
        model, format, option = (str(value) for _, value in case.parameters)
        cases.append((model, format, option))
    writers = [each for each in environments if each in {*old.writers, *new.writers}]
    readers = [each for each in environments if each in {*old.readers, *new.readers}]
    squares = {
        key: _square(old, new, key, writers, readers) for key in cases if key in old.squares or key in new.squares
    }
    places = {**old.places, **new.places}
    models = {each.name: each for each in (*old.models, *new.models)}
    formats = {each.name: each for each in (*old.formats, *new.formats)}
    return replace(
        new,
        models=tuple(_model(old, models[name]) for name in values["model"] if name in models),
        formats=tuple(_format(old, formats[name]) for name in values["format"] if name in formats),
        options=tuple(name for name in values["option"] if name in {*old.options, *new.options}),
        places={id: places[id] for id in environments if id in {*writers, *readers}},
        writers=tuple(writers),
        readers=tuple(readers),
        squares=squares,
    )


def _labelled(table: Transfer, labels: Sequence[Label]) -> Transfer:
    """Return a table in which the labels of today explain the failures, where one does."""
    squares = {}
    for key, lines in table.squares.items():
        squares[key] = {
            writer: replace(
                line,
                readings=tuple(
                    _explained(reading, labels, table.case(*key), reader)
                    for reading, reader in zip(line.readings, table.readers, strict=True)
                ),
            )
            for writer, line in lines.items()
        }
    return replace(table, squares=squares)


def _explained(reading: Reading, labels: Sequence[Label], case: Case, reader: str) -> Reading:
    if not reading.error:
        return reading
    found = (e for e in labels if e.matches(stage=reading.stage, error=reading.error, case=case, environment=reader))
    label = next(found, None)
    return replace(reading, label=label.label, note=label.note, link=label.link) if label else reading


def _square(old: Transfer, new: Transfer, key: Key, writers: list[str], readers: list[str]) -> dict[str, Line]:
    lines = {}
    for writer in writers:
        before, after = (table.squares.get(key, {}).get(writer) for table in (old, new))
        if before is None and after is None:
            continue
        # A read that was not repeated stays as it was.
        writing = next(
            (e.writing for e in (after, before) if e is not None and e.writing.written is not None), Writing()
        )
        lines[writer] = Line(
            writing=writing,
            readings=tuple(
                _reading(old, new, before, after, each) if writing.written else NOT_TESTED for each in readers
            ),
        )
    return lines


def _reading(old: Transfer, new: Transfer, before: Line | None, after: Line | None, reader: str) -> Reading:
    found = [
        line.readings[table.readers.index(reader)]
        for table, line in ((new, after), (old, before))
        if line is not None and reader in table.readers
    ]
    graded = (each for each in found if each.grade is not Grade.NOT_TESTED)
    return next(graded, found[0] if found else NOT_TESTED)


def _model(old: Transfer, model: Model) -> Model:
    """Return a model with the layers that any writer reported."""
    layers = next((each.layers for each in old.models if each.name == model.name), ())
    return replace(model, layers=tuple(sorted({*model.layers, *layers})))


def _format(old: Transfer, format: Format) -> Format:
    title = next((each.title for each in old.formats if each.name == format.name), "")
    return replace(format, title=format.title or title)
