siteData.receive("cases/kept_metrics-f50476952e", {"schema":1,
"case":"kept_metrics[metric=name,save_format=.h5]",
"scenario":"kept_metrics",
"subject":"save formats",
"title":"The compiled metrics are kept: evaluating the loaded model gives the same names and the same numbers.",
"issue":"https://github.com/keras-team/keras/issues/21676",
"parameters":{"metric":"name","save_format":".h5"},
"script":{"name":"kept_metrics.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/21676\"\n#\n# [tool.harness.parameters]\n# metric = [\"name\", \"object\"]\n# save_format = [\".keras\", \".h5\", \"tf\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n#\n# [[tool.harness.label]]\n# stage = \"compare\"\n# error = '''AssertionError: evaluated \\['loss', 'mae'\\] before, \\['loss', 'mean_absolute_error'\\] after'''\n# label = \"fixed in TensorFlow 2.4\"\n# note = \"TensorFlow 2.2 and 2.3 keep the long name of a metric in the file, so the keys of evaluate() and of the history change. Give the metric as an object with a name.\"\n# link = \"https://github.com/adriangb/scikeras/pull/38\"\n# environments = \"tf2.2.*,tf2.3.*\"\n#\n# [[tool.harness.label]]\n# stage = \"compare\"\n# error = '''AssertionError: evaluated \\['loss', 'mae'\\] before, \\['loss', 'mean_absolute_error'\\] after'''\n# label = \"bug\"\n# note = \"Reading an .h5 file, Keras 3 turns the short name of a metric into its function and so into its long name; the keys of evaluate() and of the history change. Give the metric as an object with a name, or use .keras.\"\n# link = \"https://github.com/keras-team/keras/blob/v3.15.1/keras/src/legacy/saving/saving_utils.py\"\n# environments = \"*,!tf2.2.*,!tf2.3.*\"\n# ///\n\"\"\"The compiled metrics are kept: evaluating the loaded model gives the same names and the same numbers.\"\"\"\n\n# %% tags=[\"parameters\"]\nmetric = \"name\"\nsave_format = \".keras\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nx = np.random.RandomState(1).rand(8, 4).astype(\"float32\")\ny = x.sum(axis=1, keepdims=True)\npath = {\".keras\": \"model.keras\", \".h5\": \"model.h5\", \"tf\": \"saved_model\"}[save_format]\n\nmodel = tf.keras.Sequential([\n    tf.keras.Input(shape=(4,)),\n    tf.keras.layers.Dense(1),\n])\n\n# %% compile\nmetrics = [\"mae\"] if metric == \"name\" else [tf.keras.metrics.RootMeanSquaredError(name=\"rmse\")]\nmodel.compile(optimizer=\"sgd\", loss=tf.keras.losses.MeanSquaredError(), metrics=metrics)\n\n# %% train\nmodel.fit(x, y, epochs=1, verbose=0)\nbefore = model.evaluate(x, y, verbose=0, return_dict=True)\n\n# %% save\nmodel.save(path)\n\n# %% load\nloaded = tf.keras.models.load_model(path)\n\n# %% evaluate\nafter = loaded.evaluate(x, y, verbose=0, return_dict=True)\n\n# %% compare\nassert sorted(after) == sorted(before), \"evaluated %s before, %s after\" % (sorted(before), sorted(after))\nfor name in before:\n    np.testing.assert_allclose(after[name], before[name], rtol=1e-4, err_msg=name + \" changed\")\n"},
"writer_script":null,
"statements":[
{"family":"tf","held":null,"statements":["2.16.2 to 2.21.0: fails at compare (AssertionError: evaluated ['loss', 'mae'] before, ['loss', 'mean_absolute_error'] after). Introduced after 2.15.1 and not later than 2.16.2. 2.21.0 is the last that was run."]}
],
"cells":[
{"cell":"kept_metrics[metric=name,save_format=.h5]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"kept_metrics[metric=name,save_format=.h5]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0]},
{"cell":"kept_metrics[metric=name,save_format=.h5]@tf2.16.2","environment":"tf2.16.2","outcome":"failed","cause":0,"error":0,"ways_out":[0,1,2,3],"attempts":[1],"line":77,"traceback":1,"stderr":2},
{"cell":"kept_metrics[metric=name,save_format=.h5]@tf2.21.0","environment":"tf2.21.0","outcome":"failed","cause":0,"error":0,"ways_out":[1,4,5],"attempts":[1],"line":77,"traceback":1,"stderr":2},
{"cell":"kept_metrics[metric=name,save_format=.h5]@keras3.0.5","environment":"keras3.0.5","outcome":"failed","cause":0,"error":0,"ways_out":[6,7],"attempts":[1],"line":77,"traceback":1,"stderr":2},
{"cell":"kept_metrics[metric=name,save_format=.h5]@keras3.4.1","environment":"keras3.4.1","outcome":"failed","cause":0,"error":0,"ways_out":[8,9],"attempts":[1],"line":77,"traceback":1,"stderr":2},
{"cell":"kept_metrics[metric=name,save_format=.h5]@keras3.5.0","environment":"keras3.5.0","outcome":"failed","cause":0,"error":0,"ways_out":[10,11],"attempts":[1],"line":77,"traceback":1,"stderr":2},
{"cell":"kept_metrics[metric=name,save_format=.h5]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"kept_metrics[metric=name,save_format=.h5]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":1,"attempts":[2]}
],
"causes":[
{"stage":"compare","meaning":"gives another result","error":"AssertionError: evaluated ['loss', 'mae'] before, ['loss', 'mean_absolute_error'] after","signature":"2be3a2d023","label":"bug","note":"Reading an .h5 file, Keras 3 turns the short name of a metric into its function and so into its long name; the keys of evaluate() and of the history change. Give the metric as an object with a name, or use .keras.","link":"https://github.com/keras-team/keras/blob/v3.15.1/keras/src/legacy/saving/saving_utils.py","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[
{"text":"set TF_USE_LEGACY_KERAS=1","cell":"kept_metrics[metric=name,save_format=.h5]@tf2.16.2-legacy"},
{"text":"use TensorFlow 2.15.1","cell":"kept_metrics[metric=name,save_format=.h5]@tf2.15.1"},
{"text":"use metric=object","cell":"kept_metrics[metric=object,save_format=.h5]@tf2.16.2"},
{"text":"use save_format=.keras","cell":"kept_metrics[metric=name,save_format=.keras]@tf2.16.2"},
{"text":"use metric=object","cell":"kept_metrics[metric=object,save_format=.h5]@tf2.21.0"},
{"text":"use save_format=.keras","cell":"kept_metrics[metric=name,save_format=.keras]@tf2.21.0"},
{"text":"use metric=object","cell":"kept_metrics[metric=object,save_format=.h5]@keras3.0.5"},
{"text":"use save_format=.keras","cell":"kept_metrics[metric=name,save_format=.keras]@keras3.0.5"},
{"text":"use metric=object","cell":"kept_metrics[metric=object,save_format=.h5]@keras3.4.1"},
{"text":"use save_format=.keras","cell":"kept_metrics[metric=name,save_format=.keras]@keras3.4.1"},
{"text":"use metric=object","cell":"kept_metrics[metric=object,save_format=.h5]@keras3.5.0"},
{"text":"use save_format=.keras","cell":"kept_metrics[metric=name,save_format=.keras]@keras3.5.0"}
],
"attempts":[
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"compare","signature":"2be3a2d023","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"unavailable","isolation":"process","sandbox":"none"}
],
"texts":[
[0],
[1,2,3,4,0],
[5,6]
],
"lines":[
"AssertionError: evaluated ['loss', 'mae'] before, ['loss', 'mean_absolute_error'] after",
"Traceback (most recent call last):",
"  File \"kept_metrics.py\", line 77, in <module>",
"    assert sorted(after) == sorted(before), \"evaluated %s before, %s after\" % (sorted(before), sorted(after))",
"           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
"WARNING:absl:You are saving your model as an HDF5 file via `model.save()` or `keras.saving.save_model(model)`. This file format is considered legacy. We recommend using instead the native Keras format, e.g. `model.save('my_model.keras')` or `keras.saving.save_model(model, 'my_model.keras')`. ",
"WARNING:absl:Compiled the loaded model, but the compiled metrics have yet to be built. `model.compile_metrics` will be empty until you train or evaluate the model."
]});
