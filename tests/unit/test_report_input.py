"""The input of `harness triage`: empty input is an error of the user, not a report with questions."""

import io
from pathlib import Path

import pytest

from harness.commands.report_input import reason_without_code, report_source
from harness.errors import UsageError
from harness.reports import read_report


class Input:
    def __init__(self, data):
        self.buffer = io.BytesIO(data)


def test_standard_input_is_the_text(monkeypatch):
    monkeypatch.setattr("sys.stdin", Input(b"# It fails"))
    assert report_source("-") == "# It fails"


@pytest.mark.parametrize("data", [b"", b" \n\n"])
def test_empty_standard_input_is_refused(monkeypatch, data):
    monkeypatch.setattr("sys.stdin", Input(data))
    with pytest.raises(UsageError, match="Standard input is empty"):
        report_source("-")


def test_empty_file_is_refused(tmp_path):
    path = tmp_path / "report.md"
    path.touch()
    with pytest.raises(UsageError, match="the file is empty"):
        report_source(str(path))


@pytest.mark.parametrize("name", ["missing.md", "."])
def test_paths_are_left_to_the_reader(tmp_path, name):
    assert report_source(str(tmp_path / name)) == Path(tmp_path / name)


def test_report_that_is_too_long_has_no_code_first_of_all():
    report = read_report("INFO epoch 1 loss 0.3\n" * 100_000)
    assert reason_without_code(report).startswith("no code was found; the text is too long")
    assert report.questions[0].startswith("The report has no code. ")


def test_damaged_notebook_is_asked_for_again(tmp_path):
    path = tmp_path / "report.ipynb"
    path.write_text('{"cells": [ {"cell_type": "code", "source": ["import keras"', encoding="utf-8")
    report = read_report(path)
    assert reason_without_code(report) == "the notebook is damaged: it is not valid JSON"
    assert [question for question in report.questions if "notebook is damaged" in question]
