# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# issue = "https://github.com/keras-team/keras/issues/20214"
#
# [tool.harness.parameters]
# shape = ["tuple", "list", "TensorShape"]
# when = ["before_compile", "after_compile"]
#
# [[tool.harness.label]]
# stage = "build"
# error = 'AssertionError: built with the wrong weights: \[\]'
# label = "fixed in Keras 3.5.0"
# note = "Keras 3.0 to 3.4 take tuples and lists only: build() with a TensorShape returns without having done anything."
# link = "https://github.com/keras-team/keras/pull/20076"
# ///
"""A Sequential model can be built with an explicit shape, whatever kind of object says it."""

# %% tags=["parameters"]
shape = "tuple"
when = "before_compile"

# %% define
import numpy as np
import tensorflow as tf

tf.random.set_seed(1)
images = np.random.RandomState(1).rand(2, 224, 224, 3).astype("float32")
labels = np.array([[0.0], [1.0]], dtype="float32")

kinds = {"tuple": tuple, "list": list, "TensorShape": tf.TensorShape}
input_shape = kinds[shape]([None, 224, 224, 3])

model = tf.keras.Sequential([
    tf.keras.layers.GlobalAveragePooling2D(),
    tf.keras.layers.Dense(1),
])

# %% build
if when == "before_compile":
    model.build(input_shape)

# %% compile
model.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss="mse")

# %% build
if when == "after_compile":
    model.build(input_shape)
assert model.built, "the model says that it is not built"
shapes = [tuple(weight.shape) for weight in model.weights]
assert shapes == [(3, 1), (1,)], "built with the wrong weights: %s" % shapes

# %% train
before = model.get_weights()
model.fit(images, labels, epochs=1, verbose=0)

# %% predict
predicted = model.predict(images, verbose=0)

# %% compare
assert not np.allclose(before[0], model.get_weights()[0]), "training did not change the weights"
kernel, bias = model.get_weights()
expected = images.mean(axis=(1, 2)) @ kernel + bias
np.testing.assert_allclose(predicted, expected, rtol=1e-4, atol=1e-5, err_msg="predictions are not what the weights say")
