siteData.receive("cases/build_after_loading-0297a11b1d", {"schema":1,
"case":"build_after_loading[build=tuple,save_format=.keras]",
"scenario":"build_after_loading",
"subject":"explicit build",
"title":"A loaded Sequential model works as it is, and a redundant build() after loading does no harm.",
"issue":"https://github.com/tensorflow/tensorflow/issues/70757",
"parameters":{"build":"tuple","save_format":".keras"},
"script":{"name":"build_after_loading.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/tensorflow/tensorflow/issues/70757\"\n#\n# [tool.harness.parameters]\n# build = [\"none\", \"tuple\", \"list\"]\n# save_format = [\".keras\", \".h5\", \"tf\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n#\n# [[tool.harness.label]]\n# stage = \"rebuild\"\n# error = 'ValueError: Sequential model .* has already been configured to use input shape .* You cannot build it with input_shape \\['\n# label = \"fixed in Keras 3.5.0\"\n# note = \"Keras 3.0 to 3.4 compare the tuple that the model has with the list that they get, and call them different.\"\n# link = \"https://github.com/keras-team/keras/pull/20076\"\n# ///\n\"\"\"A loaded Sequential model works as it is, and a redundant build() after loading does no harm.\"\"\"\n\n# %% tags=[\"parameters\"]\nbuild = \"tuple\"\nsave_format = \".keras\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nimages = np.random.RandomState(1).rand(2, 224, 224, 3).astype(\"float32\")\npath = {\".keras\": \"model.keras\", \".h5\": \"model.h5\", \"tf\": \"saved_model\"}[save_format]\n\nmodel = tf.keras.Sequential([\n    tf.keras.layers.GlobalAveragePooling2D(),\n    tf.keras.layers.Dense(2, activation=\"softmax\"),\n])\n\n# %% build\nmodel.build((None, 224, 224, 3))\nbefore = model.predict(images, verbose=0)\n\n# %% save\nmodel.save(path)\n\n# %% load\nloaded = tf.keras.models.load_model(path)\n\n# %% rebuild\nif build == \"tuple\":\n    loaded.build((None, 224, 224, 3))\nelif build == \"list\":\n    loaded.build([None, 224, 224, 3])\n\n# %% predict\nafter = loaded.predict(images, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nfor saved, restored in zip(model.get_weights(), loaded.get_weights()):\n    np.testing.assert_allclose(restored, saved, err_msg=\"a weight was not restored\")\n"},
"writer_script":null,
"statements":[],
"cells":[
{"cell":"build_after_loading[build=tuple,save_format=.keras]@tf2.10.1","environment":"tf2.10.1","outcome":"not applicable","cause":0,"attempts":[0],"stdout":0},
{"cell":"build_after_loading[build=tuple,save_format=.keras]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[1]},
{"cell":"build_after_loading[build=tuple,save_format=.keras]@tf2.16.2","environment":"tf2.16.2","outcome":"passed","attempts":[1]},
{"cell":"build_after_loading[build=tuple,save_format=.keras]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[1]},
{"cell":"build_after_loading[build=tuple,save_format=.keras]@keras3.0.5","environment":"keras3.0.5","outcome":"passed","attempts":[1]},
{"cell":"build_after_loading[build=tuple,save_format=.keras]@keras3.4.1","environment":"keras3.4.1","outcome":"passed","attempts":[1]},
{"cell":"build_after_loading[build=tuple,save_format=.keras]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[1]},
{"cell":"build_after_loading[build=tuple,save_format=.keras]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[1]},
{"cell":"build_after_loading[build=tuple,save_format=.keras]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":1,"attempts":[2]}
],
"causes":[
{"stage":"define","meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5","cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[],
"attempts":[
{"started":"2026-11-29","outcome":"not applicable","stage":"define","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"unavailable","isolation":"process","sandbox":"none"}
],
"texts":[
[0]
],
"lines":[
"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5"
]});
