"""The table of who can read which file: its document, and what can be asked of it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from harness.errors import UsageError
from harness.transfer import svg
from harness.transfer.document import render
from harness.transfer.grades import NOT_TESTED, Grade, Reading
from harness.transfer.table import (
    Format,
    Line,
    Model,
    Place,
    Question,
    Transfer,
    Writing,
    load_transfer,
)
from harness.transfer.workarounds import Change, workarounds
from tests.schemas import validator

FULL = Reading(grade=Grade.FULL, difference=0.0)
SILENT = Reading(grade=Grade.SILENT, differs=("weights",), difference=0.3, stage="weights", error="AssertionError: x")
REFUSED = Reading(
    grade=Grade.REFUSED, stage="open", error="ValueError: no", label="bug", note="Save again.", link="https://x"
)
WRITTEN = Writing(written=True, sha256="ab" * 32, size=10)
NEITHER = Line(writing=Writing(written=False, reason="ValueError: not in this version"), readings=(NOT_TESTED,) * 2)


def table():
    return Transfer(
        scenario="transfer",
        generated="2026-11-30",
        models=(Model(name="dense", title="Two Dense layers", layers=("Dense",)), Model(name="rnn")),
        formats=(Format(name=".h5", title="HDF5"), Format(name=".keras")),
        options=("plain", "compile=False"),
        places={id: Place(id=id, python="3.11", packages=(("keras", id),)) for id in ("old", "new")},
        writers=("old", "new"),
        readers=("old", "new"),
        squares={
            ("dense", ".h5", "plain"): {
                "old": Line(writing=WRITTEN, readings=(FULL, SILENT)),
                "new": Line(writing=WRITTEN, readings=(REFUSED, FULL)),
            },
            ("rnn", ".h5", "plain"): {
                "old": Line(writing=WRITTEN, readings=(FULL, NOT_TESTED)),
                "new": NEITHER,
            },
            ("dense", ".h5", "compile=False"): {"new": Line(writing=WRITTEN, readings=(FULL, FULL))},
        },
    )


def ask(model="dense", format=".h5", writer="old", reader="new", option="plain"):
    return Question(model=model, format=format, writer=writer, reader=reader, option=option)


def test_document_matches_its_schema_and_reads_back(tmp_path):
    path = tmp_path / "transfer.json"
    path.write_text(render(table()), encoding="utf-8")
    validator("transfer").validate(json.loads(path.read_text(encoding="utf-8")))
    assert load_transfer(path) == table()


def test_equal_readings_are_written_once():
    document = json.loads(render(table()))
    assert [each["grade"] for each in document["readings"]] == ["full", "silent", "refused"]


@pytest.mark.parametrize(
    ("question", "reading"),
    [
        (ask(), SILENT),
        (ask(writer="new", reader="old"), REFUSED),
        (ask(writer="new", reader="old", option="compile=False"), FULL),
        (ask(model="rnn"), NOT_TESTED),
        (ask(model="unheard"), NOT_TESTED),
        (ask(format=".keras"), NOT_TESTED),
        (ask(reader="unheard"), NOT_TESTED),
        (ask(writer="unheard"), NOT_TESTED),
    ],
)
def test_reading(question, reading):
    assert table().reading(question) == reading


def test_writing():
    assert table().writing("dense", ".h5", "old") == WRITTEN
    assert table().writing("rnn", ".h5", "new").written is False
    assert table().writing("rnn", ".keras", "new").written is None


def test_cell_is_an_id_that_commands_take():
    assert table().cell(ask()) == "transfer[model=dense,format=.h5,option=plain]@old -> new"


def test_summary_names_models_by_grade():
    summary = table().summary(writer="old", reader="new", format=".h5")
    assert summary.grades[Grade.SILENT] == ("dense",)
    assert summary.grades[Grade.NOT_TESTED] == ("rnn",)
    assert (summary.worst, summary.differs, summary.carries_everything) == (Grade.SILENT, ("weights",), False)


def test_model_that_cannot_be_written_counts_for_no_grade():
    summary = table().summary(writer="new", reader="new", format=".h5")
    assert (summary.unwritten, summary.worst, summary.carries_everything) == (("rnn",), Grade.FULL, True)
    assert not summary.unwritable


def test_format_is_unwritable_only_if_no_model_was_left():
    only = table().only(models=["rnn"], writers=["new"], readers=["old"])
    assert only.summary(writer="new", reader="old", format=".h5").unwritable


def test_nothing_tested_carries_nothing():
    summary = table().summary(writer="old", reader="new", format=".keras")
    assert (summary.worst, summary.carries_everything) == (Grade.NOT_TESTED, False)


def test_untested_model_is_not_carried():
    """Unknown is never shown as a yes."""
    assert not table().summary(writer="old", reader="old", format=".keras").carries_everything
    assert table().summary(writer="old", reader="old", format=".h5").carries_everything


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 2}', "nonsense"])
def test_other_documents_are_refused(tmp_path, text):
    path = tmp_path / "transfer.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"transfer\.json"):
        load_transfer(path)


def test_missing_table_names_the_command(tmp_path):
    with pytest.raises(UsageError) as raised:
        load_transfer(tmp_path / "transfer.json")
    assert "harness transfer" in str(raised.value)


def test_picture_says_each_grade_without_colours_too():
    root = ET.fromstring(svg.render(table()))
    squares = list(root.findall("{http://www.w3.org/2000/svg}g"))
    rows = [[each.text for each in square.iter() if set(each.text or "?") <= set("✓p!✗")] for square in squares]
    marks = [list("".join(each)) for each in rows]
    # HDF5: old to old in full, old to new silently wrong, new to old refused, new to new in full; then with an option; legend.
    assert marks[0] == ["✓", "!", "✗", "✓"]
    assert marks[-1] == ["✓", "p", "!", "✗"]
    assert root.get("width") == root.get("viewBox").split()[2]


def test_workarounds_are_reads_of_the_table():
    way, written, other = workarounds(three_readers(), [ask(writer="new", reader="old")])
    assert (way.change, way.names, way.full, way.partial, way.tried) == (Change.OPTION, ("compile=False",), 1, 0, 1)
    assert way.shown_by == ask(writer="new", reader="old", option="compile=False")
    assert (written.change, written.shown_by) == (Change.WRITER, ask(writer="new", reader="new"))
    assert (other.change, other.names) == (Change.READER, ("newest",))


def test_what_was_not_read_is_no_workaround():
    found = workarounds(table(), [ask(model="rnn")])
    assert [each.change for each in found] == [Change.WRITER], "the reader `new` was not tested"
    only = table().only(models=["dense"], writers=["old"], readers=["new"])
    assert workarounds(only, [ask()]) == []


def test_reader_without_a_read_is_left_out():
    squares = {key: lines for key, lines in table().squares.items() if key[0] == "rnn"}
    assert table().tested() == table()
    assert replace(table(), squares=squares).tested().readers == ("old",)


def three_readers():
    """The table with one more reader, which reads everything in full."""
    one = table()
    squares = {
        key: {writer: replace(line, readings=(*line.readings, FULL)) for writer, line in lines.items()}
        for key, lines in one.squares.items()
    }
    return replace(one, readers=(*one.readers, "newest"), squares=squares)


def test_same_read_counts_once():
    one = table()
    third = {("dense", ".h5", "safe_mode=False"): one.squares["dense", ".h5", "plain"]}
    both = replace(one, options=(*one.options, "safe_mode=False"), squares={**one.squares, **third})
    way, *_ = workarounds(
        both, [ask(writer="new", reader="old"), ask(writer="new", reader="old", option="safe_mode=False")]
    )
    assert (way.change, way.names, way.full, way.tried) == (Change.OPTION, ("compile=False",), 1, 1)
