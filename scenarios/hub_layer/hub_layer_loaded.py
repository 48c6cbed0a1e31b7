# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow", "tensorflow-hub"]
#
# [tool.uv]
# # tensorflow-hub 0.16.1 imports pkg_resources, which new releases of setuptools do not have
# constraint-dependencies = ["setuptools<81"]
#
# [tool.harness]
# issue = "https://github.com/tensorflow/tensorflow/issues/26835"
# timeout = 300
# variables = ["HUB_MODULE"]
#
# [tool.harness.parameters]
# placement = ["direct", "lambda", "functional"]
# found_by = ["custom_objects", "custom_object_scope", "nothing"]
# save_format = [".keras", ".h5"]
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
# stage = "load"
# error = 'ValueError: Sequential model .* has already been configured to use input shape .* You cannot build it with input_shape \['
# label = "fixed in Keras 3.5.0"
# note = "Keras 3.0 to 3.4 compare the tuple that the model has with the list that they get, and call them different."
# link = "https://github.com/keras-team/keras/pull/20076"
#
# [[tool.harness.label]]
# stage = "predict"
# error = '''(?s)NameError: Exception encountered when calling Lambda\.call\(\)\..*name 'hubs?_layer' is not defined'''
# label = "by design"
# note = "Keras 3 gives a lambda that it reads from a file none of the script's globals, so the hub layer is not found. Keras 2 looked in the module that had defined the lambda."
# link = "https://github.com/keras-team/keras/issues/9431"
#
# [[tool.harness.label]]
# stage = "load"
# error = 'ValueError: Layer count mismatch when loading weights from file\. Model expected 0 layers, found 1 saved layers'
# label = "by design"
# note = "The lambda does not find the script's global hub layer (see the same case with .keras), so the model cannot be built before its weights are read."
# link = "https://github.com/keras-team/keras/issues/9431"
#
# [[tool.harness.label]]
# stage = "load"
# error = "ValueError: Unknown layer: '?KerasLayer'?"
# label = "by design"
# note = "A class that is neither registered nor passed cannot be found; load_model says which. Pass custom_objects or register the class."
# link = "https://www.tensorflow.org/guide/keras/save_and_serialize"
#
# [[tool.harness.label]]
# stage = "load"
# error = '''TypeError: (The added layer must be an instance of class Layer\. Received: layer=KerasLayer of type <class 'str'>|'str' object is not callable)'''
# label = "by design"
# note = "A class that is neither registered nor passed cannot be found; 2.13 to 2.15 go on with its name in place of the class, hence the odd message. Pass custom_objects."
# link = "https://github.com/tensorflow/tensorflow/issues/26835"
# ///
"""A saved model with a hub layer loads, whichever way load_model is told of the layer's class."""

# %% tags=["parameters"]
placement = "direct"
found_by = "custom_objects"
save_format = ".keras"

# %% define
import inspect
import os

import numpy as np
import tensorflow as tf
import tensorflow_hub as hub

if save_format == ".keras" and tuple(map(int, tf.__version__.split(".")[:2])) < (2, 13):
    print("model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5")
    raise SystemExit(125)

tf.random.set_seed(1)
images = np.random.RandomState(1).rand(2, 224, 224, 3).astype("float32")


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


hub_layer = hub.KerasLayer(handle)

# %% build
model = make_model(hub_layer)

# %% predict
before = model.predict(images, verbose=0)

# %% save
path = "model" + save_format
model.save(path)

# %% load
load_model = tf.keras.models.load_model
trust = {"safe_mode": False} if "safe_mode" in inspect.signature(load_model).parameters else {}
classes = {"KerasLayer": hub.KerasLayer}
if found_by == "custom_objects":
    loaded = load_model(path, custom_objects=classes, **trust)
elif found_by == "custom_object_scope":
    with tf.keras.utils.custom_object_scope(classes):
        loaded = load_model(path, **trust)
else:
    loaded = load_model(path, **trust)

# %% predict
after = loaded.predict(images, verbose=0)

# %% compare
np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-6, err_msg="the loaded model predicts something else")
for saved, restored in zip(model.get_weights(), loaded.get_weights()):
    np.testing.assert_allclose(restored, saved, err_msg="a weight was not restored")
