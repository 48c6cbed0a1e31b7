siteData.receive("cases/sequential_shape_source-8bbe386d91", {"schema":1,
"case":"sequential_shape_source[source=build,save_format=.h5]",
"scenario":"sequential_shape_source",
"subject":"sequential shape",
"title":"A Sequential model saves and loads in every format, however it got its input shape.",
"issue":"https://github.com/tensorflow/tensorflow/issues/30892",
"parameters":{"source":"build","save_format":".h5"},
"script":{"name":"sequential_shape_source.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/tensorflow/tensorflow/issues/30892\"\n#\n# [tool.harness.parameters]\n# source = [\"Input\", \"input_shape\", \"build\", \"call\", \"fit\"]\n# save_format = [\".keras\", \".h5\", \"tf\", \"weights\", \"export\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"(?s)KeyError: .*Failed to add concrete function .*__inference_predict_function|ValueError: Error when tracing gradients for SavedModel\"\n# label = \"fixed in TensorFlow 2.13\"\n# note = \"In TensorFlow 2.12, the first with Model.export, a model that has trained or predicted cannot be exported; exporting before predicting works.\"\n# link = \"https://github.com/keras-team/keras/commit/9de24b0beac97d1ef8c34e427beb895ef791d254\"\n# ///\n\"\"\"A Sequential model saves and loads in every format, however it got its input shape.\"\"\"\n\n# %% tags=[\"parameters\"]\nsource = \"Input\"\nsave_format = \".keras\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nx = np.random.RandomState(1).rand(8, 4).astype(\"float32\")\ny = x.sum(axis=1, keepdims=True)\n\n\ndef make_model():\n    hidden = tf.keras.layers.Dense(3, activation=\"relu\")\n    if source == \"input_shape\":\n        hidden = tf.keras.layers.Dense(3, activation=\"relu\", input_shape=(4,))\n    layers = [hidden, tf.keras.layers.Dense(1)]\n    if source == \"Input\":\n        layers.insert(0, tf.keras.Input(shape=(4,)))\n    return tf.keras.Sequential(layers)\n\n\ndef give_shape(model):\n    if source == \"build\":\n        model.build((None, 4))\n    elif source == \"call\":\n        model(x)\n    elif source == \"fit\":\n        model.compile(optimizer=\"sgd\", loss=tf.keras.losses.MeanSquaredError())\n        model.fit(x, y, epochs=1, verbose=0)\n\n\nmodel = make_model()\nif save_format == \"export\" and not hasattr(model, \"export\"):\n    print(\"there is no Model.export in this version\")\n    raise SystemExit(125)\n\n# %% build\ngive_shape(model)\n\n# %% predict\nbefore = model.predict(x, verbose=0)\n\n# %% save\nif save_format == \"weights\":\n    model.save_weights(\"model.weights.h5\")\nelif save_format == \"export\":\n    model.export(\"exported\")\nelse:\n    model.save({\".keras\": \"model.keras\", \".h5\": \"model.h5\", \"tf\": \"saved_model\"}[save_format])\n\n# %% load\nif save_format == \"weights\":\n    loaded = make_model()\n    give_shape(loaded)\n    loaded.load_weights(\"model.weights.h5\")\nelif save_format == \"export\":\n    loaded = tf.saved_model.load(\"exported\")\nelse:\n    loaded = tf.keras.models.load_model({\".keras\": \"model.keras\", \".h5\": \"model.h5\", \"tf\": \"saved_model\"}[save_format])\n\n# %% predict\nafter = np.array(loaded.serve(x)) if save_format == \"export\" else loaded.predict(x, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nif save_format != \"export\":\n    for saved, restored in zip(model.get_weights(), loaded.get_weights()):\n        np.testing.assert_allclose(restored, saved, err_msg=\"a weight was not restored\")\n"},
"writer_script":null,
"statements":[],
"cells":[
{"cell":"sequential_shape_source[source=build,save_format=.h5]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"sequential_shape_source[source=build,save_format=.h5]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0]},
{"cell":"sequential_shape_source[source=build,save_format=.h5]@tf2.16.2","environment":"tf2.16.2","outcome":"passed","attempts":[0]},
{"cell":"sequential_shape_source[source=build,save_format=.h5]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[0]},
{"cell":"sequential_shape_source[source=build,save_format=.h5]@keras3.0.5","environment":"keras3.0.5","outcome":"passed","attempts":[0]},
{"cell":"sequential_shape_source[source=build,save_format=.h5]@keras3.4.1","environment":"keras3.4.1","outcome":"passed","attempts":[0]},
{"cell":"sequential_shape_source[source=build,save_format=.h5]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[0]},
{"cell":"sequential_shape_source[source=build,save_format=.h5]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"sequential_shape_source[source=build,save_format=.h5]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":0,"attempts":[1]}
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
