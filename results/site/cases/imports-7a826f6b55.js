siteData.receive("cases/imports-7a826f6b55", {"schema":1,
"case":"imports[module=tensorflow_hub]",
"scenario":"imports",
"subject":"environment",
"title":"The installed packages import, and what they are used for first works.",
"issue":null,
"parameters":{"module":"tensorflow_hub"},
"script":{"name":"imports.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# requires-import = false\n# isolation = \"process\"\n#\n# [tool.harness.parameters]\n# module = [\"tensorflow\", \"tf.keras\", \"tensorflow_hub\"]\n#\n# [[tool.harness.label]]\n# stage = \"import\"\n# error = \"TypeError: Descriptors cannot (not )?be created directly\"\n# label = \"dependency\"\n# note = \"These versions set no upper bound on protobuf, and protobuf 4 no longer accepts the code generated for them. Install protobuf<3.21 as well.\"\n# link = \"https://github.com/tensorflow/tensorflow/issues/56266\"\n#\n# [[tool.harness.label]]\n# stage = \"import\"\n# error = 'TypeError: Unable to convert function return value to a Python type|_ARRAY_API not found|numpy\\.core\\.\\w+ failed to import'\n# label = \"dependency\"\n# note = \"These versions set no upper bound on numpy, and were compiled for numpy 1. Install numpy<2 as well.\"\n# link = \"https://github.com/tensorflow/tensorflow/issues/90245\"\n#\n# [[tool.harness.label]]\n# stage = \"import\"\n# error = \"ModuleNotFoundError: No module named 'pkg_resources'\"\n# label = \"dependency\"\n# note = \"tensorflow-hub 0.16.1 uses pkg_resources, which new releases of setuptools do not have. Install setuptools<81 as well.\"\n# link = \"https://github.com/tensorflow/hub/issues/934\"\n# ///\n\"\"\"The installed packages import, and what they are used for first works.\"\"\"\n\n# %% tags=[\"parameters\"]\nmodule = \"tensorflow\"\n\n# %% define\nimport importlib.util\n\nimport numpy as np\n\nneeded = \"tensorflow_hub\" if module == \"tensorflow_hub\" else \"tensorflow\"\nif importlib.util.find_spec(needed) is None:\n    print(needed + \" is not installed in this environment\")\n    raise SystemExit(125)\n\n# %% import\nimport tensorflow as tf\n\nif module == \"tensorflow_hub\":\n    import tensorflow_hub as hub\n\n# %% predict\nx = np.arange(6, dtype=\"float32\").reshape(2, 3)\nif module == \"tensorflow\":\n    result = tf.matmul(tf.constant(x), tf.ones((3, 1)))\nelif module == \"tf.keras\":\n    result = tf.keras.layers.Dense(1, kernel_initializer=\"ones\")(x)\nelse:\n    result = hub.KerasLayer(lambda t: tf.reduce_sum(t, axis=1, keepdims=True))(tf.constant(x))\n\n# %% compare\nnp.testing.assert_allclose(np.array(result), [[3.0], [12.0]], err_msg=\"wrong sum of each row\")\n"},
"writer_script":null,
"statements":[],
"cells":[
{"cell":"imports[module=tensorflow_hub]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"imports[module=tensorflow_hub]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0]},
{"cell":"imports[module=tensorflow_hub]@tf2.16.2","environment":"tf2.16.2","outcome":"passed","attempts":[0]},
{"cell":"imports[module=tensorflow_hub]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[0]},
{"cell":"imports[module=tensorflow_hub]@keras3.0.5","environment":"keras3.0.5","outcome":"passed","attempts":[0]},
{"cell":"imports[module=tensorflow_hub]@keras3.4.1","environment":"keras3.4.1","outcome":"passed","attempts":[0]},
{"cell":"imports[module=tensorflow_hub]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[0]},
{"cell":"imports[module=tensorflow_hub]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"imports[module=tensorflow_hub]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"not applicable","cause":0,"attempts":[1],"stdout":0}
],
"causes":[
{"stage":"define","meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"tensorflow_hub is not installed in this environment","cause":null}
],
"ways_out":[],
"attempts":[
{"started":"2026-11-29","outcome":"passed","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"not applicable","stage":"define","isolation":"process","sandbox":"namespaces"}
],
"texts":[
[0]
],
"lines":[
"tensorflow_hub is not installed in this environment"
]});
