"""Files that real releases wrote, loaded by other real releases: `harness readers FILE --try`."""

import json
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.timeout(1800)]

FILES = Path(__file__).parents[1] / "fixtures" / "saved_models"
OWN = """\
import tensorflow as tf


@tf.keras.utils.register_keras_serializable(package="Mine")
class Scale(tf.keras.layers.Layer):
    def call(self, x):
        return x * 3


class Plain(tf.keras.layers.Layer):
    def call(self, x):
        return x * 3
"""


def tried(clone, name, environments, *arguments, status=0):
    typed = ["readers", str(FILES / name), "--try", "--environments", environments, *arguments, "--json"]
    document = json.loads(clone.harness(*typed, status=status).stdout)
    return document, {each["environment"]: each for each in document["readers"]}


def test_depthwise_convolution_of_2_12_is_refused_since_keras_3(clone):
    document, readers = tried(clone, "tf2.12.1_depthwise.h5", "tf2.12.1,tf2.15.1,tf2.16.2")
    assert "tf2.12.1" in document["file"]["written_by"]
    assert {id: each["grade"] for id, each in readers.items()} == {
        "tf2.12.1": "full",
        "tf2.15.1": "full",
        "tf2.16.2": "refused",
    }
    assert "{'groups': 1}" in readers["tf2.16.2"]["error"]
    assert document["install"]["environment"] == "tf2.15.1"


def test_a_keras_3_file_is_refused_by_2_15(clone):
    _, readers = tried(clone, "keras3.8.0_trained.keras", "tf2.15.1,tf2.16.2,keras3.8.0")
    assert readers["tf2.15.1"]["grade"] == "refused"
    assert readers["tf2.16.2"]["grade"] == readers["keras3.8.0"]["grade"] == "full"


def test_a_saved_model_with_classes_of_the_user_needs_another_layer_in_keras_3(clone, tmp_path):
    code = tmp_path / "classes.py"
    code.write_text(OWN)
    environments = "tf2.12.1,tf2.15.1,tf2.16.2"
    arguments = ("--code", str(code), "--wanted", "tf2.16.2")
    document, readers = tried(clone, "tf2.12.1_custom-tf", environments, *arguments)
    assert document["file"]["custom"] == ["Mine>Scale", "Plain"]
    assert readers["tf2.15.1"]["grade"] == "full"
    assert readers["tf2.16.2"]["grade"] == "partial"
    assert readers["tf2.16.2"]["differs"] == ["only with TFSMLayer"]
    assert [(each["load_in"], each["save_as"]) for each in document["chain"]] == [("tf2.15.1", ".keras")]
    assert document["chain_tried"] is True


def test_code_in_a_file_is_loaded_only_by_the_python_that_wrote_it(clone):
    document, readers = tried(clone, "tf2.12.1_lambda.h5", "tf2.10.1,tf2.12.1,tf2.15.1")
    assert document["file"]["code"] == ["Lambda"]
    assert readers["tf2.10.1"]["grade"] == "refused"
    assert readers["tf2.12.1"]["grade"] == "full"
