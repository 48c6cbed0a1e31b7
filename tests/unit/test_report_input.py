"""The input of `harness triage`: empty input is an error of the user, not a report with questions."""

import io
from pathlib import Path

import pytest

from harness.commands.report_input import reason_without_code, report_source
from harness.errors import UsageError
from harness.reports import read_report
from harness.triage.composing import unanswerable
from harness.triage.reply import markdown


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


@pytest.mark.parametrize(
    ("address", "next_step"),
    [
        ("https://github.com/a-team/lib/issues/7", "`gh issue view https://github.com/a-team/lib/issues/7 --json title,body,createdAt | harness triage -` reads it"),
        ("https://github.com/a-team/lib/pull/7/files", "`gh pr view https://github.com/a-team/lib/pull/7 --json title,body,createdAt | harness triage -` reads it"),
        ("https://example.org/notebook.ipynb", "Download it, and name the file"),
    ],
    ids=["issue", "pull request", "other"],
)  # fmt: skip
def test_address_is_refused_with_the_command_that_reads_it(address, next_step):
    with pytest.raises(UsageError, match="is an address") as caught:
        report_source(address)
    assert caught.value.next_step == next_step


def test_report_that_is_too_long_has_no_code_first_of_all():
    report = read_report("INFO epoch 1 loss 0.3\n" * 100_000)
    assert reason_without_code(report).startswith("no code was found; the text is too long")
    assert report.questions[0].startswith("The report has no code. ")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"cells": [ {"cell_type": "code", "source": ["import keras"', "it is not valid JSON"),
        ('{"nbformat": 4}', "it has no cells"),
    ],
)
def test_damaged_notebook_is_asked_for_again(tmp_path, text, why):
    path = tmp_path / "report.ipynb"
    path.write_text(text, encoding="utf-8")
    report = read_report(path)
    assert reason_without_code(report) == f"the notebook is damaged: {why}"
    assert [question for question in report.questions if "notebook is damaged" in question]


def test_damaged_notebook_in_a_folder_is_named(tmp_path):
    code = "```python\nimport keras\n\nkeras.Sequential().build((1, 2))\n```\n"
    (tmp_path / "report.md").write_text("# It fails\n\n" + code, encoding="utf-8")
    (tmp_path / "report.ipynb").write_text('{"nbformat": 4', encoding="utf-8")
    report = read_report(tmp_path)
    assert report.runnable
    assert "the notebook is damaged: it is not valid JSON" in [each.why for each in report.dropped]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "```\nTraceback (most recent call last):\nValueError: no\n```\n",
            "no code was found, only output and other text",
        ),
        (
            '```python\n  File "a.py", line 3, in f\nValueError: no\n```\n',
            "no code was found, only output and other text",
        ),
        (
            "```python\nimport keras\n\nclass M(keras.Model):\n    pass\n```\n",
            "its code only defines, and calls nothing",
        ),
        ("```python\nimport keras\nmodel.fit(...)\n```\n", "incomplete: `...` stands in place of code"),
    ],
)
def test_reason_says_what_the_report_has(text, reason):
    report = read_report(text)
    questions = 2 if report.failures else 1  # the code, and of a failure the versions
    assert (report.runnable, reason_without_code(report), len(report.questions)) == (False, reason, questions)
    answer = markdown(unanswerable(report, reason, provides={}))
    assert answer.count("ould not be reproduced") == 1
    assert "not possible" not in answer


@pytest.mark.parametrize(
    ("name", "what", "step"),
    [
        ("my model.keras", "is a saved model, not a report", "harness readers '"),
        ("a.h5", "is a saved model, not a report", "harness readers "),
        ("report.zip", "is an archive, not a report", "Unpack it, and name the folder"),
        ("report.tar.gz", "is an archive, not a report", "Unpack it, and name the folder"),
    ],
)
def test_model_and_archive_are_no_reports(tmp_path, name, what, step):
    (tmp_path / name).write_bytes(b"PK\x03\x04 and more")
    with pytest.raises(UsageError) as raised:
        read_report(tmp_path / name)
    assert what in str(raised.value)
    assert step in raised.value.next_step
