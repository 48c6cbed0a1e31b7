siteData.receive("cases/load_after_other_files-595e82b5bd", {"schema":1,
"case":"load_after_other_files[before=saved_model]",
"scenario":"load_after_other_files",
"subject":"state",
"title":"A .keras file loads the same whatever the process loaded or imported before it.",
"issue":null,
"parameters":{"before":"saved_model"},
"script":{"name":"load_after_other_files.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n#\n# [tool.harness.parameters]\n# before = [\"nothing\", \"saved_model\", \"saved_model_legacy_optimizer\", \"tf_keras\"]\n#\n# [[tool.harness.label]]\n# stage = \"compare\"\n# error = \"(?s)AssertionError: .*the loaded model predicts something else\"\n# label = \"bug\"\n# note = \"tf_keras 2.15 registers its classes under the names of Keras 2.15's. After its import (which loading a SavedModel with a legacy optimizer does) load_model makes tf_keras layers, and leaves their weights as initialised, silently. Load in a fresh process.\"\n# link = \"https://github.com/tensorflow/tensorflow/blob/v2.15.1/tensorflow/python/saved_model/load.py\"\n# ///\n\"\"\"A .keras file loads the same whatever the process loaded or imported before it.\"\"\"\n\n# %% tags=[\"parameters\"]\nbefore = \"saved_model_legacy_optimizer\"\n\n# %% define\nimport importlib.util\n\nimport numpy as np\nimport tensorflow as tf\n\nif tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\nkeras3 = hasattr(tf.keras, \"ops\")\nif before.startswith(\"saved_model\") and keras3:\n    print(\"Keras 3 writes no SavedModel that load_model reads, so this cannot happen here\")\n    raise SystemExit(125)\nif before == \"tf_keras\" and importlib.util.find_spec(\"tf_keras\") is None:\n    print(\"tf_keras is not installed in this environment\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nx = np.random.RandomState(1).rand(8, 4).astype(\"float32\")\ny = x.sum(axis=1, keepdims=True)\n\n\ndef make_model():\n    return tf.keras.Sequential([\n        tf.keras.Input(shape=(4,)),\n        tf.keras.layers.Dense(3, activation=\"relu\"),\n        tf.keras.layers.Dense(1),\n    ])\n\n\nmodel = make_model()\n\n# %% predict\nexpected = np.array(model(x))\n\n# %% save\nmodel.save(\"model.keras\")\nif before.startswith(\"saved_model\"):\n    other = make_model()\n    # the optimizer class of TensorFlow 2.2 to 2.10, still in use as \"legacy\" in 2.11 to 2.15\n    optimizers = tf.keras.optimizers.legacy if before.endswith(\"legacy_optimizer\") else tf.keras.optimizers\n    other.compile(optimizer=optimizers.SGD(0.01), loss=\"mse\")\n    other.fit(x, y, epochs=1, verbose=0)\n    other.save(\"other\")\n\n# %% load\nif before.startswith(\"saved_model\"):\n    tf.keras.models.load_model(\"other\")\nelif before == \"tf_keras\":\n    import tf_keras\nloaded = tf.keras.models.load_model(\"model.keras\")\n\n# %% predict\npredicted = np.array(loaded(x))\n\n# %% compare\nnp.testing.assert_allclose(predicted, expected, rtol=1e-5, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nfor saved, restored in zip(model.get_weights(), loaded.get_weights()):\n    np.testing.assert_allclose(restored, saved, err_msg=\"a weight was not restored\")\n"},
"writer_script":null,
"statements":[],
"cells":[
{"cell":"load_after_other_files[before=saved_model]@tf2.10.1","environment":"tf2.10.1","outcome":"not applicable","cause":0,"attempts":[0],"stdout":0},
{"cell":"load_after_other_files[before=saved_model]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[1]},
{"cell":"load_after_other_files[before=saved_model]@tf2.16.2","environment":"tf2.16.2","outcome":"not applicable","cause":1,"attempts":[0],"stdout":1},
{"cell":"load_after_other_files[before=saved_model]@tf2.21.0","environment":"tf2.21.0","outcome":"not applicable","cause":1,"attempts":[0],"stdout":1},
{"cell":"load_after_other_files[before=saved_model]@keras3.0.5","environment":"keras3.0.5","outcome":"not applicable","cause":1,"attempts":[0],"stdout":1},
{"cell":"load_after_other_files[before=saved_model]@keras3.4.1","environment":"keras3.4.1","outcome":"not applicable","cause":1,"attempts":[0],"stdout":1},
{"cell":"load_after_other_files[before=saved_model]@keras3.5.0","environment":"keras3.5.0","outcome":"not applicable","cause":1,"attempts":[0],"stdout":1},
{"cell":"load_after_other_files[before=saved_model]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[1]},
{"cell":"load_after_other_files[before=saved_model]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":2,"attempts":[2]}
],
"causes":[
{"stage":"define","meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5","cause":null},
{"stage":"define","meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"Keras 3 writes no SavedModel that load_model reads, so this cannot happen here","cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[],
"attempts":[
{"started":"2026-11-29","outcome":"not applicable","stage":"define","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"unavailable","isolation":"process","sandbox":"none"}
],
"texts":[
[0],
[1]
],
"lines":[
"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5",
"Keras 3 writes no SavedModel that load_model reads, so this cannot happen here"
]});
