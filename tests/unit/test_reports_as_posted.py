"""Reports in the form in which people post them: code without a fence, sentences between code, versions in passing."""

import json

import pytest

from harness.reports import read_report
from harness.reports.backends import with_failing_backend
from harness.reports.fences import with_fences
from harness.reports.pieces import read_pieces

CODE = "import keras\nmodel = keras.Sequential()\nprint(model)\n"


def scripts(text):
    return [each.text for each in read_report(text).scripts]


def claims(text):
    return [(each.says.value, each.package, each.version) for each in read_report(text).claims]


POSTED = {
    "no fence": f"It fails:\n\n{CODE}\nValueError: no such layer\n",
    "no fence, blank lines": "**CODE**:\n\nimport keras\n\nmodel = keras.Sequential()\nprint(model)\n\n**ERROR**: it fails\n",
    "code behind the fence": f"Fails.\n\n```import keras\n{CODE.partition(chr(10))[2]}```\n\nAny idea?\n",
    "fence behind the code": f"Fails.\n\n```\n{CODE.rstrip()}```\n\nIt prints this:\n\n```\nValueError: no\n```\n",
    "one backtick on a line": f"Fails.\n\n`\n{CODE}`\n\nWhy?\n",
    "one backtick around": f"Fails.\n\n`{CODE.rstrip()}`\n\nWhy?\n",
    "acute accents": f"Fails.\n\n´´´\n{CODE}´´´\n\nWhy?\n",
    "quotes": f"Fails.\n\n'''\n{CODE}'''\n\nWhy?\n",
    "line numbers": "Fails.\n\n```\n"
    + "".join(f"{n}  {line}\n" for n, line in enumerate(CODE.rstrip().split("\n"), 8))
    + "```\n",
    "here document": f"Fails.\n\n```bash\ncat > repro.py <<'EOF'\n{CODE}EOF\npython repro.py\n```\n",
    "shown in a session": f"Fails.\n\n```\n$ cat repro.py\n{CODE}$ python repro.py\nValueError: no\n```\n",
    "shown with a comment": f"Fails.\n\n```\n$ cat repro.py\n# A layer\n{CODE}$ python repro.py\nValueError: no\n```\n",
    "sentence in the block": f"Fails.\n\n```shell\nThis is the code of the guide, up to the second section.\n\n{CODE}```\n",
    "only a way that works": f"It works fine with TF 2.15, but not with TF 2.16:\n\n```\n{CODE}```\n",
}


@pytest.mark.parametrize("name", POSTED)
def test_code_is_found_however_it_is_set(name):
    (script,) = scripts(POSTED[name])
    assert [line for line in script.split("\n") if line and not line.startswith("#")] == CODE.rstrip().split("\n")


def test_line_numbers_are_those_of_the_report_where_fences_are_added():
    pieces = read_pieces(f"Fails.\n\n{CODE}\nSince TF 2.16.\n\n```import os\nprint(os)```\n\nEnd.\n")
    assert [(each.line, each.text.split("\n")[0]) for each in pieces] == [
        (1, "Fails."), (3, "import keras"), (7, "Since TF 2.16."), (9, "import os"), (12, "End."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "My model = Sequential is slow.\nUse model.fit(x) or call model(x).\nThat is all.\n",
        "Note (see the docs).\nlearning_rate = 0.1\n",
        "Traceback (most recent call last):\n  File \"x.py\", line 3, in f\n    x = g(1)\nValueError: no\n",
        "<pre>\nimport keras\nx = keras.Model()\n</pre>\n",
        "It's `a` and `b`.\n",
        "`one` thing\nand `two`\n",
        "```\nimport os\nx = os.getcwd()\n```\n",
        "~~~python\nx = f(1)\n~~~\n",
    ],
)  # fmt: skip
def test_nothing_else_gets_a_fence(text):
    assert [line for _, line in with_fences(text.split("\n"))] == text.split("\n")


def test_prompts_in_a_docstring_make_no_transcript():
    code = f'{CODE}\n\ndef f(x):\n    """Return x.\n\n    >>> f(1)\n    1\n    """\n    return x\n\n\nf(2)\n'
    assert scripts(f"Fails:\n\n```\n{code}```\n") == [code]


@pytest.mark.parametrize(
    ("block", "script"),
    [
        ('```shell\npython -c "import keras; print(keras.__version__)"\n```', "import keras; print(keras.__version__)"),
        ("```\n$ python3 -c 'import keras; keras.Model()'\n```", "import keras; keras.Model()"),
        ("```bash\npython - <<EOF\nimport keras\nkeras.Model()\nEOF\n```", "import keras\nkeras.Model()"),
    ],
    ids=["quoted", "prompt", "here document"],
)
def test_code_of_a_command_is_the_script(block, script):
    assert [each.strip() for each in scripts(f"It fails:\n\n{block}\n")] == [script]


def test_block_of_shell_that_calls_usual_names_is_python():
    (script,) = scripts(
        "### Code\n\n```shell\nx = np.ones(3)\nmodel = tf.keras.Sequential([hub.KerasLayer('a')])\n```\n"
    )
    assert {"import numpy as np", "import tensorflow as tf", "import tensorflow_hub as hub"} <= set(script.split("\n"))


def test_usual_names_of_keras_are_imported():
    (script,) = scripts("```python\nmodel = Sequential([Dense(1)])\nmodel.compile()\n```\n")
    assert script.startswith("from keras.layers import Dense\nfrom keras.models import Sequential\n")
    (script,) = scripts("```python\nmodel = Sequential([Dense(1)])\ntf.print(model(tf.ones((1, 1))))\n```\n")
    assert "from tensorflow.keras.layers import Dense\n" in script


def test_slip_in_the_code_is_no_output_and_is_asked_about():
    report = read_report(
        "```\nimport keras\nx = [1]\nlayer = keras.layers.Dense(units=3 activation='relu')\nlayer(x)\n```\n"
    )
    assert not report.runnable
    assert any("line 4" in each and "whole script" in each for each in report.questions)


def test_output_below_the_code_of_a_block_is_still_left_out():
    (script,) = scripts("```\nimport keras\nprint(keras.ops.ones(2))\ntf.Tensor([1. 1.], shape=(2,))\n```\n")
    assert script == "import keras\nprint(keras.ops.ones(2))\n"


def test_session_of_the_same_code_is_no_second_example():
    text = (
        "```\nmodel = tf.keras.models.Sequential([\n    tf.keras.layers.Dense(1),\n    tf.keras.layers.Dense(2),\n])\n```\n\n"
        "With TF 2.13:\n\n```\nIn [1]: tf.__version__\nOut[1]: '2.13.0'\n\nIn [2]: model = tf.keras.Sequential([\n"
        "   ...:     tf.keras.layers.Dense(1),\n   ...:     tf.keras.layers.Dense(2),\n   ...: ])\nValueError: no\n```\n"
    )
    report = read_report(text)
    assert report.questions == ()
    assert ["the same example again" in each.why for each in report.dropped] == [True]


def test_block_that_another_imports_is_a_file():
    text = (
        "The layer (`pkg/layers.py`):\n\n```python\nimport keras\n\nclass Mine(keras.layers.Layer):\n    pass\n```\n\n"
        "and the script:\n\n```python\nfrom pkg.layers import Mine\n\nprint(Mine())\n```\n"
    )
    report = read_report(text)
    assert [each.name for each in report.companions] == ["pkg/layers.py"]
    assert report.scripts[0].text == "from pkg.layers import Mine\n\nprint(Mine())\n"
    commented = text.replace("(`pkg/layers.py`)", "").replace(
        "```python\nimport keras", "```python\n# pkg/layers.py\nimport keras"
    )
    assert [each.name for each in read_report(commented).companions] == ["pkg/layers.py"]


WRITER = "```python\nimport keras\nkeras.Sequential([keras.layers.Dense(1)]).save('m.keras')\n```\n"
READER = "```python\nimport keras\nkeras.models.load_model('m.keras')\n```\n"


def test_here_document_that_another_imports_is_a_file():
    main = "import keras\nfrom utils import one\nprint(one(keras))\n"
    utils = "def one(x):\n    return x\n"
    text = f"Fails.\n\n```bash\ncat <<'EOF' > utils.py\n{utils}EOF\ncat > main.py <<'EOF'\n{main}EOF\npython main.py\n```\n"
    report = read_report(text)
    assert [each.text for each in report.scripts] == [main]
    assert [(each.name, each.text) for each in report.companions] == [("utils.py", utils)]


def test_blocks_that_write_and_read_a_file_are_one_program_or_two_steps():
    report = read_report(f"First:\n\n{WRITER}\nThen:\n\n{READER}")
    assert ("save(" in report.scripts[0].text, "load_model" in report.scripts[0].text) == (True, True)
    report = read_report(f"Saved with Keras 3.6:\n\n{WRITER}\nIn Keras 3.7, loading fails:\n\n{READER}")
    assert [each.name for each in report.scripts] == ["write.py", "read.py"]
    assert [(each.name, each.value) for each in report.written_with] == [("keras", "3.6")]


def test_script_that_saves_and_loads_is_two_steps_if_another_version_saved():
    code = (
        "import os\nimport keras\n\npath = 'm.keras'\n\n\n@keras.saving.register_keras_serializable()\nclass Mine(keras.layers.Layer):\n"
        "    pass\n\n\nmodel = keras.Sequential([Mine()])\nmodel.save(path)\n# and then\nagain = keras.models.load_model(path)\n"
        "print(again)\n"
    )
    report = read_report(
        f"A model that was saved with TF 2.13 cannot be loaded with tf 2.14 (or 2.15):\n\n```\n{code}```\n"
    )
    assert [each.name for each in report.scripts] == ["write.py", "read.py"]
    write, read = (each.text for each in report.scripts)
    assert (write.count("@keras"), read.count("@keras"), read.count("load_model"), read.count(".save(")) == (1, 1, 1, 0)
    assert claims(f"Cannot be loaded with tf 2.14 (or 2.15):\n\n```\n{code}```\n")[1:] == [
        ("fails", "tensorflow", "2.15")
    ]
    assert len(read_report(f"Fails in TF 2.13, saved with TF 2.13.\n\n```\n{code}```\n").scripts) == 1
    assert len(read_report(f"Fails in TF 2.13.\n\n```\n{code}```\n").scripts) == 1
    needs = code.replace("print(again)", "print(again(model.inputs))")
    assert len(read_report(f"Saved with TF 2.13, fails with 2.14.\n\n```\n{needs}```\n").scripts) == 1


def test_cells_with_their_prompts_on_lines_of_their_own_are_a_transcript():
    text = "TF 2.17.1\n\nIn [1]:\nimport keras\nx = 1\n\nIn [2]:\n\nx + 1\nOut[2]: 2\n\n2 is right.\n\nIn [3]:\nkeras.y\nAttributeError: no y\n"
    report = read_report(text)
    lines = [line for line in report.scripts[0].text.split("\n") if line]
    assert lines == ["import sys", "import keras", "x = 1", "sys.displayhook(x + 1)", "sys.displayhook(keras.y)"]
    assert (report.failure.type, report.failure.place.line) == ("AttributeError", 16)


def test_error_behind_a_prompt_is_output():
    report = read_report(f"Fails.\n\n```\n{CODE}```\n```\n>>> ValueError: no such layer\nReceived: 3\n```\n")
    assert (report.failure.type, report.failure.message) == ("ValueError", "no such layer Received: 3")
    assert report.scripts[0].text == CODE


def test_comparison_with_plain_numpy_is_no_second_example():
    report = read_report(f"```\n{CODE}```\nIn NumPy:\n\n```\nimport numpy as np\nprint(np.ones(1))\n```\n")
    assert not any("separate" in each for each in report.questions)


def test_code_of_a_comment_is_taken_only_if_the_report_has_none():
    comments = [{"body": "Which version?"}, {"body": f"Here it is:\n\n```\n{CODE}```\n"}]
    document = {"title": "Fails in TF 2.16", "body": "See https://colab.research.google.com/x", "comments": comments}
    report = read_report(json.dumps(document))
    assert [each.text for each in report.scripts] == [CODE]
    assert any("comment 2" in each for each in report.decisions)
    report = read_report(json.dumps({**document, "body": "```\nimport os\nprint(os)\n```\n"}))
    assert [each.text for each in report.scripts] == ["import os\nprint(os)\n"]


CLAIMS = {
    "title": (json.dumps({"title": "Fails since TF 2.16.1", "body": "It is so."}), [("fails", "tensorflow", "2.16.1")]),
    "headings": (
        "#### TF 2.10.1 and Keras 2.10.0\n\nRuns without error.\n\n#### TF 2.13.0\n\n```\nValueError: no\n```\n",
        [("works", "tensorflow", "2.10.1"), ("works", "keras", "2.10.0"), ("fails", "tensorflow", "2.13.0")],
    ),
    "field with a list": (
        "### TensorFlow version\n\n2.10.0 , 2.7.0 and 2.4.0\n",
        [("fails", "tensorflow", "2.10.0"), ("fails", "tensorflow", "2.7.0"), ("fails", "tensorflow", "2.4.0")],
    ),
    "list in bold": (
        "I tried this on tf version **2.16.1** & **2.13.0**.\n",
        [("fails", "tensorflow", "2.16.1"), ("fails", "tensorflow", "2.13.0")],
    ),
    "address of docs": ("I use the image of https://docs.x.com/y\nIt includes tensorflow 2.16.1\n", [("fails", "tensorflow", "2.16.1")]),
    "earlier version": (
        "After installing keras-hub 0.27.1 it fails.\n\n**Expected behavior**\n\nThe earlier version 0.26.0 was working for me.\n",
        [("fails", "keras-hub", "0.27.1"), ("works", "keras-hub", "0.26.0")],
    ),
    "majors": ("This works in Keras 2 but breaks in Keras 3.\n", [("works", "keras", "2"), ("fails", "keras", "3")]),
    "major and release": ("In Keras 3 it fails. I use Keras 3.4.1.\n", [("fails", "keras", "3.4.1")]),
    "major that is only named": ("I migrate to Keras 3.\n", []),
    "dash": ("Keras version - 3.5.0\n", [("fails", "keras", "3.5.0")]),
    "not in, of a problem": (
        "This happens in Keras 3.7.0, but not in 3.6.0.\n", [("fails", "keras", "3.7.0"), ("works", "keras", "3.6.0")],
    ),
    "not in, in brackets": (
        "Since Keras 3.7.0 I get this warning (not in 3.6.0):\n", [("fails", "keras", "3.7.0"), ("works", "keras", "3.6.0")],
    ),
    "two package lists": (
        "### Old environment (works)\n\n```\nh5py  3.8.0\nkeras  2.12.0\nnumpy  1.23.5\n```\n\n### New\n\n"
        "```\nh5py  3.11.0\nkeras  3.4.1\nnumpy  1.26.4\n```\n",
        [("works", "keras", "2.12.0"), ("fails", "keras", "3.4.1")],
    ),
    "emoji by name": (
        "| Version | Status |\n|---|---|\n| keras 3.5.0 | :white_check_mark: |\n| keras 3.6.0 | :x: |\n",
        [("works", "keras", "3.5.0"), ("fails", "keras", "3.6.0")],
    ),
    "yes and no": (
        "Keras:\n\n| Version | reproduced? |\n|---|---|\n| 3.5.0 | no |\n| 3.6.0 | yes |\n",
        [("works", "keras", "3.5.0"), ("fails", "keras", "3.6.0")],
    ),
    "labels": (
        "Affected: Keras 3.6.0 - 3.8.0. Not affected: 3.5.0 and 3.9.0.\n",
        [("fails", "keras", "3.6.0"), ("fails", "keras", "3.8.0"), ("works", "keras", "3.5.0"), ("works", "keras", "3.9.0")],
    ),
    "specifiers": (
        "It fails with keras>=3.10. Workaround: pin `keras<3.10`.\n", [("fails", "keras", "3.10"), ("works", "keras", "<3.10")],
    ),
    "list in a block": (
        "```\nTensorFlow: 2.18.0\nKeras: 3.7.0\nOS: Ubuntu\n```\n", [("fails", "tensorflow", "2.18.0"), ("fails", "keras", "3.7.0")],
    ),
    "printed by the script": (
        "```\nimport tensorflow as tf, keras, sys\nprint(tf.__version__, keras.__version__, sys.version)\nkeras.x()\n```\n\n"
        "```\n2.18.0 3.6.0 3.11.9 (main, Apr  2 2024) [GCC 13.2.0]\nAttributeError: no x\n```\n",
        [("fails", "tensorflow", "2.18.0"), ("fails", "keras", "3.6.0")],
    ),
    "session": (
        "```\n$ pip install keras==3.8.0\n$ python repro.py\n3\n$ pip install keras==3.9.0\n$ python repro.py\nValueError: bad\n```\n",
        [("works", "keras", "3.8.0"), ("fails", "keras", "3.9.0")],
    ),
    "affected and not affected": (
        "Affected: Keras 3.2.0 through 3.4.1, not affected: 3.1.1 and 3.5.0\n",
        [("fails", "keras", "3.2.0"), ("fails", "keras", "3.4.1"), ("works", "keras", "3.1.1"), ("works", "keras", "3.5.0")],
    ),
    "session of commands alone": (
        "```\n$ pip install keras==3.9.0\n$ python repro.py\n```\n\n```\nTraceback (most recent call last):\nValueError: bad\n```\n",
        [("fails", "keras", "3.9.0")],
    ),
    "build after a tag": ("- TensorFlow version: v2.9.0-18-gd8ce9f9c301\n", [("fails", "tensorflow", "2.9")]),
    "build of the main branch": ("- TensorFlow version: v1.12.1-126604-g3d72b9f063c\n", []),
    "without apostrophe": ("It doesnt work in TF 2.13.\n", [("fails", "tensorflow", "2.13")]),
    "outputs normally": ("In keras v2.14.0, it outputs normally.\n", [("works", "keras", "2.14.0")]),
    "green": ("It fails with Keras 3.6 (CI was green with Keras 3.5).\n", [("fails", "keras", "3.6"), ("works", "keras", "3.5")]),
    "version in a comment of the code": (
        "```\nimport keras\nprint(keras.__version__)  #3.0.1\nkeras.x()\n```\n", [("fails", "keras", "3.0.1")],
    ),
    "table with versions in its head": (
        "| | TF 2.15.0 | TF 2.16.1 |\n| --- | --- | --- |\n| loads | ✅ | ❌ |\n",
        [("works", "tensorflow", "2.15.0"), ("fails", "tensorflow", "2.16.1")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CLAIMS)
def test_versions_are_read_as_people_say_them(name):
    text, expected = CLAIMS[name]
    assert claims(text) == expected


SWITCHED = (
    'import os\n# os.environ["KERAS_BACKEND"] = "jax"\nos.environ["KERAS_BACKEND"] = "tensorflow"\nimport keras\n'
)


@pytest.mark.parametrize(
    ("said", "backend"),
    [
        ("In the TF backend it works without problem, but not in JAX.\n", "jax"),
        ("It breaks with TensorFlow, and works with jax.\n", None),
        ("It fails with torch.\n", None),
        ("It is slow.\n", None),
    ],
    ids=["works with the one that is set", "fails with it", "not in the script", "nothing said"],
)
def test_script_that_was_left_with_a_working_backend_uses_the_failing_one(said, backend):
    text, name = with_failing_backend(SWITCHED, read_pieces(said))
    assert name == backend
    assert text == (SWITCHED if backend is None else SWITCHED.replace('= "tensorflow"', f'= "{backend}"'))


@pytest.mark.parametrize(
    ("said", "set_"),
    [
        ("It works with tensorflow, but it breaks with JAX.", True),
        ("I am using the JAX backend and fit fails.", True),
        ("```\nKERAS_BACKEND=jax python x.py\n```", True),
        ("It fails with jax and with tensorflow.", False),
        ("It works with jax.", False),
    ],
)
def test_backend_of_the_text_is_set_if_the_code_sets_none(said, set_):
    report = read_report(f"{said}\n\n```python\n{CODE}```\n")
    assert ("os.environ['KERAS_BACKEND'] = 'jax'" in report.scripts[0].text) is set_


def test_log_lines_are_no_part_of_a_message():
    report = read_report(
        "```\nAttributeError: no GetPrototype\n2026-02-03 10:17:11.170520: I tensorflow/core/util/port.cc:153] oneDNN\n```\n"
    )
    assert report.failure.message == "no GetPrototype"


def test_google_protobuf_needs_no_login():
    (report,) = [read_report(f"```\nimport google.protobuf\n{CODE}```\n")]
    assert not any("logs in" in each for each in report.questions)
    report = read_report(f"```\nfrom google.colab import drive\n{CODE}```\n")
    assert any("logs in" in each for each in report.questions)


def test_cuda_is_no_gpu():
    report = read_report("### CUDA/cuDNN version\n\n12.2 / 8.9\n\n### GPU model and memory\n\nRTX 3090\n")
    assert {each.name: each.value for each in report.settings} == {"cuda": "12.2 / 8.9", "gpu": "RTX 3090"}
