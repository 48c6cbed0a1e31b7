"""What is no script, or does nothing, is refused by the command line once, before anything runs or is recorded."""

import json
import sys

import pytest

from harness.interpreters import Interpreters

NOTEBOOK = {
    "cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "source": ["import demo\n", "demo.build([1])"]}],
    "metadata": {}, "nbformat": 4, "nbformat_minor": 0,
}  # fmt: skip
ONE_TEST = "import unittest\nclass A(unittest.TestCase):\n    def test_a(self):\n        assert 0\n"
REFUSED = {
    "notebook": ("report.ipynb", json.dumps(NOTEBOOK), "report.ipynb:1: this is a Jupyter notebook"),
    "notebook named as a script": ("report.py", json.dumps(NOTEBOOK), "report.py:1: this is a Jupyter notebook"),
    "pytest": ("test_report.py", "import demo\ndef test_build(model):\n    demo.build([1])\n", "test_build needs the fixture model"),
    "empty": ("report.py", "", "report.py: this is an empty file"),
    "definitions": ("report.py", "import demo\ndef main():\n    demo.build([1])\n", "report.py:2: this is a script with imports and def"),
    "imports": ("report.py", "import demo\n", 'add a statement such as print("imported")'),
    "issue body": ("report.md", "# Title\n\nIt fails.\n\n```python\nimport demo\n```\n", "report.md:5: this is the text of an issue"),
    "transcript": ("report.py", ">>> import demo\n>>> demo.build([1])\n(1,)\n", "report.py:1: this is a transcript"),
    "magics": ("report.py", "# comment\n!pip install demo\nimport demo\n", "report.py:2: this is a script with notebook magics"),
    "plotting": ("report.py", "import demo\n%matplotlib inline\n", "report.py:2: this is a script with notebook magics"),
    "Python 2": ("report.py", "import demo\nprint demo.VERSION\n", "report.py:2: this is Python 2 code"),
    "typographic quotes": ("report.py", "import demo\nprint(“demo”)\n", "report.py:2: this is code that went through a word processor"),
    "binary": ("model.keras", b"PK\x03\x04\xff\x00\x01", "model.keras: cannot be read: it is a ZIP archive"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_script_is_refused_once_and_before_anything_runs(project, tmp_path, name):
    file, text, said = REFUSED[name]
    path = tmp_path / file
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = project.call("run", str(path), status=2)
    assert said in done.stderr
    assert "1 problem:" in done.stderr
    assert done.stdout == ""
    assert not project.store.exists()
    assert not (project.cache / "environments").exists()


def test_every_script_that_cannot_be_used_is_named_at_once(project, tmp_path):
    paths = []
    for name in ("transcript", "magics", "imports"):
        paths.append(tmp_path / f"{name}.py")
        paths[-1].write_text(REFUSED[name][1])
    assert "3 problems:" in project.call("run", *map(str, paths), status=2).stderr


@pytest.mark.parametrize("command", ["plan", "pinpoint"])
def test_other_commands_refuse_it_too(project, tmp_path, command):
    path = tmp_path / "report.py"
    path.write_text("import demo\n")
    searched = ["--package", "demo", "--in", "demo1.1"] if command == "pinpoint" else []
    assert "only imports" in project.call(command, str(path), *searched, status=2).stderr


def test_first_step_of_two_is_looked_at_as_well(two_step, tmp_path):
    folder = tmp_path / "pair"
    folder.mkdir()
    (folder / "write.py").write_text("import demo\n\ndef save():\n    demo.save('model.txt', 'weights')\n")
    (folder / "read.py").write_text("import demo\ndemo.load('model.txt')\n")
    assert f"{folder / 'write.py'}:3: " in two_step.call("run", str(folder), status=2).stderr


def test_scenarios_of_the_project_are_held_to_the_same(project):
    path = project.scenario("build/idle.py", '"""Builds."""\nimport demo\n\n\ndef build():\n    demo.build([1])\n')
    assert f"{path}:5: this is a script with imports and definitions only" in project.call("run", status=2).stderr


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="needs a Python that knows more syntax than this one")
def test_script_that_only_a_newer_python_reads_is_looked_at_by_that_one(project, tmp_path):
    if not any(interpreter.version >= "3.12" for interpreter in Interpreters(project.cache, uv=None).installed()):
        pytest.skip("there is no newer Python here")
    path = tmp_path / "report.py"
    path.write_text("type X = int\nprint(X)\n")
    project.call("plan", str(path))
    path.write_text("type X = int\n\ndef main():\n    print(X)\n")
    assert "report.py:3: this is a script with imports and def" in project.call("plan", str(path), status=2).stderr


def test_script_that_no_single_python_reads_is_refused(project, tmp_path):
    """`async` was a name until 3.7, and the type statement came with 3.12."""
    path = tmp_path / "report.py"
    path.write_text("type X = int\nasync = 1\n")
    assert "this is code with a syntax error" in project.call("plan", str(path), status=2).stderr


def test_scripts_that_run_their_tests_themselves_are_run(project, tmp_path):
    path = tmp_path / "report.py"
    path.write_text(ONE_TEST + "if __name__ == '__main__':\n    unittest.main()\n")
    done = project.run(str(path), "--environments", "demo1.0")
    assert done.cell("report@demo1.0")["outcome"] == "failed"


@pytest.mark.parametrize("ending", ["", "if __name__ == '__main__':\n    unittest.main()\n"])
def test_each_test_of_a_unittest_file_is_a_case(project, tmp_path, ending):
    path = tmp_path / "test_report.py"
    path.write_text(f"{ONE_TEST}    def test_b(self):\n        import demo\n        demo.build([1])\n{ending}")
    done = project.run(str(path), "--environments", "demo1.0")
    failed = done.cell("test_report[test=A.test_a]@demo1.0")
    assert (failed["outcome"], failed["stage"]) == ("failed", "test_a")
    assert done.cell("test_report[test=A.test_b]@demo1.0")["outcome"] == "passed"
    assert "line 4, in test_a" in project.call("show", f"{path}[test=A.test_a]@demo1.0").stdout
    assert "AssertionError" in project.call("replay", "test_report[test=A.test_a]@demo1.0").stdout


def test_each_test_function_is_a_case_with_its_own_failure(project, tmp_path):
    path = tmp_path / "test_report.py"
    path.write_text("import demo\n\ndef test_one():\n    demo.build([1])\n\ndef test_two():\n    assert demo == 1\n")
    done = project.run(str(path), "--environments", "demo1.0")
    assert done.cell("test_report[test=test_one]@demo1.0")["outcome"] == "passed"
    assert done.cell("test_report[test=test_two]@demo1.0")["error"].startswith("AssertionError")
