siteData.receive("cases/saved_when-99943616eb", {"schema":1,
"case":"saved_when[phase=built,save_format=.keras]",
"scenario":"saved_when",
"subject":"life phases",
"title":"A model can be saved at every phase of its life, and comes back in the same phase.",
"issue":"https://github.com/tensorflow/tensorflow/issues/28668",
"parameters":{"phase":"built","save_format":".keras"},
"script":{"name":"saved_when.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/tensorflow/tensorflow/issues/28668\"\n#\n# [tool.harness.parameters]\n# phase = [\"defined\", \"built\", \"compiled\", \"trained\"]\n# save_format = [\".keras\", \".h5\", \"tf\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n#\n# [[tool.harness.label]]\n# stage = \"load\"\n# error = '''TypeError: Could not locate function 'mae'|ValueError: Could not deserialize 'keras\\.metrics\\.mae''''\n# label = \"bug\"\n# note = \"Reading an .h5 file, Keras 3 looks for the short name of a loss as keras.metrics.mae, which does not exist. Compile with a loss object, or load with compile=False.\"\n# link = \"https://github.com/keras-team/keras/issues/19330\"\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = '''ValueError: Weights for model '?\\w+'? have not yet been created'''\n# label = \"by design\"\n# note = \"A model without weights cannot be written to HDF5 in Keras 2; build it or call it first.\"\n# link = \"https://github.com/tensorflow/tensorflow/issues/28668\"\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: Model <.*> cannot be saved because the input shape is not available\"\n# label = \"by design\"\n# note = \"A SavedModel holds traced functions, for which Keras 2 needs an input shape; build the model or call it first.\"\n# link = \"https://github.com/tensorflow/tensorflow/issues/30892\"\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: Model <.*> cannot be saved because the input shapes have not been set\"\n# label = \"by design\"\n# note = \"A SavedModel holds traced functions, for which Keras 2 needs an input shape. In TensorFlow 2.2 build() is not enough, the model must have been called.\"\n# link = \"https://github.com/tensorflow/tensorflow/issues/30892\"\n# ///\n\"\"\"A model can be saved at every phase of its life, and comes back in the same phase.\"\"\"\n\n# %% tags=[\"parameters\"]\nphase = \"built\"\nsave_format = \".keras\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nx = np.random.RandomState(1).rand(8, 4).astype(\"float32\")\ny = x.sum(axis=1, keepdims=True)\npath = {\".keras\": \"model.keras\", \".h5\": \"model.h5\", \"tf\": \"saved_model\"}[save_format]\n\nmodel = tf.keras.Sequential([\n    tf.keras.layers.Dense(3, activation=\"relu\"),\n    tf.keras.layers.Dense(1),\n])\n\n# %% build\nif phase != \"defined\":\n    model.build((None, 4))\n\n# %% compile\nif phase in (\"compiled\", \"trained\"):\n    model.compile(optimizer=tf.keras.optimizers.SGD(0.01), loss=\"mae\")\n\n# %% train\nif phase == \"trained\":\n    model.fit(x, y, epochs=2, verbose=0)\n\n# %% save\nmodel.save(path)\n\n# %% load\nloaded = tf.keras.models.load_model(path)\n\n# %% predict\nafter = loaded.predict(x, verbose=0)\n\n# %% compare\nassert after.shape == (8, 1), \"the loaded model predicts the shape %s\" % (after.shape,)\nif phase != \"defined\":\n    for saved, restored in zip(model.get_weights(), loaded.get_weights()):\n        np.testing.assert_allclose(restored, saved, err_msg=\"a weight was not restored\")\n    before = model.predict(x, verbose=0)\n    np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nif phase in (\"compiled\", \"trained\"):\n    rate = float(np.array(loaded.optimizer.learning_rate))\n    np.testing.assert_allclose(rate, 0.01, rtol=1e-5, err_msg=\"the learning rate was not restored\")\n    expected = np.abs(y - after).mean()\n    np.testing.assert_allclose(loaded.evaluate(x, y, verbose=0), expected, rtol=1e-4, err_msg=\"wrong loss after loading\")\n"},
"writer_script":null,
"statements":[],
"cells":[
{"cell":"saved_when[phase=built,save_format=.keras]@tf2.10.1","environment":"tf2.10.1","outcome":"not applicable","cause":0,"attempts":[0],"stdout":0},
{"cell":"saved_when[phase=built,save_format=.keras]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[1]},
{"cell":"saved_when[phase=built,save_format=.keras]@tf2.16.2","environment":"tf2.16.2","outcome":"passed","attempts":[1]},
{"cell":"saved_when[phase=built,save_format=.keras]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[1]},
{"cell":"saved_when[phase=built,save_format=.keras]@keras3.0.5","environment":"keras3.0.5","outcome":"passed","attempts":[1]},
{"cell":"saved_when[phase=built,save_format=.keras]@keras3.4.1","environment":"keras3.4.1","outcome":"passed","attempts":[1]},
{"cell":"saved_when[phase=built,save_format=.keras]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[1]},
{"cell":"saved_when[phase=built,save_format=.keras]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[1]},
{"cell":"saved_when[phase=built,save_format=.keras]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":1,"attempts":[2]}
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
