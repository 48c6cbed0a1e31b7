siteData.receive("cases/sequential_build-6e33bf1435", {"schema":1,
"case":"sequential_build[shape=list,when=before_compile]",
"scenario":"sequential_build",
"subject":"explicit build",
"title":"A Sequential model can be built with an explicit shape, whatever kind of object says it.",
"issue":"https://github.com/keras-team/keras/issues/20214",
"parameters":{"shape":"list","when":"before_compile"},
"script":{"name":"sequential_build.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/20214\"\n#\n# [tool.harness.parameters]\n# shape = [\"tuple\", \"list\", \"TensorShape\"]\n# when = [\"before_compile\", \"after_compile\"]\n#\n# [[tool.harness.label]]\n# stage = \"build\"\n# error = 'AssertionError: built with the wrong weights: \\[\\]'\n# label = \"fixed in Keras 3.5.0\"\n# note = \"Keras 3.0 to 3.4 take tuples and lists only: build() with a TensorShape returns without having done anything.\"\n# link = \"https://github.com/keras-team/keras/pull/20076\"\n# ///\n\"\"\"A Sequential model can be built with an explicit shape, whatever kind of object says it.\"\"\"\n\n# %% tags=[\"parameters\"]\nshape = \"tuple\"\nwhen = \"before_compile\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\ntf.random.set_seed(1)\nimages = np.random.RandomState(1).rand(2, 224, 224, 3).astype(\"float32\")\nlabels = np.array([[0.0], [1.0]], dtype=\"float32\")\n\nkinds = {\"tuple\": tuple, \"list\": list, \"TensorShape\": tf.TensorShape}\ninput_shape = kinds[shape]([None, 224, 224, 3])\n\nmodel = tf.keras.Sequential([\n    tf.keras.layers.GlobalAveragePooling2D(),\n    tf.keras.layers.Dense(1),\n])\n\n# %% build\nif when == \"before_compile\":\n    model.build(input_shape)\n\n# %% compile\nmodel.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss=\"mse\")\n\n# %% build\nif when == \"after_compile\":\n    model.build(input_shape)\nassert model.built, \"the model says that it is not built\"\nshapes = [tuple(weight.shape) for weight in model.weights]\nassert shapes == [(3, 1), (1,)], \"built with the wrong weights: %s\" % shapes\n\n# %% train\nbefore = model.get_weights()\nmodel.fit(images, labels, epochs=1, verbose=0)\n\n# %% predict\npredicted = model.predict(images, verbose=0)\n\n# %% compare\nassert not np.allclose(before[0], model.get_weights()[0]), \"training did not change the weights\"\nkernel, bias = model.get_weights()\nexpected = images.mean(axis=(1, 2)) @ kernel + bias\nnp.testing.assert_allclose(predicted, expected, rtol=1e-4, atol=1e-5, err_msg=\"predictions are not what the weights say\")\n"},
"writer_script":null,
"statements":[],
"cells":[
{"cell":"sequential_build[shape=list,when=before_compile]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"sequential_build[shape=list,when=before_compile]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0]},
{"cell":"sequential_build[shape=list,when=before_compile]@tf2.16.2","environment":"tf2.16.2","outcome":"passed","attempts":[0]},
{"cell":"sequential_build[shape=list,when=before_compile]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[0]},
{"cell":"sequential_build[shape=list,when=before_compile]@keras3.0.5","environment":"keras3.0.5","outcome":"passed","attempts":[0]},
{"cell":"sequential_build[shape=list,when=before_compile]@keras3.4.1","environment":"keras3.4.1","outcome":"passed","attempts":[0]},
{"cell":"sequential_build[shape=list,when=before_compile]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[0]},
{"cell":"sequential_build[shape=list,when=before_compile]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"sequential_build[shape=list,when=before_compile]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":0,"attempts":[1]}
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
