siteData.receive("cases/lambda_first_shape-e557fbd2a2", {"schema":1,
"case":"lambda_first_shape[source=Input,save_format=tf]",
"scenario":"lambda_first_shape",
"subject":"lambda layer",
"title":"A Sequential model whose first layer is a Lambda loads, however the model got its input shape.",
"issue":"https://github.com/keras-team/keras/issues/20074",
"parameters":{"source":"Input","save_format":"tf"},
"script":{"name":"lambda_first_shape.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/20074\"\n#\n# [tool.harness.parameters]\n# source = [\"Input\", \"build\", \"call\", \"fit\"]\n# save_format = [\".keras\", \"tf\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n# ///\n\"\"\"A Sequential model whose first layer is a Lambda loads, however the model got its input shape.\"\"\"\n\n# %% tags=[\"parameters\"]\nsource = \"build\"\nsave_format = \".keras\"\n\n# %% define\nimport inspect\n\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nx = np.random.RandomState(1).rand(8, 4).astype(\"float32\")\ny = x.sum(axis=1, keepdims=True)\n\nlayers = [\n    tf.keras.layers.Lambda(lambda t: t / 2.0),\n    tf.keras.layers.Dense(1),\n]\nif source == \"Input\":\n    layers.insert(0, tf.keras.Input(shape=(4,)))\nmodel = tf.keras.Sequential(layers)\n\n# %% build\nif source == \"build\":\n    model.build((None, 4))\nelif source == \"call\":\n    model(x)\nelif source == \"fit\":\n    model.compile(optimizer=\"sgd\", loss=\"mse\")\n    model.fit(x, y, epochs=1, verbose=0)\n\n# %% predict\nbefore = model.predict(x, verbose=0)\n\n# %% save\npath = {\".keras\": \"model.keras\", \"tf\": \"saved_model\"}[save_format]\nmodel.save(path)\n\n# %% load\nload_model = tf.keras.models.load_model\ntrust = {\"safe_mode\": False} if \"safe_mode\" in inspect.signature(load_model).parameters else {}\nloaded = load_model(path, **trust)\n\n# %% predict\nafter = loaded.predict(x, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nfor saved, restored in zip(model.get_weights(), loaded.get_weights()):\n    np.testing.assert_allclose(restored, saved, err_msg=\"a weight was not restored\")\n"},
"writer_script":null,
"statements":[
{"family":"tf","held":null,"statements":["2.16.2 to 2.21.0: fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TF). Introduced after 2.15.1 and not later than 2.16.2. 2.21.0 is the last that was run."]},
{"family":"keras","held":null,"statements":["3.0.5: fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFS). 3.0.5 is the first that was run. The neighbour that was run differs: 3.4.1 fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TF).","3.4.1 to 3.5.0: fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TF). The neighbour that was run differs: 3.0.5 fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFS). 3.5.0 is the last that was run."]}
],
"cells":[
{"cell":"lambda_first_shape[source=Input,save_format=tf]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"lambda_first_shape[source=Input,save_format=tf]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0]},
{"cell":"lambda_first_shape[source=Input,save_format=tf]@tf2.16.2","environment":"tf2.16.2","outcome":"failed","cause":0,"error":0,"ways_out":[0,1,2],"attempts":[1],"line":61,"traceback":1},
{"cell":"lambda_first_shape[source=Input,save_format=tf]@tf2.21.0","environment":"tf2.21.0","outcome":"failed","cause":0,"error":0,"ways_out":[1,3],"attempts":[1],"line":61,"traceback":2},
{"cell":"lambda_first_shape[source=Input,save_format=tf]@keras3.0.5","environment":"keras3.0.5","outcome":"failed","cause":1,"error":3,"ways_out":[4],"attempts":[2,3],"line":61,"traceback":4,"stderr":5},
{"cell":"lambda_first_shape[source=Input,save_format=tf]@keras3.4.1","environment":"keras3.4.1","outcome":"failed","cause":0,"error":0,"ways_out":[5],"attempts":[1],"line":61,"traceback":1},
{"cell":"lambda_first_shape[source=Input,save_format=tf]@keras3.5.0","environment":"keras3.5.0","outcome":"failed","cause":0,"error":0,"ways_out":[6],"attempts":[1],"line":61,"traceback":2},
{"cell":"lambda_first_shape[source=Input,save_format=tf]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"lambda_first_shape[source=Input,save_format=tf]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":2,"attempts":[4]}
],
"causes":[
{"stage":"save","meaning":"cannot be saved","error":"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.","signature":"13e9975243","label":"removed","note":"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.","link":"https://github.com/keras-team/keras-core/pull/674","reason":null,"cause":null},
{"stage":"save","meaning":"cannot be saved","error":"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.","signature":"42dc7a21d0","label":"removed","note":"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.","link":"https://github.com/keras-team/keras-core/pull/674","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[
{"text":"set TF_USE_LEGACY_KERAS=1","cell":"lambda_first_shape[source=Input,save_format=tf]@tf2.16.2-legacy"},
{"text":"use TensorFlow 2.15.1","cell":"lambda_first_shape[source=Input,save_format=tf]@tf2.15.1"},
{"text":"use save_format=.keras","cell":"lambda_first_shape[source=Input,save_format=.keras]@tf2.16.2"},
{"text":"use save_format=.keras","cell":"lambda_first_shape[source=Input,save_format=.keras]@tf2.21.0"},
{"text":"use save_format=.keras","cell":"lambda_first_shape[source=Input,save_format=.keras]@keras3.0.5"},
{"text":"use save_format=.keras","cell":"lambda_first_shape[source=Input,save_format=.keras]@keras3.4.1"},
{"text":"use save_format=.keras","cell":"lambda_first_shape[source=Input,save_format=.keras]@keras3.5.0"}
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
"  File \"lambda_first_shape.py\", line 61, in <module>",
"    model.save(path)",
"  File \"<packages>/keras/src/utils/traceback_utils.py\", line 122, in error_handler",
"    raise e.with_traceback(filtered_tb) from None",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 109, in save_model",
"    raise ValueError(",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 114, in save_model",
"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.",
"  File \"<packages>/keras/src/utils/traceback_utils.py\", line 123, in error_handler",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 106, in save_model",
"2026-11-30 00:23:44.034617: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate compiler flags."
]});
