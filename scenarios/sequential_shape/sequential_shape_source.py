# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# issue = "https://github.com/tensorflow/tensorflow/issues/30892"
#
# [tool.harness.parameters]
# source = ["Input", "input_shape", "build", "call", "fit"]
# save_format = [".keras", ".h5", "tf", "weights", "export"]
#
# [[tool.harness.label]]
# stage = "save"
# error = "ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)"
# label = "removed"
# note = "Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving."
# link = "https://github.com/keras-team/keras-core/pull/674"
#
# [[tool.harness.label]]
# stage = "save"
# error = "(?s)KeyError: .*Failed to add concrete function .*__inference_predict_function|ValueError: Error when tracing gradients for SavedModel"
# label = "fixed in TensorFlow 2.13"
# note = "In TensorFlow 2.12, the first with Model.export, a model that has trained or predicted cannot be exported; exporting before predicting works."
# link = "https://github.com/keras-team/keras/commit/9de24b0beac97d1ef8c34e427beb895ef791d254"
# ///
"""A Sequential model saves and loads in every format, however it got its input shape."""

# %% tags=["parameters"]
source = "Input"
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


def make_model():
    hidden = tf.keras.layers.Dense(3, activation="relu")
    if source == "input_shape":
        hidden = tf.keras.layers.Dense(3, activation="relu", input_shape=(4,))
    layers = [hidden, tf.keras.layers.Dense(1)]
    if source == "Input":
        layers.insert(0, tf.keras.Input(shape=(4,)))
    return tf.keras.Sequential(layers)


def give_shape(model):
    if source == "build":
        model.build((None, 4))
    elif source == "call":
        model(x)
    elif source == "fit":
        model.compile(optimizer="sgd", loss=tf.keras.losses.MeanSquaredError())
        model.fit(x, y, epochs=1, verbose=0)


model = make_model()
if save_format == "export" and not hasattr(model, "export"):
    print("there is no Model.export in this version")
    raise SystemExit(125)

# %% build
give_shape(model)

# %% predict
before = model.predict(x, verbose=0)

# %% save
if save_format == "weights":
    model.save_weights("model.weights.h5")
elif save_format == "export":
    model.export("exported")
else:
    model.save({".keras": "model.keras", ".h5": "model.h5", "tf": "saved_model"}[save_format])

# %% load
if save_format == "weights":
    loaded = make_model()
    give_shape(loaded)
    loaded.load_weights("model.weights.h5")
elif save_format == "export":
    loaded = tf.saved_model.load("exported")
else:
    loaded = tf.keras.models.load_model({".keras": "model.keras", ".h5": "model.h5", "tf": "saved_model"}[save_format])

# %% predict
after = np.array(loaded.serve(x)) if save_format == "export" else loaded.predict(x, verbose=0)

# %% compare
np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg="the loaded model predicts something else")
if save_format != "export":
    for saved, restored in zip(model.get_weights(), loaded.get_weights()):
        np.testing.assert_allclose(restored, saved, err_msg="a weight was not restored")
