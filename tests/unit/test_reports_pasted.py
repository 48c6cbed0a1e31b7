"""Reports as they are pasted: as HTML, with values below the code, with signatures, and with logs beside the script."""

import datetime as dt
import json
import time

import pytest

from harness.reports import read_report
from harness.reports.pieces import read_pieces
from harness.reports.signatures import is_signature
from harness.reports.web_page import as_markdown, is_page
from harness.reports.writer_versions import written_with

CODE = "import keras\n\nlayer = keras.layers.Dense(2)\n\nprint(layer(keras.ops.ones((1, 2))))"

PAGE = """\
<h1 class="title">Loading fails in <code>3.5.0</code></h1>
<p dir="auto">It worked in Keras 3.4.1 &amp; before.</p>
<div class="highlight highlight-source-python" dir="auto"><pre class="notranslate"><span class="pl-k">import</span> keras

model = keras.Sequential()

<span class="pl-c"># a &lt; b</span>
print(model)</pre></div>
<h3>Log</h3>
<div><pre>Traceback (most recent call last):
  File "x.py", line 6, in &lt;module&gt;

ValueError: no such layer</pre></div>
<script>import nothing</script>
"""


def said(report):
    return [(each.says.value, each.package, each.version) for each in report.claims]


def test_page_keeps_code_with_blank_lines_and_its_line_numbers():
    report = read_report(PAGE)
    assert report.title == "Loading fails in `3.5.0`"
    assert [each.text for each in report.scripts] == [
        "import keras\n\nmodel = keras.Sequential()\n\n# a < b\nprint(model)\n"
    ]
    assert said(report) == [("fails", "keras", "3.5.0"), ("works", "keras", "3.4.1")]
    (failure,) = report.failures
    assert (failure.type, failure.message, failure.place.line) == ("ValueError", "no such layer", 13)


@pytest.mark.parametrize(
    "text",
    [
        "<p>one paragraph",
        "# Title\n\n<p>a</p><p>b</p>\n",
        f"<p>a</p>\n<p>b</p>\n```\n{CODE}\n```\n",
        "a <b> c",
        "",
        "<p align='center'>logo</p>\n<p>a</p>\n\n    for x in 1, 2:\n        print(x)\n",
    ],
    ids=["one tag", "Markdown before it", "fences", "text", "empty", "indented code"],
)
def test_markdown_with_tags_is_no_page(text):
    assert not is_page(text)


@pytest.mark.parametrize(
    "broken", ["<![if x", "<!", "<?x", "<![CDATA[", "<a <a ", "</", "&#", "<script>", "<pre>" * 3, "\0"]
)
def test_broken_page_is_read_all_the_same(broken):
    page = f"<p>It fails.</p>\n<p>{broken}</p>\n<pre>print(1)</pre>\n<p>end</p>\n"
    assert [line for _, line in as_markdown(page)][:1] == ["It fails."]
    assert read_report(page).name


def test_long_page_takes_no_time_for_each_pair_of_its_tags():
    start = time.process_time()
    for part in ("<a ", "<![x", "<pre>", "<script>", "<b>x</b>", "<p>"):
        as_markdown("<p>a</p>" + part * 40_000)
    assert time.process_time() - start < 20


def test_lines_of_a_page_are_marked_as_in_markdown():
    page = '<ul><li>a <b>b</b></li></ul><pre><code class="language-python">1\n2</code></pre><details><summary>S</summary></details>'
    assert [line for _, line in as_markdown(page) if line] == ["- a **b**", "```python", "1", "2", "```", "## S"]


def test_value_below_an_expression_is_no_code_and_the_expression_prints_it():
    text = """\
Keras version: 3.10.0

```python
import keras
layer = keras.layers.Dense(2)
x = keras.ops.ones((1, 2))
```
```python
layer(x)

<tf.Tensor: shape=(1, 2), dtype=float32, numpy=
array([[1., 1.]], dtype=float32)>
```
```python
# in a graph
keras.Sequential([layer]).predict(x)
array([[2., 2.]])
```
"""
    report = read_report(text)
    (script,) = report.scripts
    assert script.text is not None
    assert "sys.displayhook(layer(x))" in script.text
    assert "sys.displayhook(keras.Sequential([layer]).predict(x))" in script.text
    assert "array(" not in script.text
    assert [each.text.split("\n")[0] for each in report.outputs] == [
        "<tf.Tensor: shape=(1, 2), dtype=float32, numpy=", "array([[2., 2.]])",
    ]  # fmt: skip
    assert not any("does not define" in each for each in report.questions)


@pytest.mark.parametrize(
    "code",
    [
        "from numpy import array\nimport keras\nkeras.ops.sum(1)\narray([1, 2])\n",
        "import keras\nx = 1\narray([1, 2])\nprint(keras.ops.sum(x))\n",
    ],
    ids=["array is imported", "code follows"],
)
def test_call_of_array_is_code_if_it_can_be(code):
    assert "array([1, 2])" in (read_report(f"```python\n{code}```\n").scripts[0].text or "")


def test_signature_from_the_documentation_is_no_example():
    signature = "keras.layers.Embedding(\n    input_dim,\n    output_dim,\n    mask_zero=False,\n    **kwargs\n)\n"
    report = read_report(f"```\n{CODE}\n```\n\nThe documentation says\n\n```\n{signature}```\n")
    assert not any("separate code examples" in each for each in report.questions)
    assert not report.outputs
    assert is_signature(signature)
    assert not is_signature("keras.layers.Embedding(10, 2, mask_zero=False)\n")
    assert not is_signature("keras.layers.Embedding(size, width, mask, **options)\n")


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        ("It results in ValueError: Unknown argument passed: 'weights'", "Unknown argument passed: 'weights'"),
        ("This leads to TypeError: unsupported operand for the layer", "unsupported operand for the layer"),
    ],
)
def test_exception_in_a_sentence_is_the_failure(sentence, message):
    assert [each.message for each in read_report(f"{sentence}\n\n```\n{CODE}\n```\n").failures] == [message]


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("# A crash\n\nIt worked in 3.5 and crashes in 3.6.", [("works", "keras", "3.5"), ("fails", "keras", "3.6")]),
        ("# It fails in 2.4.1\n\nThe code works in 2.3.2.", [("fails", "tensorflow", "2.4.1"), ("works", "tensorflow", "2.3.2")]),
        ("# A crash\n\nWith Python it works in 3.10 and crashes in 3.11.", []),
        ("# Cannot load its files in 2.15.0 (but can load models made in 2.12)", [("fails", "tensorflow", "2.15.0")]),
        ("In Keras 3.6.0, losses were saved by their name.", []),
        (
            "# This works in keras 2.15 with TensorFlow 2.15 but does not 3.5 with TensorFlow 2.17\n\nA crash.",
            [("works", "keras", "2.15"), ("works", "tensorflow", "2.15"), ("fails", "keras", "3.5"), ("fails", "tensorflow", "2.17")],
        ),
        ("It works in TF 2.15 (Keras 2.15.0). It doesn't with 3.5.0.",
         [("works", "tensorflow", "2.15"), ("works", "keras", "2.15.0"), ("fails", "keras", "3.5.0")]),
    ],
    ids=["3 is no TensorFlow", "tf alone", "of Python", "made in", "were saved", "of the last that can", "does not with"],
)  # fmt: skip
def test_bare_versions_belong_to_the_package_that_can_have_them(text, claims):
    code = "import tensorflow as tf\nfrom tensorflow import keras\n" if "crash" in text else ""
    assert said(read_report(f"{text}\n\n```python\n{code}x = tf.keras.Input((2,))\nprint(x)\n```\n")) == claims


def test_question_about_a_class_is_not_asked_if_the_block_that_uses_it_is_broken():
    text = "```python\nclass Data:\n    pass\n```\n\n```python\nimport keras\ndata = Data()\nx = keras.Input((2,), name='a)\nprint(x)\n```\n"
    (question, *others) = read_report(text).questions
    assert question.startswith("The code of line 7 is incomplete or wrong")
    assert not any("Which call" in each for each in others)


def test_date_of_code_in_a_comment_is_that_of_the_comment():
    comments = [{"body": "Could you post code?", "createdAt": "2025-01-02T00:00:00Z"},
                {"body": f"```\n{CODE}\n```", "createdAt": "2025-03-04T00:00:00Z"}]  # fmt: skip
    issue = {"title": "A bug", "body": "It fails.", "createdAt": "2025-01-01T00:00:00Z", "comments": comments}
    assert read_report(json.dumps(issue)).date == dt.date(2025, 3, 4)
    assert read_report(json.dumps({**issue, "body": f"```\n{CODE}\n```"})).date == dt.date(2025, 1, 1)


def test_log_and_list_of_packages_beside_a_script_are_read(tmp_path):
    (tmp_path / "repro.py").write_text(f"{CODE}\n", encoding="utf-8")
    (tmp_path / "error.log").write_text(
        "2024-02-14 10:03:12.1: I tensorflow/core] x\nTraceback (most recent call last):\n"
        '  File "/venv/lib/python3.10/a.py", line 1, in f\nValueError: no such layer\n',
        encoding="utf-8",
    )
    (tmp_path / "notes.txt").write_text("nothing of interest", encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("keras==3.0.4\ntensorflow==2.15.0  # pinned\n", encoding="utf-8")
    report = read_report(tmp_path)
    assert [(each.type, each.place.file) for each in report.failures] == [("ValueError", "error.log")]
    assert said(report) == [("fails", "keras", "3.0.4"), ("fails", "tensorflow", "2.15.0")]
    assert report.date == dt.date(2024, 2, 14)
    assert not report.questions
    assert {each.place.file: each.why for each in report.dropped}["error.log"] == "what was shown, not code"


def test_data_that_the_script_names_is_no_log(tmp_path):
    (tmp_path / "repro.py").write_text('print(open("data.txt").read())\n', encoding="utf-8")
    (tmp_path / "data.txt").write_text("ValueError: a line of data\n", encoding="utf-8")
    report = read_report(tmp_path)
    assert [each.name for each in report.companions] == ["data.txt"]
    assert not report.failures


def test_writer_of_files_that_load_is_not_the_writer_of_the_failing_file():
    text = "Keras 3.6.0 cannot load files made in 3.5.0 (but can load those made in 3.4.0).\n"
    assert [each.value for each in written_with(read_pieces(text), "keras")] == ["3.5.0", "3.4.0"]
    assert said(read_report(text)) == [("fails", "keras", "3.6.0")]


WRITES = """\
@keras.saving.register_keras_serializable(package="Own")
class Own(keras.layers.Layer):
    pass


model = keras.Sequential([keras.Input((2,)), Own()])
model.save("own.keras")
"""
READS = 'keras.models.load_model("own.keras")\n'


@pytest.mark.parametrize(
    "text",
    [
        f"```\n{WRITES}\n# Now I restart the Colab session and run:\n{READS}```\n",
        f"```\n{WRITES}```\n\nThen, after restarting the kernel:\n\n```\n{READS}```\n",
        f"```\n{WRITES}```\n\nand in a new Python process\n\n```\n{READS}```\n",
    ],
    ids=["in a comment", "between blocks", "new process"],
)
def test_code_after_a_restart_is_a_step_of_its_own_without_the_definitions(text):
    report = read_report(f"# Loading fails in Keras 3.4.1\n\n{text}")
    write, read = report.scripts
    assert (write.name, read.name) == ("write.py", "read.py")
    assert "class Own" in (write.text or "")
    assert [line for line in (read.text or "").split("\n") if line and line[0] != "#"] == [
        "import keras",
        READS.strip(),
    ]
    assert any("in a new process" in each for each in report.decisions)


@pytest.mark.parametrize(
    "text",
    [
        f"```\n{WRITES}\n# restart the kernel\nprint(model)\n{READS}```\n",
        f"Restart the kernel if it hangs.\n\n```\n{WRITES}{READS}```\n",
    ],
    ids=["needs a name", "before all code"],
)
def test_restart_that_divides_nothing_leaves_one_script(text):
    assert len(read_report(f"# It fails\n\n{text}").scripts) == 1
