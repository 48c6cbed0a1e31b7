# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# issue = "https://github.com/tensorflow/tensorflow/issues/70757"
#
# [tool.harness.parameters]
# build = ["none", "tuple", "list"]
# save_format = [".keras", ".h5", "tf"]
# ///
"""A loaded Sequential model works as it is, and a redundant build() after loading does no harm."""

# %% tags=["parameters"]
build = "tuple"
save_format = ".keras"

# %% define
import numpy as np
import tensorflow as tf

if save_format == ".keras" and tuple(map(int, tf.__version__.split(".")[:2])) < (2, 12):
    print("the .keras format came with TensorFlow 2.12; before, a file of that name is HDF5")
    raise SystemExit(125)

tf.random.set_seed(1)
images = np.random.RandomState(1).rand(2, 224, 224, 3).astype("float32")
path = {".keras": "model.keras", ".h5": "model.h5", "tf": "saved_model"}[save_format]

model = tf.keras.Sequential([
    tf.keras.layers.GlobalAveragePooling2D(),
    tf.keras.layers.Dense(2, activation="softmax"),
])

# %% build
model.build((None, 224, 224, 3))
before = model.predict(images, verbose=0)

# %% save
model.save(path)

# %% load
loaded = tf.keras.models.load_model(path)

# %% rebuild
if build == "tuple":
    loaded.build((None, 224, 224, 3))
elif build == "list":
    loaded.build([None, 224, 224, 3])

# %% predict
after = loaded.predict(images, verbose=0)

# %% compare
np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg="the loaded model predicts something else")
for saved, restored in zip(model.get_weights(), loaded.get_weights()):
    np.testing.assert_allclose(restored, saved, err_msg="a weight was not restored")
