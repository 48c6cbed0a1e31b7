# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# issue = "https://github.com/keras-team/keras/issues/5916"
#
# [tool.harness.parameters]
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
# stage = "load"
# error = "ValueError: Unknown layer: '?Scale'?"
# label = "by design"
# note = "A class that is neither registered nor passed cannot be found; load_model says which. Pass custom_objects or register the class."
# link = "https://www.tensorflow.org/guide/keras/save_and_serialize"
#
# [[tool.harness.label]]
# stage = "load"
# error = '''(?s)TypeError: (Cannot deserialize object of type `Scale`|<class 'keras\.src\.models\.sequential\.Sequential'> could not be deserialized properly|Could not locate class 'Scale')'''
# label = "by design"
# note = "A class that is neither registered nor passed cannot be found; load_model says which. Pass custom_objects or register the class."
# link = "https://www.tensorflow.org/guide/keras/save_and_serialize"
# ///
"""A model with a layer class of one's own loads, though load_model was not told of the class."""

# %% tags=["parameters"]
save_format = ".keras"

# %% define
import numpy as np
import tensorflow as tf

if save_format == ".keras" and tuple(map(int, tf.__version__.split(".")[:2])) < (2, 13):
    print("model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5")
    raise SystemExit(125)

tf.random.set_seed(1)
x = np.random.RandomState(1).rand(8, 4).astype("float32")
path = {".keras": "model.keras", ".h5": "model.h5", "tf": "saved_model"}[save_format]


class Scale(tf.keras.layers.Layer):
    def __init__(self, start=2.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape):
        self.factor = self.add_weight(
            name="factor", shape=(input_shape[-1],), initializer=tf.keras.initializers.Constant(self.start)
        )
        super().build(input_shape)

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        config = super().get_config()
        config["start"] = self.start
        return config


model = tf.keras.Sequential([
    tf.keras.Input(shape=(4,)),
    Scale(3.0),
    tf.keras.layers.Dense(1),
])
model.layers[0].set_weights([np.array([1.0, 2.0, 3.0, 4.0], dtype="float32")])

# %% predict
before = model.predict(x, verbose=0)

# %% save
model.save(path)

# %% load
loaded = tf.keras.models.load_model(path)

# %% predict
after = loaded.predict(x, verbose=0)

# %% compare
np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg="the loaded model predicts something else")
np.testing.assert_allclose(loaded.layers[0].get_weights()[0], [1, 2, 3, 4], err_msg="the layer's own weight was not restored")
assert loaded.layers[0].get_config()["start"] == 3.0, "the layer's own setting was not restored"
