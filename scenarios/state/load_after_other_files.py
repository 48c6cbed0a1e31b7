# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
#
# [tool.harness.parameters]
# before = ["nothing", "saved_model", "saved_model_legacy_optimizer", "tf_keras"]
#
# [[tool.harness.label]]
# stage = "compare"
# error = "(?s)AssertionError: .*the loaded model predicts something else"
# label = "bug"
# note = "tf_keras 2.15 registers its classes under the names of Keras 2.15's. After its import (which loading a SavedModel with a legacy optimizer does) load_model makes tf_keras layers, and leaves their weights as initialised, silently. Load in a fresh process."
# link = "https://github.com/tensorflow/tensorflow/blob/v2.15.1/tensorflow/python/saved_model/load.py"
# ///
"""A .keras file loads the same whatever the process loaded or imported before it."""

# %% tags=["parameters"]
before = "saved_model_legacy_optimizer"

# %% define
import importlib.util

import numpy as np
import tensorflow as tf

if tuple(map(int, tf.__version__.split(".")[:2])) < (2, 13):
    print("model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5")
    raise SystemExit(125)

keras3 = hasattr(tf.keras, "ops")
if before.startswith("saved_model") and keras3:
    print("Keras 3 writes no SavedModel that load_model reads, so this cannot happen here")
    raise SystemExit(125)
if before == "tf_keras" and importlib.util.find_spec("tf_keras") is None:
    print("tf_keras is not installed in this environment")
    raise SystemExit(125)

tf.random.set_seed(1)
x = np.random.RandomState(1).rand(8, 4).astype("float32")
y = x.sum(axis=1, keepdims=True)


def make_model():
    return tf.keras.Sequential([
        tf.keras.Input(shape=(4,)),
        tf.keras.layers.Dense(3, activation="relu"),
        tf.keras.layers.Dense(1),
    ])


model = make_model()

# %% predict
expected = np.array(model(x))

# %% save
model.save("model.keras")
if before.startswith("saved_model"):
    other = make_model()
    # the optimizer class of TensorFlow 2.2 to 2.10, still in use as "legacy" in 2.11 to 2.15
    optimizers = tf.keras.optimizers.legacy if before.endswith("legacy_optimizer") else tf.keras.optimizers
    other.compile(optimizer=optimizers.SGD(0.01), loss="mse")
    other.fit(x, y, epochs=1, verbose=0)
    other.save("other")

# %% load
if before.startswith("saved_model"):
    tf.keras.models.load_model("other")
elif before == "tf_keras":
    import tf_keras
loaded = tf.keras.models.load_model("model.keras")

# %% predict
predicted = np.array(loaded(x))

# %% compare
np.testing.assert_allclose(predicted, expected, rtol=1e-5, atol=1e-6, err_msg="the loaded model predicts something else")
for saved, restored in zip(model.get_weights(), loaded.get_weights()):
    np.testing.assert_allclose(restored, saved, err_msg="a weight was not restored")
