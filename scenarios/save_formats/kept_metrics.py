# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# issue = "https://github.com/keras-team/keras/issues/21676"
#
# [tool.harness.parameters]
# metric = ["name", "object"]
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
# stage = "compare"
# error = '''AssertionError: evaluated \['loss', 'mae'\] before, \['loss', 'mean_absolute_error'\] after'''
# label = "fixed in TensorFlow 2.4"
# note = "TensorFlow 2.2 and 2.3 keep the long name of a metric in the file, so the keys of evaluate() and of the history change. Give the metric as an object with a name."
# link = "https://github.com/adriangb/scikeras/pull/38"
# environments = "tf2.2.*,tf2.3.*"
#
# [[tool.harness.label]]
# stage = "compare"
# error = '''AssertionError: evaluated \['loss', 'mae'\] before, \['loss', 'mean_absolute_error'\] after'''
# label = "bug"
# note = "Reading an .h5 file, Keras 3 turns the short name of a metric into its function and so into its long name; the keys of evaluate() and of the history change. Give the metric as an object with a name, or use .keras."
# link = "https://github.com/keras-team/keras/blob/v3.15.1/keras/src/legacy/saving/saving_utils.py"
# environments = "*,!tf2.2.*,!tf2.3.*"
# ///
"""The compiled metrics are kept: evaluating the loaded model gives the same names and the same numbers."""

# %% tags=["parameters"]
metric = "name"
save_format = ".keras"

# %% define
import numpy as np
import tensorflow as tf

if save_format == ".keras" and tuple(map(int, tf.__version__.split(".")[:2])) < (2, 13):
    print("model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5")
    raise SystemExit(125)

tf.random.set_seed(1)
x = np.random.RandomState(1).rand(8, 4).astype("float32")
y = x.sum(axis=1, keepdims=True)
path = {".keras": "model.keras", ".h5": "model.h5", "tf": "saved_model"}[save_format]

model = tf.keras.Sequential([
    tf.keras.Input(shape=(4,)),
    tf.keras.layers.Dense(1),
])

# %% compile
metrics = ["mae"] if metric == "name" else [tf.keras.metrics.RootMeanSquaredError(name="rmse")]
model.compile(optimizer="sgd", loss=tf.keras.losses.MeanSquaredError(), metrics=metrics)

# %% train
model.fit(x, y, epochs=1, verbose=0)
before = model.evaluate(x, y, verbose=0, return_dict=True)

# %% save
model.save(path)

# %% load
loaded = tf.keras.models.load_model(path)

# %% evaluate
after = loaded.evaluate(x, y, verbose=0, return_dict=True)

# %% compare
assert sorted(after) == sorted(before), "evaluated %s before, %s after" % (sorted(before), sorted(after))
for name in before:
    np.testing.assert_allclose(after[name], before[name], rtol=1e-4, err_msg=name + " changed")
