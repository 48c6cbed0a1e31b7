"""Scripts with files: what lies beside a script is copied to where it runs, if its header names it."""

import json

import pytest

HEADER = '# /// script\n# [tool.harness]\n# files = ["models", "steps.py"]\n# ///\n'
READS = """\
import os
import demo
import steps

here = os.path.dirname(os.path.abspath(__file__))
assert open("models/a.txt").read() == "content of a"
assert open(os.path.join(here, "models", "a.txt")).read() == "content of a"
assert steps.double(21) == 42
open("models/a.txt", "w").close()
open("written.txt", "w").close()
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "sent"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "a.txt").write_text("content of a")
    (folder / "steps.py").write_text("def double(number):\n    return 2 * number\n")
    return folder


def cells(project, *arguments):
    done = project.call("run", *map(str, arguments), "--environments", "demo1.0,demo1.1", "--json")
    return [(each["outcome"], each["error"] or "") for each in json.loads(done.stdout)["cells"]]


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_files_are_where_the_script_looks_for_them(project, folder, isolation):
    (folder / "reads.py").write_text(HEADER + READS)
    assert cells(project, folder / "reads.py", "--isolation", isolation) == [("passed", "")] * 2
    assert (folder / "models" / "a.txt").read_text() == "content of a", "an attempt has copies"


def test_changed_file_is_another_attempt(project, folder):
    path = folder / "reads.py"
    path.write_text(HEADER + READS)
    cells(project, path)
    (folder / "models" / "a.txt").write_text("other content")
    assert [outcome for outcome, _ in cells(project, path)] == ["failed"] * 2
    (folder / "models" / "a.txt").write_text("content of a")
    assert [outcome for outcome, _ in cells(project, path)] == ["passed"] * 2


def test_file_that_the_header_does_not_name_is_no_failure_of_the_release(project, folder):
    path = folder / "reads.py"
    path.write_text("import demo\nprint(open('models/a.txt').read())\n")
    done = project.call("run", str(path), "--environments", "demo1.0", "--json", status=None)
    (cell,) = json.loads(done.stdout)["cells"]
    assert cell["cause"] == "missing file"
    assert "Name it under `files`" in cell["reason"]


def test_cell_is_shown_and_replayed_by_its_id(project, folder):
    path = folder / "reads.py"
    path.write_text(HEADER + READS)
    cells(project, path)
    assert json.loads(project.call("show", "reads@demo1.0", "--json").stdout)["outcome"] == "passed"
    assert "passed" in project.call("replay", "reads@demo1.0").stdout
    (folder / "models" / "a.txt").write_text("other content")
    assert "have changed" in project.call("replay", "reads@demo1.0", status=1).stderr


def test_files_of_two_steps(project, folder):
    (folder / "write.py").write_text(
        '# /// script\n# [tool.harness]\n# files = ["models"]\n# ///\nimport demo\n'
        "open('models/a.txt', 'a').write(', longer')\n"
    )
    (folder / "read.py").write_text(
        '# /// script\n# [tool.harness]\n# files = ["models"]\n# ///\nimport demo\n'
        "assert open('models/a.txt').read() == 'content of a, longer'\n"
    )
    done = project.call("run", str(folder), "--writers", "demo1.0", "--readers", "demo1.1", "--json")
    assert [each["outcome"] for each in json.loads(done.stdout)["cells"]] == ["passed"]


def test_reader_starts_as_soon_as_its_writer_has_ended(project, tmp_path):
    """The second writer ends only when somebody read what the first one wrote."""
    folder, met = tmp_path / "meets", tmp_path / "met"
    folder.mkdir()
    (folder / "write.py").write_text(
        "import os\nimport time\nimport demo\n"
        "open('model.txt', 'w').write(demo.VERSION)\n"
        f"while demo.VERSION == '1.1' and not os.path.exists({str(met)!r}):\n    time.sleep(0.05)\n"
    )
    (folder / "read.py").write_text(
        "import demo\n"
        "version = open('model.txt').read()\n"
        f"if version == '1.0':\n    open({str(met)!r}, 'w').close()\n"
        "assert version in ('1.0', '1.1')\n"
    )
    done = project.call(
        "run", str(folder), "--writers", "demo1.0,demo1.1", "--readers", "demo1.0", "--sandbox", "off", "--jobs", "2",
        "--json",
    )  # fmt: skip
    cells = json.loads(done.stdout)["cells"]
    assert [(each["outcome"], each["reason"]) for each in cells] == [("passed", None)] * 2


ARGUMENTS = (
    "import sys\nimport demo\nassert sys.argv[1:] == ['--epochs', '3 4'], sys.argv\nassert sys.argv[0] == __file__\n"
)


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_arguments_of_the_command_line_and_of_the_header(project, tmp_path, isolation):
    typed = tmp_path / "typed.py"
    typed.write_text(ARGUMENTS)
    assert cells(project, typed, "--args=--epochs '3 4'", "--isolation", isolation) == [("passed", "")] * 2
    header = tmp_path / "header.py"
    header.write_text('# /// script\n# [tool.harness]\n# args = ["--epochs", "3 4"]\n# ///\n' + ARGUMENTS)
    assert cells(project, header, "--isolation", isolation) == [("passed", "")] * 2
    header.write_text(header.read_text().replace('["--epochs", "3 4"]', "\"--epochs '3 4'\""))
    assert cells(project, header, "--isolation", isolation) == [("passed", "")] * 2


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_standard_input(project, tmp_path, isolation):
    path = tmp_path / "asks.py"
    path.write_text(
        "import subprocess\nimport sys\nimport demo\nassert input('name? ') == 'näme'\n"
        "assert sys.stdin.read() == 'two\\nthree\\n'\n"
    )
    (tmp_path / "typed.txt").write_text("näme\ntwo\nthree\n", encoding="utf-8")
    assert cells(project, path, "--stdin", tmp_path / "typed.txt", "--isolation", isolation) == [("passed", "")] * 2


def test_other_arguments_are_another_script_with_results_of_its_own(project, tmp_path):
    path = tmp_path / "adds.py"
    path.write_text("import sys\nimport demo\nassert int(sys.argv[1]) < 10\n")
    assert [outcome for outcome, _ in cells(project, path, "--args=3")] == ["passed"] * 2
    assert [outcome for outcome, _ in cells(project, path, "--args=30")] == ["failed"] * 2
    done = project.call("table", str(path), "--args=3", "--environments", "demo1.0", "--format", "json")
    (cell,) = json.loads(done.stdout)["cells"]
    assert cell["outcome"] == "passed"
    assert "No answer" not in project.call("show", cell["cell"]).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--args=3"], "no script is named"),
        (["{folder}", "--args=3"], "it has two scripts"),
        (["{script}", "--stdin", "absent.txt"], "cannot be read"),
        (["{script}", "--args='3"], "cannot be split"),
    ],
    ids=["no script", "two scripts", "no file", "open quotation"],
)
def test_input_that_cannot_be_given(project, tmp_path, arguments, said):
    folder = tmp_path / "two"
    folder.mkdir()
    for name in ("write.py", "read.py"):
        (folder / name).write_text("import demo\nprint(1)\n")
    (tmp_path / "one.py").write_text("import demo\nprint(1)\n")
    typed = [each.format(folder=folder, script=tmp_path / "one.py") for each in arguments]
    assert said in project.call("run", *typed, status=2).stderr
