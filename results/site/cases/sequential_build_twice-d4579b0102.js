siteData.receive("cases/sequential_build_twice-d4579b0102", {"schema":1,
"case":"sequential_build_twice[first=list,second=TensorShape]",
"scenario":"sequential_build_twice",
"subject":"explicit build",
"title":"Building a Sequential model again with the shape that it has already changes nothing.",
"issue":"https://github.com/keras-team/keras/issues/20074",
"parameters":{"first":"list","second":"TensorShape"},
"script":{"name":"sequential_build_twice.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/20074\"\n#\n# [tool.harness.parameters]\n# first = [\"tuple\", \"list\", \"TensorShape\"]\n# second = [\"tuple\", \"list\", \"TensorShape\"]\n#\n# [[tool.harness.label]]\n# stage = \"build\"\n# error = 'ValueError: Sequential model .* has already been configured to use input shape .* You cannot build it with input_shape \\['\n# label = \"fixed in Keras 3.5.0\"\n# note = \"Keras 3.0 to 3.4 compare the tuple that the model has with the list that they get, and call them different.\"\n# link = \"https://github.com/keras-team/keras/pull/20076\"\n# ///\n\"\"\"Building a Sequential model again with the shape that it has already changes nothing.\"\"\"\n\n# %% tags=[\"parameters\"]\nfirst = \"tuple\"\nsecond = \"list\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\ntf.random.set_seed(1)\nimages = np.random.RandomState(1).rand(2, 224, 224, 3).astype(\"float32\")\nkinds = {\"tuple\": tuple, \"list\": list, \"TensorShape\": tf.TensorShape}\n\nmodel = tf.keras.Sequential([\n    tf.keras.layers.GlobalAveragePooling2D(),\n    tf.keras.layers.Dense(2),\n])\n\n# %% build\nmodel.build(kinds[first]([None, 224, 224, 3]))\n\n# %% predict\nbefore = model.predict(images, verbose=0)\n\n# %% build\nmodel.build(kinds[second]([None, 224, 224, 3]))\n\n# %% predict\nafter = model.predict(images, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=\"the second build changed the predictions\")\n"},
"writer_script":null,
"statements":[],
"cells":[
{"cell":"sequential_build_twice[first=list,second=TensorShape]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"sequential_build_twice[first=list,second=TensorShape]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0]},
{"cell":"sequential_build_twice[first=list,second=TensorShape]@tf2.16.2","environment":"tf2.16.2","outcome":"passed","attempts":[0]},
{"cell":"sequential_build_twice[first=list,second=TensorShape]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[0]},
{"cell":"sequential_build_twice[first=list,second=TensorShape]@keras3.0.5","environment":"keras3.0.5","outcome":"passed","attempts":[0]},
{"cell":"sequential_build_twice[first=list,second=TensorShape]@keras3.4.1","environment":"keras3.4.1","outcome":"passed","attempts":[0]},
{"cell":"sequential_build_twice[first=list,second=TensorShape]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[0]},
{"cell":"sequential_build_twice[first=list,second=TensorShape]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"sequential_build_twice[first=list,second=TensorShape]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":0,"attempts":[1]}
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
