"""The answer for a file: the environments that read it, and a chain to the wanted environment. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.readers.chains import Chain, Step, find_chain
from harness.readers.grading import Grading, ReaderAnswer
from harness.readers.matching import SimilarModels, models_like
from harness.readers.writers import Writers
from harness.saved_models.file_facts import FileFacts, Format
from harness.transfer.grades import Grade
from harness.transfer.table import Transfer

SCHEMA = 1
_TABLE_NAMES = {Format.SAVED_MODEL: "tf"}
"""Formats that the table calls otherwise."""


@dataclass(frozen=True, kw_only=True)
class Install:
    """An environment that reads a file, and how to make it."""

    environment: str
    grade: Grade
    commands: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FileAnswer:
    """The answer about a file and its readers."""

    name: str
    facts: FileFacts
    written_by: Writers
    alike: SimilarModels
    readers: tuple[ReaderAnswer, ...]
    wanted: str | None = None
    chain: Chain | None = None
    chain_tried: bool = False
    """True if the steps of the chain were run with the file itself, and not with files like it."""
    install: Install | None = None
    source: str = ""
    """The source of the answer, in words."""
    order: tuple[str, ...] = ()
    """All environments, in their order: neighbours are shown as a range."""
    tried: bool = False
    """True if the file itself was run, and not files like it."""

    @property
    def known(self) -> bool:
        """Return whether there is an answer for any reader."""
        return any(each.grade is not Grade.NOT_TESTED for each in self.readers)


def table_format(format: Format) -> str:
    """Return the name that the table has for a format."""
    return _TABLE_NAMES.get(format, format.value)


def answer_from_table(
    name: str, facts: FileFacts, written_by: Writers, table: Transfer, wanted: str | None
) -> FileAnswer:
    """Return the answer of the table for a file. Without a known writer, every reader is not tested."""
    alike, format = models_like(facts, table), table_format(facts.format)
    if alike.any_layers:  # a file exists, so it has a model that its writer can write in this format
        models = [
            each
            for each in alike.models
            if any(table.writing(each, format, writer).written is not False for writer in written_by.ids)
        ]
        alike = replace(alike, models=tuple(models))
    grading = Grading(
        table=table,
        models=alike.models,
        any_layers=alike.any_layers,
        foreign=alike.foreign.keys(),
        layers=facts.layers,
    )
    readers = tuple(grading.answer(written_by.ids, format, each) for each in table.readers)
    known = any(each.grade is not Grade.NOT_TESTED for each in readers)
    return FileAnswer(
        name=name,
        facts=facts,
        written_by=written_by,
        alike=alike,
        readers=readers,
        order=table.readers,
        wanted=wanted,
        chain=find_chain(grading, written_by.ids, format, wanted) if known and wanted is not None else None,
        source=f"the table of {table.generated}" if table.generated else "",
    )


def best_reader(readers: Sequence[ReaderAnswer]) -> ReaderAnswer | None:
    """Return the last reader with the best grade; None if none loads the file."""
    for grade in (Grade.FULL, Grade.PARTIAL):
        found = [each for each in readers if each.grade is grade]
        if found:
            return found[-1]
    return None


def document(answer: FileAnswer) -> dict[str, Any]:
    """Return an answer as a JSON document: docs/schemas/readers.schema.json."""
    facts = answer.facts
    return {
        "schema": SCHEMA,
        "file": {
            "name": answer.name,
            "format": facts.format.value,
            "writer": facts.writer or (", ".join(answer.written_by.ids) or None),
            "written_by": list(answer.written_by.ids),
            "exact": answer.written_by.exact,
            "saved": facts.saved,
            "backend": facts.backend,
            "layers": list(facts.layers),
            "custom": list(facts.custom),
            "code": list(facts.code),
            "compiled": facts.compiled,
            "notes": [*facts.notes, *([answer.written_by.reason] if answer.written_by.reason else [])],
        },
        "source": answer.source,
        "tried": answer.tried,
        "models": list(answer.alike.models),
        "layers_without_a_model": list(answer.alike.missing),
        "wanted": answer.wanted,
        "readers": [_reader(each) for each in answer.readers],
        "chain": None if answer.chain is None else [_step(each) for each in answer.chain.steps],
        "chain_tried": answer.chain_tried,
        "chain_cells": [] if answer.chain is None else list(answer.chain.cells),
        "install": None
        if answer.install is None
        else {"environment": answer.install.environment, "commands": list(answer.install.commands)},
    }


def _reader(reader: ReaderAnswer) -> dict[str, Any]:
    silent = reader.grade is Grade.SILENT
    return {
        "environment": reader.environment,
        "grade": (Grade.PARTIAL if silent else reader.grade).value,
        "silent": silent,
        "differs": list(reader.differs),
        "error": reader.error or None,
        "note": reader.note,
        "link": reader.link,
        "cells": list(reader.cells),
        "untested": list(reader.untested),
        "reason": reader.reason or None,
    }


def _step(step: Step) -> dict[str, Any]:
    return {"load_in": step.load_in, "save_as": step.save_as, "cells": list(step.cells)}
