siteData.receive("cases/kept_metrics-3d7db9d585", {"schema":1,
"case":"kept_metrics[metric=object,save_format=.h5]",
"scenario":"kept_metrics",
"subject":"save formats",
"title":"The compiled metrics are kept: evaluating the loaded model gives the same names and the same numbers.",
"issue":"https://github.com/keras-team/keras/issues/21676",
"parameters":{"metric":"object","save_format":".h5"},
"script":{"name":"kept_metrics.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/21676\"\n#\n# [tool.harness.parameters]\n# metric = [\"name\", \"object\"]\n# save_format = [\".keras\", \".h5\", \"tf\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n#\n# [[tool.harness.label]]\n# stage = \"compare\"\n# error = '''AssertionError: evaluated \\['loss', 'mae'\\] before, \\['loss', 'mean_absolute_error'\\] after'''\n# label = \"fixed in TensorFlow 2.4\"\n# note = \"TensorFlow 2.2 and 2.3 keep the long name of a metric in the file, so the keys of evaluate() and of the history change. Give the metric as an object with a name.\"\n# link = \"https://github.com/adriangb/scikeras/pull/38\"\n# environments = \"tf2.2.*,tf2.3.*\"\n#\n# [[tool.harness.label]]\n# stage = \"compare\"\n# error = '''AssertionError: evaluated \\['loss', 'mae'\\] before, \\['loss', 'mean_absolute_error'\\] after'''\n# label = \"bug\"\n# note = \"Reading an .h5 file, Keras 3 turns the short name of a metric into its function and so into its long name; the keys of evaluate() and of the history change. Give the metric as an object with a name, or use .keras.\"\n# link = \"https://github.com/keras-team/keras/blob/v3.15.1/keras/src/legacy/saving/saving_utils.py\"\n# environments = \"*,!tf2.2.*,!tf2.3.*\"\n# ///\n\"\"\"The compiled metrics are kept: evaluating the loaded model gives the same names and the same numbers.\"\"\"\n\n# %% tags=[\"parameters\"]\nmetric = \"name\"\nsave_format = \".keras\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nx = np.random.RandomState(1).rand(8, 4).astype(\"float32\")\ny = x.sum(axis=1, keepdims=True)\npath = {\".keras\": \"model.keras\", \".h5\": \"model.h5\", \"tf\": \"saved_model\"}[save_format]\n\nmodel = tf.keras.Sequential([\n    tf.keras.Input(shape=(4,)),\n    tf.keras.layers.Dense(1),\n])\n\n# %% compile\nmetrics = [\"mae\"] if metric == \"name\" else [tf.keras.metrics.RootMeanSquaredError(name=\"rmse\")]\nmodel.compile(optimizer=\"sgd\", loss=tf.keras.losses.MeanSquaredError(), metrics=metrics)\n\n# %% train\nmodel.fit(x, y, epochs=1, verbose=0)\nbefore = model.evaluate(x, y, verbose=0, return_dict=True)\n\n# %% save\nmodel.save(path)\n\n# %% load\nloaded = tf.keras.models.load_model(path)\n\n# %% evaluate\nafter = loaded.evaluate(x, y, verbose=0, return_dict=True)\n\n# %% compare\nassert sorted(after) == sorted(before), \"evaluated %s before, %s after\" % (sorted(before), sorted(after))\nfor name in before:\n    np.testing.assert_allclose(after[name], before[name], rtol=1e-4, err_msg=name + \" changed\")\n"},
"writer_script":null,
"statements":[],
"cells":[
{"cell":"kept_metrics[metric=object,save_format=.h5]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"kept_metrics[metric=object,save_format=.h5]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0]},
{"cell":"kept_metrics[metric=object,save_format=.h5]@tf2.16.2","environment":"tf2.16.2","outcome":"passed","attempts":[0]},
{"cell":"kept_metrics[metric=object,save_format=.h5]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[0]},
{"cell":"kept_metrics[metric=object,save_format=.h5]@keras3.0.5","environment":"keras3.0.5","outcome":"passed","attempts":[0]},
{"cell":"kept_metrics[metric=object,save_format=.h5]@keras3.4.1","environment":"keras3.4.1","outcome":"passed","attempts":[0]},
{"cell":"kept_metrics[metric=object,save_format=.h5]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[0]},
{"cell":"kept_metrics[metric=object,save_format=.h5]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"kept_metrics[metric=object,save_format=.h5]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":0,"attempts":[1]}
],
"causes":[
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[],
"attempts":[
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"unavailable","isolation":"process","sandbox":"none"}
],
"texts":[],
"lines":[]});
