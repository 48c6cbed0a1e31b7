# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# files = ["models.py"]
#
# [tool.harness.parameters]
# model = [
#     "dense", "compiled", "convolution", "same_class", "functional", "rnn", "embedding", "text", "lookup",
#     "normalization", "registered", "custom_objects", "registered_functions", "lambda_layer", "subclassed", "nested",
#     "attention", "mixed_precision", "hub_layer",
# ]
# format = [".keras", ".h5", "tf", ".weights.h5", "checkpoint", "export", "json"]
#
# [[tool.harness.label]]
# stage = "save"
# error = "Invalid filepath extension for saving"
# label = "removed"
# note = "Keras 3 does not save a SavedModel with save(). Its export() writes one for prediction only."
# link = "https://keras.io/guides/migrating_to_keras_3/"
#
# [[tool.harness.label]]
# stage = "save"
# error = "HDF5 format requires the model to be a Functional model or a Sequential model"
# label = "by design"
# note = "Keras 2 does not save a subclassed model to HDF5."
# link = "https://www.tensorflow.org/guide/keras/save_and_serialize"
#
# [[tool.harness.label]]
# stage = "save"
# error = "not an instance of `tf.Variable` is not supported in h5"
# label = "by design"
# note = "Keras 2 does not save the vocabulary of a layer to HDF5."
# link = "https://www.tensorflow.org/guide/keras/save_and_serialize"
#
# [[tool.harness.label]]
# stage = "build"
# error = 'Only instances of `keras\.Layer` can be added to a Sequential model\. Received: <tensorflow_hub'
# label = "dependency"
# note = "hub.KerasLayer is a layer of Keras 2, which Keras 3 does not accept. With TF_USE_LEGACY_KERAS=1 it is a layer of tf-keras."
# link = "https://github.com/tensorflow/tensorflow/issues/65419"
#
# [[tool.harness.label]]
# stage = "build"
# error = "Cannot convert value 'mixed_float16' to a TensorFlow DType"
# label = "by design"
# note = "TensorFlow 2.4 does not take the name of a dtype policy as the dtype of a layer. Give it a tf.keras.mixed_precision.Policy."
# link = "https://www.tensorflow.org/guide/mixed_precision"
# ///
"""A saved model is the same in every other version: write it, with what a reader compares."""

# %% tags=["parameters"]
model = "dense"
format = ".keras"

# %% define
import json

import numpy as np
import tensorflow as tf

import models

version = tuple(map(int, tf.__version__.split(".")[:2]))
if format == ".keras" and version < (2, 13):
    print("model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5")
    raise SystemExit(125)
if format == "export" and not hasattr(tf.keras.Model, "export"):
    print("there is no Model.export in this version")
    raise SystemExit(125)

x, y = models.data(model)

# %% build
made = models.make(model)

# %% train
compiled = getattr(made, "optimizer", None) is not None
if compiled:
    for _ in range(3):
        models.train(made, x, y)
    metrics = models.evaluate(made, x, y)
    steps, slots = models.steps_and_slots(made)
else:
    metrics, steps, slots = None, None, None

# %% predict
predictions = models.predict(made, x)
weights = models.arrays(made.weights)

# %% save
if format in (".keras", ".h5"):
    made.save("model" + format)
elif format == "tf":
    made.save("saved_model")
elif format == ".weights.h5":
    made.save_weights("model.weights.h5")
elif format == "checkpoint":
    tf.train.Checkpoint(model=made).save("checkpoint")
elif format == "export":
    made.export("saved_model")
else:
    with open("model.json", "w") as file:
        file.write(made.to_json())
    made.save_weights("model.weights.h5")

# %% reference
values = made.get_weights() if compiled else None
losses = {}
if compiled:
    losses["own"] = models.train(made, x, y)
    made.set_weights(values)
made.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss="mse")
losses["new"] = models.train(made, x, y)
np.savez("reference.npz", predictions=predictions, **{"w%d" % at: each for at, each in enumerate(weights)})
reference = {
    "settings": models.settings(made),
    "metrics": metrics,
    "steps": steps,
    "slots": slots,
    "losses": losses,
}
with open("reference.json", "w") as file:
    json.dump(reference, file)

title = (getattr(models, model).__doc__ or model).split("\n")[0].rstrip(".")
told = {
    "title": title,
    "layers": [each for each, _ in reference["settings"]],
    "keeps": {".weights.h5": "weights", "checkpoint": "weights", "export": "function"}.get(format, "model"),
    "stored_as": {
        "tf": "SavedModel of save()",
        "export": "SavedModel of export()",
        "checkpoint": "TensorFlow checkpoint",
        "json": "JSON and .weights.h5",
    }.get(format, format),
}
print("transfer: " + json.dumps(told))
