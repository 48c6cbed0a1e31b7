"""Forms that reports of Keras have and that were misread at first. Each case is one of them, in own words."""

import json

import pytest

from harness.reports import read_report
from harness.reports.exported import with_magics
from harness.reports.report import Form
from harness.triage.evidence import Failure

CODE = "```python\nimport keras\nkeras.Input((3,))\n```\n"


def scripts(text):
    return {each.name: each.text for each in read_report(text).scripts}


def claims(text):
    return [(each.says.value, each.package, each.version) for each in read_report(text).claims]


@pytest.mark.parametrize("end", ["^ works fine, but:", "The first part is fine, however:", "That works, but not here:"])
def test_code_after_works_but_belongs_to_the_scenario(end):
    text = (
        "Loaded models no longer return a tensor:\n\n```\nimport keras\nmodel = keras.Sequential([keras.Input((3,))])\n"
        f"model.summary()\n```\n{end}\n\n```\nmodel.save('m.keras')\nkeras.models.load_model('m.keras')\n```\n"
    )
    assert "load_model" in scripts(text)["report.py"]


def test_code_that_works_is_still_left_out():
    text = (
        "This fails:\n\n```\nimport keras\nkeras.Input((3,))\n```\nOne raises, but this one works:\n\n"
        "```\nimport keras\nkeras.Input((4,))\n```\n"
    )
    assert "(4,)" not in scripts(text)["report.py"]


@pytest.mark.parametrize(
    "title",
    [
        "Training is slower since the change of the default backend",
        "Cannot load a model with tf-nightly if another one saved it",
        "Wrong masks with the JAX backend",
        "Bug in Flatten when it is used with a data generator",
    ],
)
def test_title_with_the_word_of_a_field_is_a_title(title):
    assert read_report(f"# {title}\n\nIt breaks since yesterday.\n\n{CODE}").title == title


def test_paragraph_below_a_title_is_no_value_of_a_field():
    said = "It works fine with tensorflow and torch, but it breaks with JAX."
    assert read_report(f"# Wrong masks with the JAX backend\n\n{said}\n\n{CODE}").setting("backend") == "jax"


@pytest.mark.parametrize(
    "field",
    [
        "Have you reproduced the bug with TensorFlow Nightly?",
        "OS Platform and Distribution (e.g., Linux Ubuntu 16.04)",
        "Current behavior?",
        "Please describe the bug in detail below",
    ],
)
def test_field_of_a_form_is_no_title(field):
    assert read_report(f"### {field}\n\nYes\n\n{CODE}").title == ""


def test_backend_field_with_several_backends_is_the_usual_one():
    report = read_report(f"keras version: 3.0.1\nkeras backend: tested with torch and tensorflow\n\n{CODE}")
    assert report.setting("backend") == "tensorflow"
    assert report.variables == ()


def test_last_expression_prints_its_value_if_output_stands_below():
    code = "```\nimport keras\nx = [1]\nprint('a')\nlen(x)\n```\n"
    assert "sys.displayhook(len(x))" in scripts(f"It is wrong.\n\n{code}output:\n```\na\n1\n```\n")["report.py"]
    assert "displayhook" not in scripts(f"It is wrong.\n\n{code}\nNothing else.\n")["report.py"]
    failing = f"It is wrong.\n\n{code}output:\n```\nTypeError: no\n```\n"
    assert "displayhook" not in scripts(failing)["report.py"]


def test_call_of_an_own_function_prints_no_value():
    code = "```\nimport keras\ndef main():\n    print(keras.__version__)\nmain()\n```\n"
    assert "displayhook" not in scripts(f"It is wrong.\n\n{code}\n```\n3.0.1\n```\n")["report.py"]


def test_string_without_values_names_a_file_with_an_f_before_it():
    report = read_report(
        "A model that was saved with Keras 2.15 cannot be loaded with Keras 3.0.4.\n\nSave:\n\n```python\nimport keras\n"
        "path = f'm.keras'\nkeras.Sequential([keras.Input((3,))]).save(path)\n```\nLoad:\n\n```python\nimport keras\n"
        "path = f'm.keras'\nkeras.models.load_model(path)\n```\n"
    )
    assert [each.name for each in report.scripts] == ["write.py", "read.py"]


def test_file_that_a_nightly_build_loads_has_a_writer_and_a_reader():
    report = read_report(
        "# Cannot load a model with tf-nightly that was saved with tf 2.15\n\n### Have you reproduced the bug with TensorFlow "
        "Nightly?\n\nYes\n\n### TensorFlow version\n\n2.15\n\n### Code\n\n```python\nimport keras\n"
        "keras.Sequential([keras.Input((3,))]).save('m.keras')\n```\n\n```python\nimport keras\n"
        "keras.models.load_model('m.keras')\n```\n"
    )
    assert [each.name for each in report.scripts] == ["write.py", "read.py"]
    assert [(each.package, each.version) for each in report.claims] == [("tf-nightly", "nightly")]


def test_traceback_in_the_block_of_an_import_is_output():
    report = read_report(
        "keras-hub 0.27.1 cannot be imported, 0.26.0 was fine.\n\n```\nimport keras_hub\nTraceback (most recent call last):\n"
        '  File "<stdin>", line 1, in <module>\n  File "/x/site-packages/keras_hub/__init__.py", line 11, in <module>\n'
        "    import tokenizers\nModuleNotFoundError: No module named 'tokenizers'\n```\n"
    )
    assert (report.scripts[0].text or "").startswith("import keras_hub\n")
    assert report.failure is not None
    assert report.failure.message == "No module named 'tokenizers'"
    assert report.questions == ()


def test_paths_of_another_machine_with_values_are_replaced():
    cell = "for i in range(2):\n    model.save(f'/content/m_{i}.keras')\n"
    load = "keras.models.load_model(f'/content/m_{1}.keras')\n"
    report = read_report(
        f"It fails.\n\n```python\nimport keras\nmodel = keras.Sequential([keras.Input((3,))])\n{cell}{load}```\n"
    )
    assert "/content" not in (report.scripts[0].text or "")
    assert "load_model(f'm_{1}.keras')" in (report.scripts[0].text or "")
    assert any("f'/content/m_{i}.keras'" in each for each in report.decisions)


def test_assertion_that_pytest_shows_is_the_failure():
    report = read_report(
        "It fails.\n\n```\n    def test_a():\n>       assert len(h.epoch) == 5\nE       assert 1 == 5\nE        +  where 1 = len([0])"
        f"\n\ntest_stop.py:36: AssertionError\n```\n\n{CODE}"
    )
    assert report.failure is not None
    assert (report.failure.type, report.failure.message) == ("AssertionError", "assert 1 == 5 +  where 1 = len([0])")


def test_session_without_any_exception_shows_the_problem():
    session = (
        "```\n>>> import keras\n>>> keras.__version__\n'3.8.0'\n>>> keras.ops.tile(x, 2).shape\n(None, None)\n```\n"
    )
    assert claims(f"Its shape is not inferred.\n\n{session}") == [("fails", "keras", "3.8.0")]
    other = "```\n>>> import keras\n>>> keras.__version__\n'3.9.0'\n>>> keras.tile()\nTypeError: no\n```\n"
    assert claims(f"It was inferred.\n\n{session}\n## Now\n\n{other}") == [
        ("works", "keras", "3.8.0"), ("fails", "keras", "3.9.0"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "backend"),
    [
        ("I see this on the jax backend (works fine on other backends).", "jax"),
        ("With jax it is wrong. The other backends are fine.", "jax"),
        ("On the jax backend it works, on others, too.", None),
        ("I tested TF, JAX and torch: only JAX shows it.", "jax"),
        ("tf: OK\njax: error", "jax"),
        ("| backend | result |\n|---|---|\n| tensorflow | ok |\n| jax | fails |", "jax"),
        ("The tensorflow backend is ok but the jax one is not.", "jax"),
        ("keras 3.5.0, jax 0.4.30. It hangs.", "jax"),
        ("keras 3.5.0, jax 0.4.30, tensorflow 2.17. It hangs.", None),
        ("All backends are affected, also jax.", None),
    ],
)
def test_backend_whose_others_work_fails(said, backend):
    code = "```python\nimport keras\nkeras.Sequential().fit([1], [2])\n```\n"
    assert dict(read_report(f"{said}\n\n{code}").variables).get("KERAS_BACKEND") == backend


def test_placeholder_of_a_path_is_a_file_of_the_script():
    text = "It is wrong.\n\n```python\nimport keras\nkeras.Sequential().export('/path/to/saved_model')\n```\n"
    assert "export('saved_model')" in scripts(text)["report.py"]


def test_version_of_keras_nlp_is_none_of_keras_and_no_system():
    report = read_report(
        f"# It is missing\n\nPackages installed (Windows OS)\n-----------------\n tensorflow Version: 2.17.0\n\n"
        f" keras-nlp Version: 0.0.2\n\n{CODE}"
    )
    assert {(each.package, each.version) for each in report.claims} == {
        ("tensorflow", "2.17.0"),
        ("keras-nlp", "0.0.2"),
    }
    assert report.setting("os") in (None, "Windows")


EXPORTED = """#!/usr/bin/env python
# coding: utf-8

# # Wrong weights
#
# It works in TF 2.9.3 and is broken in TF 2.10.1.

# In[1]:


get_ipython().system('pip install -q tensorflow==2.10.1')
get_ipython().run_line_magic('matplotlib', 'inline')


# Then:

# In[ ]:


import keras
files = get_ipython().getoutput('ls')
keras.__version__


# In[3]:


get_ipython().run_cell_magic('time', '', "# build\\nm = keras.Sequential([keras.Input((3,))])\\nm.count_params()\\n")
"""


def test_notebook_that_was_exported_as_a_script_is_a_notebook():
    report = read_report(EXPORTED)
    assert report.form is Form.NOTEBOOK
    assert report.title == "Wrong weights"
    assert report.requirements == ("tensorflow==2.10.1",)
    text = report.scripts[0].text or ""
    assert "sys.displayhook(keras.__version__)" in text
    assert "# build\nm = keras.Sequential([keras.Input((3,))])\nsys.displayhook(m.count_params())" in text
    assert "get_ipython" not in text
    assert claims(EXPORTED) == [("works", "tensorflow", "2.9.3"), ("fails", "tensorflow", "2.10.1")]


def test_calls_of_ipython_in_a_script_are_magics():
    report = read_report("import keras\nget_ipython().system('pip install keras==3.4.1')\nprint(keras.Input((3,)))\n")
    assert "get_ipython" not in (report.scripts[0].text or "")
    assert report.requirements == ("keras==3.4.1",)
    assert with_magics("get_ipython().run_line_magic(name, 'x')") == "get_ipython().run_line_magic(name, 'x')"


def test_banner_of_python_is_no_output():
    banner = 'Python 3.11.9 (main) [GCC 13.2.0] on linux\nType "help" for more information.\n'
    report = read_report(f"It is wrong.\n\n```\n{banner}>>> import keras\n>>> keras.ops.sum([1.0])\n2.0\n```\n")
    assert [each.text for each in report.outputs] == ["2.0"]


def test_table_with_verdicts_in_its_head():
    table = "| | works | broken |\n|---|---|---|\n| keras | 3.6.0 | 3.7.0, 3.8.0 |\n| tensorflow | 2.18.0 | 2.18.0 |\n"
    assert claims(f"Masks are ignored.\n\n{table}\n{CODE}") == [
        ("works", "keras", "3.6.0"), ("fails", "keras", "3.7.0"), ("fails", "keras", "3.8.0"),
    ]  # fmt: skip


def test_comment_in_code_has_clauses():
    code = "```python\n# works in TF 2.9.3, but is broken in TF 2.10.1\nimport keras\nkeras.Input((3,))\n```\n"
    assert claims(code) == [("works", "tensorflow", "2.9.3"), ("fails", "tensorflow", "2.10.1")]


STEPS = {
    "a loss": ("The loss is less than 2.1 after one epoch in Keras 3.10.0, which is wrong.", "f 3.10.0"),
    "more than with": ("It uses 2.5 GB more memory with Keras 3.10.0 than with Keras 3.9.2.", "f 3.10.0 w 3.9.2"),
    "as in": ("The shape should be (2, 3) as in Keras 3.9.2.", "w 3.9.2"),
    "own version": ("This is like #19000 which was fixed in 3.9.2, I am on 3.10.0.", "w 3.9.2 f 3.10.0"),
    "introduced, but no bug": ("keras.saving was introduced in 3.9.2.", ""),
    "another version": ("It worked in Keras 3.9.2 (6 epochs), Keras 3.10.0 trains all 10 again.", "w 3.9.2 f 3.10.0"),
    "two packages": ("It works with Keras 3.9.2, TF 2.18.0 on Ubuntu.", "w 3.9.2 w 2.18.0"),
    "a list below a sentence": (
        "It was fine with keras 3.9.2.\n\n```\n$ pip list | grep keras\nkeras    3.10.0\nkeras-hub   0.20.0\nh5py    3.1\n```",
        "f 3.10.0 w 3.9.2",
    ),
    "stuck on": ("We are stuck on Keras 3.9.2 because of this.", "w 3.9.2"),
    "does not have": ("Keras 3.9.2 does not have this problem.", "w 3.9.2"),
    "started with": ("The problem started with the 3.10.0 release.", "f 3.10.0"),
    "started to appear": ("The problem started to appear in 3.10.0.", "f 3.10.0"),
    "values": ("The accuracy is 0.98 with Keras 3.9 and 0.11 with Keras 3.10.", "w 3.9 f 3.10"),
    "lines with values": ("keras 3.9.2: 12 s\nkeras 3.10.0: 61 s", "w 3.9.2 f 3.10.0"),
    "lines with arrows": ("keras 3.9.2 -> OK\nkeras 3.10.0 -> KO", "w 3.9.2 f 3.10.0"),
    "slower than": ("Keras 3.10.0 is 5x slower than with 3.9.2.", "f 3.10.0 w 3.9.2"),
    "is back": ("It was fixed in 3.9.2 but it is back in 3.10.0.", "w 3.9.2 f 3.10.0"),
    "newer than": ("Anything newer than 3.9.2 fails.", "w 3.9.2"),
    "older than": ("Anything older than 3.10.0 works.", "f 3.10.0"),
    "until": ("Until 3.9.2 it works.", "w 3.9.2"),
    "a requirement in a sentence": (
        "Same script, keras==3.9.2: fine. keras==3.10.0: AttributeError.",
        "w 3.9.2 f 3.10.0",
    ),
    "a nightly build": (
        "I use keras-nightly 3.10.0.dev2025010103 and see it, the stable 3.9.2 is unaffected.",
        "f 3.10.0.dev2025010103 w 3.9.2",
    ),
    "last and first": ("Last working version: 3.9.2. First broken version: 3.10.0.", "w 3.9.2 f 3.10.0"),
    "good and bad": ("Bisected: good 3.9.2, bad 3.10.0.", "w 3.9.2 f 3.10.0"),
    "ranges": ("It is a regression: keras<=3.9 ok, keras>=3.10 not ok.", "w 3.9 f 3.10"),
    "an arrow": ("I bumped keras 3.9.2 -> 3.10.0 and CI is red.", "w 3.9.2 f 3.10.0"),
    "an arrow in brackets": ("pip install -U keras (3.9.2 => 3.10.0) made it fail.", "w 3.9.2 f 3.10.0"),
    "an arrow back": ("After going back, keras 3.10.0 -> 3.9.2, it works.", "f 3.10.0 w 3.9.2"),
    "since": ("Since Keras 3.10.0 the type is a list, before it was a tensor.", "f 3.10.0"),
    "up to and including": ("Up to and including 3.9.2 everything was okay.", "w 3.9.2"),
    "only in": ("Only in 3.10.0, neither in 3.9.2 nor in 3.11.0.", "f 3.10.0 w 3.9.2 w 3.11.0"),
    "go away": ("Pinning keras to 3.9.2 makes the error go away.", "w 3.9.2"),
    "introduced and fixed": ("This was introduced in 3.10.0 and fixed in 3.11.0.", "f 3.10.0 w 3.11.0"),
    "whereas": ("Keras v3.10.0 returns a list whereas Keras v3.9.2 returns a tensor.", "f 3.10.0 w 3.9.2"),
    "whereas, with a verdict": ("Keras 3.9.2 is wrong, whereas Keras 3.10.0 is right.", "f 3.9.2 w 3.10.0"),
    "back": ("I had to go back from 3.10.0 to 3.9.2.", "f 3.10.0 w 3.9.2"),
    "a downgrade": ("Downgrading from 3.10.0 to 3.9.2 fixes it.", "f 3.10.0 w 3.9.2"),
    "what it should": ("The same code does what it should in Keras 3.9.2.", "w 3.9.2"),
}


@pytest.mark.parametrize("name", STEPS)
def test_steps_between_versions(name):
    said, expected = STEPS[name]
    found = [
        f"{says[0]} {version}" for says, _, version in claims(f"# Type of model.input in keras\n\n{said}\n\n{CODE}")
    ]
    assert " ".join(found) == expected


CLAIMS = {
    "no version of Keras": ("# Keras layers\n\nIt fails with 2.16.1.\n", {("fails", "tensorflow", "2.16.1")}),
    "the reason": ("numpy 2.0 is the reason, numpy 1.26.4 works.\n", {("fails", "numpy", "2.0"), ("works", "numpy", "1.26.4")}),
    "allowed in an example": (
        "Zero was allowed in previous versions of TensorFlow (e.g. 2.15).\n", {("works", "tensorflow", "2.15")},
    ),
    "expected output": (
        "Expected output (ran using v2.8.3-90-g1b8f5c396f0 2.8.4):\n\n```\n{1: 2}\n```\n\nActual output in TF 2.13.1:\n\n"
        "```\n{1: 3}\n```\n",
        {("works", "tensorflow", "2.8.4"), ("fails", "tensorflow", "2.13.1")},
    ),
    "seen with": ("It is seen with Keras 3.4.1 and 3.5.0.\n", {("fails", "keras", "3.4.1"), ("fails", "keras", "3.5.0")}),
    "brackets behind a verdict": (
        "Wrong weights (works in TF 2.9.3, broken in TF 2.10.1)\n",
        {("works", "tensorflow", "2.9.3"), ("fails", "tensorflow", "2.10.1")},
    ),
    "sentence that begins with a version": (
        "Going back to Keras 3.5.0 fixes it. 3.6.0 also works.\n",
        {("works", "keras", "3.5.0"), ("works", "keras", "3.6.0")},
    ),
    "list of tested versions": (
        "Tested keras versions: 3.5.0, 3.6.0. Tested tensorflow versions: 2.18.\n",
        {("fails", "keras", "3.5.0"), ("fails", "keras", "3.6.0"), ("fails", "tensorflow", "2.18")},
    ),
    "step between major versions": (
        "There is a drop in performance from Keras 2 to Keras 3.\n", {("works", "keras", "2"), ("fails", "keras", "3")},
    ),
    "passing something": ("Passing a dict to the model gives another shape in Keras 3.4.0.\n", {("fails", "keras", "3.4.0")}),
    "passing tests": ("With Keras 3.4.0 it passes the tests.\n", {("works", "keras", "3.4.0")}),
    "files from a version": (
        "SavedModels from TF 2.7 do not load in TF 2.8.\n", {("fails", "tensorflow", "2.8")},
    ),
    "written by a major version": ("Loading a model that was saved in Keras 2 fails in Keras 3.\n", {("fails", "keras", "3")}),
    "not a major version": ("It fails in Keras 3, not Keras 2.\n", {("fails", "keras", "3"), ("works", "keras", "2")}),
}  # fmt: skip


@pytest.mark.parametrize("name", CLAIMS)
def test_claims(name):
    said, expected = CLAIMS[name]
    assert set(claims(f"{said}\n{CODE}")) == expected


def test_notebook_cell_with_paths_of_colab_runs_elsewhere():
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": 1, "source": source}
        for source in ("import keras\nm = keras.Sequential([keras.Input((3,))])", "m.save(f'/content/{1}.keras')")
    ]
    notebook = json.dumps({"nbformat": 4, "nbformat_minor": 0, "metadata": {}, "cells": cells})
    assert "m.save(f'{1}.keras')" in (read_report(notebook).scripts[0].text or "")


@pytest.mark.parametrize(
    ("observed", "same"),
    [
        ("AssertionError", True),
        ("AssertionError: assert 1 == 5\n +  where 1 = len([0])", True),
        ("AssertionError: the loss is wrong", False),
        ("ValueError: assert 1 == 4", False),
    ],
)
def test_assertion_that_pytest_shows_is_that_of_a_plain_run(observed, same):
    assert Failure(type="AssertionError", message="assert 1 == 4 +  where 1 = trained(x)").matches(observed) is same


def test_command_with_a_variable_is_the_script():
    command = "KERAS_BACKEND=jax python -c 'import keras; print(keras.Input((3,)))'"
    text = f"It fails with 3.7.0, with 3.6.0 there is no traceback.\n\n```\n$ pip install keras==3.7.0\n$ {command}\n"
    text += 'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\nTypeError: no\n```\n'
    report = read_report(text)
    assert "import keras; print(keras.Input((3,)))" in (report.scripts[0].text or "")
    assert dict(report.variables) == {"KERAS_BACKEND": "jax"}
    assert ("works", "keras", "3.6.0") in claims(text)


def test_comment_behind_a_printed_version_says_what_is_printed():
    code = "```python\nimport keras\nprint(keras.__version__)  # Works: 3.5.0\nkeras.Input(3)  # fails in 3.6.0\n```\n"
    assert claims(f"It is wrong.\n\n{code}") == [("fails", "keras", "3.6.0")]


def test_verdict_in_brackets_is_of_the_version_before_it():
    code = "```python\nimport keras\nprint(keras.Input((3,)))  # prints 0.5 in Keras 3.5.0, 0.3 in Keras 2.15 (correct)\n```\n"
    assert claims(f"It is 0.5.\n\n{code}") == [("fails", "keras", "3.5.0"), ("works", "keras", "2.15")]


@pytest.mark.parametrize(
    ("said", "runs"),
    [
        ("Calling `keras.layers.Resizing(2, 2)(np.ones((1, 4, 4, 3)))` raises `ValueError: bad shape`.", True),
        ("`keras.layers.Resizing(2, 2)(x)` raises `ValueError: bad shape`.", False),
        ("It fails. `keras.utils.set_random_seed(1)` does not help.", False),
        ("Neither `keras.ops.ones((1, 2))` nor `keras.ops.zeros((1, 2))` fails.", False),
        ("The method `keras.layers.Dense()` fails.", False),
    ],
)
def test_call_in_a_failing_sentence_is_the_script_of_a_report_without_code(said, runs):
    report = read_report(f"# It fails\n\n{said}\n\nI use Keras 3.4.1.\n")
    assert report.runnable is runs
    if runs:
        text = report.scripts[0].text or ""
        assert "sys.displayhook(keras.layers.Resizing(2, 2)(np.ones((1, 4, 4, 3))))" in text
        assert "import numpy as np" in text
