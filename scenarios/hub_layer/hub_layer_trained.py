# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow", "tensorflow-hub"]
#
# [tool.uv]
# # tensorflow-hub 0.16.1 imports pkg_resources, which new releases of setuptools do not have
# constraint-dependencies = ["setuptools<81"]
#
# [tool.harness]
# issue = "https://github.com/tensorflow/hub/issues/687"
# timeout = 300
# variables = ["HUB_MODULE"]
#
# [tool.harness.parameters]
# save_format = [".keras", ".h5", "tf"]
#
# [[tool.harness.label]]
# stage = "build"
# error = 'ValueError: Only instances of `keras\.Layer` can be added to a Sequential model\. Received: <tensorflow_hub'
# label = "dependency"
# note = "hub.KerasLayer is a Keras 2 layer, which Keras 3 does not accept. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works."
# link = "https://github.com/tensorflow/tensorflow/issues/65419"
# ///
"""A trainable hub layer that was trained comes back from the file as trained, not as downloaded."""

# %% tags=["parameters"]
save_format = ".keras"

# %% define
import os

import numpy as np
import tensorflow as tf
import tensorflow_hub as hub

if save_format == ".keras" and tuple(map(int, tf.__version__.split(".")[:2])) < (2, 13):
    print("model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5")
    raise SystemExit(125)

tf.random.set_seed(1)
images = np.random.RandomState(1).rand(2, 224, 224, 3).astype("float32")
labels = np.array([[0.0], [5.0]], dtype="float32")
path = {".keras": "model.keras", ".h5": "model.h5", "tf": "saved_model"}[save_format]


def make_module(folder):
    """Save a small reusable SavedModel, as they are published: images in, features out."""
    kernel = tf.Variable(np.random.RandomState(2).rand(3, 5).astype("float32"))
    module = tf.train.Checkpoint()
    module.__call__ = tf.function(
        lambda images: tf.matmul(tf.reduce_mean(images, axis=[1, 2]), kernel),
        input_signature=[tf.TensorSpec((None, 224, 224, 3), tf.float32)],
    )
    module.variables = [kernel]
    module.trainable_variables = [kernel]
    module.regularization_losses = []
    tf.saved_model.save(module, folder)
    return folder


# HUB_MODULE may name a real image feature vector: a handle or a folder
handle = os.environ.get("HUB_MODULE") or make_module("hub_module")


hub_layer = hub.KerasLayer(handle, trainable=True)

# %% build
model = tf.keras.Sequential([
    tf.keras.Input(shape=(224, 224, 3)),
    hub_layer,
    tf.keras.layers.Dense(1),
])

# %% compile
model.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss="mse")

# %% train
model.fit(images, labels, epochs=2, verbose=0)
before = model.predict(images, verbose=0)

# %% save
model.save(path)

# %% load
loaded = tf.keras.models.load_model(path, custom_objects={"KerasLayer": hub.KerasLayer})

# %% predict
after = loaded.predict(images, verbose=0)

# %% compare
np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-6, err_msg="the loaded model predicts something else")
assert len(loaded.trainable_weights) == len(model.trainable_weights), "%d weights were trainable, %d are" % (
    len(model.trainable_weights), len(loaded.trainable_weights))
