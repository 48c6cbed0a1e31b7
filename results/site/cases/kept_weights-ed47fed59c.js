siteData.receive("cases/kept_weights-ed47fed59c", {"schema":1,
"case":"kept_weights[save_format=tf]",
"scenario":"kept_weights",
"subject":"save formats",
"title":"Every weight is kept: trained, frozen, and the running averages of a BatchNormalization.",
"issue":"https://github.com/keras-team/keras/issues/15513",
"parameters":{"save_format":"tf"},
"script":{"name":"kept_weights.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/15513\"\n#\n# [tool.harness.parameters]\n# save_format = [\".keras\", \".h5\", \"tf\", \"weights\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n#\n# [[tool.harness.label]]\n# stage = \"compare\"\n# error = 'AssertionError: trainable weights before and after: \\[6, 6\\]'\n# label = \"fixed in Keras 3.2.0\"\n# note = \"Keras 3.0 and 3.1 ignore trainable=False given to a layer's constructor; set layer.trainable = False afterwards.\"\n# link = \"https://github.com/keras-team/keras/commit/471edf24d9aa769797efdcdc112de9a3e260032d\"\n#\n# [[tool.harness.label]]\n# stage = \"load\"\n# error = \"(?s)ValueError: A total of 1 objects could not be loaded.*Layer 'dense(_2)?' expected 4 variables, but received 2 variables\"\n# label = \"fixed in Keras 3.2.1\"\n# note = \"Keras 3.2.0 tracks the weights of a layer made with trainable=False twice, so that what was saved does not load; set layer.trainable = False afterwards.\"\n# link = \"https://github.com/keras-team/keras/commit/ad7f9b4e3b49edbefe2fa590ae04f8d9b4ddc5b1\"\n#\n# [[tool.harness.label]]\n# stage = \"compare\"\n# error = 'AssertionError: trainable weights before and after: \\[4, 6\\]'\n# label = \"fixed in TensorFlow 2.5\"\n# note = \"Loading a SavedModel folder in TensorFlow 2.2 to 2.4 sets trainable on the whole model, and so thaws the layers that were frozen. Use .h5, or freeze them again.\"\n# link = \"https://github.com/tensorflow/tensorflow/issues/40994\"\n# ///\n\"\"\"Every weight is kept: trained, frozen, and the running averages of a BatchNormalization.\"\"\"\n\n# %% tags=[\"parameters\"]\nsave_format = \".keras\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nx = np.random.RandomState(1).rand(16, 4).astype(\"float32\")\ny = x.sum(axis=1, keepdims=True)\n\n\ndef make_model():\n    frozen = tf.keras.layers.Dense(3, trainable=False)\n    return tf.keras.Sequential([\n        tf.keras.Input(shape=(4,)),\n        frozen,\n        tf.keras.layers.BatchNormalization(),\n        tf.keras.layers.Dense(1),\n    ])\n\n\nmodel = make_model()\n\n# %% compile\nmodel.compile(optimizer=tf.keras.optimizers.SGD(0.01), loss=tf.keras.losses.MeanSquaredError())\n\n# %% train\nmodel.fit(x, y, epochs=3, verbose=0)\nbefore = model.predict(x, verbose=0)\n\n# %% save\npath = {\".keras\": \"model.keras\", \".h5\": \"model.h5\", \"tf\": \"saved_model\", \"weights\": \"model.weights.h5\"}[save_format]\nif save_format == \"weights\":\n    model.save_weights(path)\nelse:\n    model.save(path)\n\n# %% load\nif save_format == \"weights\":\n    loaded = make_model()\n    loaded.load_weights(path)\nelse:\n    loaded = tf.keras.models.load_model(path)\n\n# %% predict\nafter = loaded.predict(x, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nassert len(loaded.weights) == len(model.weights) == 8, \"the number of weights changed\"\nfor saved, restored in zip(model.layers, loaded.layers):\n    for one, other in zip(saved.get_weights(), restored.get_weights()):\n        np.testing.assert_allclose(other, one, err_msg=\"a weight of %s was not restored\" % saved.name)\ntrainable = [len(m.trainable_weights) for m in (model, loaded)]\nassert trainable == [4, 4], \"trainable weights before and after: %s\" % trainable\n"},
"writer_script":null,
"statements":[
{"family":"tf","held":null,"statements":["2.16.2 to 2.21.0: fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TF). Introduced after 2.15.1 and not later than 2.16.2. 2.21.0 is the last that was run."]},
{"family":"keras","held":null,"statements":["3.0.5: fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFS). 3.0.5 is the first that was run. The neighbour that was run differs: 3.4.1 fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TF).","3.4.1 to 3.5.0: fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TF). The neighbour that was run differs: 3.0.5 fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFS). 3.5.0 is the last that was run."]}
],
"cells":[
{"cell":"kept_weights[save_format=tf]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"kept_weights[save_format=tf]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0]},
{"cell":"kept_weights[save_format=tf]@tf2.16.2","environment":"tf2.16.2","outcome":"failed","cause":0,"error":0,"ways_out":[0,1,2,3,4],"attempts":[1],"line":81,"traceback":1},
{"cell":"kept_weights[save_format=tf]@tf2.21.0","environment":"tf2.21.0","outcome":"failed","cause":0,"error":0,"ways_out":[1,5,6,7],"attempts":[1],"line":81,"traceback":2},
{"cell":"kept_weights[save_format=tf]@keras3.0.5","environment":"keras3.0.5","outcome":"failed","cause":1,"error":3,"attempts":[2,3],"line":81,"traceback":4,"stderr":5},
{"cell":"kept_weights[save_format=tf]@keras3.4.1","environment":"keras3.4.1","outcome":"failed","cause":0,"error":0,"ways_out":[8,9,10],"attempts":[1],"line":81,"traceback":1},
{"cell":"kept_weights[save_format=tf]@keras3.5.0","environment":"keras3.5.0","outcome":"failed","cause":0,"error":0,"ways_out":[11,12,13],"attempts":[1],"line":81,"traceback":2},
{"cell":"kept_weights[save_format=tf]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"kept_weights[save_format=tf]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":2,"attempts":[4]}
],
"causes":[
{"stage":"save","meaning":"cannot be saved","error":"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.","signature":"13e9975243","label":"removed","note":"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.","link":"https://github.com/keras-team/keras-core/pull/674","reason":null,"cause":null},
{"stage":"save","meaning":"cannot be saved","error":"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.","signature":"42dc7a21d0","label":"removed","note":"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.","link":"https://github.com/keras-team/keras-core/pull/674","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[
{"text":"set TF_USE_LEGACY_KERAS=1","cell":"kept_weights[save_format=tf]@tf2.16.2-legacy"},
{"text":"use TensorFlow 2.15.1","cell":"kept_weights[save_format=tf]@tf2.15.1"},
{"text":"use save_format=.keras","cell":"kept_weights[save_format=.keras]@tf2.16.2"},
{"text":"use save_format=.h5","cell":"kept_weights[save_format=.h5]@tf2.16.2"},
{"text":"use save_format=weights","cell":"kept_weights[save_format=weights]@tf2.16.2"},
{"text":"use save_format=.keras","cell":"kept_weights[save_format=.keras]@tf2.21.0"},
{"text":"use save_format=.h5","cell":"kept_weights[save_format=.h5]@tf2.21.0"},
{"text":"use save_format=weights","cell":"kept_weights[save_format=weights]@tf2.21.0"},
{"text":"use save_format=.keras","cell":"kept_weights[save_format=.keras]@keras3.4.1"},
{"text":"use save_format=.h5","cell":"kept_weights[save_format=.h5]@keras3.4.1"},
{"text":"use save_format=weights","cell":"kept_weights[save_format=weights]@keras3.4.1"},
{"text":"use save_format=.keras","cell":"kept_weights[save_format=.keras]@keras3.5.0"},
{"text":"use save_format=.h5","cell":"kept_weights[save_format=.h5]@keras3.5.0"},
{"text":"use save_format=weights","cell":"kept_weights[save_format=weights]@keras3.5.0"}
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
"  File \"kept_weights.py\", line 81, in <module>",
"    model.save(path)",
"  File \"<packages>/keras/src/utils/traceback_utils.py\", line 122, in error_handler",
"    raise e.with_traceback(filtered_tb) from None",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 109, in save_model",
"    raise ValueError(",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 114, in save_model",
"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.",
"  File \"<packages>/keras/src/utils/traceback_utils.py\", line 123, in error_handler",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 106, in save_model",
"2026-11-30 00:25:25.226502: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate compiler flags."
]});
