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
# ///
"""A model can be saved at every phase of its life, and comes back in the same phase."""

# %% tags=["parameters"]
phase = "built"
save_format = ".keras"

# %% define
import numpy as np
import tensorflow as tf

if save_format == ".keras" and tuple(map(int, tf.__version__.split(".")[:2])) < (2, 12):
    print("the .keras format came with TensorFlow 2.12; before, a file of that name is HDF5")
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
