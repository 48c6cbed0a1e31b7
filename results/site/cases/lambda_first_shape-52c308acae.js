siteData.receive("cases/lambda_first_shape-52c308acae", {"schema":1,
"case":"lambda_first_shape[source=Input,save_format=.keras]",
"scenario":"lambda_first_shape",
"subject":"lambda layer",
"title":"A Sequential model whose first layer is a Lambda loads, however the model got its input shape.",
"issue":"https://github.com/keras-team/keras/issues/20074",
"parameters":{"source":"Input","save_format":".keras"},
"script":{"name":"lambda_first_shape.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/20074\"\n#\n# [tool.harness.parameters]\n# source = [\"Input\", \"build\", \"call\", \"fit\"]\n# save_format = [\".keras\", \"tf\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n# ///\n\"\"\"A Sequential model whose first layer is a Lambda loads, however the model got its input shape.\"\"\"\n\n# %% tags=[\"parameters\"]\nsource = \"build\"\nsave_format = \".keras\"\n\n# %% define\nimport inspect\n\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nx = np.random.RandomState(1).rand(8, 4).astype(\"float32\")\ny = x.sum(axis=1, keepdims=True)\n\nlayers = [\n    tf.keras.layers.Lambda(lambda t: t / 2.0),\n    tf.keras.layers.Dense(1),\n]\nif source == \"Input\":\n    layers.insert(0, tf.keras.Input(shape=(4,)))\nmodel = tf.keras.Sequential(layers)\n\n# %% build\nif source == \"build\":\n    model.build((None, 4))\nelif source == \"call\":\n    model(x)\nelif source == \"fit\":\n    model.compile(optimizer=\"sgd\", loss=\"mse\")\n    model.fit(x, y, epochs=1, verbose=0)\n\n# %% predict\nbefore = model.predict(x, verbose=0)\n\n# %% save\npath = {\".keras\": \"model.keras\", \"tf\": \"saved_model\"}[save_format]\nmodel.save(path)\n\n# %% load\nload_model = tf.keras.models.load_model\ntrust = {\"safe_mode\": False} if \"safe_mode\" in inspect.signature(load_model).parameters else {}\nloaded = load_model(path, **trust)\n\n# %% predict\nafter = loaded.predict(x, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nfor saved, restored in zip(model.get_weights(), loaded.get_weights()):\n    np.testing.assert_allclose(restored, saved, err_msg=\"a weight was not restored\")\n"},
"writer_script":null,
"statements":[],
"cells":[
{"cell":"lambda_first_shape[source=Input,save_format=.keras]@tf2.10.1","environment":"tf2.10.1","outcome":"not applicable","cause":0,"attempts":[0],"stdout":0},
{"cell":"lambda_first_shape[source=Input,save_format=.keras]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[1]},
{"cell":"lambda_first_shape[source=Input,save_format=.keras]@tf2.16.2","environment":"tf2.16.2","outcome":"passed","attempts":[1]},
{"cell":"lambda_first_shape[source=Input,save_format=.keras]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[1]},
{"cell":"lambda_first_shape[source=Input,save_format=.keras]@keras3.0.5","environment":"keras3.0.5","outcome":"passed","attempts":[1]},
{"cell":"lambda_first_shape[source=Input,save_format=.keras]@keras3.4.1","environment":"keras3.4.1","outcome":"passed","attempts":[1]},
{"cell":"lambda_first_shape[source=Input,save_format=.keras]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[1]},
{"cell":"lambda_first_shape[source=Input,save_format=.keras]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[1]},
{"cell":"lambda_first_shape[source=Input,save_format=.keras]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":1,"attempts":[2]}
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
