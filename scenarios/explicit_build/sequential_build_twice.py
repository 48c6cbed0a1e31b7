# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# issue = "https://github.com/keras-team/keras/issues/20074"
#
# [tool.harness.parameters]
# first = ["tuple", "list", "TensorShape"]
# second = ["tuple", "list", "TensorShape"]
#
# [[tool.harness.label]]
# stage = "build"
# error = 'ValueError: Sequential model .* has already been configured to use input shape .* You cannot build it with input_shape \['
# label = "fixed in Keras 3.5.0"
# note = "Keras 3.0 to 3.4 compare the tuple that the model has with the list that they get, and call them different."
# link = "https://github.com/keras-team/keras/pull/20076"
# ///
"""Building a Sequential model again with the shape that it has already changes nothing."""

# %% tags=["parameters"]
first = "tuple"
second = "list"

# %% define
import numpy as np
import tensorflow as tf

tf.random.set_seed(1)
images = np.random.RandomState(1).rand(2, 224, 224, 3).astype("float32")
kinds = {"tuple": tuple, "list": list, "TensorShape": tf.TensorShape}

model = tf.keras.Sequential([
    tf.keras.layers.GlobalAveragePooling2D(),
    tf.keras.layers.Dense(2),
])

# %% build
model.build(kinds[first]([None, 224, 224, 3]))

# %% predict
before = model.predict(images, verbose=0)

# %% build
model.build(kinds[second]([None, 224, 224, 3]))

# %% predict
after = model.predict(images, verbose=0)

# %% compare
np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg="the second build changed the predictions")
