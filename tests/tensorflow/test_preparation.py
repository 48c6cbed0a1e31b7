"""What is prepared in a process that forks is what each script would have made: shown for every function of a model."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.tensorflow.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.timeout(1800)]

MODEL = """
import numpy as np
import tensorflow as tf

x, y = np.ones((8, 4), "float32"), np.ones((8, 3), "float32")
inputs = tf.keras.Input((4,))
left, right = tf.keras.layers.Dense(3, activation="relu")(inputs), tf.keras.layers.Dense(3)(inputs)
for model in (
    tf.keras.Model(inputs, tf.keras.layers.Add()([left, right])),
    tf.keras.Sequential([tf.keras.layers.Dense(3, activation="relu"), tf.keras.layers.Dense(3)]),
):
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(x, y, verbose=0)
    model.predict(x, verbose=0)
"""


@pytest.fixture(scope="module")
def python(clone):
    said = clone.harness("provision", "--environments", "tf2.16.2-legacy").stdout
    return Path(said.strip().splitlines()[-1].rpartition(": ")[2])


@pytest.fixture(scope="module")
def made_by(python, tmp_path_factory):
    def run(script, name):
        # As attempts have it: the order in which names are written follows the hash of strings.
        variables = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "PYTHONHASHSEED": "0", "CUDA_VISIBLE_DEVICES": "-1"}
        done = subprocess.run(
            [python, ROOT / "tests" / "tensorflow" / "conversions.py", script, name],
            env=variables,
            cwd=tmp_path_factory.mktemp("run"),
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_what_is_converted_ahead_is_what_scripts_have_converted(made_by, tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    ahead = made_by(ROOT / "prepare" / "autograph_of_tf_keras.py", "prepare")
    later = made_by(tmp_path / "model.py", "__main__")
    both = ahead.keys() & later.keys()
    assert [name for name in both if ahead[name] != later[name]] == []
    # Most of what a model needs is there, or it would not be worth while.
    assert len(both) >= 0.9 * len(later), sorted(later.keys() - ahead.keys())
