siteData.receive("cases/kept_metrics-a1e8742eb2", {"schema":1,
"case":"kept_metrics[metric=name,save_format=tf]",
"scenario":"kept_metrics",
"subject":"save formats",
"title":"The compiled metrics are kept: evaluating the loaded model gives the same names and the same numbers.",
"issue":"https://github.com/keras-team/keras/issues/21676",
"parameters":{"metric":"name","save_format":"tf"},
"script":{"name":"kept_metrics.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/21676\"\n#\n# [tool.harness.parameters]\n# metric = [\"name\", \"object\"]\n# save_format = [\".keras\", \".h5\", \"tf\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n#\n# [[tool.harness.label]]\n# stage = \"compare\"\n# error = '''AssertionError: evaluated \\['loss', 'mae'\\] before, \\['loss', 'mean_absolute_error'\\] after'''\n# label = \"fixed in TensorFlow 2.4\"\n# note = \"TensorFlow 2.2 and 2.3 keep the long name of a metric in the file, so the keys of evaluate() and of the history change. Give the metric as an object with a name.\"\n# link = \"https://github.com/adriangb/scikeras/pull/38\"\n# environments = \"tf2.2.*,tf2.3.*\"\n#\n# [[tool.harness.label]]\n# stage = \"compare\"\n# error = '''AssertionError: evaluated \\['loss', 'mae'\\] before, \\['loss', 'mean_absolute_error'\\] after'''\n# label = \"bug\"\n# note = \"Reading an .h5 file, Keras 3 turns the short name of a metric into its function and so into its long name; the keys of evaluate() and of the history change. Give the metric as an object with a name, or use .keras.\"\n# link = \"https://github.com/keras-team/keras/blob/v3.15.1/keras/src/legacy/saving/saving_utils.py\"\n# environments = \"*,!tf2.2.*,!tf2.3.*\"\n# ///\n\"\"\"The compiled metrics are kept: evaluating the loaded model gives the same names and the same numbers.\"\"\"\n\n# %% tags=[\"parameters\"]\nmetric = \"name\"\nsave_format = \".keras\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nx = np.random.RandomState(1).rand(8, 4).astype(\"float32\")\ny = x.sum(axis=1, keepdims=True)\npath = {\".keras\": \"model.keras\", \".h5\": \"model.h5\", \"tf\": \"saved_model\"}[save_format]\n\nmodel = tf.keras.Sequential([\n    tf.keras.Input(shape=(4,)),\n    tf.keras.layers.Dense(1),\n])\n\n# %% compile\nmetrics = [\"mae\"] if metric == \"name\" else [tf.keras.metrics.RootMeanSquaredError(name=\"rmse\")]\nmodel.compile(optimizer=\"sgd\", loss=tf.keras.losses.MeanSquaredError(), metrics=metrics)\n\n# %% train\nmodel.fit(x, y, epochs=1, verbose=0)\nbefore = model.evaluate(x, y, verbose=0, return_dict=True)\n\n# %% save\nmodel.save(path)\n\n# %% load\nloaded = tf.keras.models.load_model(path)\n\n# %% evaluate\nafter = loaded.evaluate(x, y, verbose=0, return_dict=True)\n\n# %% compare\nassert sorted(after) == sorted(before), \"evaluated %s before, %s after\" % (sorted(before), sorted(after))\nfor name in before:\n    np.testing.assert_allclose(after[name], before[name], rtol=1e-4, err_msg=name + \" changed\")\n"},
"writer_script":null,
"statements":[
{"family":"tf","held":null,"statements":["2.16.2 to 2.21.0: fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TF). Introduced after 2.15.1 and not later than 2.16.2. 2.21.0 is the last that was run."]},
{"family":"keras","held":null,"statements":["3.0.5: fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFS). 3.0.5 is the first that was run. The neighbour that was run differs: 3.4.1 fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TF).","3.4.1 to 3.5.0: fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TF). The neighbour that was run differs: 3.0.5 fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFS). 3.5.0 is the last that was run."]}
],
"cells":[
{"cell":"kept_metrics[metric=name,save_format=tf]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"kept_metrics[metric=name,save_format=tf]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0]},
{"cell":"kept_metrics[metric=name,save_format=tf]@tf2.16.2","environment":"tf2.16.2","outcome":"failed","cause":0,"error":0,"ways_out":[0,1,2],"attempts":[1],"line":68,"traceback":1},
{"cell":"kept_metrics[metric=name,save_format=tf]@tf2.21.0","environment":"tf2.21.0","outcome":"failed","cause":0,"error":0,"ways_out":[1,3],"attempts":[1],"line":68,"traceback":2},
{"cell":"kept_metrics[metric=name,save_format=tf]@keras3.0.5","environment":"keras3.0.5","outcome":"failed","cause":1,"error":3,"ways_out":[4],"attempts":[2,3],"line":68,"traceback":4,"stderr":5},
{"cell":"kept_metrics[metric=name,save_format=tf]@keras3.4.1","environment":"keras3.4.1","outcome":"failed","cause":0,"error":0,"ways_out":[5],"attempts":[1],"line":68,"traceback":1},
{"cell":"kept_metrics[metric=name,save_format=tf]@keras3.5.0","environment":"keras3.5.0","outcome":"failed","cause":0,"error":0,"ways_out":[6],"attempts":[1],"line":68,"traceback":2},
{"cell":"kept_metrics[metric=name,save_format=tf]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"kept_metrics[metric=name,save_format=tf]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":2,"attempts":[4]}
],
"causes":[
{"stage":"save","meaning":"cannot be saved","error":"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.","signature":"13e9975243","label":"removed","note":"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.","link":"https://github.com/keras-team/keras-core/pull/674","reason":null,"cause":null},
{"stage":"save","meaning":"cannot be saved","error":"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.","signature":"42dc7a21d0","label":"removed","note":"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.","link":"https://github.com/keras-team/keras-core/pull/674","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[
{"text":"set TF_USE_LEGACY_KERAS=1","cell":"kept_metrics[metric=name,save_format=tf]@tf2.16.2-legacy"},
{"text":"use TensorFlow 2.15.1","cell":"kept_metrics[metric=name,save_format=tf]@tf2.15.1"},
{"text":"use save_format=.keras","cell":"kept_metrics[metric=name,save_format=.keras]@tf2.16.2"},
{"text":"use save_format=.keras","cell":"kept_metrics[metric=name,save_format=.keras]@tf2.21.0"},
{"text":"use save_format=.keras","cell":"kept_metrics[metric=name,save_format=.keras]@keras3.0.5"},
{"text":"use save_format=.keras","cell":"kept_metrics[metric=name,save_format=.keras]@keras3.4.1"},
{"text":"use save_format=.keras","cell":"kept_metrics[metric=name,save_format=.keras]@keras3.5.0"}
],
"attempts":[
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"save","signature":"13e9975243","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"save","signature":"42dc7a21d0","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-30","outcome":"failed","stage":"save","signature":"42dc7a21d0","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"unavailable","isolation":"process","sandbox":"none"}
],
"texts":[
[0],
[1,2,3,4,5,6,7,0],
[1,2,3,4,5,8,7,0],
[9],
[1,2,3,10,5,11,7,9],
[12,13]
],
"lines":[
"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.",
"Traceback (most recent call last):",
"  File \"kept_metrics.py\", line 68, in <module>",
"    model.save(path)",
"  File \"<packages>/keras/src/utils/traceback_utils.py\", line 122, in error_handler",
"    raise e.with_traceback(filtered_tb) from None",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 109, in save_model",
"    raise ValueError(",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 114, in save_model",
"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.",
"  File \"<packages>/keras/src/utils/traceback_utils.py\", line 123, in error_handler",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 106, in save_model",
"2026-11-30 00:24:57.473666: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate compiler flags."
]});
