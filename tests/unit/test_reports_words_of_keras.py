"""Words and forms of further reports about Keras that were misread at first, in own words."""

import pytest

from harness.reports import read_report

CODE = "```python\nimport keras\nprint(keras.Input((3,)))\n```\n"


def claims(text):
    return [(each.says.value, each.package, each.version) for each in read_report(text).claims]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The guides for Keras 3 stopped working.", [("fails", "keras", "3")]),
        ("keras3.2.1 crash, this problem does not show up in keras3.2.0.",
         [("fails", "keras", "3.2.1"), ("works", "keras", "3.2.0")]),
        ("Why is Keras 3 slower than Keras 2?", [("fails", "keras", "3"), ("works", "keras", "2")]),
        ("Since TF 2.4 predict takes many times longer compared to TF 2.3.",
         [("fails", "tensorflow", "2.4"), ("works", "tensorflow", "2.3")]),
        ("fit() is slow compared to Keras and tensorflow 2.10.", [("works", "tensorflow", "2.10")]),
        ("The mask is lost in Keras 3.8. In tf.keras 2.15 all layers keep the mask.",
         [("fails", "keras", "3.8"), ("works", "tensorflow", "2.15")]),
        ("The result is wrong in Keras 3.8. In tf.keras 2.15 I get a list of two.", [("fails", "keras", "3.8")]),
        ("In Keras 3.8 it throws a warning. In Keras 3.7 it does not throw.",
         [("fails", "keras", "3.8"), ("works", "keras", "3.7")]),
        ("Keras 3.0.5: trainer requires a rebuild.", [("fails", "keras", "3.0.5")]),
        ("Tensorflow 2.10 is mentioned in the environment file.", []),
        ("It fails in Keras 3.8.0 but works on nightly.", [("fails", "keras", "3.8.0"), ("works", "keras-nightly", "nightly")]),
        ("Have you seen the bug with Keras nightly?", []),
    ],
)  # fmt: skip
def test_words_say_what_works(text, expected):
    assert claims(f"{text}\n\n{CODE}") == expected


@pytest.mark.parametrize(
    "text", ["With TF 2.15 I am stuck. TF 2.16 fails, too.", "In Keras 3.7: `[1]`. Keras 3.8 is wrong."]
)
def test_other_sentences_about_a_lower_version_stay(text):
    assert [says for says, *_ in claims(f"{text}\n\n{CODE}")] == ["fails", "fails"]


@pytest.mark.parametrize(
    ("name", "package"), [("keras_tuner", "keras-tuner"), ("KerasHub", "keras-hub"), ("keras_cv", "keras-cv")]
)
def test_number_is_a_version_of_the_only_package_that_is_named(name, package):
    text = f"The import of {name}.engine fails on v1.4.1 but works on v1.3.5."
    assert claims(f"{text}\n") == [("fails", package, "1.4.1"), ("works", package, "1.3.5")]


def test_number_beside_keras_is_not_of_the_package_on_top():
    assert claims(f"keras_hub works with Keras, but it fails in 3.5.0.\n\n{CODE}")[-1] == ("fails", "keras", "3.5.0")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "I only do pip install keras==3.8.0 and pip install tensorflow ==2.18.0.",
            {"keras==3.8.0", "tensorflow==2.18.0"},
        ),
        (
            "After pip install keras-tuner keras, numpy==1.26.4 loading fails.",
            {"keras-tuner", "keras", "numpy==1.26.4"},
        ),
        ("Run `pip install keras and-more` first.", {"keras", "and-more"}),
        ("```\nImportError: X needs it. Run `pip install tensorflow-text`.\n```", set()),
        ("```\npip install keras pandas\n```", {"keras", "pandas"}),
        ("```\nsudo python -m pip install keras and-more\n```", {"keras", "and-more"}),
        ("```\nRUN pip install keras and-more\n```", {"keras", "and-more"}),
        ("Installed with: pip install keras and-more", {"keras", "and-more"}),
        ("```\n(env) me@pc:~$ pip install keras and-more\n```", {"keras", "and-more"}),
    ],
)
def test_words_of_a_sentence_are_no_packages(text, expected):
    assert set(read_report(f"It fails in Keras 3.8.0.\n\n{text}\n\n{CODE}").requirements) == expected


def test_part_of_a_class_is_not_run_in_place_of_wrong_code():
    text = (
        "```\nimport keras\nlayer = keras.layers.Dense(3 name='a')\n```\n\nThe reason:\n\n"
        "```\nsuper().__init__(units=units)\nself.kept = units\n```\n"
    )
    report = read_report(f"It fails in Keras 3.8.0.\n\n{text}")
    assert report.scripts == ()
    assert report.outputs == ()
    assert any("incomplete or wrong at line" in each for each in report.questions)
    assert not any("`self`" in each for each in report.questions)


def test_attached_code_is_asked_for():
    link = "[repro.py.txt](https://github.com/a/b/files/14743221/repro.py.txt)"
    report = read_report(f"# Weights are lost in Keras 3.8.0\n\nSee {link}.\n")
    assert any("behind a link" in each for each in report.questions)


def test_import_that_raises_itself_is_the_script():
    text = (
        "Fails on v1.4.1, see https://colab.research.google.com/x\n\n"
        "ImportError                               Traceback (most recent call last)\n"
        "<ipython-input-5-58e1e05063e7> in <cell line: 1>()\n----> 1 from keras_tuner.engine import trial\n\n"
        "ImportError: cannot import name 'trial' from 'keras_tuner.engine' (/usr/lib/dist-packages/keras_tuner/engine/__init__.py)\n"
    )
    report = read_report(text)
    assert "from keras_tuner.engine import trial" in report.scripts[0].read()


def test_code_that_is_only_wished_for_is_no_part_of_the_script():
    text = f"It fails in Keras 3.8.0.\n\n{CODE}\nIt would be great if there was something like:\n\n```\nkeras.seed(1)\n```\n"
    assert "keras.seed" not in read_report(text).scripts[0].read()


def test_many_installs_in_one_sentence_are_read():
    names = tuple(f"package{number}" for number in range(100))
    text = " and ".join(f"pip install {name}" for name in names)
    assert read_report(f"I did {text} there.\n\n{CODE}").requirements == names
