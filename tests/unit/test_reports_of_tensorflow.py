"""What the forms of TensorFlow's reports have: code below a margin, output between statements, imports that fail."""

import json

import pytest

from harness.reports import read_report

CODE = "```python\nimport keras\nkeras.Input((3,))\n```\n"


def scripts(text):
    return [each.text for each in read_report(text).scripts]


def claims(text):
    return [(each.says.value, each.package, each.version) for each in read_report(text).claims]


def test_code_below_its_imports_may_have_a_margin():
    text = "It fails.\n\n```shell\nimport tensorflow as tf\n\n    with tf.device('/CPU'):\n        print(tf.ones(2))\n```\n"
    report = read_report(text)
    assert [each.text for each in report.scripts] == [
        "import tensorflow as tf\n\nwith tf.device('/CPU'):\n    print(tf.ones(2))\n"
    ]
    assert not any("incomplete" in each for each in report.questions)
    assert any("margin" in each for each in report.decisions)


@pytest.mark.parametrize(
    "block",
    ["Example\n    x = 1\n    print(x)\n", "def f(x):\nreturn x\n    print(x)\n", "import os\n    print(os\n  ]\n"],
)
def test_other_text_with_a_margin_is_no_code_below_imports(block):
    assert not any("margin" in each for each in read_report(f"It fails.\n\n```\n{block}```\n").decisions)


def test_exceptions_between_statements_are_output_and_the_first_one_is_seen():
    text = (
        "### TensorFlow version\n\n2.9.1\n\n### Standalone code\n\n```shell\n# Load\ntf.data.Dataset.load('path')\n"
        "AttributeError: type object 'DatasetV2' has no attribute 'load'\n\n# Save\nds = tf.data.Dataset.range(2)\n"
        "ds.save('path')\n\nAttributeError: 'RangeDataset' object has no attribute 'save'\n```\n"
    )
    report = read_report(text)
    (script,) = report.scripts
    assert "AttributeError" not in script.text
    assert script.text.endswith("ds.save('path')\n")
    assert report.failures[0].message == "type object 'DatasetV2' has no attribute 'load'"
    assert [each.line for each in (dropped.place for dropped in report.dropped)] == [10, 16]


def test_session_that_shows_what_the_code_prints_is_not_added_to_it():
    text = (
        "Fails with TF 2.14.0.\n\n```shell\nimport tensorflow as tf\nprint(tf.keras.__version__)\n```\n\n"
        "```\nIn [2]: tf.keras.__version__\nAttributeError: module 'keras' has no attribute '__version__'\n```\n"
    )
    report = read_report(text)
    assert [each.text for each in report.scripts] == ["import tensorflow as tf\nprint(tf.keras.__version__)\n"]
    assert any(each.why.startswith("a session") for each in report.dropped)
    other = read_report(text.replace("In [2]: tf.keras", "In [2]: tf.ones(1)\n\nIn [3]: tf.keras"))
    assert "tf.ones(1)" in other.scripts[0].text


@pytest.mark.parametrize(
    ("last", "asked"),
    [("init(shape=(2, 2))", True), ("print(init((2, 2)))", False), ("assert init((2, 2)) is not None", False)],
)
def test_script_that_shows_nothing_is_asked_about(last, asked):
    said = "With TF 2.6 this always has the same result, but it varies in TF 2.11. " * 5
    code = f"import tensorflow as tf\ntf.random.set_seed(42)\ninit = tf.keras.initializers.GlorotUniform()\n{last}\n"
    questions = read_report(f"{said}\n\n```python\n{code}```\n").questions
    assert any(each.startswith("The script prints nothing") for each in questions) is asked


def test_prompts_before_what_is_printed_make_no_session():
    text = (
        "With TF 2.12.0:\n\n```shell\nColab link: https://colab.research.google.com/drive/1Mw2\n\nIn short:\n"
        "import tensorflow as tf\nds = tf.data.Dataset.range(2)\nprint([each.shape for each in ds])\n"
        ">>> [TensorShape([]), TensorShape([])]\nds.save('x')\n```\n"
    )
    report = read_report(text)
    (script,) = report.scripts
    assert script.text.startswith("import tensorflow as tf\n")
    assert script.text.endswith("ds.save('x')\n")
    assert "[TensorShape([]), TensorShape([])]" in [each.text for each in report.outputs]
    assert [each.place.line for each in report.dropped if each.text.startswith(">>>")] == [10]


def test_warning_between_sentences_is_output():
    report = read_report(
        f'I get this with TF 2.3.1:\n"\nWARNING:tensorflow:AutoGraph could not transform <f> and will run it\n"\n\n{CODE}'
    )
    assert [(each.role, each.text.split(":")[0]) for each in report.outputs] == [("log", "WARNING")]


SAVES = "import tensorflow as tf\nmodel = tf.keras.Sequential()\n"


@pytest.mark.parametrize(
    ("code", "ends"),
    [
        pytest.param(
            "model.save('/mnt/d/model.h5')\nprint(tf.keras.models.load_model('/mnt/d/model.h5'))\n",
            "model.save('model.h5')\nprint(tf.keras.models.load_model('model.h5'))\n", id="a file",
        ),
        pytest.param(
            "import os\nos.makedirs('/content/models')\nmodel.save('/content/models/a.h5')\nprint(1)\n",
            "import os\nos.makedirs('models')\nmodel.save('models/a.h5')\nprint(1)\n", id="a folder",
        ),
        pytest.param("model.save(r'C:\\Users\\me\\a.h5')\nprint(1)\n", "model.save('a.h5')\nprint(1)\n", id="windows"),
        pytest.param("model.save('/tmp/a.h5')\nprint(1)\n", "model.save('/tmp/a.h5')\nprint(1)\n", id="a path that is there"),
        pytest.param(
            "data = open('/home/me/data.csv')\nmodel.save('/home/me/a.h5')\nprint(1)\n",
            "data = open('/home/me/data.csv')\nmodel.save('/home/me/a.h5')\nprint(1)\n", id="a file that is missing",
        ),
        pytest.param(
            "model.save(f'/home/me/{model.name}.h5')\nprint(1)\n", "model.save(f'{model.name}.h5')\nprint(1)\n",
            id="a formatted path",
        ),
    ],
)  # fmt: skip
def test_paths_of_another_machine_that_a_script_writes_become_its_own(code, ends):
    (script,) = scripts(f"It fails with TF 2.5.0:\n\n```python\n{SAVES}{code}```\n")
    assert script == SAVES + ends


TRACED = {
    "python": 'Traceback (most recent call last):\n  File "/home/me/stargan/main.py", line 3, in <module>\n'
    "    from ops import *\n"
    '  File "/home/me/stargan/ops.py", line 12, in <module>\n    import tensorflow_addons as tfa\n'
    '  File "/home/me/.local/lib/python3.9/site-packages/tensorflow_addons/__init__.py", line 23, in <module>\n'
    "    from tensorflow_addons import activations\nModuleNotFoundError: No module named 'keras.src.engine'\n",
    "ipython": "ModuleNotFoundError                       Traceback (most recent call last)\n"
    "<ipython-input-4-dc0e936f3eed> in <cell line: 0>()\n     14 import numpy as np\n"
    "---> 15 import tensorflow_addons as tfa\n     16 \n\n3 frames\n"
    "/usr/local/lib/python3.11/dist-packages/tensorflow_addons/utils/types.py in <module>\n"
    "---> 29     from keras.src.engine import keras_tensor\n\n"
    "ModuleNotFoundError: No module named 'keras.src.engine'\n",
}


@pytest.mark.parametrize("name", TRACED)
def test_import_that_a_traceback_shows_is_the_script_of_a_report_without_code(name):
    report = read_report(f"I get this with TF 2.16.1:\n\n```\n{TRACED[name]}```\n")
    assert [each.text.split("\n")[0] for each in report.scripts] == ["import tensorflow_addons as tfa"]
    assert any("its traceback shows" in each for each in report.decisions)


def test_other_tracebacks_are_no_script():
    called = TRACED["python"].replace("import tensorflow_addons as tfa", "tfa.layers.WeightNormalization(None)")
    own = TRACED["python"].replace("site-packages/tensorflow_addons/__init__", "site-packages/other/__init__")
    for each in (called, own, TRACED["python"].partition('  File "/home/me/.local')[0]):
        assert not read_report(f"It fails with TF 2.16.1:\n\n```\n{each}```\n").runnable


def test_import_that_the_text_names_in_place_of_code_is_the_script():
    text = (
        "### TensorFlow version\n\n2.7.1\n\n### Standalone code to reproduce the issue\n\n```shell\n"
        "After installing it, a simple `import tensorflow` fails\n```\n\n### Relevant log output\n\n```shell\n"
        "TypeError: Descriptors cannot not be created directly.\n```\n"
    )
    assert [each.split("\n")[0] for each in scripts(text)] == ["import tensorflow"]
    assert not read_report(text.replace("Standalone code to reproduce the issue", "Other")).runnable


def test_files_that_a_block_of_shell_makes_belong_to_the_code():
    text = (
        "Create the files:\n```bash\ntouch a.txt b.txt\necho 'x, y' > c.csv\n```\nRun this:\n```python\n"
        "import tensorflow as tf\nprint(list(tf.data.Dataset.list_files(['a.txt', 'b.txt'])))\n```\n"
    )
    report = read_report(text)
    assert [(each.name, each.text) for each in report.companions] == [("a.txt", ""), ("b.txt", ""), ("c.csv", "x, y\n")]
    assert len(report.scripts) == 1


@pytest.mark.parametrize("line", ["touch ../a.txt", "rm a.txt", "touch $HOME/a", "touch", "echo x", "echo 'x > a.txt"])
def test_other_commands_make_no_file(line):
    assert read_report(f"Run:\n```bash\ntouch b.txt\n{line}\n```\n{CODE}").companions == ()


SAID = {
    "before in brackets": (
        "This is due to the Keras 3.5.0 upgrade (before I was using Keras 3.4.1).",
        [("fails", "keras", "3.5.0"), ("works", "keras", "3.4.1")],
    ),
    "range in a field": (
        "### TensorFlow version\n\n2.6 - 2.9\n\n### Code",
        [("fails", "tensorflow", "2.6"), ("fails", "tensorflow", "2.9")],
    ),
    "removed": ("it looks like it was removed in TF 2.14.", [("fails", "tensorflow", "2.14")]),
    "not above": ("Works with NumPy 1.19.5 but not >= 1.20.", [("works", "numpy", "1.19.5"), ("fails", "numpy", "1.20")]),
    "not that one": ("It fails in Keras 3.4.1, not Keras 3.5.0.", [("fails", "keras", "3.4.1"), ("works", "keras", "3.5.0")]),
    "edited": (
        "I use TF 2.18.0. This no longer works in +2.16 and Keras 3 (Edit: not Keras 2).",
        [("fails", "tensorflow", "2.18.0"), ("fails", "tensorflow", "2.16"), ("fails", "keras", "3")],
    ),
    "able to": (
        "I use TF 2.18.0. In version 2.15 and earlier I was able to fit it.",
        [("fails", "tensorflow", "2.18.0"), ("works", "tensorflow", "2.15")],
    ),
    "long step": (
        "change in reproducibility behavior of GlorotUniform between tf 2.6 and 2.11",
        [("works", "tensorflow", "2.6"), ("fails", "tensorflow", "2.11")],
    ),
    "not seen": ("With TF 2.15 I do not\nsee this.", [("works", "tensorflow", "2.15")]),
    "not seen at all": ("I can't see this error in TF 2.15.", [("works", "tensorflow", "2.15")]),
    "not got to work": ("With TF 2.16 I do not get it to work.", [("fails", "tensorflow", "2.16")]),
    "two labels": (
        "TF 2.4, TF 2.10\n\n```\nResults on TensorFlow 2.4:\nInvalidArgumentError: Value for attr 'T' of uint64\n\n"
        "Results on TensorFlow 2.10:\ntf.Tensor([1], dtype=uint64)\n```\n",
        [("fails", "tensorflow", "2.4"), ("works", "tensorflow", "2.10")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_versions_are_read_as_people_say_them(name):
    text, expected = SAID[name]
    assert claims(f"{text}\n\n{CODE}") == expected


def test_title_is_no_claim_that_the_versions_of_the_next_sentence_work():
    text = f"# NumPy 1.20 Compatibility Issue\n\nThis works with NumPy 1.19.5 but not >= 1.20:\n\n{CODE}"
    assert claims(text) == [("fails", "numpy", "1.20"), ("works", "numpy", "1.19.5")]


def test_versions_that_a_notebook_lists_are_read():
    def cell(source, output=""):
        outputs = [{"output_type": "stream", "name": "stdout", "text": output}] if output else []
        return {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": source, "outputs": outputs}

    cells = [
        cell("import tensorflow_hub as hub\nprint(hub.__version__)", "0.16.1\n"),
        cell("!pip list | grep keras", "keras                         3.4.1\ntf_keras                      2.17.0\n"),
        cell("import keras\nkeras.Input((3,))"),
    ]
    text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    found = {(each.package, each.version) for each in read_report(text).claims}
    assert found == {("tensorflow-hub", "0.16.1"), ("keras", "3.4.1"), ("tf-keras", "2.17.0")}


def test_model_that_is_only_loaded_is_asked_for_with_the_versions():
    text = (
        "I cannot load my model:\n\n"
        "model = tf.keras.models.load_model('dogs.keras',\n    custom_objects={'KerasLayer': hub.KerasLayer})\n\n"
        "ValueError: Sequential model 'sequential' has already been configured to use input shape (None, 224, 224, 3).\n"
    )
    first, second = read_report(text).questions
    assert "build and save the model" in first
    assert second.startswith("Which versions")
