"""Reports as they arrive: the right scenario, the claims with their lines, and what is asked where something is missing.

The reports in tests/reports are written in own words after public threads; `source` in their expected.json names them.
Accept what is read in them now: ACCEPT_REPORTS=1 python -m pytest tests/unit/test_reports_reading.py
"""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.project.syntax import tree_of
from harness.reports import read_report
from harness.reports.mentions import find_mentions
from harness.reports.report import Form, Says
from harness.reports.report_folder import write_report
from harness.reports.scripts import check_script, find_fault

REPORTS = Path(__file__).parents[1] / "reports"
EXPECTED = "expected.json"


def source_of(folder):
    """The folder, or the only file in it: as it would be named on the command line."""
    files = [path for path in folder.iterdir() if path.name not in (EXPECTED, "__pycache__")]
    return files[0] if len(files) == 1 and files[0].is_file() else folder


def read_as_document(folder):
    report = read_report(source_of(folder))
    document = report.document()
    document["dropped"] = [[each["file"], each["line"], each["why"]] for each in document["dropped"]
                           if each["file"] != EXPECTED]  # fmt: skip
    document["outputs"] = [[each["file"], each["line"], each["role"]] for each in document["outputs"]]
    document["scripts"] = {each.name: (each.text or "").split("\n") for each in report.scripts}
    return document


@pytest.mark.parametrize("name", sorted(path.name for path in REPORTS.iterdir() if path.is_dir()))
def test_report_is_read_as_expected(name):
    folder = REPORTS / name
    path = folder / EXPECTED
    read = read_as_document(folder)
    if os.environ.get("ACCEPT_REPORTS"):
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        path.write_text(
            json.dumps({"source": known.get("source", ""), **read}, indent=1, ensure_ascii=False) + "\n",
            encoding="utf-8",
        )
    expected = json.loads(path.read_text(encoding="utf-8"))
    assert expected.pop("source")
    assert read == expected


@pytest.mark.parametrize("name", sorted(path.name for path in REPORTS.iterdir() if path.is_dir()))
def test_extracted_scenario_is_one_that_runs(name):
    for script in read_report(source_of(REPORTS / name)).scripts:
        assert check_script(script.text, name=script.name, fault=find_fault(script.text)) is None


def claims(text):
    return [(each.place.line, each.says.value, each.package, each.version) for each in read_report(text).claims]


CLAIMS = {
    "since": ("# x\n\nGone since TF 2.14.0.\n", [(3, "fails", "tensorflow", "2.14.0")]),
    "works in, fails in": (
        "It works in Keras 3.4.1 and fails in 3.5.0.\n", [(1, "works", "keras", "3.4.1"), (1, "fails", "keras", "3.5.0")],
    ),
    "works in, not in": (
        "This worked in TF 2.12, but not in TF 2.13: it raises.\n",
        [(1, "works", "tensorflow", "2.12"), (1, "fails", "tensorflow", "2.13")],
    ),
    "moved from": (
        "After the upgrade from TF 2.15 one of our unit tests fails.\n", [(1, "works", "tensorflow", "2.15")],
    ),
    "updated from": ("Since updating from Keras 3.5, training hangs.\n", [(1, "works", "keras", "3.5")]),
    "moved": (
        "After upgrading from Keras 3.5 to 3.6 training hangs.\n", [(1, "works", "keras", "3.5"), (1, "fails", "keras", "3.6")],
    ),
    "up to": ("It was there up to TF 2.12.\n", [(1, "works", "tensorflow", "2.12")]),
    "with and without": (
        "With NumPy 1.19.5 it\nbuilds. With numpy 1.20 it does not work.\n",
        [(1, "works", "numpy", "1.19.5"), (2, "fails", "numpy", "1.20")],
    ),
    "no complaint": ("With TF 2.15.1 the file was written without any complaint.\n", [(1, "works", "tensorflow", "2.15.1")]),
    "no such warning": ("No such warning with TensorFlow 2.15.1.\n", [(1, "works", "tensorflow", "2.15.1")]),
    "fixed": ("Fixed in Keras 3.9.0.\n", [(1, "works", "keras", "3.9.0")]),
    "writer": ("A file that was saved with Keras 3.6 cannot be loaded with 3.7.\n", [(1, "fails", "keras", "3.7")]),
    "numbers": ("Keras 3.9.2 shows 18.53 and 3.8, and not 30.0 and 5.0.\n", [(1, "fails", "keras", "3.9.2")]),
    "git describe": (
        "- TensorFlow version (use command below): v2.5.0-0-ga4dfb8d1a71 2.5.0\n", [(1, "fails", "tensorflow", "2.5.0")],
    ),
    "git describe of a candidate": (
        "**TensorFlow version** v2.14.0-rc1-21-g4dacf3f368e 2.14.0\n", [(1, "fails", "tensorflow", "2.14.0")],
    ),
    "form": ("### TensorFlow version\n\ntf 2.16.1\n\n### Python version\n\n3.11\n", [(3, "fails", "tensorflow", "2.16.1")]),
    "form of keras": ("**Keras version:** 3.4.1\n**Backend**: jax\n", [(1, "fails", "keras", "3.4.1")]),
    "nightly": (
        "### Have you reproduced the bug with TensorFlow Nightly?\n\nYes\n", [(3, "fails", "tf-nightly", "nightly")],
    ),
    "pip list": (
        "```\nPackage      Version\n------------ -------\nkeras        3.3.3\nnumpy        1.26.4\ntensorflow   2.16.1\n```\n",
        [(4, "fails", "keras", "3.3.3"), (6, "fails", "tensorflow", "2.16.1")],
    ),
    "conflict": (
        'pip says "tensorflow 2.5.0 requires numpy~=1.19.2, but you have numpy 1.20.3".\n', [(1, "fails", "numpy", "1.20.3")],
    ),
    "table of versions": (
        "| keras | result |\n| --- | --- |\n| 3.3.3 | ok |\n| 3.4.0, 3.4.1 | ValueError |\n",
        [(3, "works", "keras", "3.3.3"), (4, "fails", "keras", "3.4.0"), (4, "fails", "keras", "3.4.1")],
    ),
    "session": (
        "```\n>>> import keras\n>>> keras.__version__\n'3.1.1'\n>>> keras.x\nAttributeError: no x\n```\n",
        [(4, "fails", "keras", "3.1.1")],
    ),
    "attempts": (
        "# Old TensorFlow 2 files\n\n## First\n2.11.0\n\n```\n>>> load()\nTraceback (most recent call last):\nOSError: no\n```\n"
        "## Second\n2.13.1\n\n```\n>>> load()\n<Model>\n```\n",
        [(4, "fails", "tensorflow", "2.11.0"), (12, "works", "tensorflow", "2.13.1")],
    ),
    "works for one and fails for another": (
        "## Second\nTF 2.13.1\n\n```\n>>> load(1)\n<Model>\n```\n\nOthers say `TypeError: wrong type` there.\n",
        [(2, "works", "tensorflow", "2.13.1"), (2, "fails", "tensorflow", "2.13.1")],
    ),
    "downgrade": ("Downgrading to keras 3.3.3 solves the problem.\n", [(1, "works", "keras", "3.3.3")]),
    "still": ("After downgrading to keras 3.3.3 it still fails.\n", [(1, "fails", "keras", "3.3.3")]),
    "in brackets": (
        "Introduced in Keras 3.6.0, which fails (3.5.0 was good).\n",
        [(1, "fails", "keras", "3.6.0"), (1, "works", "keras", "3.5.0")],
    ),
    "lines with marks": (
        "TF 2.10 ✅\nTF 2.11 ❌\n", [(1, "works", "tensorflow", "2.10"), (2, "fails", "tensorflow", "2.11")],
    ),
    "but not in": (
        "Files saved in TF 2.12 load in TF 2.12 but not in TF 2.13\n",
        [(1, "works", "tensorflow", "2.12"), (1, "fails", "tensorflow", "2.13")],
    ),
    "several": (
        "Tested with TF 2.13, 2.14 and 2.15, all fail.\n",
        [(1, "fails", "tensorflow", "2.13"), (1, "fails", "tensorflow", "2.14"), (1, "fails", "tensorflow", "2.15")],
    ),
    "dependency": ("Note that keras 3.0 requires h5py.\n", []),
    "nothing": ("My model is slow.\n", []),
}  # fmt: skip


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_have_their_line_version_and_verdict(name):
    text, expected = CLAIMS[name]
    assert claims(text) == expected


def test_table_of_writers_and_readers_names_both():
    text = "Keras:\n\n| saved with | loaded with | |\n| --- | --- | --- |\n| 3.6.0 | 3.7.0, 3.8.0 | TypeError |\n| 3.7.0 | 3.7.0 | ok |\n"
    read = [(each.writer, each.version, each.says) for each in read_report(text).claims]
    assert read == [("3.6.0", "3.7.0", Says.FAILS), ("3.6.0", "3.8.0", Says.FAILS), ("3.7.0", "3.7.0", Says.WORKS)]


CODE = "import keras\nmodel = keras.Sequential()\nprint(model)\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"Fails.\n\n```python\n{CODE}```\n", 4),
        (f"Fails.\n\n~~~\n{CODE}~~~\n", 4),
        ("Fails.\n\n" + "".join(f"    {line}\n" for line in CODE.splitlines()), 3),
        (f"* Fails:\n\n  ```\n  {CODE.replace(chr(10), chr(10) + '  ')}```\n", 4),
        (f"> ```\n> {CODE.replace(chr(10), chr(10) + '> ')}```\n", 2),
        (f"<details><summary>Code</summary>\n```python\n{CODE}```\n</details>\n", 3),
        (f"<pre>\n{CODE}</pre>\n", 2),
        (f"### Standalone code to reproduce the issue\n\n```shell\n{CODE}```\n", 4),
        (CODE, 1),
    ],
    ids=["fenced", "tildes", "indented", "in a list", "quoted", "details", "html", "shell of the form", "script"],
)
def test_code_is_found_in_each_form(text, line):
    report = read_report(text)
    assert [each.text for each in report.scripts] == [CODE]


class TestTranscripts:
    def test_expressions_show_their_value_as_at_the_prompt(self, capsys):
        report = read_report(
            ">>> x = 3\n>>> x\n3\n>>> for each in (1, None):\n...     each\n...\n1\n>>> print('a'); 'b'\n"
        )
        exec(compile(report.scripts[0].text, "script", "exec"), {})
        assert capsys.readouterr().out == "3\n1\na\n'b'\n"
        assert report.form is Form.TRANSCRIPT

    def test_ipython_shows_the_last_expression_of_a_cell(self, capsys):
        report = read_report("In [1]: x = 3\n   ...: x\n   ...: x + 1\nOut[1]: 4\n\nIn [2]: x;\n\nIn [3]: %timeit x\n")
        exec(compile(report.scripts[0].text, "script", "exec"), {})
        assert capsys.readouterr().out.startswith("4\n")

    def test_output_is_kept_apart(self):
        report = read_report(">>> import os\n>>> os.x\nTraceback (most recent call last):\nAttributeError: no x\n")
        assert (report.failure.type, report.failure.message, report.failure.place.line) == ("AttributeError", "no x", 4)
        assert "Traceback" not in report.scripts[0].text


class TestNotebooks:
    def notebook(self, *sources):
        cells = [{"cell_type": "code", "source": each, "outputs": [], "execution_count": 1} for each in sources]
        return json.dumps({"cells": cells, "nbformat": 4, "metadata": {}})

    def test_magics_are_removed_and_listed(self):
        report = read_report(
            self.notebook("%%time\n!pip install -q keras==3.4.1 pandas\nimport os\n%env A=b\nprint(os);")
        )
        assert "pip" not in report.scripts[0].text
        assert report.requirements == ("keras==3.4.1", "pandas")
        assert report.variables == (("A", "b"),)
        assert [each.text for each in report.dropped] == ["%%time", "!pip install -q keras==3.4.1 pandas", "%env A=b"]

    def test_percent_in_python_stays(self):
        report = read_report(self.notebook("x = (7\n  % 3)\nprint('!no', x)"))
        assert report.dropped == ()
        assert "% 3" in report.scripts[0].text

    @pytest.mark.parametrize(
        "text",
        [
            '{"cells": [{"cell_type": "code", "source": ' + "[" * 10_000 + "]" * 10_000 + "}]}",
            '{"cells": [{"cell_type": "code", "source": 5, "outputs": 5}, 3, null], "nbformat": 4}',
            '{"cells": [{"cell_type": "code", "source": [1], "outputs": [1, {"output_type": "error"}]}], "nbformat": 4}',
            '{"cells": [{"cell_type": "code", "sou',
        ],
        ids=["deep", "types", "outputs", "cut off"],
    )
    def test_damaged_one_is_no_scenario_and_no_error(self, text):
        report = read_report(text)
        assert not report.runnable
        assert report.questions


def test_code_that_runs_nothing_is_left_out_with_the_reason():
    report = read_report("Keras 3.4.1\n```python\nasync def main():\n    1 / 0\nmain()\n```\n")
    assert not report.runnable
    assert [each.why for each in report.dropped] == [
        "the call only makes a coroutine, and nothing awaits it: the function does not run (line 3)"
    ]
    assert report.questions == (
        "The code shows nothing as it is: the call only makes a coroutine, and nothing awaits it: the function does not run "
        "(line 3). Could you post code that does?",
    )


class TestFolders:
    def test_only_what_the_script_names_is_copied(self, tmp_path):
        folder = tmp_path / "sent"
        (folder / "models").mkdir(parents=True)
        (folder / "report.md").write_text("Fails with Keras 3.4.1.\n")
        (folder / "repro.py").write_text("import steps\nsteps.load('models/a.keras')\n")
        (folder / "steps.py").write_text("def load(path):\n    return open(path).read()\n")
        (folder / "other.py").write_text("print(1)\n")
        (folder / "models" / "a.keras").write_bytes(b"PK\x03\x04\xff")
        (folder / "answer.json").write_text("not read")
        report = read_report(folder)
        assert [each.name for each in report.scripts] == ["repro.py"]
        assert [each.name for each in report.companions] == ["steps.py", "models/a.keras"]
        assert {each.place.file for each in report.dropped} == {"other.py", "answer.json"}
        target = tmp_path / "made"
        assert write_report(report, target) == target / "repro.py"
        assert (target / "models" / "a.keras").read_bytes() == b"PK\x03\x04\xff"
        document = json.loads((target / "report.json").read_text())
        assert document["claims"] == [
            {"text": "Fails with Keras 3.4.1.", "line": 1, "file": "report.md", "says": "fails", "package": "keras",
             "version": "3.4.1", "writer": None}
        ]  # fmt: skip

    def test_two_steps_stay_two(self, tmp_path):
        (tmp_path / "write.py").write_text("open('x.txt', 'w').write('1')\n")
        (tmp_path / "read.py").write_text("print(open('x.txt').read())\n")
        report = read_report(tmp_path)
        assert [each.name for each in report.scripts] == ["write.py", "read.py"]
        assert not any("attach" in each for each in report.questions)
        assert write_report(report, tmp_path / "made") == tmp_path / "made"

    def test_links_are_not_followed(self, tmp_path):
        (tmp_path / "secret.txt").write_text("secret")
        folder = tmp_path / "sent"
        folder.mkdir()
        (folder / "repro.py").write_text("print(open('data.txt').read())\n")
        (folder / "data.txt").symlink_to(tmp_path / "secret.txt")
        assert read_report(folder).companions == ()

    def test_empty_one_is_refused(self, tmp_path):
        with pytest.raises(UsageError, match="there is no report in it"):
            read_report(tmp_path)


class TestQuestions:
    @pytest.mark.parametrize(
        ("text", "asked"),
        [
            ("It does not work.\n", "has no code"),
            ("![error](https://example.org/1.png)\n", "in an image"),
            ("```python\nmodel.fit(\n```\n", "Could you post the whole script"),
            ("```python\nimport keras\n\ndef f():\n    ...\n```\n", "stands in place of code"),
            ("```python\nmodel.fit(x_train)\n```\n", "`model`, `x_train`"),
            ("```python\nx = input('?')\nprint(x)\n```\n", "waits for typed input"),
            ("```python\nfrom google.colab import drive\ndrive.mount('/content')\n```\n", "service of Colab"),
            ("```python\nimport keras\nkeras.models.load_model('mine.h5')\n```\n", "`mine.h5`"),
            ("```python\nimport tensorflow as tf\nwith tf.device('/GPU:0'):\n    print(1)\n```\n", "run without one"),
            ("```python\nimport torch\nprint(torch.ones(1).cuda())\n```\n", "run without one"),
            ("```python\nimport winreg\nprint(winreg)\n```\n", "needs Windows"),
            ("```python\nimport os\nos.startfile('x')\n```\n", "needs Windows"),
            ("```python\nimport AppKit\nprint(AppKit)\n```\n", "needs macOS"),
            ("```python\napi_key = 'abcdefgh12345'\nprint(api_key)\n```\n", "password or an access key"),
            ("```python\nimport keras\ndef f(x):\n    return x\n```\n", "Which call shows the problem"),
            ("```python\nimport a\na.f()\n```\n\n```python\nimport b\nb.g()\n```\n", "2 separate code examples"),
        ],
        ids=["no code", "image", "cut off", "placeholder", "names", "input", "colab", "file", "gpu", "cuda", "windows", "startfile", "macos", "key", "call", "two"],
    )  # fmt: skip
    def test_what_is_missing_is_asked(self, text, asked):
        assert any(asked in each for each in read_report(text).questions)

    def test_code_that_is_cut_off_is_asked_for_once(self):
        (question,) = read_report("TF 2.9.1.\n\n```python\nmodel.fit(\n```\n").questions
        assert "'(' was never closed" in question

    def test_long_log_is_read_in_part_and_said_so(self, tmp_path):
        path = tmp_path / "report.md"
        path.write_text("# Fails in TF 2.15.0\n\n```\n" + "I tensorflow/core: 2.4.1\n" * 400_000 + "```\n")
        report = read_report(path)
        assert report.claims[0].version == "2.15.0"
        assert any("is too long: 399600 lines" in each.why for each in report.dropped)

    def test_code_and_claims_behind_a_long_log_are_read_with_their_lines(self, tmp_path):
        path = tmp_path / "report.md"
        log = "2024-05-01 10:00:00.1: W tensorflow/core/op_kernel.cc:1] failed\n" * 150_000
        path.write_text(f"It fails.\n```\n{log}```\nTF 2.15.1\n```python\n{CODE}```\n")
        report = read_report(path)
        assert [each.text for each in report.scripts] == [CODE]
        assert [(each.version, each.place.line) for each in report.claims] == [("2.15.1", 150_004)]

    def test_end_of_a_long_text_without_blocks_is_read(self):
        report = read_report("words and words\n" * 100_000 + f"\nTF 2.15.1\n```python\n{CODE}```\n")
        assert [each.text for each in report.scripts] == [CODE]
        assert any("is too long" in each.why for each in report.dropped)

    def test_file_of_many_megabytes_is_read_in_part_and_said_so(self, tmp_path):
        path = tmp_path / "report.md"
        path.write_text("# Fails in TF 2.15.0\n\n" + f"{'x' * (1 << 20)}\n" * 65)
        report = read_report(path)
        assert report.claims[0].version == "2.15.0"
        assert any("the file has 65 MiB" in each.why for each in report.dropped)

    @pytest.mark.parametrize("text", ['{"cells": ' + "[" * 50_000 + "]" * 50_000 + "}", "{}", "not JSON", ""])
    def test_file_of_a_notebook_that_is_none_is_called_damaged(self, tmp_path, text):
        path = tmp_path / "mine.ipynb"
        path.write_text(text)
        report = read_report(path)
        assert (report.form, report.scripts) == (Form.NOTEBOOK, ())
        assert "The notebook is damaged" in report.questions[0]

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("```\nx = (1" + "\n" * 200_000 + "y\n```\n", id="newlines in open code"),
            pytest.param("fails in TF 2.15.1\n" + "\n" * 260_000, id="newlines"),
            pytest.param(f"TF 2.15 fails{' ' * 3900}x\n" * 65, id="spaces"),
            pytest.param(f"| |||||||{'-' * 3900}x|\n" * 65, id="dashes"),
            pytest.param("TF 2.15 fails" + ", and" * 50_000, id="clauses"),
            pytest.param(">>> x\n" * 40_000, id="prompts"),
        ],
    )
    def test_repeated_characters_take_no_quadratic_time(self, text):
        assert read_report(text).claims is not None

    def test_model_file_is_no_report(self, tmp_path):
        path = tmp_path / "model.keras"
        path.write_bytes(b"PK\x03\x04\xff\x00")
        with pytest.raises(UsageError, match=r"(?s)is a saved model, not a report.*harness readers"):
            read_report(path)


def test_what_gh_prints_has_title_and_date():
    body = json.dumps({"title": "Gone in TF 2.13.1", "body": f"```\n{CODE}```\n", "createdAt": "2024-05-06T07:08:09Z"})
    report = read_report(body)
    assert (report.title, report.date.isoformat()) == ("Gone in TF 2.13.1", "2024-05-06")
    assert [each.text for each in report.scripts] == [CODE]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("TF2.13.0rc2", [("tensorflow", "2.13.0rc2")]),
        ("tensorflow-cpu==2.16.1", [("tensorflow", "2.16.1")]),
        ("Keras version: `3.4.1`", [("keras", "3.4.1")]),
        ("tf_keras 2.16.0", [("tf-keras", "2.16.0")]),
        ("site-packages/keras/src 3.4.1", []),
        ("PyTorch 2.3.1", [("torch", "2.3.1")]),
    ],
)
def test_versions_are_found_as_people_write_them(text, found):
    assert [(each.package, each.version) for each in find_mentions(text)] == found


PARTS = ["```python\n", "```\n", ">>> ", "In [1]: ", "# ", "    ", "import keras\n", "x = 1\n", "Keras 3.4.1 fails", "\n\n",
         "| a | b |\n| - | - |\n", "<pre>", "</details>", "Traceback (most recent call last):\n", "ValueError: no\n", "%env A=b\n",
         "!pip install keras==3.4.1\n", "def test_a():\n    pass\n", '"""', "...", "works in 2.12, ", "“", '{"cells": [', "\u2028"]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS) | st.text(max_size=20), max_size=25).map("".join))
def test_any_text_is_read_and_what_runs_is_a_script(text):
    report = read_report(text)
    json.dumps(report.document())
    for script in report.scripts:
        assert tree_of(script.text) is None or check_script(script.text, name=script.name) is None
    assert report.runnable or report.questions
    for claim in report.claims:
        assert claim.place.line >= 1
        assert claim.version
