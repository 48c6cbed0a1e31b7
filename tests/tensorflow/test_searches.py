"""Searches over real releases: a bug of Keras, the same through TensorFlow, and packages that are neither."""

import json
import os

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.timeout(1800)]

BUILT_TWICE = ("sequential_build_twice", "first=tuple", "second=list")
# A clone of Keras, with its tags: what the commits are is asked where there is one.
REPOSITORY = os.environ.get("HARNESS_TEST_KERAS")
NESTED = """\
import os, tempfile, warnings
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras

inputs = keras.Input((2,))
model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
path = os.path.join(tempfile.mkdtemp(), "model.keras")
model.save(path)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    keras.models.load_model(path)
said = [each for each in caught if "nested container" in str(each.message)]
assert not said, "a file that was just saved is loaded with a warning"
"""

MASKED = """\
from tensorflow.keras import layers
import numpy as np

layer = layers.TimeDistributed(layers.Dense(units=5))
try:
    layer(np.zeros((4, 5, 3)), mask=np.ones((4, 6), dtype=bool))
except ValueError:
    pass
else:
    raise AssertionError("no error for a mask of other time steps")
"""


def searched(clone, *arguments):
    return json.loads(clone.harness(*map(str, arguments), "--json").stdout)


def test_the_release_that_mended_a_bug_of_keras(clone):
    document = searched(
        clone, "pinpoint", *BUILT_TWICE, "--package", "keras", "--in", "keras3.4.1", "--versions", "3.4.1..3.5.0"
    )
    (found,) = document["transitions"]
    assert (found["kind"], found["last"], found["first"]) == ("fixed", "3.4.1", "3.5.0")
    assert found["signature_after"] is None and found["signature_before"]
    assert document["complete"]


def test_the_release_of_keras_that_brought_it(clone):
    """TensorFlow 2.15 takes either generation: Keras 3 is swapped in where the last Keras 2 was."""
    document = searched(
        clone, "pinpoint", *BUILT_TWICE, "--package", "keras", "--in", "tf2.15.1", "--versions", "2.15.0..3.0.0"
    )
    (found,) = document["transitions"]
    assert (found["kind"], found["last"], found["first"]) == ("introduced", "2.15.0", "3.0.0")


def test_the_release_of_tensorflow_that_brought_it(clone):
    """With Keras 3, through TensorFlow: more than one thing moves in such a step, and the answer says so."""
    document = searched(
        clone, "pinpoint", *BUILT_TWICE, "--package", "tensorflow-cpu", "--in", "tf2.16.2",
        "--versions", "2.15.1..2.16.1",
    )  # fmt: skip
    (found,) = document["transitions"]
    assert (found["kind"], found["last"], found["first"]) == ("introduced", "2.15.1", "2.16.1")
    assert "More than tensorflow-cpu moved" in document["notes"][0]


def test_a_guilty_package_that_is_neither_tensorflow_nor_keras(clone):
    """TensorFlow 2.10 as pip resolves it today does not import, though nothing of it was released."""
    document = searched(clone, "blame", "imports", "--good", "tf2.10.1", "--bad", "today-tf2.10.1")
    assert {each["name"] for each in document["packages"]} == {"numpy"}
    assert document["packages"][0]["first_bad"] == "2.0.0"
    assert document["proven"]


@pytest.mark.skipif(REPOSITORY is None, reason="HARNESS_TEST_KERAS names no clone of Keras")
def test_the_commit_that_mended_it(clone):
    document = searched(
        clone, "pinpoint", *BUILT_TWICE, "--package", "keras", "--in", "keras3.4.1", "--versions", "3.4.1..3.5.0",
        "--repository", REPOSITORY,
    )  # fmt: skip
    commit = document["transitions"][0]["commit"]
    assert (commit["sha"][:10], commit["pull_request"], commit["untestable"]) == ("d8b331412a", 20076, [])


@pytest.mark.skipif(REPOSITORY is None, reason="HARNESS_TEST_KERAS names no clone of Keras")
def test_a_bug_that_was_there_between_two_releases_only(clone, tmp_path):
    script = tmp_path / "nested_container.py"
    script.write_text(NESTED)
    common = ("pinpoint", script, "--package", "keras", "--in", "keras3.14.1", "--repository", REPOSITORY)
    assert searched(clone, *common, "--versions", "3.14.1..3.15.0")["transitions"] == []
    document = searched(clone, *common, "--commits", "3.14.1..3.15.0")
    assert [(each["kind"], each["commit"]["sha"][:10]) for each in document["transitions"]] == [
        ("introduced", "0f3a15aa2d"),
        ("fixed", "69d7fd6bb6"),
    ]


@pytest.mark.skipif(REPOSITORY is None, reason="HARNESS_TEST_KERAS names no clone of Keras")
def test_a_script_that_imports_keras_as_a_part_of_tensorflow(clone, tmp_path):
    """Keras has for that, where it is installed, a folder that its sources have elsewhere (keras-team/keras#22037)."""
    script = tmp_path / "mask.py"
    script.write_text(MASKED)
    document = searched(
        clone, "pinpoint", script, "--package", "keras", "--in", "keras3.9.0", "--repository", REPOSITORY,
        "--versions", "3.8.0..3.9.0",
    )  # fmt: skip
    (found,) = document["transitions"]
    assert (found["commit"]["sha"][:10], found["commit"]["pull_request"]) == ("cc467763c8", 20765)
