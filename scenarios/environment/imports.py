# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# requires-import = false
# isolation = "process"
#
# [tool.harness.parameters]
# module = ["tensorflow", "tf.keras", "tensorflow_hub"]
#
# [[tool.harness.label]]
# stage = "import"
# error = "TypeError: Descriptors cannot (not )?be created directly"
# label = "dependency"
# note = "These versions set no upper bound on protobuf, and protobuf 4 no longer accepts the code generated for them. Install protobuf<3.21 as well."
# link = "https://github.com/tensorflow/tensorflow/issues/56266"
#
# [[tool.harness.label]]
# stage = "import"
# error = 'TypeError: Unable to convert function return value to a Python type|_ARRAY_API not found|numpy\.core\.\w+ failed to import'
# label = "dependency"
# note = "These versions set no upper bound on numpy, and were compiled for numpy 1. Install numpy<2 as well."
# link = "https://github.com/tensorflow/tensorflow/issues/90245"
# ///
"""The installed packages import, and what they are used for first works."""

# %% tags=["parameters"]
module = "tensorflow"

# %% define
import importlib.util

import numpy as np

needed = "tensorflow_hub" if module == "tensorflow_hub" else "tensorflow"
if importlib.util.find_spec(needed) is None:
    print(needed + " is not installed in this environment")
    raise SystemExit(125)

# %% import
import tensorflow as tf

if module == "tensorflow_hub":
    import tensorflow_hub as hub

# %% predict
x = np.arange(6, dtype="float32").reshape(2, 3)
if module == "tensorflow":
    result = tf.matmul(tf.constant(x), tf.ones((3, 1)))
elif module == "tf.keras":
    result = tf.keras.layers.Dense(1, kernel_initializer="ones")(x)
else:
    result = hub.KerasLayer(lambda t: tf.reduce_sum(t, axis=1, keepdims=True))(tf.constant(x))

# %% compare
np.testing.assert_allclose(np.array(result), [[3.0], [12.0]], err_msg="wrong sum of each row")
