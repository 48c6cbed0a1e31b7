# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow", "tensorflow-hub"]
#
# [tool.uv]
# # tensorflow-hub 0.16.1 imports pkg_resources, which new releases of setuptools do not have
# constraint-dependencies = ["setuptools<81"]
#
# [tool.harness]
# issue = "https://github.com/tensorflow/tensorflow/issues/65419"
# timeout = 300
# variables = ["HUB_MODULE"]
#
# [tool.harness.parameters]
# placement = ["direct", "lambda", "functional"]
# trainable = [false, true]
#
# [[tool.harness.label]]
# stage = "build"
# error = 'ValueError: Only instances of `keras\.Layer` can be added to a Sequential model\. Received: <tensorflow_hub'
# label = "dependency"
# note = "hub.KerasLayer is a Keras 2 layer, which Keras 3 does not accept. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works."
# link = "https://github.com/tensorflow/tensorflow/issues/65419"
#
# [[tool.harness.label]]
# stage = "build"
# error = '(?s)Exception encountered when calling layer .* \(type KerasLayer\).*KerasTensor'
# label = "dependency"
# note = "hub.KerasLayer is a Keras 2 layer; called on a symbolic input of Keras 3 it hands that on to TensorFlow, which cannot use it. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works."
# link = "https://github.com/tensorflow/hub/issues/920"
#
# [[tool.harness.label]]
# stage = "compare"
# error = "AssertionError: trainable=True, but training did not change the hub layer"
# label = "by design"
# note = "A Lambda does not track the variables that its function uses, so they are not trained. Write a layer class, or add the hub layer directly."
# link = "https://www.tensorflow.org/api_docs/python/tf/keras/layers/Lambda"
# ///
"""A hub layer in a model predicts, and training changes it when it is trainable and only then."""

# %% tags=["parameters"]
placement = "direct"
trainable = False

# %% define
import os

import numpy as np
import tensorflow as tf
import tensorflow_hub as hub

tf.random.set_seed(1)
images = np.random.RandomState(1).rand(2, 224, 224, 3).astype("float32")
labels = np.array([[0.0], [5.0]], dtype="float32")


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


def make_model(layer):
    if placement == "functional":
        inputs = tf.keras.Input(shape=(224, 224, 3))
        return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(layer(inputs)))
    if placement == "lambda":
        first = tf.keras.layers.Lambda(lambda t: hub_layer(t))
    else:
        first = layer
    return tf.keras.Sequential([tf.keras.Input(shape=(224, 224, 3)), first, tf.keras.layers.Dense(1)])


hub_layer = hub.KerasLayer(handle, trainable=trainable)

# %% build
model = make_model(hub_layer)

# %% compile
model.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss="mse")

# %% train
features_before = np.array(hub_layer(tf.constant(images)))
model.fit(images, labels, epochs=2, verbose=0)
features_after = np.array(hub_layer(tf.constant(images)))

# %% predict
predicted = model.predict(images, verbose=0)

# %% compare
kernel, bias = model.layers[-1].get_weights()
np.testing.assert_allclose(
    predicted, features_after @ kernel + bias, rtol=1e-4, atol=1e-5, err_msg="predictions are not what the layers say"
)
changed = not np.allclose(features_before, features_after)
assert changed == trainable, "trainable=%s, but training %s the hub layer" % (
    trainable, "changed" if changed else "did not change")
