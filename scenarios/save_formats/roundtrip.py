# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# issue = "https://github.com/keras-team/keras/issues/20081"
#
# [tool.harness.parameters]
# model_kind = ["sequential", "functional", "subclassed"]
# save_format = [".keras", ".h5", "tf", "weights", "export"]
#
# [[tool.harness.label]]
# stage = "save"
# error = "ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)"
# label = "removed"
# note = "Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving."
# link = "https://github.com/keras-team/keras-core/pull/674"
#
# [[tool.harness.label]]
# stage = "save"
# error = "NotImplementedError: Saving the model to HDF5 format requires the model to be a Functional model or a Sequential model"
# label = "by design"
# note = "HDF5 holds layers and their settings, not the Python body of a subclassed model. Use .keras, a SavedModel folder or weights only."
# link = "https://www.tensorflow.org/guide/keras/save_and_serialize"
#
# [[tool.harness.label]]
# stage = "save"
# error = "(?s)KeyError: .*Failed to add concrete function .*__inference_predict_function|ValueError: Error when tracing gradients for SavedModel"
# label = "fixed in TensorFlow 2.13"
# note = "In TensorFlow 2.12, the first with Model.export, a model that has trained or predicted cannot be exported; exporting before predicting works."
# link = "https://github.com/keras-team/keras/commit/9de24b0beac97d1ef8c34e427beb895ef791d254"
#
# [[tool.harness.label]]
# stage = "load"
# error = "ValueError: Unknown layer: 'TwoBranches'"
# label = "fixed in Keras 3.3.0"
# note = "Keras 3.0 to 3.2 do not hand custom_objects on when they read an .h5 file. A registered class or a custom_object_scope works there."
# link = "https://github.com/keras-team/keras/pull/19438"
#
# [[tool.harness.label]]
# stage = "load"
# error = 'ValueError: Layer count mismatch when loading weights from file\. Model expected 0 layers, found 2 saved layers'
# label = "bug"
# note = "Keras 3 writes a subclassed model to .h5 without a word, and cannot read it back: the model has no layers yet when its weights come. Use .keras or weights only."
# link = "https://github.com/keras-team/keras/blob/v3.15.1/keras/src/legacy/saving/legacy_h5_format.py"
# ///
"""A model of each kind saves and loads in each format, with its weights and predictions."""

# %% tags=["parameters"]
model_kind = "functional"
save_format = ".keras"

# %% define
import numpy as np
import tensorflow as tf

if save_format == ".keras" and tuple(map(int, tf.__version__.split(".")[:2])) < (2, 13):
    print("model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5")
    raise SystemExit(125)

tf.random.set_seed(1)
x = np.random.RandomState(1).rand(8, 4).astype("float32")


class TwoBranches(tf.keras.Model):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.left = tf.keras.layers.Dense(units, activation="relu")
        self.right = tf.keras.layers.Dense(units)

    def call(self, inputs):
        return self.left(inputs) + self.right(inputs)

    def get_config(self):
        return {"units": self.units}

    @classmethod
    def from_config(cls, config):
        return cls(units=config["units"])


def make_model():
    if model_kind == "sequential":
        return tf.keras.Sequential([
            tf.keras.Input(shape=(4,)),
            tf.keras.layers.Dense(3, activation="relu"),
            tf.keras.layers.Dense(3),
        ])
    if model_kind == "functional":
        inputs = tf.keras.Input(shape=(4,))
        left = tf.keras.layers.Dense(3, activation="relu")(inputs)
        right = tf.keras.layers.Dense(3)(inputs)
        return tf.keras.Model(inputs, tf.keras.layers.Add()([left, right]))
    return TwoBranches()


model = make_model()
if save_format == "export" and not hasattr(model, "export"):
    print("there is no Model.export in this version")
    raise SystemExit(125)

# %% predict
before = model.predict(x, verbose=0)

# %% save
if save_format == "weights":
    model.save_weights("model.weights.h5")
elif save_format == "export":
    model.export("exported")
else:
    path = {".keras": "model.keras", ".h5": "model.h5", "tf": "saved_model"}[save_format]
    model.save(path)

# %% load
if save_format == "weights":
    loaded = make_model()
    loaded(x)
    loaded.load_weights("model.weights.h5")
elif save_format == "export":
    loaded = tf.saved_model.load("exported")
else:
    loaded = tf.keras.models.load_model(path, custom_objects={"TwoBranches": TwoBranches})

# %% predict
after = np.array(loaded.serve(x)) if save_format == "export" else loaded.predict(x, verbose=0)

# %% compare
np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg="the loaded model predicts something else")
if save_format != "export":
    assert len(model.get_weights()) == len(loaded.get_weights()) == 4, "the number of weights changed"
    for saved, restored in zip(model.get_weights(), loaded.get_weights()):
        np.testing.assert_allclose(restored, saved, err_msg="a weight was not restored")
