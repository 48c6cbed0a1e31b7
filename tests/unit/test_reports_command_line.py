"""The arguments with which a report runs its script."""

import pytest

from harness.reports import read_report
from harness.reports.command_line import ASK_FOR_ARGUMENTS, reads_arguments, typed_arguments
from harness.reports.two_runs import as_two_runs

SCRIPT = """\
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--data")
print(open(parser.parse_args().data).read())
"""


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        pytest.param("    python train.py --data points.csv --epochs 2", ("--data", "points.csv", "--epochs", "2"), id="block"),
        pytest.param("$ CUDA_VISIBLE_DEVICES=-1 python3.11 -u ./train.py 'a b' > log.txt 2>&1", ("a b",), id="prompt"),
        pytest.param("I run `python train.py --n 3`, and", ("--n", "3"), id="in a sentence"),
        pytest.param("!python train.py --n=3  # small", ("--n=3",), id="notebook, comment"),
        pytest.param("python train.py a | tee log", ("a",), id="pipe"),
        pytest.param("python train.py --data <your file>", None, id="placeholder"),
        pytest.param("python train.py --data $DATA", None, id="variable"),
        pytest.param("python train.py", None, id="no arguments"),
        pytest.param("python other.py --n 3", None, id="another script"),
        pytest.param("The script train.py --n 3 is in python", None, id="prose"),
    ],
)  # fmt: skip
def test_arguments_of_a_command_line(text, arguments):
    found = typed_arguments(f"Title\n\n{text}\n", script="train.py", attached=True)
    assert (found.arguments if found is not None else None) == arguments


def test_other_command_lines_are_listed():
    found = typed_arguments("python a.py save\npython a.py load x\n", script="a.py", attached=True)
    assert found.decision == "run with the arguments of line 1: save; not with those of other lines: load x"


def test_script_of_a_folder_gets_its_arguments_and_the_files_that_they_name(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "points.csv").write_text("1,2\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("Fails in TensorFlow 2.16.2:\n\n    python train.py --data points.csv\n")
    report = read_report(tmp_path)
    assert '# args = ["--data", "points.csv"]' in report.scripts[0].text
    assert [each.name for each in report.companions] == ["points.csv"]
    assert ASK_FOR_ARGUMENTS not in report.questions
    (tmp_path / "points.csv").unlink()
    assert (
        "The script reads `points.csv`, which is not attached. Could you attach it?" in read_report(tmp_path).questions
    )


def test_arguments_that_a_report_does_not_say_are_asked_for():
    report = read_report(f"TensorFlow 2.16.2\n```python\n{SCRIPT}```\n")
    assert ASK_FOR_ARGUMENTS in report.questions
    assert ASK_FOR_ARGUMENTS not in as_two_runs(report, "--data a", "--data b").questions
    own = f'{SCRIPT}# /// script\n# [tool.harness]\n# args = ["--data", "x"]\n# ///\n'
    assert ASK_FOR_ARGUMENTS not in read_report(f"TensorFlow 2.16.2\n```python\n{own}```\n").questions
    assert not reads_arguments("this is no Python")


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("import sys\nprint(sys.argv[1])\n", True),
        ("import sys\nprint(sys.argv[1:])\n", True),
        ("import sys\nmain(argv=sys.argv)\n", True),
        ("import sys\nunittest.main(argv=[sys.argv[0], test])\n", False),
        ("import os, sys\nprint(os.path.dirname(sys.argv[0]))\n", False),
    ],
)
def test_the_name_of_the_script_is_no_argument(text, reads):
    assert reads_arguments(text) is reads
