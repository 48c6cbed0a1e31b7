"""The notes of the published table of readers: a workaround that a note names is shown by a read of the same table."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.transfer.grades import Grade
from harness.transfer.table import load_transfer

TABLE = load_transfer(Path(__file__).parents[2] / "results" / "transfer" / "transfer.json")
WORKS = (Grade.FULL, Grade.PARTIAL)
LEGACY = [each.id for each in TABLE.places.values() if ("TF_USE_LEGACY_KERAS", "1") in each.variables]
KERAS_2 = [id for id in TABLE.readers if dict(TABLE.places[id].packages).get("keras", "").startswith("2.")]
# A text in a note, and the reads that prove it.
WAYS = {
    r"compile=False": lambda each: [replace(each, option="compile=False")],
    r"(?<!wrote it, with )safe_mode=False": lambda each: [replace(each, option="safe_mode=False")],
    r"wrote it, with safe_mode=False": lambda each: [replace(each, option="safe_mode=False", reader=each.writer)],
    r"TFSMLayer": lambda each: [replace(each, option="TFSMLayer")],
    r"\bPass custom_objects": lambda each: [replace(each, option="custom_objects")],
    r"with TF_USE_LEGACY_KERAS=1": lambda each: [
        replace(each, reader=reader, option=option) for reader in LEGACY for option in (each.option, "plain")
    ],
    r"TensorFlow 2\.13 or later": lambda each: [replace(each, reader=each.writer)],
    r"TensorFlow 2\.15": lambda each: [replace(each, reader=reader) for reader in KERAS_2],
    r"(Use|Save to) \.keras": lambda each: [replace(each, format=".keras", option="plain")],
    r"weights from \.weights\.h5": lambda each: [replace(each, format=".weights.h5", option="plain")],
    r"read it in the same version": lambda each: [replace(each, format=".keras", option="plain", reader=each.writer)],
    r"(Use|Save to) \.h5": lambda each: [replace(each, format=".h5", option="plain")],
    r"the (Keras|TensorFlow) that wrote it(?!, with)": lambda each: [replace(each, reader=each.writer)],
}


def notes():
    found = {}
    for each in TABLE.questions():
        if note := TABLE.reading(each).note:
            found.setdefault(note, []).append(each)
    return found


@pytest.mark.parametrize(
    ("note", "way"),
    [(note, way) for note in notes() for way in WAYS if re.search(way, note.partition(". ")[2])],
)
def test_workaround_in_a_note_was_read(note, way):
    proofs = [proof for each in notes()[note] for proof in WAYS[way](each)]
    assert any(TABLE.reading(each).grade in WORKS for each in proofs), note
