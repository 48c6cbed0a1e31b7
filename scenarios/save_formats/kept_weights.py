# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# issue = "https://github.com/keras-team/keras/issues/15513"
#
# [tool.harness.parameters]
# save_format = [".keras", ".h5", "tf", "weights"]
#
# [[tool.harness.label]]
# stage = "save"
# error = "ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)"
# label = "removed"
# note = "Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving."
# link = "https://github.com/keras-team/keras-core/pull/674"
#
# [[tool.harness.label]]
# stage = "compare"
# error = 'AssertionError: trainable weights before and after: \[6, 6\]'
# label = "fixed in Keras 3.2.0"
# note = "Keras 3.0 and 3.1 ignore trainable=False given to a layer's constructor; set layer.trainable = False afterwards."
# link = "https://github.com/keras-team/keras/commit/471edf24d9aa769797efdcdc112de9a3e260032d"
#
# [[tool.harness.label]]
# stage = "load"
# error = "(?s)ValueError: A total of 1 objects could not be loaded.*Layer 'dense(_2)?' expected 4 variables, but received 2 variables"
# label = "fixed in Keras 3.2.1"
# note = "Keras 3.2.0 tracks the weights of a layer made with trainable=False twice, so that what was saved does not load; set layer.trainable = False afterwards."
# link = "https://github.com/keras-team/keras/commit/ad7f9b4e3b49edbefe2fa590ae04f8d9b4ddc5b1"
#
# [[tool.harness.label]]
# stage = "compare"
# error = 'AssertionError: trainable weights before and after: \[4, 6\]'
# label = "fixed in TensorFlow 2.5"
# note = "Loading a SavedModel folder in TensorFlow 2.2 to 2.4 sets trainable on the whole model, and so thaws the layers that were frozen. Use .h5, or freeze them again."
# link = "https://github.com/tensorflow/tensorflow/issues/40994"
# ///
"""Every weight is kept: trained, frozen, and the running averages of a BatchNormalization."""

# %% tags=["parameters"]
save_format = ".keras"

# %% define
import numpy as np
import tensorflow as tf

if save_format == ".keras" and tuple(map(int, tf.__version__.split(".")[:2])) < (2, 13):
    print("model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5")
    raise SystemExit(125)

tf.random.set_seed(1)
x = np.random.RandomState(1).rand(16, 4).astype("float32")
y = x.sum(axis=1, keepdims=True)


def make_model():
    frozen = tf.keras.layers.Dense(3, trainable=False)
    return tf.keras.Sequential([
        tf.keras.Input(shape=(4,)),
        frozen,
        tf.keras.layers.BatchNormalization(),
        tf.keras.layers.Dense(1),
    ])


model = make_model()

# %% compile
model.compile(optimizer=tf.keras.optimizers.SGD(0.01), loss=tf.keras.losses.MeanSquaredError())

# %% train
model.fit(x, y, epochs=3, verbose=0)
before = model.predict(x, verbose=0)

# %% save
path = {".keras": "model.keras", ".h5": "model.h5", "tf": "saved_model", "weights": "model.weights.h5"}[save_format]
if save_format == "weights":
    model.save_weights(path)
else:
    model.save(path)

# %% load
if save_format == "weights":
    loaded = make_model()
    loaded.load_weights(path)
else:
    loaded = tf.keras.models.load_model(path)

# %% predict
after = loaded.predict(x, verbose=0)

# %% compare
np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg="the loaded model predicts something else")
assert len(loaded.weights) == len(model.weights) == 8, "the number of weights changed"
for saved, restored in zip(model.layers, loaded.layers):
    for one, other in zip(saved.get_weights(), restored.get_weights()):
        np.testing.assert_allclose(other, one, err_msg="a weight of %s was not restored" % saved.name)
trainable = [len(m.trainable_weights) for m in (model, loaded)]
assert trainable == [4, 4], "trainable weights before and after: %s" % trainable
