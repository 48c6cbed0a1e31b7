# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# issue = "https://github.com/keras-team/keras/issues/19151"
#
# [tool.harness.parameters]
# function = ["lambda", "named"]
# loading = ["default", "safe_mode=False", "enable_unsafe_deserialization"]
# save_format = [".keras", ".h5"]
#
# [[tool.harness.label]]
# stage = "load"
# error = "ValueError: Requested the deserialization of a Lambda layer with a Python `lambda` inside it"
# label = "by design"
# note = "Keras 2.13 to 2.15 store every Python function as bytecode, a named one too, and refuse bytecode in a .keras file by default. Pass safe_mode=False for files that you trust."
# link = "https://www.tensorflow.org/api_docs/python/tf/keras/layers/Lambda"
#
# [[tool.harness.label]]
# stage = "load"
# error = 'ValueError: (Requested the deserialization of a `Lambda` layer whose|The `\{?\w+\}?` of this `Lambda` layer is a Python lambda)'
# label = "by design"
# note = "A Python lambda in a file is code that would be run, so it is refused by default, in .h5 too from Keras 3.11.3 on. Pass safe_mode=False for files that you trust; enable_unsafe_deserialization() is not heeded for .h5."
# link = "https://github.com/keras-team/keras/pull/21602"
#
# [[tool.harness.label]]
# stage = "load"
# error = "TypeError: Could not locate function 'halve'"
# label = "fixed in Keras 3.3.0"
# note = "Keras 3.0 to 3.2 do not hand custom_objects on when they read an .h5 file. A registered class or a custom_object_scope works there."
# link = "https://github.com/keras-team/keras/pull/19438"
# ///
"""A Sequential model whose first layer is a Lambda loads, with the unsafe switch where one is asked for."""

# %% tags=["parameters"]
function = "lambda"
loading = "safe_mode=False"
save_format = ".keras"

# %% define
import inspect

import numpy as np
import tensorflow as tf

if save_format == ".keras" and tuple(map(int, tf.__version__.split(".")[:2])) < (2, 13):
    print("model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5")
    raise SystemExit(125)

load_model = tf.keras.models.load_model
options = {}
if loading == "safe_mode=False":
    if "safe_mode" not in inspect.signature(load_model).parameters:
        print("load_model has no argument safe_mode in this version")
        raise SystemExit(125)
    options["safe_mode"] = False
elif loading == "enable_unsafe_deserialization":
    switch = getattr(getattr(tf.keras, "config", None), "enable_unsafe_deserialization", None)
    if switch is None:
        print("there is no tf.keras.config.enable_unsafe_deserialization in this version")
        raise SystemExit(125)
    switch()


def halve(t):
    return t / 2.0


if function == "named":
    options["custom_objects"] = {"halve": halve}

tf.random.set_seed(1)
x = np.random.RandomState(1).rand(8, 4).astype("float32")
model = tf.keras.Sequential([
    tf.keras.layers.Lambda(halve if function == "named" else lambda t: t / 2.0),
    tf.keras.layers.Dense(1),
])

# %% build
model.build((None, 4))

# %% predict
before = model.predict(x, verbose=0)

# %% save
model.save("model" + save_format)

# %% load
loaded = load_model("model" + save_format, **options)

# %% predict
after = loaded.predict(x, verbose=0)

# %% compare
np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg="the loaded model predicts something else")
for saved, restored in zip(model.get_weights(), loaded.get_weights()):
    np.testing.assert_allclose(restored, saved, err_msg="a weight was not restored")
