siteData.receive("cases/build_after_loading-f6719e92a0", {"schema":1,
"case":"build_after_loading[build=list,save_format=tf]",
"scenario":"build_after_loading",
"subject":"explicit build",
"title":"A loaded Sequential model works as it is, and a redundant build() after loading does no harm.",
"issue":"https://github.com/tensorflow/tensorflow/issues/70757",
"parameters":{"build":"list","save_format":"tf"},
"script":{"name":"build_after_loading.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/tensorflow/tensorflow/issues/70757\"\n#\n# [tool.harness.parameters]\n# build = [\"none\", \"tuple\", \"list\"]\n# save_format = [\".keras\", \".h5\", \"tf\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n#\n# [[tool.harness.label]]\n# stage = \"rebuild\"\n# error = 'ValueError: Sequential model .* has already been configured to use input shape .* You cannot build it with input_shape \\['\n# label = \"fixed in Keras 3.5.0\"\n# note = \"Keras 3.0 to 3.4 compare the tuple that the model has with the list that they get, and call them different.\"\n# link = \"https://github.com/keras-team/keras/pull/20076\"\n# ///\n\"\"\"A loaded Sequential model works as it is, and a redundant build() after loading does no harm.\"\"\"\n\n# %% tags=[\"parameters\"]\nbuild = \"tuple\"\nsave_format = \".keras\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nimages = np.random.RandomState(1).rand(2, 224, 224, 3).astype(\"float32\")\npath = {\".keras\": \"model.keras\", \".h5\": \"model.h5\", \"tf\": \"saved_model\"}[save_format]\n\nmodel = tf.keras.Sequential([\n    tf.keras.layers.GlobalAveragePooling2D(),\n    tf.keras.layers.Dense(2, activation=\"softmax\"),\n])\n\n# %% build\nmodel.build((None, 224, 224, 3))\nbefore = model.predict(images, verbose=0)\n\n# %% save\nmodel.save(path)\n\n# %% load\nloaded = tf.keras.models.load_model(path)\n\n# %% rebuild\nif build == \"tuple\":\n    loaded.build((None, 224, 224, 3))\nelif build == \"list\":\n    loaded.build([None, 224, 224, 3])\n\n# %% predict\nafter = loaded.predict(images, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nfor saved, restored in zip(model.get_weights(), loaded.get_weights()):\n    np.testing.assert_allclose(restored, saved, err_msg=\"a weight was not restored\")\n"},
"writer_script":null,
"statements":[
{"family":"tf","held":null,"statements":["2.16.2 to 2.21.0: fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TF). Introduced after 2.15.1 and not later than 2.16.2. 2.21.0 is the last that was run."]},
{"family":"keras","held":null,"statements":["3.0.5: fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFS). 3.0.5 is the first that was run. The neighbour that was run differs: 3.4.1 fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TF).","3.4.1 to 3.5.0: fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TF). The neighbour that was run differs: 3.0.5 fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFS). 3.5.0 is the last that was run."]}
],
"cells":[
{"cell":"build_after_loading[build=list,save_format=tf]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"build_after_loading[build=list,save_format=tf]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0,1]},
{"cell":"build_after_loading[build=list,save_format=tf]@tf2.16.2","environment":"tf2.16.2","outcome":"failed","cause":0,"error":0,"ways_out":[0,1],"attempts":[2,3],"line":54,"traceback":1,"stderr":2},
{"cell":"build_after_loading[build=list,save_format=tf]@tf2.21.0","environment":"tf2.21.0","outcome":"failed","cause":0,"error":0,"ways_out":[1,2,3],"attempts":[2],"line":54,"traceback":3},
{"cell":"build_after_loading[build=list,save_format=tf]@keras3.0.5","environment":"keras3.0.5","outcome":"failed","cause":1,"error":4,"attempts":[4,5],"line":54,"traceback":5,"stderr":6},
{"cell":"build_after_loading[build=list,save_format=tf]@keras3.4.1","environment":"keras3.4.1","outcome":"failed","cause":0,"error":0,"attempts":[2,6],"line":54,"traceback":1,"stderr":7},
{"cell":"build_after_loading[build=list,save_format=tf]@keras3.5.0","environment":"keras3.5.0","outcome":"failed","cause":0,"error":0,"ways_out":[4,5],"attempts":[2],"line":54,"traceback":3},
{"cell":"build_after_loading[build=list,save_format=tf]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"build_after_loading[build=list,save_format=tf]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":2,"attempts":[7]}
],
"causes":[
{"stage":"save","meaning":"cannot be saved","error":"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.","signature":"13e9975243","label":"removed","note":"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.","link":"https://github.com/keras-team/keras-core/pull/674","reason":null,"cause":null},
{"stage":"save","meaning":"cannot be saved","error":"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.","signature":"42dc7a21d0","label":"removed","note":"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.","link":"https://github.com/keras-team/keras-core/pull/674","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[
{"text":"set TF_USE_LEGACY_KERAS=1","cell":"build_after_loading[build=list,save_format=tf]@tf2.16.2-legacy"},
{"text":"use TensorFlow 2.15.1","cell":"build_after_loading[build=list,save_format=tf]@tf2.15.1"},
{"text":"use save_format=.keras","cell":"build_after_loading[build=list,save_format=.keras]@tf2.21.0"},
{"text":"use save_format=.h5","cell":"build_after_loading[build=list,save_format=.h5]@tf2.21.0"},
{"text":"use save_format=.keras","cell":"build_after_loading[build=list,save_format=.keras]@keras3.5.0"},
{"text":"use save_format=.h5","cell":"build_after_loading[build=list,save_format=.h5]@keras3.5.0"}
],
"attempts":[
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"passed","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"save","signature":"13e9975243","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"save","signature":"13e9975243","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"save","signature":"42dc7a21d0","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-30","outcome":"failed","stage":"save","signature":"42dc7a21d0","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-30","outcome":"failed","stage":"save","signature":"13e9975243","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"unavailable","isolation":"process","sandbox":"none"}
],
"texts":[
[0],
[1,2,3,4,5,6,7,0],
[8,9],
[1,2,3,4,5,10,7,0],
[11],
[1,2,3,12,5,13,7,11],
[14,9],
[15,9]
],
"lines":[
"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.",
"Traceback (most recent call last):",
"  File \"build_after_loading.py\", line 54, in <module>",
"    model.save(path)",
"  File \"<packages>/keras/src/utils/traceback_utils.py\", line 122, in error_handler",
"    raise e.with_traceback(filtered_tb) from None",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 109, in save_model",
"    raise ValueError(",
"2026-11-29 21:14:16.417506: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate compiler flags.",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 114, in save_model",
"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.",
"  File \"<packages>/keras/src/utils/traceback_utils.py\", line 123, in error_handler",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 106, in save_model",
"2026-11-30 00:23:18.479646: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"2026-11-30 00:26:46.065463: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations."
]});
