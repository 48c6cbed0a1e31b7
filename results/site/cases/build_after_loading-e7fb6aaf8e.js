siteData.receive("cases/build_after_loading-e7fb6aaf8e", {"schema":1,
"case":"build_after_loading[build=list,save_format=.keras]",
"scenario":"build_after_loading",
"subject":"explicit build",
"title":"A loaded Sequential model works as it is, and a redundant build() after loading does no harm.",
"issue":"https://github.com/tensorflow/tensorflow/issues/70757",
"parameters":{"build":"list","save_format":".keras"},
"script":{"name":"build_after_loading.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/tensorflow/tensorflow/issues/70757\"\n#\n# [tool.harness.parameters]\n# build = [\"none\", \"tuple\", \"list\"]\n# save_format = [\".keras\", \".h5\", \"tf\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n#\n# [[tool.harness.label]]\n# stage = \"rebuild\"\n# error = 'ValueError: Sequential model .* has already been configured to use input shape .* You cannot build it with input_shape \\['\n# label = \"fixed in Keras 3.5.0\"\n# note = \"Keras 3.0 to 3.4 compare the tuple that the model has with the list that they get, and call them different.\"\n# link = \"https://github.com/keras-team/keras/pull/20076\"\n# ///\n\"\"\"A loaded Sequential model works as it is, and a redundant build() after loading does no harm.\"\"\"\n\n# %% tags=[\"parameters\"]\nbuild = \"tuple\"\nsave_format = \".keras\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nimages = np.random.RandomState(1).rand(2, 224, 224, 3).astype(\"float32\")\npath = {\".keras\": \"model.keras\", \".h5\": \"model.h5\", \"tf\": \"saved_model\"}[save_format]\n\nmodel = tf.keras.Sequential([\n    tf.keras.layers.GlobalAveragePooling2D(),\n    tf.keras.layers.Dense(2, activation=\"softmax\"),\n])\n\n# %% build\nmodel.build((None, 224, 224, 3))\nbefore = model.predict(images, verbose=0)\n\n# %% save\nmodel.save(path)\n\n# %% load\nloaded = tf.keras.models.load_model(path)\n\n# %% rebuild\nif build == \"tuple\":\n    loaded.build((None, 224, 224, 3))\nelif build == \"list\":\n    loaded.build([None, 224, 224, 3])\n\n# %% predict\nafter = loaded.predict(images, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nfor saved, restored in zip(model.get_weights(), loaded.get_weights()):\n    np.testing.assert_allclose(restored, saved, err_msg=\"a weight was not restored\")\n"},
"writer_script":null,
"statements":[
{"family":"tf","held":null,"statements":["2.16.2: fails at rebuild (ValueError: Sequential model 'sequential' has already been configured to use input shape (None, 224, 224, 3). You cannot build it with input_shape [None, 224, 224, 3]). Introduced after 2.15.1 and not later than 2.16.2. Fixed after 2.16.2 and not later than 2.21.0."]},
{"family":"keras","held":null,"statements":["3.0.5 to 3.4.1: fails at rebuild (ValueError: Sequential model 'sequential' has already been configured to use input shape (None, 224, 224, 3). You cannot build it with input_shape [None, 224, 224, 3]). 3.0.5 is the first that was run. Fixed in 3.5.0."]}
],
"cells":[
{"cell":"build_after_loading[build=list,save_format=.keras]@tf2.10.1","environment":"tf2.10.1","outcome":"not applicable","cause":0,"attempts":[0],"stdout":0},
{"cell":"build_after_loading[build=list,save_format=.keras]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[1,2]},
{"cell":"build_after_loading[build=list,save_format=.keras]@tf2.16.2","environment":"tf2.16.2","outcome":"failed","cause":1,"error":1,"ways_out":[0,1,2,3,4],"attempts":[3,4],"line":63,"traceback":2,"stderr":3},
{"cell":"build_after_loading[build=list,save_format=.keras]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[1]},
{"cell":"build_after_loading[build=list,save_format=.keras]@keras3.0.5","environment":"keras3.0.5","outcome":"failed","cause":1,"error":1,"ways_out":[5,6,7],"attempts":[3],"line":63,"traceback":4},
{"cell":"build_after_loading[build=list,save_format=.keras]@keras3.4.1","environment":"keras3.4.1","outcome":"failed","cause":1,"error":1,"ways_out":[5,8,9],"attempts":[3,5],"line":63,"traceback":2,"stderr":5},
{"cell":"build_after_loading[build=list,save_format=.keras]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[1]},
{"cell":"build_after_loading[build=list,save_format=.keras]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[1]},
{"cell":"build_after_loading[build=list,save_format=.keras]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":2,"attempts":[6]}
],
"causes":[
{"stage":"define","meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5","cause":null},
{"stage":"rebuild","meaning":"cannot be built again after loading","error":"ValueError: Sequential model 'sequential' has already been configured to use input shape (None, 224, 224, 3). You cannot build it with input_shape [None, 224, 224, 3]","signature":"146607d0b7","label":"fixed in Keras 3.5.0","note":"Keras 3.0 to 3.4 compare the tuple that the model has with the list that they get, and call them different.","link":"https://github.com/keras-team/keras/pull/20076","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[
{"text":"set TF_USE_LEGACY_KERAS=1","cell":"build_after_loading[build=list,save_format=.keras]@tf2.16.2-legacy"},
{"text":"use TensorFlow 2.21.0","cell":"build_after_loading[build=list,save_format=.keras]@tf2.21.0"},
{"text":"use TensorFlow 2.15.1","cell":"build_after_loading[build=list,save_format=.keras]@tf2.15.1"},
{"text":"use build=none","cell":"build_after_loading[build=none,save_format=.keras]@tf2.16.2"},
{"text":"use build=tuple","cell":"build_after_loading[build=tuple,save_format=.keras]@tf2.16.2"},
{"text":"use Keras 3.5.0","cell":"build_after_loading[build=list,save_format=.keras]@keras3.5.0"},
{"text":"use build=none","cell":"build_after_loading[build=none,save_format=.keras]@keras3.0.5"},
{"text":"use build=tuple","cell":"build_after_loading[build=tuple,save_format=.keras]@keras3.0.5"},
{"text":"use build=none","cell":"build_after_loading[build=none,save_format=.keras]@keras3.4.1"},
{"text":"use build=tuple","cell":"build_after_loading[build=tuple,save_format=.keras]@keras3.4.1"}
],
"attempts":[
{"started":"2026-11-29","outcome":"not applicable","stage":"define","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"passed","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"rebuild","signature":"146607d0b7","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"rebuild","signature":"146607d0b7","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-30","outcome":"failed","stage":"rebuild","signature":"146607d0b7","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"unavailable","isolation":"process","sandbox":"none"}
],
"texts":[
[0],
[1],
[2,3,4,5,6,7,8,1],
[9,10],
[2,3,4,11,6,12,8,1],
[13,10]
],
"lines":[
"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5",
"ValueError: Sequential model 'sequential' has already been configured to use input shape (None, 224, 224, 3). You cannot build it with input_shape [None, 224, 224, 3]",
"Traceback (most recent call last):",
"  File \"build_after_loading.py\", line 63, in <module>",
"    loaded.build([None, 224, 224, 3])",
"  File \"<packages>/keras/src/layers/layer.py\", line 225, in build_wrapper",
"    original_build_method(*args, **kwargs)",
"  File \"<packages>/keras/src/models/sequential.py\", line 166, in build",
"    raise ValueError(",
"2026-11-29 21:14:04.277275: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate compiler flags.",
"  File \"<packages>/keras/src/layers/layer.py\", line 224, in build_wrapper",
"  File \"<packages>/keras/src/models/sequential.py\", line 160, in build",
"2026-11-30 00:26:36.216201: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations."
]});
