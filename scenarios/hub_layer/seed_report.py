# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow", "tensorflow-hub"]
#
# [tool.uv]
# # tensorflow-hub 0.16.1 imports pkg_resources, which new releases of setuptools do not have
# constraint-dependencies = ["setuptools<81"]
#
# [tool.harness]
# issue = "https://github.com/keras-team/keras/issues/20214"
# timeout = 300
# variables = ["HUB_MODULE"]
#
# [tool.harness.parameters]
# hub_layer = ["local", "global"]
#
# [[tool.harness.label]]
# stage = "save"
# error = '''TypeError: cannot pickle '_thread\.RLock' object'''
# label = "by design"
# note = "To TensorFlow 2.12 a file named .keras is HDF5, and the hub layer that the lambda captured cannot be copied into its settings. A global in place of the local works."
# link = "https://github.com/keras-team/keras/issues/20214"
#
# [[tool.harness.label]]
# stage = "load"
# error = "(?s)TypeError: .*'dict' object is not callable"
# label = "by design"
# note = "A lambda is stored as its bytecode and what it captured; the captured hub layer came back as the dictionary of its settings. A global in place of the local works in TensorFlow 2.13 to 2.15."
# link = "https://github.com/keras-team/keras/issues/20214"
#
# [[tool.harness.label]]
# stage = "load"
# error = 'ValueError: Sequential model .* has already been configured to use input shape .* You cannot build it with input_shape \['
# label = "fixed in Keras 3.5.0"
# note = "Keras 3.0 to 3.4 compare the tuple that the model has with the list that they get, and call them different. Further on, the captured hub layer would not come back either."
# link = "https://github.com/keras-team/keras/pull/20076"
#
# [[tool.harness.label]]
# stage = "predict"
# error = '''(?s)TypeError: Exception encountered when calling Lambda\.call\(\)\..*'(dict|str|NoneType)' object is not callable'''
# label = "by design"
# note = "A lambda is stored as its bytecode and what it captured; the captured hub layer does not come back as a layer. Put the hub layer in a layer class of one's own."
# link = "https://github.com/keras-team/keras/issues/20214"
#
# [[tool.harness.label]]
# stage = "predict"
# error = '''(?s)NameError: Exception encountered when calling Lambda\.call\(\)\..*name 'hubs?_layer' is not defined'''
# label = "by design"
# note = "Keras 3 gives a lambda that it reads from a file none of the script's globals, so the hub layer is not found. Keras 2 looked in the module that had defined the lambda."
# link = "https://github.com/keras-team/keras/issues/9431"
# ///
"""The model of the report, a hub layer in a Lambda and a Dense, trains, saves, loads and predicts."""

# %% tags=["parameters"]
hub_layer = "local"

# %% define
import inspect
import os

import numpy as np
import tensorflow as tf
import tensorflow_hub as hub

INPUT_SHAPE = (None, 224, 224, 3)
OUTPUT_SHAPE = 10
tf.random.set_seed(1)
images = np.random.RandomState(1).rand(2, 224, 224, 3).astype("float32")
labels = np.eye(OUTPUT_SHAPE, dtype="float32")[:2]


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

if hub_layer == "local":

    def create_model():
        hubs_layer = hub.KerasLayer(handle)
        return tf.keras.Sequential([
            tf.keras.layers.Lambda(lambda x: hubs_layer(x)),
            tf.keras.layers.Dense(units=OUTPUT_SHAPE, activation="softmax"),
        ])

else:
    hubs_layer = hub.KerasLayer(handle)

    def create_model():
        return tf.keras.Sequential([
            tf.keras.layers.Lambda(lambda x: hubs_layer(x)),
            tf.keras.layers.Dense(units=OUTPUT_SHAPE, activation="softmax"),
        ])


model = create_model()

# %% compile
model.compile(
    loss=tf.keras.losses.CategoricalCrossentropy(),
    optimizer=tf.keras.optimizers.Adam(),
    metrics=["accuracy"],
)

# %% build
model.build(INPUT_SHAPE)

# %% train
model.fit(images, labels, epochs=1, verbose=0)
before = model.predict(images, verbose=0)

# %% save
model.save("model.keras")

# %% load
load_model = tf.keras.models.load_model
trust = {"safe_mode": False} if "safe_mode" in inspect.signature(load_model).parameters else {}
loaded = load_model("model.keras", custom_objects={"KerasLayer": hub.KerasLayer}, **trust)

# %% predict
after = loaded.predict(images, verbose=0)

# %% compare
np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-6, err_msg="the loaded model predicts something else")
