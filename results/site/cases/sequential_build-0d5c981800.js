siteData.receive("cases/sequential_build-0d5c981800", {"schema":1,
"case":"sequential_build[shape=TensorShape,when=after_compile]",
"scenario":"sequential_build",
"subject":"explicit build",
"title":"A Sequential model can be built with an explicit shape, whatever kind of object says it.",
"issue":"https://github.com/keras-team/keras/issues/20214",
"parameters":{"shape":"TensorShape","when":"after_compile"},
"script":{"name":"sequential_build.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/20214\"\n#\n# [tool.harness.parameters]\n# shape = [\"tuple\", \"list\", \"TensorShape\"]\n# when = [\"before_compile\", \"after_compile\"]\n#\n# [[tool.harness.label]]\n# stage = \"build\"\n# error = 'AssertionError: built with the wrong weights: \\[\\]'\n# label = \"fixed in Keras 3.5.0\"\n# note = \"Keras 3.0 to 3.4 take tuples and lists only: build() with a TensorShape returns without having done anything.\"\n# link = \"https://github.com/keras-team/keras/pull/20076\"\n# ///\n\"\"\"A Sequential model can be built with an explicit shape, whatever kind of object says it.\"\"\"\n\n# %% tags=[\"parameters\"]\nshape = \"tuple\"\nwhen = \"before_compile\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\ntf.random.set_seed(1)\nimages = np.random.RandomState(1).rand(2, 224, 224, 3).astype(\"float32\")\nlabels = np.array([[0.0], [1.0]], dtype=\"float32\")\n\nkinds = {\"tuple\": tuple, \"list\": list, \"TensorShape\": tf.TensorShape}\ninput_shape = kinds[shape]([None, 224, 224, 3])\n\nmodel = tf.keras.Sequential([\n    tf.keras.layers.GlobalAveragePooling2D(),\n    tf.keras.layers.Dense(1),\n])\n\n# %% build\nif when == \"before_compile\":\n    model.build(input_shape)\n\n# %% compile\nmodel.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss=\"mse\")\n\n# %% build\nif when == \"after_compile\":\n    model.build(input_shape)\nassert model.built, \"the model says that it is not built\"\nshapes = [tuple(weight.shape) for weight in model.weights]\nassert shapes == [(3, 1), (1,)], \"built with the wrong weights: %s\" % shapes\n\n# %% train\nbefore = model.get_weights()\nmodel.fit(images, labels, epochs=1, verbose=0)\n\n# %% predict\npredicted = model.predict(images, verbose=0)\n\n# %% compare\nassert not np.allclose(before[0], model.get_weights()[0]), \"training did not change the weights\"\nkernel, bias = model.get_weights()\nexpected = images.mean(axis=(1, 2)) @ kernel + bias\nnp.testing.assert_allclose(predicted, expected, rtol=1e-4, atol=1e-5, err_msg=\"predictions are not what the weights say\")\n"},
"writer_script":null,
"statements":[
{"family":"tf","held":null,"statements":["2.16.2: fails at build (AssertionError: built with the wrong weights: []). Introduced after 2.15.1 and not later than 2.16.2. Fixed after 2.16.2 and not later than 2.21.0."]},
{"family":"keras","held":null,"statements":["3.0.5 to 3.4.1: fails at build (AssertionError: built with the wrong weights: []). 3.0.5 is the first that was run. Fixed in 3.5.0."]}
],
"cells":[
{"cell":"sequential_build[shape=TensorShape,when=after_compile]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"sequential_build[shape=TensorShape,when=after_compile]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0,1]},
{"cell":"sequential_build[shape=TensorShape,when=after_compile]@tf2.16.2","environment":"tf2.16.2","outcome":"failed","cause":0,"error":0,"ways_out":[0,1,2,3,4],"attempts":[2,3],"line":53,"traceback":1,"stderr":2},
{"cell":"sequential_build[shape=TensorShape,when=after_compile]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[0]},
{"cell":"sequential_build[shape=TensorShape,when=after_compile]@keras3.0.5","environment":"keras3.0.5","outcome":"failed","cause":0,"error":0,"ways_out":[5,6,7],"attempts":[2],"line":53,"traceback":1},
{"cell":"sequential_build[shape=TensorShape,when=after_compile]@keras3.4.1","environment":"keras3.4.1","outcome":"failed","cause":0,"error":0,"ways_out":[5,8,9],"attempts":[2,4],"line":53,"traceback":1,"stderr":3},
{"cell":"sequential_build[shape=TensorShape,when=after_compile]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[0]},
{"cell":"sequential_build[shape=TensorShape,when=after_compile]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"sequential_build[shape=TensorShape,when=after_compile]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":1,"attempts":[5]}
],
"causes":[
{"stage":"build","meaning":"cannot be built","error":"AssertionError: built with the wrong weights: []","signature":"7b32e9295f","label":"fixed in Keras 3.5.0","note":"Keras 3.0 to 3.4 take tuples and lists only: build() with a TensorShape returns without having done anything.","link":"https://github.com/keras-team/keras/pull/20076","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[
{"text":"set TF_USE_LEGACY_KERAS=1","cell":"sequential_build[shape=TensorShape,when=after_compile]@tf2.16.2-legacy"},
{"text":"use TensorFlow 2.21.0","cell":"sequential_build[shape=TensorShape,when=after_compile]@tf2.21.0"},
{"text":"use TensorFlow 2.15.1","cell":"sequential_build[shape=TensorShape,when=after_compile]@tf2.15.1"},
{"text":"use shape=tuple","cell":"sequential_build[shape=tuple,when=after_compile]@tf2.16.2"},
{"text":"use shape=list","cell":"sequential_build[shape=list,when=after_compile]@tf2.16.2"},
{"text":"use Keras 3.5.0","cell":"sequential_build[shape=TensorShape,when=after_compile]@keras3.5.0"},
{"text":"use shape=tuple","cell":"sequential_build[shape=tuple,when=after_compile]@keras3.0.5"},
{"text":"use shape=list","cell":"sequential_build[shape=list,when=after_compile]@keras3.0.5"},
{"text":"use shape=tuple","cell":"sequential_build[shape=tuple,when=after_compile]@keras3.4.1"},
{"text":"use shape=list","cell":"sequential_build[shape=list,when=after_compile]@keras3.4.1"}
],
"attempts":[
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"passed","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"build","signature":"7b32e9295f","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"build","signature":"7b32e9295f","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-30","outcome":"failed","stage":"build","signature":"7b32e9295f","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"unavailable","isolation":"process","sandbox":"none"}
],
"texts":[
[0],
[1,2,3,4,0],
[5,6],
[7,6]
],
"lines":[
"AssertionError: built with the wrong weights: []",
"Traceback (most recent call last):",
"  File \"sequential_build.py\", line 53, in <module>",
"    assert shapes == [(3, 1), (1,)], \"built with the wrong weights: %s\" % shapes",
"           ^^^^^^^^^^^^^^^^^^^^^^^^",
"2026-11-29 21:14:26.878560: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate compiler flags.",
"2026-11-30 00:27:02.923436: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations."
]});
