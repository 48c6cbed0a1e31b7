"""Forms that public reports had and that were misread at first. Each case is one of them, in own words."""

import pytest

from harness.model import Outcome
from harness.reports import read_report
from harness.reports.backends import with_failing_backend
from harness.reports.common_margin import without_margin
from harness.reports.endless_loops import endless_loop
from harness.reports.pieces import read_pieces
from harness.reports.undefined_names import undefined_names
from harness.reports.write_and_read_parts import commented_writer
from harness.triage.observed_runs import Problem, evidence_of
from harness.triage.runs import without_end
from tests.unit.test_triage import NOT_TESTED, ran

CODE = "import keras\nmodel = keras.Sequential()\nprint(model)\n"

BACKENDS = {
    "after a comma": ("Training works with torch, fails with jax.", "jax"),
    "tensorflow beside another": ("Works with jax, fails with tensorflow.", "tensorflow"),
    "tensorflow alone": ("It fails with tensorflow.", None),
    "not, without a preposition": ("Works with tf and torch, not jax.", "jax"),
    "at the beginning": ("JAX fails, TF and torch are fine.", "jax"),
    "of a noun": ("The torch backend raises an error, the jax backend works.", "torch"),
    "in brackets": ("Fails with jax (works with torch).", "jax"),
    "two of three": ("Fails with jax and torch, passes with tensorflow.", "jax"),
    "all": ("Fails on all backends (tensorflow, jax, torch).", None),
    "two with the usual one": ("Fails under tensorflow and jax, passes under torch.", None),
    "compared": ("I get similar results with tensorflow and Jax: 98 %, but way lower results with Pytorch.", "torch"),
    "output below": ("With jax:\n\n```\n3\n```\n\nWith torch:\n\n```\nRuntimeError: no\n```\n", "torch"),
    "versions of TensorFlow": ("Works with TensorFlow 2.15, fails with TensorFlow 2.16.", None),
}


@pytest.mark.parametrize("name", BACKENDS)
def test_backend_of_a_contrast_is_set(name):
    said, backend = BACKENDS[name]
    variables = read_report(f"{said}\n\n```python\n{CODE}```\n").variables
    assert variables == (() if backend is None else (("KERAS_BACKEND", backend),))


def test_backend_of_the_code_is_replaced_only_if_the_report_says_that_it_works():
    code = 'import os\nos.environ["KERAS_BACKEND"] = "tensorflow"\nimport keras\n'
    assert with_failing_backend(code, read_pieces("It works with tensorflow, but not with torch."))[1] == "torch"
    assert with_failing_backend(code, read_pieces("It fails with torch.")) == (code, None)


CLAIMS = {
    "requirement in a comment": (
        "```\n# Requires keras 3.1.0 or later, fails otherwise\nimport keras\n```\n", [("works", "keras", "3.1.0")],
    ),
    "requirement in a sentence": ("It needs at least Keras 3.1.0, otherwise it fails.\n", [("works", "keras", "3.1.0")]),
    "requirement of a package": ("It requires Keras 3.1.0 and fails.\n", []),
    "brackets of their own": (
        "The issue is observed on TF 2.16 (it works as expected on version 2.15 and earlier).\n",
        [("fails", "tensorflow", "2.16"), ("works", "tensorflow", "2.15")],
    ),
    "words in brackets": (
        "Keras 3.3.3 (works), 3.4.0 (fails)\n", [("works", "keras", "3.3.3"), ("fails", "keras", "3.4.0")],
    ),
    "a case of its own": (
        "If I use tf 2.3.2 it works fine, if I update tf to 2.4.1 the score is always at 0.5 (a plain model)\n",
        [("works", "tensorflow", "2.3.2"), ("fails", "tensorflow", "2.4.1")],
    ),
    "case without a verdict": (
        "On version 3.11.3 of Keras, when calling summary() it fails.\nChanging line 46 solves the issue.\n",
        [("fails", "keras", "3.11.3")],
    ),
    "fields in one list": (
        "- Custom code: yes\n- TensorFlow version: 2.4.1 (gone with 2.3.2)\n- Python version: 3.8\n",
        [("fails", "tensorflow", "2.4.1"), ("fails", "tensorflow", "2.3.2")],
    ),
    "build beside the version": (
        "### TensorFlow version\n\n2.11.0 (GIT version: v2.11.0-rc2-17-gd5b57ca93e5)\n", [("fails", "tensorflow", "2.11.0")],
    ),
    "from and to behind the package": (
        "Just upgraded Keras from 3.4.0 to 3.5.0, and fit fails with the Tensorflow backend.\n",
        [("works", "keras", "3.4.0"), ("fails", "keras", "3.5.0")],
    ),
    "between": (
        "The output deviates between Keras 3.5.0 and Keras 3.3.3.\n", [("fails", "keras", "3.5.0"), ("works", "keras", "3.3.3")],
    ),
    "regression, package named below": (
        "# Regression in LSTM from 2.2.5 to 2.3.1\n\nSeen with TF 1.14.0 and Keras 2.3.1.\n",
        [("works", "keras", "2.2.5"), ("fails", "keras", "2.3.1"), ("fails", "tensorflow", "1.14.0")],
    ),
    "as it was": ("It fails with Keras 3.4.1. It was not like this in 3.3.3.\n",
                  [("fails", "keras", "3.4.1"), ("works", "keras", "3.3.3")]),
    "up to and including": (
        "It was fine on Keras 3.1 up to and including 3.5. 3.6.0 is the first one that breaks.\n",
        [("works", "keras", "3.1"), ("works", "keras", "3.5"), ("fails", "keras", "3.6.0")],
    ),
    "Chinese": (
        "TF 2.15 \u4e2d\u6b63\u5e38\uff0cTF 2.16.1 \u62a5\u9519\n", [("works", "tensorflow", "2.15"), ("fails", "tensorflow", "2.16.1")],
    ),
    "it was": (
        "Since Keras 3.9 it takes 40 s per epoch, it was 11 s with Keras 3.8.\n",
        [("fails", "keras", "3.9"), ("works", "keras", "3.8")],
    ),
    "numbers of a package that is named before": (
        "tensorflow-text: **2.9.0**\nTensorflow: 2.9.1\n\nHappens only with **2.9.0**\n2.8.2rc1 seems to work.\n",
        [("fails", "tensorflow", "2.9.1"), ("fails", "tensorflow-text", "2.9.0"), ("works", "tensorflow-text", "2.8.2rc1")],
    ),
    "table of what is installed": (
        "| package | version |\n|---|---|\n| tensorflow | 2.18.0 |\n| keras | 3.7.0 |\n\n### Expected\nwith keras 3.6.0 I got 3\n",
        [("fails", "tensorflow", "2.18.0"), ("fails", "keras", "3.7.0"), ("works", "keras", "3.6.0")],
    ),
    "table without a head": (
        "Keras:\n\n| | |\n|---|---|\n| last good | 3.14.1 |\n| first bad | 3.15.0 |\n",
        [("works", "keras", "3.14.1"), ("fails", "keras", "3.15.0")],
    ),
    "version in a message": (
        "Result on TF 2.16.1: ValueError: `save_format` is deprecated in Keras 3.\n", [("fails", "tensorflow", "2.16.1")],
    ),
    "version of the writer in a field": (
        "# Models saved on TF 2.14 cannot be loaded on TF 2.12\n\n### TensorFlow version\n\n2.14\n",
        [("fails", "tensorflow", "2.12")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CLAIMS)
def test_claims(name):
    text, expected = CLAIMS[name]
    assert [(each.says.value, each.package, each.version) for each in read_report(text).claims] == expected


UNDEFINED = {
    "before its definition": ("import keras\nmodel.save('a')\nmodel = keras.Model()\n", {"model"}),
    "behind a star": ("from keras.metrics import *\nmodel.compile(loss='mse')\n", {"model"}),
    "modules and functions of a star": ("from keras import *\nlayers.Dense(1)\nmerge([1])\n", set()),
    "in a function that is called later": ("def f():\n    return x\n\nx = 1\nf()\n", set()),
    "in one statement": ("for x in range(3):\n    print(x)\n", set()),
    "in a class": ("class A:\n    a = 1\n    b = a\n\na = 2\n", set()),
    "never": ("print(x)\n", {"x"}),
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_names_that_nothing_defines(name):
    text, expected = UNDEFINED[name]
    assert undefined_names(text) == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = 1\nwhile True:\n    x += 1\n", 2),
        ("while 1:\n    for x in [1]:\n        break\n", 1),
        ("while True:\n    if input:\n        break\n", None),
        ("while True:\n    raise SystemExit\n", None),
        ("import sys\nwhile True:\n    sys.exit()\n", None),
        ("def f():\n    while True:\n        pass\n", None),
        ("x = 3\nwhile x:\n    x -= 1\n", None),
    ],
)
def test_loops_that_never_end_are_found(text, line):
    assert endless_loop(text) == line


def test_code_that_never_ends_is_run_only_for_an_exception():
    code = f"{CODE}while True:\n    model.predict(1)\n"
    report = read_report(f"Memory grows in TF 2.16.\n\n```\n{code}```\n")
    assert not report.runnable
    assert any("never ends: its line 4" in each for each in report.questions)
    assert [each.why for each in report.dropped] == ["its loop in line 4 never ends"]
    assert read_report(f"Fails in TF 2.16.\n\n```\n{code}```\n\n```\nMemoryError: no\n```\n").runnable
    stopped = without_end(ran("a", Outcome.TIMED_OUT), 4)
    (shown,) = evidence_of([stopped], Problem(observed="error"))
    assert (shown.shows, shown.reason) == (
        NOT_TESTED,
        "the loop of line 4 never ends, and was stopped at the time limit",
    )


WRITER = "import keras\nmodel = keras.Sequential()\nmodel.save('a.keras')\n"
READER = "import keras\nmodel = keras.models.load_model('a.keras')\n"


def test_writer_that_stands_in_comments_is_the_first_step():
    commented = "# saved with TF 2.14\n" + "".join(f"# {line}\n" for line in WRITER.splitlines())
    assert commented_writer(f"{commented}\n\n### loading ###\n{READER}") == (f"{WRITER}\n\n## loading ###\n", READER)
    report = read_report(f"Saved with TF 2.14, cannot be loaded with TF 2.15.\n\n```\n{commented}\n{READER}```\n")
    assert [each.name for each in report.scripts] == ["write.py", "read.py"]
    assert commented_writer(f"# Load a model.\n{READER}") is None
    assert commented_writer(f"# model.save('a.keras')\n{READER}") is None


def test_code_in_backticks_may_be_indented_more_than_its_comments():
    text = f"Fails:\n`   \n   # code\n    {'    '.join(CODE.splitlines(keepends=True)).rstrip()}`\n\nWhy?\n"
    assert read_report(text).scripts[0].text == f"# code\n{CODE}"
    assert without_margin("    x = 1\n  # less\n    y = 2\n") == "x = 1\n# less\ny = 2\n"
    assert without_margin("x = (\n") == "x = (\n"


def test_unpacking_of_tuples_is_no_sentence():
    code = f"{CODE}\n(a, b), (c, d) = keras.datasets.mnist.load_data()\nprint(a)\n"
    assert read_report(f"It fails:\n\n{code}\nWhy?\n").scripts[0].text == code


def test_backtick_behind_a_traceback_is_no_part_of_the_message():
    report = read_report(
        f"```\n{CODE}```\n\n`model = load()\n  File \"a.py\", line 3, in load\nKeyError: 'input_layer'`\n"
    )
    assert report.failure.message == "'input_layer'"
    assert read_report("```\nTypeError: `a` is not `b`\n```\n").failure.message == "`a` is not `b`"


def test_missing_file_with_a_joined_path_is_asked_for():
    code = "import os, keras\nfolder = 'model'\nkeras.models.load_model(os.path.join(folder, 'a.keras'))\n"
    (question,) = [each for each in read_report(f"```\n{code}```\n").questions if "attached" in each]
    assert "`model/a.keras`" in question


def test_example_that_works_as_expected_is_not_the_scenario():
    works = 'Importing Keras works as expected:\n\n```\npython -c "import keras; print(keras.version())"\n```\n'
    fails = '\nThe other does not:\n\n```\npython -c "import tf_keras; print(tf_keras.__version__)"\n```\n'
    assert "tf_keras" in read_report(works + fails).scripts[0].text


def test_code_behind_a_link_is_asked_for_beside_a_fragment():
    report = read_report("Fails:\n\n```\ny = inputs[:, :-1]\n```\n\nhttps://colab.research.google.com/drive/1\n")
    assert any("links are not opened" in each for each in report.questions)


def test_exception_within_a_sentence_and_in_the_next_paragraph():
    report = read_report("Result on TF 2.16.1: ValueError: the argument `x` is unknown\n")
    assert (report.failure.type, report.failure.message) == ("ValueError", "the argument `x` is unknown")
    report = read_report("ValueError: Exception encountered when calling f().\n\n**Shapes differ: 3 and 8**\n\nWhy?\n")
    assert report.failure.message == "Exception encountered when calling f(). Shapes differ: 3 and 8"


def test_whole_code_comes_before_a_fragment_of_it():
    report = read_report(f"It is this:\n\n```\nx = 3\nprint(x)\n```\n\nfull code.\n\n```\n{CODE}x = 3\nprint(x)\n```\n")
    assert report.scripts[0].text.startswith(CODE)
    assert not any("separate" in each for each in report.questions)


def test_example_below_a_heading_that_works_is_not_the_scenario():
    report = read_report(
        f"### Reproduction\n\n```\n{CODE}```\n\n### Working comparison\n\n```\nmodel = keras.Model()\n```\n"
    )
    assert report.scripts[0].text == CODE
    assert len(report.dropped) == 1


def test_traceback_of_ipython_below_the_code_of_a_block_is_output():
    shown = f"{'-' * 75}\nNotFoundError      Traceback (most recent call last)\n<ipython-input-5-9ea998addbe5> in <module>\n"
    report = read_report(
        f"```\n!pip install tensorflow-text==2.4.1\n{CODE}\n{shown}----> 3 print(model)\n\nNotFoundError: no symbol\n```\n"
    )
    assert report.scripts[0].text == CODE
    assert (report.failure.type, report.requirements) == ("NotFoundError", ("tensorflow-text==2.4.1",))


def test_picture_that_a_package_gets_is_asked_for():
    code = "from retinaface import RetinaFace\nRetinaFace.detect_faces('img1.jpg')\n"
    assert any("`img1.jpg`" in each for each in read_report(f"Fails in TF 2.16.\n\n```\n{code}```\n").questions)
    code = "import keras\nkeras.utils.plot_model(keras.Model(), 'a.png')\nprint('b.png')\n"
    assert not any("attached" in each for each in read_report(f"Fails in TF 2.16.\n\n```\n{code}```\n").questions)


def test_example_whose_label_says_that_it_does_not_fail_is_not_the_scenario():
    other = CODE.replace("Sequential", "Model")
    report = read_report(f"B (does not crash):\n\n```\n{other}```\n\nA (crashes):\n\n```\n{CODE}```\n")
    assert report.scripts[0].text == CODE
    assert not any("separate" in each for each in report.questions)
    text = f"B works:\n\n```\n{other}```\n\nA crashes:\n\n```\nThis is the code of the guide, as it is.\n\n{CODE}```\n"
    assert read_report(text).scripts[0].text == CODE
    report = read_report(f"This worked in TF 2.15:\n\n```\n{CODE}```\n\n2.16 says:\n\n```\nValueError: no\n```\n")
    assert report.scripts[0].text == CODE
