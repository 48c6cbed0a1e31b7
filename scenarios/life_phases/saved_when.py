# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# issue = "https://github.com/tensorflow/tensorflow/issues/28668"
#
# [tool.harness.parameters]
# phase = ["defined", "built", "compiled", "trained"]
# save_format = [".keras", ".h5", "tf"]
#
# [[tool.harness.label]]
# stage = "save"
# error = "ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)"
# label = "removed"
# note = "Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving."
# link = "https://github.com/keras-team/keras-core/pull/674"
#
# [[tool.harness.label]]
# stage = "load"
# error = '''TypeError: Could not locate function 'mae'|ValueError: Could not deserialize 'keras\.metrics\.mae''''
# label = "bug"
# note = "Reading an .h5 file, Keras 3 looks for the short name of a loss as keras.metrics.mae, which does not exist. Compile with a loss object, or load with compile=False."
# link = "https://github.com/keras-team/keras/issues/19330"
#
# [[tool.harness.label]]
# stage = "save"
# error = '''ValueError: Weights for model '?\w+'? have not yet been created'''
# label = "by design"
# note = "A model without weights cannot be written to HDF5 in Keras 2; build it or call it first."
# link = "https://github.com/tensorflow/tensorflow/issues/28668"
#
# [[tool.harness.label]]
# stage = "save"
# error = "ValueError: Model <.*> cannot be saved because the input shape is not available"
# label = "by design"
# note = "A SavedModel holds traced functions, for which Keras 2 needs an input shape; build the model or call it first."
# link = "https://github.com/tensorflow/tensorflow/issues/30892"
#
# [[tool.harness.label]]
# stage = "save"
# error = "ValueError: Model <.*> cannot be saved because the input shapes have not been set"
# label = "by design"
# note = "A SavedModel holds traced functions, for which Keras 2 needs an input shape. In TensorFlow 2.2 build() is not enough, the model must have been called."
# link = "https://github.com/tensorflow/tensorflow/issues/30892"
# ///
"""A model can be saved at every phase of its life, and comes back in the same phase."""

# %% tags=["parameters"]
phase = "built"
save_format = ".keras"

# %% define
import numpy as np
import tensorflow as tf

if save_format == ".keras" and tuple(map(int, tf.__version__.split(".")[:2])) < (2, 13):
    print("model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5")
    raise SystemExit(125)

tf.random.set_seed(1)
x = np.random.RandomState(1).rand(8, 4).astype("float32")
y = x.sum(axis=1, keepdims=True)
path = {".keras": "model.keras", ".h5": "model.h5", "tf": "saved_model"}[save_format]

model = tf.keras.Sequential([
    tf.keras.layers.Dense(3, activation="relu"),
    tf.keras.layers.Dense(1),
])

# %% build
if phase != "defined":
    model.build((None, 4))

# %% compile
if phase in ("compiled", "trained"):
    model.compile(optimizer=tf.keras.optimizers.SGD(0.01), loss="mae")

# %% train
if phase == "trained":
    model.fit(x, y, epochs=2, verbose=0)

# %% save
model.save(path)

# %% load
loaded = tf.keras.models.load_model(path)

# %% predict
after = loaded.predict(x, verbose=0)

# %% compare
assert after.shape == (8, 1), "the loaded model predicts the shape %s" % (after.shape,)
if phase != "defined":
    for saved, restored in zip(model.get_weights(), loaded.get_weights()):
        np.testing.assert_allclose(restored, saved, err_msg="a weight was not restored")
    before = model.predict(x, verbose=0)
    np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg="the loaded model predicts something else")
if phase in ("compiled", "trained"):
    rate = float(np.array(loaded.optimizer.learning_rate))
    np.testing.assert_allclose(rate, 0.01, rtol=1e-5, err_msg="the learning rate was not restored")
    expected = np.abs(y - after).mean()
    np.testing.assert_allclose(loaded.evaluate(x, y, verbose=0), expected, rtol=1e-4, err_msg="wrong loss after loading")
