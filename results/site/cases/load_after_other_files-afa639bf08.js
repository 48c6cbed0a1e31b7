siteData.receive("cases/load_after_other_files-afa639bf08", {"schema":1,
"case":"load_after_other_files[before=tf_keras]",
"scenario":"load_after_other_files",
"subject":"state",
"title":"A .keras file loads the same whatever the process loaded or imported before it.",
"issue":null,
"parameters":{"before":"tf_keras"},
"script":{"name":"load_after_other_files.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n#\n# [tool.harness.parameters]\n# before = [\"nothing\", \"saved_model\", \"saved_model_legacy_optimizer\", \"tf_keras\"]\n#\n# [[tool.harness.label]]\n# stage = \"compare\"\n# error = \"(?s)AssertionError: .*the loaded model predicts something else\"\n# label = \"bug\"\n# note = \"tf_keras 2.15 registers its classes under the names of Keras 2.15's. After its import (which loading a SavedModel with a legacy optimizer does) load_model makes tf_keras layers, and leaves their weights as initialised, silently. Load in a fresh process.\"\n# link = \"https://github.com/tensorflow/tensorflow/blob/v2.15.1/tensorflow/python/saved_model/load.py\"\n# ///\n\"\"\"A .keras file loads the same whatever the process loaded or imported before it.\"\"\"\n\n# %% tags=[\"parameters\"]\nbefore = \"saved_model_legacy_optimizer\"\n\n# %% define\nimport importlib.util\n\nimport numpy as np\nimport tensorflow as tf\n\nif tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\nkeras3 = hasattr(tf.keras, \"ops\")\nif before.startswith(\"saved_model\") and keras3:\n    print(\"Keras 3 writes no SavedModel that load_model reads, so this cannot happen here\")\n    raise SystemExit(125)\nif before == \"tf_keras\" and importlib.util.find_spec(\"tf_keras\") is None:\n    print(\"tf_keras is not installed in this environment\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nx = np.random.RandomState(1).rand(8, 4).astype(\"float32\")\ny = x.sum(axis=1, keepdims=True)\n\n\ndef make_model():\n    return tf.keras.Sequential([\n        tf.keras.Input(shape=(4,)),\n        tf.keras.layers.Dense(3, activation=\"relu\"),\n        tf.keras.layers.Dense(1),\n    ])\n\n\nmodel = make_model()\n\n# %% predict\nexpected = np.array(model(x))\n\n# %% save\nmodel.save(\"model.keras\")\nif before.startswith(\"saved_model\"):\n    other = make_model()\n    # the optimizer class of TensorFlow 2.2 to 2.10, still in use as \"legacy\" in 2.11 to 2.15\n    optimizers = tf.keras.optimizers.legacy if before.endswith(\"legacy_optimizer\") else tf.keras.optimizers\n    other.compile(optimizer=optimizers.SGD(0.01), loss=\"mse\")\n    other.fit(x, y, epochs=1, verbose=0)\n    other.save(\"other\")\n\n# %% load\nif before.startswith(\"saved_model\"):\n    tf.keras.models.load_model(\"other\")\nelif before == \"tf_keras\":\n    import tf_keras\nloaded = tf.keras.models.load_model(\"model.keras\")\n\n# %% predict\npredicted = np.array(loaded(x))\n\n# %% compare\nnp.testing.assert_allclose(predicted, expected, rtol=1e-5, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nfor saved, restored in zip(model.get_weights(), loaded.get_weights()):\n    np.testing.assert_allclose(restored, saved, err_msg=\"a weight was not restored\")\n"},
"writer_script":null,
"statements":[
{"family":"tf","held":null,"statements":["2.15.1: fails at compare (AssertionError: Not equal to tolerance rtol=<float>, atol=<float>). 2.15.1 is the first that was run. Fixed after 2.15.1 and not later than 2.16.2."]}
],
"cells":[
{"cell":"load_after_other_files[before=tf_keras]@tf2.10.1","environment":"tf2.10.1","outcome":"not applicable","cause":0,"attempts":[0],"stdout":0},
{"cell":"load_after_other_files[before=tf_keras]@tf2.15.1","environment":"tf2.15.1","outcome":"failed","cause":1,"error":1,"ways_out":[0,1,2],"attempts":[1],"line":79,"traceback":2},
{"cell":"load_after_other_files[before=tf_keras]@tf2.16.2","environment":"tf2.16.2","outcome":"passed","attempts":[2]},
{"cell":"load_after_other_files[before=tf_keras]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[2]},
{"cell":"load_after_other_files[before=tf_keras]@keras3.0.5","environment":"keras3.0.5","outcome":"passed","attempts":[2]},
{"cell":"load_after_other_files[before=tf_keras]@keras3.4.1","environment":"keras3.4.1","outcome":"passed","attempts":[2]},
{"cell":"load_after_other_files[before=tf_keras]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[2]},
{"cell":"load_after_other_files[before=tf_keras]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[2]},
{"cell":"load_after_other_files[before=tf_keras]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":2,"attempts":[3]}
],
"causes":[
{"stage":"define","meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5","cause":null},
{"stage":"compare","meaning":"gives another result","error":"AssertionError: Not equal to tolerance rtol=<float>, atol=<float> the loaded model predicts something else Mismatched elements: 8 / 8 (100%) Max absolute difference: <float> Max relative difference: <float> x: array([[ <float> ], [ <float>], [ <float> ],... y: array([[ <float> ], [ <float> ], [ <float> ],...","signature":"dbd18f9ed1","label":"bug","note":"tf_keras 2.15 registers its classes under the names of Keras 2.15's. After its import (which loading a SavedModel with a legacy optimizer does) load_model makes tf_keras layers, and leaves their weights as initialised, silently. Load in a fresh process.","link":"https://github.com/tensorflow/tensorflow/blob/v2.15.1/tensorflow/python/saved_model/load.py","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[
{"text":"use TensorFlow 2.16.2 or newer","cell":"load_after_other_files[before=tf_keras]@tf2.16.2"},
{"text":"use before=nothing","cell":"load_after_other_files[before=nothing]@tf2.15.1"},
{"text":"use before=saved_model","cell":"load_after_other_files[before=saved_model]@tf2.15.1"}
],
"attempts":[
{"started":"2026-11-29","outcome":"not applicable","stage":"define","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"compare","signature":"dbd18f9ed1","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"unavailable","isolation":"process","sandbox":"none"}
],
"texts":[
[0],
[1,2,3,4,5,6,7,8,9,10,11,12],
[13,14,15,16,17,18,19,20,21,22,1,2,3,4,5,6,7,8,9,10,11,12]
],
"lines":[
"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5",
"AssertionError: ",
"Not equal to tolerance rtol=1e-05, atol=1e-06",
"the loaded model predicts something else",
"Mismatched elements: 8 / 8 (100%)",
"Max absolute difference: 0.66989535",
"Max relative difference: 4.6893306",
" x: array([[ 0.11359 ],",
"       [ 0.044481],",
"       [ 0.15679 ],...",
" y: array([[ 0.      ],",
"       [ 0.      ],",
"       [ 0.      ],...",
"Traceback (most recent call last):",
"  File \"load_after_other_files.py\", line 79, in <module>",
"    np.testing.assert_allclose(predicted, expected, rtol=1e-5, atol=1e-6, err_msg=\"the loaded model predicts something else\")",
"  File \"<packages>/numpy/testing/_private/utils.py\", line 1504, in assert_allclose",
"    assert_array_compare(compare, actual, desired, err_msg=str(err_msg),",
"  File \"<python>/contextlib.py\", line 81, in inner",
"    return func(*args, **kwds)",
"           ^^^^^^^^^^^^^^^^^^^",
"  File \"<packages>/numpy/testing/_private/utils.py\", line 797, in assert_array_compare",
"    raise AssertionError(msg)"
]});
