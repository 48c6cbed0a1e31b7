"""Words and forms of public reports that were misread at first: silence, labels, guards. In own words."""

import pytest

from harness.reports import read_report

CODE = "import tensorflow as tf\nprint(tf.constant(1))\n"


def read(said, code=CODE):
    return read_report(f"{said}\n\n```python\n{code}```\n")


def claims(report):
    return [(each.says.value, each.package, each.version) for each in report.claims]


CLAIMS = {
    "no warning": (
        "I tried the same in tensorflow version 2.8.3 and there was no warning.", [("works", "tensorflow", "2.8.3")],
    ),
    "no warnings with": ("No warnings with TF 2.8, many with TF 2.9.", [("works", "tensorflow", "2.8")]),
    "crash without a warning": ("TF 2.8 crashes with no warning.", [("fails", "tensorflow", "2.8")]),
    "silent": ("With protobuf 5.29.3 it is silent.", [("works", "protobuf", "5.29.3")]),
    "silent failure": ("It fails silently in TF 2.8.", [("fails", "tensorflow", "2.8")]),
    "also happens": ("It fails in TF 2.15. Also happens with 2.16.1.", [
        ("fails", "tensorflow", "2.15"), ("fails", "tensorflow", "2.16.1"),
    ]),
    "does not seem to": (
        "This bug does not seem to occur in earlier version '2.2.0' of TensorFlow.", [("works", "tensorflow", "2.2.0")],
    ),
    "label of what is expected": (
        "Expected output (ran using v2.8.3-90-g1b8f5c396f0 2.8.4):\n\n```\n1\n```\n\nActual output (TF 2.13.1):",
        [("works", "tensorflow", "2.8.4"), ("fails", "tensorflow", "2.13.1")],
    ),
    "assigned version": ("tf.__version__ = 2.9.2\n\nIt fails.", [("fails", "tensorflow", "2.9.2")]),
    "packages that TensorFlow installs": (
        "It fails with wrapt 1.15.0. This works with typing_extensions 4.5.0.",
        [("fails", "wrapt", "1.15.0"), ("works", "typing-extensions", "4.5.0")],
    ),
    "setuptools": (
        "`pkg_resources` is removed in setuptools 82.0. With setuptools 80.9.0 it works.",
        [("fails", "setuptools", "82.0"), ("works", "setuptools", "80.9.0")],
    ),
    "the file's writer behind it": (
        "It fails in TF 2.5.\n\nThe model is attached (keras 2.1.6 wrote it).", [("fails", "tensorflow", "2.5")],
    ),
    "outputs of two versions": (
        "# TensorFlow 2.2.0 does not save the metrics\n\noutput with tensorflow 2.1.0:\n['loss']\n"
        "output with tensorflow 2.2.0rc0:\n[]\n",
        [("fails", "tensorflow", "2.2.0"), ("works", "tensorflow", "2.1.0"), ("fails", "tensorflow", "2.2.0rc0")],
    ),
    "outputs that nothing judges": (
        "output with tensorflow 2.1.0:\n['loss']\noutput with tensorflow 2.3.0:\n[]\n",
        [("fails", "tensorflow", "2.1.0"), ("fails", "tensorflow", "2.3.0")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CLAIMS)
def test_claim(name):
    said, expected = CLAIMS[name]
    found = claims(read(said))
    assert [each for each in found if each in expected or each[1] != "tensorflow"] == expected


def test_log_below_current_behavior_says_nothing_of_versions():
    log = "WARNING:tensorflow:SavedModel saved prior to TF 2.4 detected when loading. Nothing was loaded."
    report = read(f"**Describe the current behavior**\n\n```\n2.5.0-dev20210112\n{log}\n```\n")
    assert claims(report) == []


def test_label_of_the_writer_is_no_failure():
    save = "import tensorflow as tf\nm = tf.keras.Sequential([tf.keras.layers.Dense(1)])\nm.save('m')\n"
    load = "import tensorflow as tf\nm = tf.keras.models.load_model('m')\n"
    report = read_report(
        "# A model that was saved with TF 2.4 does not load\n\n"
        f"Step 1 (TF 2.4.0)\n\n```python\n{save}```\n\nStep 2 (TF 2.5.0)\n\n```python\n{load}```\n"
    )
    assert [each.name for each in report.scripts] == ["write.py", "read.py"]
    assert claims(report) == [("fails", "tensorflow", "2.5.0")]


def test_listed_package_of_which_only_another_version_works_is_a_claim():
    session = "```\n$ pip list | grep gast\ngast                  0.4.0\n```\n"
    report = read(f"It warns.\n\n{session}\n### Expected behavior\n\nno warning, as with gast 0.3.3\n")
    assert claims(report) == [("works", "gast", "0.3.3"), ("fails", "gast", "0.4.0")]


SHELL = {
    "below pip install": 'pip install tensorflow==2.6.0\npip install keras==2.7.0\npython -c "import keras"\n',
    "below a comment": '# a new environment\nconda create -n x\npython3 -c "import keras"\n',
    "typed after python": "pip install keras==2.7.0 # the last one\npython\nimport keras\n",
    "typed after python alone": "python3\nimport keras\n",
}


@pytest.mark.parametrize("name", SHELL)
def test_code_of_a_block_of_commands_is_the_script(name):
    report = read_report(f"It fails:\n\n```shell\n{SHELL[name]}```\n")
    (script,) = report.scripts
    assert script.text.split("\n")[0] == "import keras"


GUARDS = {
    "assert": "assert tf.__version__ == '2.3.0'\n",
    "assert of the beginning": "assert tf.__version__.startswith('2.3')\n",
    "raise": "if tf.__version__ != '2.3.0':\n    raise RuntimeError('needs 2.3.0')\n",
    "exit": "if not tf.version.VERSION == '2.3.0':\n    import sys; sys.exit(1)\n",
}


@pytest.mark.parametrize("name", GUARDS)
def test_guard_of_a_version_is_removed(name):
    report = read("It fails.", f"import tensorflow as tf\n{GUARDS[name]}print(tf.constant(1))\n")
    (script,) = report.scripts
    assert "2.3" not in script.text
    assert "print(tf.constant(1))" in script.text
    assert any("in every other version" in each for each in report.decisions)


def test_requirement_of_a_script_stays():
    guard = "if int(tf.__version__.split('.')[0]) < 2:\n    raise SystemExit('needs TensorFlow 2')\n"
    code = f"import tensorflow as tf\n{guard}assert tf.__version__ >= '2.3.0'\nprint(tf.constant(1))\n"
    assert read("It fails.", code).scripts[0].text == code


def test_guard_says_the_version():
    report = read("It fails.", f"import tensorflow as tf\n{GUARDS['assert']}print(tf.constant(1))\n")
    assert claims(report) == [("fails", "tensorflow", "2.3.0")]


def test_guard_that_is_all_of_the_code_stays():
    (script,) = read("The version is wrong.", f"import tensorflow as tf\n{GUARDS['assert']}").scripts
    assert "assert tf.__version__ == '2.3.0'" in script.text


def test_same_code_for_another_version_is_no_second_example():
    code = "import tensorflow as tf\nassert tf.__version__ == '{}'\nprint(tf.constant({}))\n"
    report = read_report(
        f"It fails:\n\n```python\n{code.format('2.3.0', 1)}```\n\nIt works:\n\n```python\n{code.format('2.2.0', 2)}```\n"
    )
    assert not any("separate" in each for each in report.questions)


TITLES = (
    "Bug: pkg_resources is removed in setuptools 82.0",
    "Wrong warning when a saved model (from TF2.4) is loaded using tf-nightly",
    "Current Keras does not load my models any more",
)


@pytest.mark.parametrize("title", TITLES)
def test_title_that_begins_like_a_field_is_the_title(title):
    assert read(f"# {title}\n\nIt fails.").title == title


@pytest.mark.parametrize("heading", ["Bug", "Bug description", "Current behavior", "TensorFlow version", "Code"])
def test_heading_of_a_field_is_no_title(heading):
    assert read(f"# {heading}\n\nIt fails.").title == ""


def test_what_follows_a_message_that_is_printed_twice_is_no_part_of_it():
    log = "AttributeError: no attribute 'X'\nAttributeError: no attribute 'X'\nTensorFlow: 2.18.0\n"
    report = read(f"It prints:\n\n```\n{log}```\n")
    assert [each.message for each in report.failures] == ["no attribute 'X'"]


def test_quotation_mark_behind_a_message_is_no_part_of_it():
    log = '"File "x.py", line 1, in f\n    import y\nModuleNotFoundError: No module named \'y\'"\n'
    assert [each.message for each in read(f"It prints:\n\n```\n{log}```\n").failures] == ["No module named 'y'"]


def test_address_in_front_of_code_is_no_code():
    (script,) = read_report(f"It fails:\n\n```shell\nSee https://example.org/x#y=1\n\n\n{CODE}```\n").scripts
    assert script.text == CODE


def test_development_build_is_a_claim_about_the_nightly_package():
    report = read("It works with tensorflow 2.15.0-dev20230811, but fails with tensorflow 2.15.0-dev20230812.")
    assert claims(report) == [
        ("works", "tf-nightly", "2.15.0.dev20230811"), ("fails", "tf-nightly", "2.15.0.dev20230812"),
    ]  # fmt: skip


EXPORT = "import tensorflow as tf\nm = tf.Module()\ntf.saved_model.save(m, 'm')\n"
RUN = "# saved_model_cli run --dir m --tag_set serve --inputs x=x.npy\n"
ERROR = "FailedPreconditionError: Could not find variable dense/kernel\n"


def test_failure_of_a_command_that_is_not_run_is_asked_about():
    report = read_report(f"It fails in TF 2.17.\n\n```python\n{EXPORT}{RUN}```\n\n```\n{ERROR}```\n")
    assert report.scripts == ()
    assert any("saved_model_cli run --dir m" in each for each in report.questions)
    assert any("is not run" in each.why for each in report.dropped)


@pytest.mark.parametrize(
    "text",
    [
        f"```python\n{EXPORT}{RUN}```\n\nNothing happens.",
        f"```python\n{EXPORT}{RUN}```\n\n```\nTraceback (most recent call last):\n"
        f"  File \"x.py\", line 3, in <module>\n    tf.saved_model.save(m, 'm')\n{ERROR}```\n",
        f"```python\n{EXPORT}```\n\n```\n{ERROR}```\n\nThen `saved_model_cli run` works.",
    ],
    ids=["no failure", "of the script", "in a sentence"],
)
def test_script_beside_a_command_is_run_if_it_raises_the_failure_itself(text):
    assert len(read_report(f"It fails in TF 2.17.\n\n{text}\n").scripts) == 1


@pytest.mark.parametrize(
    "first",
    ["2021-11-04 10:12:43.190437: E tensorflow/core/x.cc:77] Cannot register 2 metrics", "a/b.py:14: in <module>"],
)
def test_log_with_quoted_imports_is_called_output(first):
    log = f"{first}\n    from keras.models import Model\nValueError: no model\n"
    report = read(f"It fails in TF 2.17:\n\n```shell\n{log}```\n")
    assert [each.why for each in report.dropped] == ["output, not code"]
