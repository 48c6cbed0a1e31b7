# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# issue = "https://github.com/keras-team/keras/issues/20074"
#
# [tool.harness.parameters]
# source = ["Input", "build", "call", "fit"]
# save_format = [".keras", "tf"]
#
# [[tool.harness.label]]
# stage = "save"
# error = "ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)"
# label = "removed"
# note = "Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving."
# link = "https://github.com/keras-team/keras-core/pull/674"
# ///
"""A Sequential model whose first layer is a Lambda loads, however the model got its input shape."""

# %% tags=["parameters"]
source = "build"
save_format = ".keras"

# %% define
import inspect

import numpy as np
import tensorflow as tf

if save_format == ".keras" and tuple(map(int, tf.__version__.split(".")[:2])) < (2, 13):
    print("model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5")
    raise SystemExit(125)

tf.random.set_seed(1)
x = np.random.RandomState(1).rand(8, 4).astype("float32")
y = x.sum(axis=1, keepdims=True)

layers = [
    tf.keras.layers.Lambda(lambda t: t / 2.0),
    tf.keras.layers.Dense(1),
]
if source == "Input":
    layers.insert(0, tf.keras.Input(shape=(4,)))
model = tf.keras.Sequential(layers)

# %% build
if source == "build":
    model.build((None, 4))
elif source == "call":
    model(x)
elif source == "fit":
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, y, epochs=1, verbose=0)

# %% predict
before = model.predict(x, verbose=0)

# %% save
path = {".keras": "model.keras", "tf": "saved_model"}[save_format]
model.save(path)

# %% load
load_model = tf.keras.models.load_model
trust = {"safe_mode": False} if "safe_mode" in inspect.signature(load_model).parameters else {}
loaded = load_model(path, **trust)

# %% predict
after = loaded.predict(x, verbose=0)

# %% compare
np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg="the loaded model predicts something else")
for saved, restored in zip(model.get_weights(), loaded.get_weights()):
    np.testing.assert_allclose(restored, saved, err_msg="a weight was not restored")
