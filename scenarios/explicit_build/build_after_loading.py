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
#
# [[tool.harness.label]]
# stage = "save"
# error = "ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)"
# label = "removed"
# note = "Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving."
# link = "https://github.com/keras-team/keras-core/pull/674"
#
# [[tool.harness.label]]
# stage = "rebuild"
# error = 'ValueError: Sequential model .* has already been configured to use input shape .* You cannot build it with input_shape \['
# label = "fixed in Keras 3.5.0"
# note = "Keras 3.0 to 3.4 compare the tuple that the model has with the list that they get, and call them different."
# link = "https://github.com/keras-team/keras/pull/20076"
# ///
"""A loaded Sequential model works as it is, and a redundant build() after loading does no harm."""

# %% tags=["parameters"]
build = "tuple"
save_format = ".keras"

# %% define
import numpy as np
import tensorflow as tf

if save_format == ".keras" and tuple(map(int, tf.__version__.split(".")[:2])) < (2, 13):
    print("model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5")
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
