"""What further reports of TensorFlow taught: values below labels, settings of a policy, code and imports without marks."""

import pytest

from harness.reports import read_report

CODE = "```python\nimport tensorflow as tf\nprint(tf.ones(2))\n```\n"
FAILED = "/usr/lib/python3.7/dist-packages/tensorflow_text/ops.so: undefined symbol: x"


def claims(text):
    return [(each.says.value, each.package, each.version) for each in read_report(text).claims]


def settings(text):
    return {each.name: each.value for each in read_report(text).settings}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is None, whereas it was fine earlier, e.g., with tf 2.10.", [("works", "tensorflow", "2.10")]),
        ("It crashes at once, with TF 2.10.", [("fails", "tensorflow", "2.10")]),
        ("I have TF 2.4.0, but TF 2.5 shows the same issue.",
         [("fails", "tensorflow", "2.4.0"), ("fails", "tensorflow", "2.5")]),
        ("It works in TF 2.4 so the bug is in TF 2.5.", [("works", "tensorflow", "2.4"), ("fails", "tensorflow", "2.5")]),
        ("TF 2.16.1 fails - works w/ 2.15.0", [("fails", "tensorflow", "2.16.1"), ("works", "tensorflow", "2.15.0")]),
    ],
)  # fmt: skip
def test_clauses_keep_their_verdict(text, expected):
    assert claims(f"# {text}\n\n{CODE}") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It should train - it used to work in TF 2.4.", [("works", "tensorflow", "2.4")]),
        ("It runs fine on TF 2.4, so the bug is in TF 2.5.", [("works", "tensorflow", "2.4")]),
        ("It should work in TF 2.5.", []),
        ("The model loads in TF 2.5 without an error.", []),
        ("It should work in TF 2.5. It fails in TF 2.6.", []),
    ],
)
def test_below_expected_behavior_only_what_was_seen_is_a_claim(text, expected):
    assert claims(f"# Layer\n\n{CODE}\n**Describe the expected behavior**\n{text}\n") == expected


def test_lead_of_the_code_is_no_verdict_on_the_versions_of_the_title():
    output = "prints in TF 2.2.1:\n```\n(1,)\n```\n\nprints in TF 2.3.0:\n```\n1\n```\n"
    text = f"# Range differs, TF 2.2.1 and TF 2.3.0\n\nCode to reproduce the problem:\n{CODE}\n{output}"
    assert ("works", "tensorflow", "2.3.0") not in claims(text)


def test_value_of_a_field_may_stand_in_the_next_line():
    form = (
        "- OS Platform and Distribution (e.g., Linux Ubuntu 16.04):\nWindows 10\n- Python version:\n3.8.1\n"
        "- TensorFlow version (use command below):\nv2.3.0-rc2-26-g64c3d382ca 2.3.0\n"
    )
    found = settings(f"# Layer\n\n{form}\n{CODE}")
    assert found == {"os": "Windows 10", "python": "3.8.1", "tensorflow": "2.3.0"}


@pytest.mark.parametrize("bullet", ["", "- "])
def test_empty_field_takes_no_value_of_the_next_one(bullet):
    form = (
        f"{bullet}OS Platform (e.g., Linux Ubuntu 16.04):\n{bullet}TensorFlow version:\n{bullet}Python version: 3.8\n"
    )
    assert settings(f"# Layer\n\n{form}\n{CODE}") == {"python": "3.8"}


def test_question_with_versions_is_a_title():
    report = read_report("# Why do tfp.distributions fail on TF 2.2 but not in 2.1?\n\nHi.\n")
    assert report.title.startswith("Why do tfp")
    assert not report.settings


def test_message_behind_the_type_in_backticks_is_the_exception():
    report = read_report(f"# Layer\n\n{CODE}\nThis raises `ValueError` : `Shapes (2,) and (3,) differ`.\n")
    assert report.failure is not None
    assert report.failure.message == "Shapes (2,) and (3,) differ"
    assert read_report(f"# L\n\n{CODE}\nRaises `ValueError`: `units` must be an int\n").failure is None


def test_block_that_only_sets_something_belongs_to_the_next_one():
    first = "```python\nimport keras\npolicy = 'mixed_float16'\nkeras.mixed_precision.set_global_policy(policy)\n```\n"
    second = "```python\nimport keras\nprint(keras.layers.Dense(2).compute_dtype)\n```\n"
    (script,) = read_report(f"# Layer\n\nFirst\n{first}\nthen\n{second}").scripts
    assert "set_global_policy(policy)" in script.text
    assert "compute_dtype" in script.text
    other = first.replace("set_global_policy(policy)", "Policy(policy)")
    (script,) = read_report(f"# Layer\n\nFirst\n{other}\nthen\n{second}").scripts
    assert "compute_dtype" not in script.text


def test_statement_of_several_lines_with_a_margin_is_code():
    text = (
        "# Layer\n\nThis fails\n\n  model = tf.keras.Sequential([\n      tf.keras.Input((2,)),\n   # the last one\n"
        "    tf.keras.layers.Dense(units=3,\n                          name='b')\n  ])\n\nPlease help.\n"
    )
    (script,) = read_report(text).scripts
    assert script.text.count("tf.keras.") == 3
    assert "Please" not in script.text


@pytest.mark.parametrize(
    "text",
    [
        "NotFoundError      Traceback (most recent call last)\n[<ipython-input-1-ab>](https://localhost:8080/#) in <module>()"
        "\n----> 1 import tensorflow_text as text\n\n3 frames\n[/usr/lib/python3.7/dist-packages/tensorflow/load.py]"
        f"(https://localhost:8080/#) in load(name)\n---> 54 \n\nNotFoundError: {FAILED}\n",
        '```\n>> import tensorflow_text as text\nTraceback (most recent call last):\n  File "<stdin>", line 1, in <module>\n'
        f'  File "/usr/lib/python3.7/dist-packages/tensorflow_text/a.py",\n line 21, in <module>\nNotFoundError: {FAILED}\n```\n',
    ],
    ids=["collapsed, without a fence", "typed"],
)
def test_import_whose_package_is_in_the_traceback_is_the_script(text):
    (script,) = read_report(f"# import fails\n\nI get this.\n\n{text}").scripts
    assert script.text.startswith("import tensorflow_text as text\n")


@pytest.mark.parametrize(
    "text",
    [
        "Code attached.\n[a.py](https://github.com/tensorflow/tensorflow/files/123/a.py)\n",
        "### Standalone code\n\n```shell\nhttps://www.tensorflow.org/tutorials/x\n```\n",
    ],
)
def test_linked_code_is_asked_for(text):
    (asked,) = read_report(f"# Fails in TF 2.16.0\n\n{text}").questions
    assert asked.startswith("The code is behind a link")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Load fails in TF 2.5.0 Same model loads fine in 2.4.1",
         [("fails", "tensorflow", "2.5.0"), ("works", "tensorflow", "2.4.1")]),
        ("With TF 2.1 it crashes. It is possible to load the file with TF 2.2.",
         [("fails", "tensorflow", "2.1"), ("works", "tensorflow", "2.2")]),
        ("Training slowed down in TF 2.5 compared to TF 2.4.", [("fails", "tensorflow", "2.5"), ("works", "tensorflow", "2.4")]),
        ("TF 2.4 takes 3 s per epoch versus 1 s with TF 2.3", [("fails", "tensorflow", "2.4"), ("works", "tensorflow", "2.3")]),
        ("It is much worse in TF 2.5 than in TF 2.4 or TF 2.3.",
         [("fails", "tensorflow", "2.5"), ("works", "tensorflow", "2.4"), ("works", "tensorflow", "2.3")]),
        ("With TF 2.4.1 it leaks, in `2.5.0-rc*` the other leaks are fixed.", [("fails", "tensorflow", "2.4.1")]),
    ],
)  # fmt: skip
def test_compared_versions_have_different_verdicts(text, expected):
    assert claims(f"# Layer\n\n{text}\n\n{CODE}") == expected


def test_file_that_an_unknown_version_wrote_is_not_of_the_version_that_loads_it():
    report = read_report("# Load\n\nI load a model saved in 1.x in 2.5.0. It cannot be loaded in TF 2.5.0.\n")
    assert report.written_with == ()
    (written,) = read_report("# Load\n\nA model saved in TF 2.4.0 cannot be loaded in TF 2.5.0.\n").written_with
    assert written.value == "2.4.0"


def test_form_of_datasets_is_read_and_its_placeholders_are_not():
    form = (
        "* Operating System: <os>\n* Python version: <version>\n"
        "* `tensorflow-datasets`/`tfds-nightly` version: tensorflow-datasets: 4.9.2\n"
        "* `tensorflow`/`tf-nightly` version: tensorflow: 2.12.0\n"
    )
    assert settings(f"# Load\n\n{form}\n{CODE}") == {"tensorflow-datasets": "4.9.2", "tensorflow": "2.12.0"}


@pytest.mark.parametrize(
    "line",
    [
        "Requirement already satisfied: tensorflow<2.10,>=2.9.0 in c:\\python\\site-packages (from tensorflow-text) (2.9.1)",
        "Successfully installed absl-py-1.4.0 tensorflow-2.9.1",
    ],
)
def test_version_that_pip_reports_is_the_one_that_fails(line):
    assert claims(f"# Layer\n\n```\nCollecting x\n{line}\n```\n\n{CODE}") == [("fails", "tensorflow", "2.9.1")]


def test_probability_is_imported_by_its_usual_name():
    (script,) = read_report(
        "# Fails in TF 2.12\n\n```python\nprint(tfp.distributions.Normal(0., 1.).mean())\n```\n"
    ).scripts
    assert script.text.startswith("import tensorflow_probability as tfp\n")


def test_bold_line_within_a_paragraph_is_a_heading():
    text = f"**Expected behavior**\nNo hang\n**Standalone code**\n{CODE}"
    report = read_report(f"# Layer hangs in TF 2.4\n\n{text}")
    assert [(each.role, each.text, each.place.line) for each in report.outputs] == [("expected", "No hang", 4)]
    assert len(report.scripts) == 1


@pytest.mark.parametrize("line", ["WARNING:tensorflow: 5 out of 9 calls", "`WARNING:tensorflow:5 out of 9 calls`"])
def test_warning_in_the_text_is_a_log(line):
    assert [each.role for each in read_report(f"# Layer\n\n{CODE}\nIt prints\n\n{line}\n").outputs] == ["log"]


@pytest.mark.parametrize(("saves", "asked"), [("", True), ("m.save_weights('checkpoints/a')\n", False)])
def test_weights_without_an_extension_are_asked_for(saves, asked):
    code = f"```python\nimport keras\nm = keras.Sequential([keras.Input((2,))])\n{saves}m.load_weights('checkpoints/a')\n```\n"
    questions = read_report(f"# Fails in TF 2.11\n\n{code}").questions
    assert any("`checkpoints/a`, which is not attached" in each for each in questions) is asked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It should work with TF 2.3.", []),
        ("It should work with TF 2.3. It crashes in TF 2.4.", [("fails", "tensorflow", "2.4")]),
        ("It should be fixed in TF 2.5.", [("works", "tensorflow", "2.5")]),
        ("It runs in TF 2.4 (without raising any exception), but this is not the case with TF 2.3.",
         [("works", "tensorflow", "2.4"), ("fails", "tensorflow", "2.3")]),
        ("With TF 2.4 it fails. This is not the case with TF 2.3.",
         [("fails", "tensorflow", "2.4"), ("works", "tensorflow", "2.3")]),
        ("The model cannot be exported with TF 2.3.", [("fails", "tensorflow", "2.3")]),
    ],
)  # fmt: skip
def test_wishes_are_no_claims_and_denials_are(text, expected):
    report = read_report(f"# Layer\n\n{text}\n\n{CODE}")
    assert [(each.says.value, each.package, each.version) for each in report.claims] == expected
    assert report.written_with == ()


def test_label_of_the_next_field_is_no_value():
    assert settings(f"# L\n\n- CUDA/cuDNN version: - GPU model and memory:\n- Python version: 3.8\n\n{CODE}") == {
        "python": "3.8"
    }


def test_title_that_asks_about_a_message_quotes_it_without_the_question_mark():
    (failure,) = read_report("# AttributeError: module 'keras' has no attribute 'x'?\n\nWhy?\n").failures
    assert failure.message == "module 'keras' has no attribute 'x'"


@pytest.mark.parametrize(
    ("title", "text", "asked"),
    [
        ("Layer fails", "It does not crash on a CPU.", True),
        ("Layer fails", "It works fine on the CPU.", True),
        ("Layer fails", "Multi-GPU is enabled.", True),
        ("Wrong values when using a GPU", "The values differ.", True),
        ("Layer fails", "It fails on GPU and on CPU.", False),
        ("Layer fails on GPU", "ValueError: Shapes (2,) and (3,) differ", False),
    ],
)
def test_report_about_a_gpu_is_asked_for_the_cpu(title, text, asked):
    questions = read_report(f"# {title}, TF 2.8\n\n{text}\n\n{CODE}").questions
    assert any("about a GPU" in each for each in questions) is asked


def test_log_below_expected_behavior_is_not_what_is_expected():
    log = (
        '> Traceback (most recent call last):\n>   File "a.py", line 6, in <module>\n> ValueError: Shapes differ here\n'
    )
    report = read_report(f"# L\n\n{CODE}\n**Describe the expected behavior**\nIt works, but raises this:\n\n{log}")
    assert [each.text for each in report.outputs if each.role == "expected"] == ["It works, but raises this:"]
    assert report.failure is not None


def test_call_that_prints_versions_is_no_script():
    text = "# TFP with TF 2.0\n\nIt fails in the version of `print(tf.__version__, tfp.__version__)`.\n"
    assert read_report(text).scripts == ()
    assert len(read_report(text.replace("tf.__version__, tfp.__version__", "tf.ones(2)")).scripts) == 1


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("TFP 0.17.0", "tensorflow-probability"),
        ("TensorFlow Hub 0.16.1", "tensorflow-hub"),
        ("tfds 4.9.2", "tensorflow-datasets"),
        ("TensorFlow GPU 2.4.0", "tensorflow"),
    ],
)
def test_packages_have_the_names_that_people_write(text, package):
    assert claims(f"# Layer\n\nIt crashes with {text}.\n\n{CODE}") == [("fails", package, text.rpartition(" ")[2])]


def test_title_in_own_words_has_only_the_type_of_the_exception():
    (failure,) = read_report(f"# TypeError: adding tensors is broken in TF 2.9\n\n{CODE}").failures
    assert (failure.type, failure.message) == ("TypeError", "")
    (failure,) = read_report(f"# TypeError: got an unexpected keyword 'a'\n\n{CODE}").failures
    assert failure.message == "got an unexpected keyword 'a'"


def test_short_title_that_tells_of_a_failure_is_no_field():
    assert read_report(f"# tf-nightly: cannot import it\n\n{CODE}").title == "tf-nightly: cannot import it"
    assert read_report(f"### TF nightly\n\nYes\n\n{CODE}").title == ""


def test_block_that_sets_weights_of_its_own_layer_is_an_example():
    first = "```python\nimport keras\nlayer = keras.layers.Dense(2)\nlayer.set_weights([])\n```\n"
    second = "```python\nimport keras\nkeras.layers.Dense(0)(1)\n```\n"
    (script,) = read_report(f"# Layer\n\nFirst\n{first}\nthen\n{second}").scripts
    assert "Dense(0)" not in script.text


@pytest.mark.parametrize(
    "line", ["It is unknown to me which one I have, as I did not install it on this machine", "Hm: 3.8"]
)
def test_sentence_below_a_label_is_no_value(line):
    assert settings(f"# Layer\n\n- GPU model and memory:\n{line}\n\n{CODE}") == {}


def test_question_whether_something_is_possible_is_no_verdict():
    assert ("works", "tensorflow", "2.5") not in claims(f"# Layer\n\nIs it possible to use it with TF 2.5?\n\n{CODE}")
