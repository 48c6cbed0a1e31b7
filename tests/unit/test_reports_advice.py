"""What to do about a file that is no script: the command that takes it as it is, where there is one."""

import json

import pytest

from harness.errors import UsageError
from harness.reports import read_report
from harness.reports.kinds import advice
from harness.reports.scripts import check_script, find_fault


def refusal_of(text):
    return check_script(text, name="report.py", fault=find_fault(text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps({"cells": [{"cell_type": "code", "source": "1"}], "metadata": {}}), id="notebook"),
        pytest.param("# Title\n\n```python\nimport keras\n```\n", id="issue"),
        pytest.param(">>> import keras\n>>> keras.version()\n", id="transcript"),
        pytest.param("import keras\ndef test_it():\n    assert keras\n", id="pytest"),
    ],
)
def test_triage_is_named_for_what_it_reads(text):
    assert advice(refusal_of(text), "my report.py").startswith("`harness triage 'my report.py'` reads it. Or ")


@pytest.mark.parametrize("text", ["", "import keras\nprint keras\n"])
def test_other_files_are_to_be_changed(text):
    refusal = refusal_of(text)
    assert advice(refusal, "report.py") == refusal.next_step


def test_a_path_that_does_not_exist_says_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="Check the path, or write - to read"):
        read_report(tmp_path / "nothing.md")
