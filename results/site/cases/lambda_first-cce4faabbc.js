siteData.receive("cases/lambda_first-cce4faabbc", {"schema":1,
"case":"lambda_first[function=lambda,loading=\"safe_mode=False\",save_format=.h5]",
"scenario":"lambda_first",
"subject":"lambda layer",
"title":"A Sequential model whose first layer is a Lambda loads, with the unsafe switch where one is asked for.",
"issue":"https://github.com/keras-team/keras/issues/19151",
"parameters":{"function":"lambda","loading":"safe_mode=False","save_format":".h5"},
"script":{"name":"lambda_first.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/19151\"\n#\n# [tool.harness.parameters]\n# function = [\"lambda\", \"named\"]\n# loading = [\"default\", \"safe_mode=False\", \"enable_unsafe_deserialization\"]\n# save_format = [\".keras\", \".h5\"]\n#\n# [[tool.harness.label]]\n# stage = \"load\"\n# error = \"ValueError: Requested the deserialization of a Lambda layer with a Python `lambda` inside it\"\n# label = \"by design\"\n# note = \"Keras 2.13 to 2.15 store every Python function as bytecode, a named one too, and refuse bytecode in a .keras file by default. Pass safe_mode=False for files that you trust.\"\n# link = \"https://www.tensorflow.org/api_docs/python/tf/keras/layers/Lambda\"\n#\n# [[tool.harness.label]]\n# stage = \"load\"\n# error = 'ValueError: (Requested the deserialization of a `Lambda` layer whose|The `\\{?\\w+\\}?` of this `Lambda` layer is a Python lambda)'\n# label = \"by design\"\n# note = \"A Python lambda in a file is code that would be run, so it is refused by default, in .h5 too from Keras 3.11.3 on. Pass safe_mode=False for files that you trust; enable_unsafe_deserialization() is not heeded for .h5.\"\n# link = \"https://github.com/keras-team/keras/pull/21602\"\n#\n# [[tool.harness.label]]\n# stage = \"load\"\n# error = \"TypeError: Could not locate function 'halve'\"\n# label = \"fixed in Keras 3.3.0\"\n# note = \"Keras 3.0 to 3.2 do not hand custom_objects on when they read an .h5 file. A registered class or a custom_object_scope works there.\"\n# link = \"https://github.com/keras-team/keras/pull/19438\"\n# ///\n\"\"\"A Sequential model whose first layer is a Lambda loads, with the unsafe switch where one is asked for.\"\"\"\n\n# %% tags=[\"parameters\"]\nfunction = \"lambda\"\nloading = \"safe_mode=False\"\nsave_format = \".keras\"\n\n# %% define\nimport inspect\n\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\nload_model = tf.keras.models.load_model\noptions = {}\nif loading == \"safe_mode=False\":\n    if \"safe_mode\" not in inspect.signature(load_model).parameters:\n        print(\"load_model has no argument safe_mode in this version\")\n        raise SystemExit(125)\n    options[\"safe_mode\"] = False\nelif loading == \"enable_unsafe_deserialization\":\n    switch = getattr(getattr(tf.keras, \"config\", None), \"enable_unsafe_deserialization\", None)\n    if switch is None:\n        print(\"there is no tf.keras.config.enable_unsafe_deserialization in this version\")\n        raise SystemExit(125)\n    switch()\n\n\ndef halve(t):\n    return t / 2.0\n\n\nif function == \"named\":\n    options[\"custom_objects\"] = {\"halve\": halve}\n\ntf.random.set_seed(1)\nx = np.random.RandomState(1).rand(8, 4).astype(\"float32\")\nmodel = tf.keras.Sequential([\n    tf.keras.layers.Lambda(halve if function == \"named\" else lambda t: t / 2.0),\n    tf.keras.layers.Dense(1),\n])\n\n# %% build\nmodel.build((None, 4))\n\n# %% predict\nbefore = model.predict(x, verbose=0)\n\n# %% save\nmodel.save(\"model\" + save_format)\n\n# %% load\nloaded = load_model(\"model\" + save_format, **options)\n\n# %% predict\nafter = loaded.predict(x, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nfor saved, restored in zip(model.get_weights(), loaded.get_weights()):\n    np.testing.assert_allclose(restored, saved, err_msg=\"a weight was not restored\")\n"},
"writer_script":null,
"statements":[],
"cells":[
{"cell":"lambda_first[function=lambda,loading=\"safe_mode=False\",save_format=.h5]@tf2.10.1","environment":"tf2.10.1","outcome":"not applicable","cause":0,"attempts":[0],"stdout":0},
{"cell":"lambda_first[function=lambda,loading=\"safe_mode=False\",save_format=.h5]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[1]},
{"cell":"lambda_first[function=lambda,loading=\"safe_mode=False\",save_format=.h5]@tf2.16.2","environment":"tf2.16.2","outcome":"passed","attempts":[1]},
{"cell":"lambda_first[function=lambda,loading=\"safe_mode=False\",save_format=.h5]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[1]},
{"cell":"lambda_first[function=lambda,loading=\"safe_mode=False\",save_format=.h5]@keras3.0.5","environment":"keras3.0.5","outcome":"passed","attempts":[1]},
{"cell":"lambda_first[function=lambda,loading=\"safe_mode=False\",save_format=.h5]@keras3.4.1","environment":"keras3.4.1","outcome":"passed","attempts":[1]},
{"cell":"lambda_first[function=lambda,loading=\"safe_mode=False\",save_format=.h5]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[1]},
{"cell":"lambda_first[function=lambda,loading=\"safe_mode=False\",save_format=.h5]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[1]},
{"cell":"lambda_first[function=lambda,loading=\"safe_mode=False\",save_format=.h5]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":1,"attempts":[2]}
],
"causes":[
{"stage":"define","meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"load_model has no argument safe_mode in this version","cause":null},
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
"load_model has no argument safe_mode in this version"
]});
