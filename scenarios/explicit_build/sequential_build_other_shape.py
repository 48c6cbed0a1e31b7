# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# issue = "https://github.com/keras-team/keras/issues/20214"
#
# [tool.harness.parameters]
# second = ["tuple", "list", "TensorShape"]
#
# [[tool.harness.label]]
# stage = "refuse"
# error = "AssertionError: a model with weights for 3 channels accepted to be built for 5 channels"
# label = "bug"
# note = "Keras 2 of TensorFlow 2.3 and later catches the error of its layers inside build(), and so accepts any shape; the refusal comes with the first data of that shape."
# link = "https://github.com/tensorflow/tensorflow/blob/v2.15.1/tensorflow/python/keras/engine/sequential.py"
# environments = "tf2.?.*,tf2.10.*,tf2.11.*,tf2.12.*,tf2.13.*,tf2.14.*,tf2.15.*,*-legacy,today-tf2.?.*,today-tf2.10.*,today-tf2.11.*,today-tf2.12.*,today-tf2.13.*,today-tf2.14.*,today-tf2.15.*"
#
# [[tool.harness.label]]
# stage = "refuse"
# error = "AssertionError: a model with weights for 3 channels accepted to be built for 5 channels"
# label = "fixed in Keras 3.5.0"
# note = "Keras 3.0 to 3.4 take tuples and lists only: build() with a TensorShape returns without having looked at it."
# link = "https://github.com/keras-team/keras/pull/20076"
# environments = "keras3.*,tf2.16.*,!*-legacy"
# ///
"""Building a Sequential model again with a shape that really differs is refused."""

# %% tags=["parameters"]
second = "tuple"

# %% define
import numpy as np
import tensorflow as tf

tf.random.set_seed(1)
images = np.random.RandomState(1).rand(2, 8, 8, 3).astype("float32")
kinds = {"tuple": tuple, "list": list, "TensorShape": tf.TensorShape}

model = tf.keras.Sequential([
    tf.keras.layers.GlobalAveragePooling2D(),
    tf.keras.layers.Dense(2),
])

# %% build
model.build((None, 8, 8, 3))
before = model.predict(images, verbose=0)

# %% refuse
try:
    model.build(kinds[second]([None, 8, 8, 5]))
except ValueError as error:
    print("refused, as it should be:", error)
else:
    raise AssertionError("a model with weights for 3 channels accepted to be built for 5 channels")

# %% predict
after = model.predict(images, verbose=0)

# %% compare
np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg="the refused build changed the predictions")
