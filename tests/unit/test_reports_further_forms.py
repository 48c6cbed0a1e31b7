"""Further forms that public reports had and that were misread at first. Each case is one of them, in own words."""

import pytest

from harness.reports import read_report
from harness.reports.code import has_placeholder
from harness.reports.described_runs import described_runs
from harness.reports.missing_exception import expected_exception, failing_without
from harness.reports.pieces import read_pieces
from harness.reports.usual_imports import usual_import
from harness.triage.claims import check, questions_about

CODE = "import keras\nmodel = keras.Sequential()\nprint(model)\n"

CLAIMS = {
    "it does not appear": (
        "### TensorFlow version\n\n2.13\n\n### Current behavior\n\nIt raises. This error does not appear in TF 2.12.\n",
        [("fails", "tensorflow", "2.13"), ("works", "tensorflow", "2.12")],
    ),
    "not present in": (
        "A problem in r2.4 of TensorFlow (not present in 2.3.1).\n",
        [("fails", "tensorflow", "2.4"), ("works", "tensorflow", "2.3.1")],
    ),
    "only reproduced in": (
        "I can only reproduce it on Keras 3.4 (two weeks old) and Keras 3.3.3 works.\n",
        [("fails", "keras", "3.4"), ("works", "keras", "3.3.3")],
    ),
    "working example": ("This minimal working example (with Keras 3.4.1) shows it.\n", [("fails", "keras", "3.4.1")]),
    "how to find the version": (
        "- TensorFlow version (use command below): 2.9.0\n\nYou can find the TensorFlow version with: 1. TF 1.0: `python -c\n"
        "\"import tensorflow as tf; print(tf.VERSION)\"` 2. TF 2.0: `python -c \"import tensorflow as tf; print(1)\"`\n",
        [("fails", "tensorflow", "2.9.0")],
    ),
    "last release that had something": (
        "It fails with keras 3.4.1. Keras 2.2.5 was the last release with Theano.\n", [("fails", "keras", "3.4.1")],
    ),
    "written by an older version": (
        "Loading fails in `3.4.1` if the file was saved with an older Keras version (ie. `3.3.3` here).\n",
        [("fails", "keras", "3.4.1")],
    ),
    "first saves": (
        "load_model in tf 2.3.0 raises an error.\n\nThe code first saves a model in TF 2.2.0, then load it.\n",
        [("fails", "tensorflow", "2.3.0")],
    ),
    "in this setup": (
        "I tried TensorFlow 2.15.1 without Keras 3.0.4, with one change. In this setup, it works.\n\nKeras 3.0.4 fails.\n",
        [("works", "tensorflow", "2.15.1"), ("fails", "keras", "3.0.4")],
    ),
    "versions with labels": (
        "- TensorFlow version: Windows: 2.7.1 / Colab: 2.8.0\n",
        [("fails", "tensorflow", "2.7.1"), ("fails", "tensorflow", "2.8.0")],
    ),
    "field of tf-keras": ("### tf-keras version\n\n2.16.0\n", [("fails", "tf-keras", "2.16.0")]),
    "the Keras of TensorFlow": ("It fails with tf.keras 2.12.\n", [("fails", "tensorflow", "2.12")]),
    "two installations": (
        "```\npip install keras==3.3.3\npython a.py\npip install keras==3.4.1\npython a.py\n```\n", [("fails", "keras", "3.4.1")],
    ),
    "commits": (
        "With Keras at commit 4f5b8ae1c2d it trains well, but at commit `9c7d2e4b11aa` the loss is nan.\n",
        [("works", "keras", "4f5b8ae1c2"), ("fails", "keras", "9c7d2e4b11")],
    ),
    "list of commits": ("It broke between commits 4f5b8ae and 9c7d2e4 of Keras. See order 1234567.\n",
                        [("works", "keras", "4f5b8ae"), ("fails", "keras", "9c7d2e4")]),
    "comments behind code": (
        "I tested keras 2.15 & 3.11.3.\n\n```\nimport keras\nprint(1)  # passes in keras 2.15\nprint(2)  # fails in keras 3.11.3\n```\n",
        [("fails", "keras", "3.11.3"), ("works", "keras", "2.15")],
    ),
    "tested in brackets": (
        "It works on older TensorFlow versions (e.g. I tested 2.1.0 and 2.3.0), but not in TF 2.8.\n",
        [("works", "tensorflow", "2.1.0"), ("works", "tensorflow", "2.3.0"), ("fails", "tensorflow", "2.8")],
    ),
    "two packages, two versions": (
        "After the Keras & TensorFlow upgrade to 3.3 and 2.16.1 I see a bug.\n",
        [("fails", "keras", "3.3"), ("fails", "tensorflow", "2.16.1")],
    ),
    "causes issues": (
        "# h5py==3.0.0 causes issues with model loads in tensorflow 2.1.0\n",
        [("fails", "h5py", "3.0.0"), ("fails", "tensorflow", "2.1.0")],
    ),
    "should raise": (
        "In Keras 3.13.1 (also 3.9.0) it does not raise an error. In Keras 3.8.0 this correctly raises a ValueError.\n",
        [("fails", "keras", "3.13.1"), ("fails", "keras", "3.9.0"), ("works", "keras", "3.8.0")],
    ),
    "pip show": ("```\nName: keras\nVersion: 3.4.1\nSummary: Deep learning\n```\n", [("fails", "keras", "3.4.1")]),
}  # fmt: skip


@pytest.mark.parametrize("name", CLAIMS)
def test_claims(name):
    text, expected = CLAIMS[name]
    assert [(each.says.value, each.package, each.version) for each in read_report(text).claims] == expected


def test_commit_is_no_release_and_is_asked_about():
    checked = check(read_report("At commit 9c7d2e4b11 of Keras it fails.\n").claims, (), provides={})
    assert [(str(each.result), each.note) for each in checked] == [
        (
            "not tested",
            "a commit, not a release: `harness pinpoint --repository DIR --commits GOOD..BAD` searches commits",
        )
    ]
    (question,) = questions_about(checked)
    assert question.startswith("Does it also fail with a released version? keras 9c7d2e4b11 was not tested: a commit")


DIVIDED = """import sys
import keras

def save():
    keras.Sequential().save("m.keras")

if "generate" in sys.argv:
    save()
else:
    keras.models.load_model("m.keras")
"""


@pytest.mark.parametrize(
    ("said", "runs"),
    [
        ("Run it with `generate` in Keras 3.3.3, then again without in Keras 3.4.1.\n", ("generate", "")),
        (
            "Call the script with the argument 'generate'. Then run it with 'test'.\n",
            None,
        ),  # of which it does not speak
        ("First:\n\n    python repro.py generate\n    python repro.py\n\nfails in Keras 3.4.1.\n", ("generate", "")),
        ("Run it with `eager` and then without.\n", None),
        ("    python repro.py generate\n", None),
    ],
)
def test_two_runs_that_a_report_tells(said, runs):
    assert described_runs(said, DIVIDED, name="", attached=False) == runs
    report = read_report(f"Loading fails in Keras 3.4.1.\n\n{said}\n```python\n{DIVIDED}```\n")
    assert [each.name for each in report.scripts] == (["report.py"] if runs is None else ["write.py", "read.py"])


def test_version_of_the_first_run_wrote_the_file():
    report = read_report(f"Run it with `generate` in Keras 3.3.3, then without in Keras 3.4.1.\n\n```\n{DIVIDED}```\n")
    assert [(each.name, each.value) for each in report.written_with] == [("keras", "3.3.3")]
    assert [(each.says.value, each.version) for each in report.claims] == [("fails", "3.4.1")]


def test_script_that_saves_and_loads_in_each_run_is_not_divided():
    script = "import sys\nimport keras\nkeras.Sequential().save(sys.argv[1])\nkeras.models.load_model(sys.argv[1])\n"
    assert described_runs("python a.py x.h5\npython a.py x.keras\n", script, name="", attached=False) is None


def test_versions_of_backends_that_the_script_does_not_use_are_no_claims():
    listed = "- keras: 3.7.0\n- torch: 2.4.1\n- jax: 0.4.34\n"
    report = read_report(f"Fails with jax, works with torch.\n\n{listed}\n```\n{CODE}```\n")
    assert [(each.package, each.version) for each in report.claims] == [("keras", "3.7.0"), ("jax", "0.4.34")]


def test_script_fails_where_the_expected_exception_is_missing(capsys):
    code = "layer = str\nlayer(\n    {}\n)\nprint(layer)\n"
    said = "# It silently accepts a wrong mask\n\nIt should raise a ValueError. Seen in Keras 3.9.0.\n\n"
    report = read_report(f"{said}```python\nimport keras\n{code.format(3)}```\n")
    assert (report.failure.type, report.failure.message) == ("AssertionError", "no ValueError was raised")
    script = report.scripts[0].text.replace("import keras\n", "")
    with pytest.raises(AssertionError, match="no ValueError was raised"):
        exec(script)
    exec(failing_without(code.format("int('x')"), "ValueError"))
    assert capsys.readouterr().out.endswith("raised, as it should be: ValueError\n")
    with pytest.raises(ZeroDivisionError):
        exec(failing_without(code.format("1 / 0"), "ValueError"))


@pytest.mark.parametrize(
    "text",
    [
        "It should raise a ValueError in Keras 3.9.0, not an AttributeError.\n",  # nothing is missing
        "It does not raise an error in Keras 3.3.3, and raises ValueError in 3.4.1.\n",
        "It silently accepts 3.\nIt should raise ValueError.\n\n```\nTraceback (most recent call last):\nKeyError: 3\n```\n",
    ],
)
def test_other_reports_about_exceptions_are_about_what_is_raised(text):
    assert expected_exception(read_pieces(text)) is None
    assert failing_without("try:\n    f()\nexcept ValueError:\n    pass\n", "ValueError") is None
    assert failing_without("if x:\n    f()\n", "ValueError") is None


def test_block_that_defines_what_an_earlier_one_calls():
    report = read_report(
        "Check it, with `get()` as below:\n\n```python\nimport os\nos.environ['KERAS_BACKEND'] = ...\nimport keras\n"
        "model = get()\nprint(model)\n```\n\n"
        "- This works for tensorflow:\n\n```python\ndef get():\n    return keras.Model()\n```\n\n"
        "- But this fails for jax, with 0 instead of 1:\n\n```python\nclass M(keras.Model):\n    pass\n\n"
        "def get():\n    return M()\n```\n"
    )
    text = report.scripts[0].text
    assert "os.environ['KERAS_BACKEND'] = \"jax\"" in text
    assert text.index("import keras") < text.index("class M") < text.index("model = get()")
    assert not any("does not define" in each for each in report.questions)


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("# Layer expected 2 variables, error message is wrong\n\nIt prints:\n\n```\n3\n```\n", "actual"),
        ("### Expected behavior\n\n```\n3\n```\n", "expected"),
        ("I expected 3, but got:\n\n```\n5\n```\n", "actual"),
        ("It gives 5 instead of the expected\n\n```\n3\n```\n", "expected"),
    ],
)
def test_role_of_a_shown_text(text, role):
    assert [each.role for each in read_report(text).outputs] == [role]


def test_title_beside_the_text_of_an_issue_shows_its_exception():
    report = read_report('{"title": "ValueError: wrong shape of a layer", "body": "It fails in Keras 3.4.1."}')
    assert (report.failure.type, report.failure.message) == ("ValueError", "wrong shape of a layer")


def test_emphasis_is_no_part_of_a_message():
    report = read_report("AttributeError: '**str**' object has no attribute '**decode**'\n")
    assert report.failure.message == "'str' object has no attribute 'decode'"


def test_session_as_root_with_a_failing_command():
    report = read_report(
        "It fails:\n\n```console\nroot@abc:/# python -m pip --quiet install --upgrade pip tensorflow tensorflow-probability\n"
        "(venv) root@abc:/# python -m pip list | grep tensor\ntensorflow             2.16.1\ntensorflow-probability 0.23.0\n"
        "(venv) root@abc:/# python -c 'import tensorflow_probability'\nTraceback (most recent call last):\n"
        '  File "<string>", line 1, in <module>\nAttributeError: module has no attribute `x`\n(venv) root@abc:/# \n```\n'
    )
    assert report.scripts[0].text.startswith("import tensorflow_probability\n")
    assert report.requirements == ("tensorflow", "tensorflow-probability")
    assert {each.name: each.value for each in report.settings} == {
        "tensorflow": "2.16.1",
        "tensorflow-probability": "0.23.0",
    }
    assert report.failure.message == "module has no attribute `x`"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("All works up to load_model(), which throws ValueError: the file has no layers\n", "the file has no layers"),
        ("ValueError: wrong shape\nStandalone code to reproduce the issue\nimport keras\n", "wrong shape"),
        ("# NameError: Exception encountered when calling f().\n\n![image](https://a/b.png)\n",
         "Exception encountered when calling f()."),
    ],
)  # fmt: skip
def test_message_of_an_exception_in_prose(text, message):
    assert read_report(text).failure.message == message


def test_assignment_to_a_slice_is_code():
    code = f"{CODE}x = [1, 2]\nx[:, 0:] = 0\nprint(x)\n"
    assert read_report(f"Standalone code to reproduce the issue\n{code}Relevant log output\n").scripts[0].text == code


@pytest.mark.parametrize(
    "block",
    [
        "` # Setup\n\n  model = tf.keras.Sequential([\n    hub.KerasLayer(URL),\n  ])`  \n",
        "<div>\n\nThis:\n`\n# Create a layer\nlayer = hub.KerasLayer(URL)\n\n# And a model\nmodel = tf.keras.Sequential([\n  layer,\n])\n`</div>\n",
        '`if __name__ == "__main__":\n    model = tf.keras.Sequential()\n\n    model.summary()\n    print(model)`\n',
    ],
)
def test_few_statements_between_backticks_are_code(block):
    assert "tf.keras.Sequential(" in read_report(f"It fails in TF 2.16.\n\n{block}").scripts[0].text


def test_code_below_a_title_about_output_is_code():
    code = "class M(tf.keras.Model):\n    pass\n\nm = M()\nm.build((None, 3))\n"
    assert code in read_report(f"# Wrong output shape of a model\n\nIn TF 2.5:\n\n```\n{code}```\n").scripts[0].text


def test_python_that_is_marked_as_another_language():
    code = "def build(name):\n    return load_model(name)\n\nprint(build('a'))\n"
    assert code in read_report(f"It fails in Keras 3.4.1:\n\n```javascript\n{code}```\n").scripts[0].text
    starlark = "def deps(name):\n    native.alias(name)\n\ndeps('a')\n"
    assert not read_report(f"```starlark\n{starlark}```\n").runnable


def test_ellipsis_in_brackets_stands_for_code():
    assert has_placeholder("def get(name):\n    [...]\n    return name\n")
    assert not has_placeholder("x[...] = 3\n")


def test_layers_are_those_of_the_keras_that_is_used():
    assert usual_import("layers", "m = tf.keras.Sequential()") == "from tensorflow.keras import layers"
    assert usual_import("layers", "import keras\nx = tf.data.Dataset") == "from keras import layers"


def test_folder_of_a_model_that_nothing_writes_is_asked_for():
    report = read_report(
        "Fails in TF 2.10.\n\n```\nfrom keras.models import load_model\nload_model('./best_2016')\n```\n"
    )
    assert any("`./best_2016`" in each for each in report.questions)
    written = "import keras\nkeras.Sequential().save('best/')\nkeras.models.load_model('best')\n"
    assert not any("attached" in each for each in read_report(f"```\n{written}```\n").questions)


def test_example_below_a_heading_success_is_not_the_scenario():
    other = CODE.replace("Sequential", "Model")
    report = read_report(f"**File 1: success**\n\n```\n{other}```\n\n**File 2: failure**\n\n```\n{CODE}```\n")
    assert report.scripts[0].text == CODE
