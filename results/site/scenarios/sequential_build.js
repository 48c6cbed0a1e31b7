siteData.receive("scenarios/sequential_build", {"schema":1,
"scenario":"sequential_build",
"cases":[
{"case":"sequential_build[shape=tuple,when=before_compile]","parameters":{"shape":"tuple","when":"before_compile"},"statements":[],"writer_script":null,"script":0,"places":0,"cells":[0,1,0,0,0,0,0,0,1,0,0,0,0,1,0,1,0,0,0,0,1,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1,1,2,2,3,3,0,0,0,0,0,0,0]},
{"case":"sequential_build[shape=tuple,when=after_compile]","parameters":{"shape":"tuple","when":"after_compile"},"statements":[],"writer_script":null,"script":0,"places":0,"cells":[0,1,0,0,0,0,0,0,1,0,0,0,0,1,0,1,0,0,0,0,1,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1,1,2,2,3,3,0,0,0,0,0,0,0]},
{"case":"sequential_build[shape=list,when=before_compile]","parameters":{"shape":"list","when":"before_compile"},"statements":[],"writer_script":null,"script":0,"places":0,"cells":[0,1,0,0,0,0,0,0,1,0,0,0,0,1,0,1,0,0,0,0,1,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1,1,2,2,3,3,0,0,0,0,0,0,0]},
{"case":"sequential_build[shape=list,when=after_compile]","parameters":{"shape":"list","when":"after_compile"},"statements":[],"writer_script":null,"script":0,"places":0,"cells":[0,1,0,0,0,0,0,0,1,0,0,0,0,1,0,1,0,0,0,0,1,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1,1,2,2,3,3,0,0,0,0,0,0,0]},
{"case":"sequential_build[shape=TensorShape,when=before_compile]","parameters":{"shape":"TensorShape","when":"before_compile"},"statements":[{"family":"tf","held":null,"statements":["2.16.1 to 2.16.2: fails at build (AssertionError: built with the wrong weights: []). Introduced after 2.15.1 and not later than 2.16.1. Fixed after 2.16.2 and not later than 2.17.1."]},{"family":"keras","held":null,"statements":["3.0.0 to 3.4.1: fails at build (AssertionError: built with the wrong weights: []). 3.0.0 is the first that was run. Fixed in 3.5.0."],"commits":[{"last":"3.4.1","first":"3.5.0","kind":"fixed","sha":"d8b331412a89cbeaf07cc94fa5b55b9e5b6bf626","title":"Fix `input_shape` in Sequential model (#20076)","date":"2024-08-01","pull_request":20076,"address":"https://github.com/keras-team/keras/commit/d8b331412a89cbeaf07cc94fa5b55b9e5b6bf626","certain":true,"main_line":null}]}],"writer_script":null,"script":0,"places":0,"cells":[0,1,0,0,0,0,0,0,1,0,0,0,0,4,5,6,7,0,0,0,8,9,9,9,9,9,10,9,9,9,9,9,9,9,9,9,11,8,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1,1,2,2,3,3,0,0,0,0,0,0,0]},
{"case":"sequential_build[shape=TensorShape,when=after_compile]","parameters":{"shape":"TensorShape","when":"after_compile"},"statements":[{"family":"tf","held":null,"statements":["2.16.1 to 2.16.2: fails at build (AssertionError: built with the wrong weights: []). Introduced after 2.15.1 and not later than 2.16.1. Fixed after 2.16.2 and not later than 2.17.1."]},{"family":"keras","held":null,"statements":["3.0.0 to 3.4.1: fails at build (AssertionError: built with the wrong weights: []). 3.0.0 is the first that was run. Fixed in 3.5.0."]}],"writer_script":null,"script":0,"places":0,"cells":[0,1,0,0,0,0,0,0,1,0,0,0,0,4,12,13,7,0,0,0,8,9,9,9,9,9,10,9,9,9,9,9,9,9,9,9,14,8,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1,1,2,2,3,3,0,0,0,0,0,0,0]}
],
"places":[
["tf2.2.3","tf2.3.4","tf2.4.4","tf2.5.3","tf2.6.5","tf2.7.4","tf2.8.4","tf2.9.3","tf2.10.1","tf2.11.1","tf2.12.1","tf2.13.1","tf2.14.1","tf2.15.1","tf2.16.1","tf2.16.2","tf2.17.1","tf2.18.1","tf2.19.1","tf2.20.0","tf2.21.0","keras3.0.0","keras3.0.1","keras3.0.2","keras3.0.3","keras3.0.4","keras3.0.5","keras3.1.0","keras3.1.1","keras3.2.0","keras3.2.1","keras3.3.0","keras3.3.1","keras3.3.2","keras3.3.3","keras3.4.0","keras3.4.1","keras3.5.0","keras3.6.0","keras3.7.0","keras3.8.0","keras3.9.0","keras3.9.1","keras3.9.2","keras3.10.0","keras3.11.0","keras3.11.1","keras3.11.2","keras3.11.3","keras3.12.0","keras3.12.1","keras3.12.2","keras3.12.3","keras3.12.4","keras3.13.0","keras3.13.1","keras3.13.2","keras3.14.0","keras3.14.1","keras3.15.0","keras3.15.1","tf2.16.2-legacy","tf2.17.1-legacy","tf2.18.1-legacy","tf2.19.1-legacy","tf2.20.0-legacy","tf2.21.0-legacy","today-tf2.2.3","today-tf2.5.3","today-tf2.8.4","today-tf2.10.1","today-tf2.12.1","today-tf2.15.1","today-tf2.16.2","today-tf2.18.1","today-tf2.21.0","nightly-tf2.23.0.dev20261026","nightly-keras3.16.0.dev2026102704"]
],
"evidence":[
{"outcome":"passed","attempts":[0]},
{"outcome":"passed","attempts":[1]},
{"outcome":"unavailable","cause":0,"attempts":[2]},
{"outcome":"unavailable","cause":1,"attempts":[2]},
{"outcome":"passed","attempts":[1,3]},
{"outcome":"failed","cause":2,"error":0,"attempts":[4,5],"line":53,"traceback":1,"stderr":2},
{"outcome":"failed","cause":2,"error":0,"attempts":[6,7],"line":53,"traceback":1,"stderr":3},
{"outcome":"passed","attempts":[0,8]},
{"outcome":"passed","attempts":[1,8]},
{"outcome":"failed","cause":2,"error":0,"attempts":[4],"line":53,"traceback":1},
{"outcome":"failed","cause":2,"error":0,"attempts":[6],"line":53,"traceback":1},
{"outcome":"failed","cause":2,"error":0,"attempts":[6,5],"line":53,"traceback":1,"stderr":4},
{"outcome":"failed","cause":2,"error":0,"attempts":[4,5],"line":53,"traceback":1,"stderr":5},
{"outcome":"failed","cause":2,"error":0,"attempts":[6,7],"line":53,"traceback":1,"stderr":6},
{"outcome":"failed","cause":2,"error":0,"attempts":[6,5],"line":53,"traceback":1,"stderr":7}
],
"scripts":[
{"name":"sequential_build.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/20214\"\n#\n# [tool.harness.parameters]\n# shape = [\"tuple\", \"list\", \"TensorShape\"]\n# when = [\"before_compile\", \"after_compile\"]\n#\n# [[tool.harness.label]]\n# stage = \"build\"\n# error = 'AssertionError: built with the wrong weights: \\[\\]'\n# label = \"fixed in Keras 3.5.0\"\n# note = \"Keras 3.0 to 3.4 take tuples and lists only: build() with a TensorShape returns without having done anything.\"\n# link = \"https://github.com/keras-team/keras/pull/20076\"\n# ///\n\"\"\"A Sequential model can be built with an explicit shape, whatever kind of object says it.\"\"\"\n\n# %% tags=[\"parameters\"]\nshape = \"tuple\"\nwhen = \"before_compile\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\ntf.random.set_seed(1)\nimages = np.random.RandomState(1).rand(2, 224, 224, 3).astype(\"float32\")\nlabels = np.array([[0.0], [1.0]], dtype=\"float32\")\n\nkinds = {\"tuple\": tuple, \"list\": list, \"TensorShape\": tf.TensorShape}\ninput_shape = kinds[shape]([None, 224, 224, 3])\n\nmodel = tf.keras.Sequential([\n    tf.keras.layers.GlobalAveragePooling2D(),\n    tf.keras.layers.Dense(1),\n])\n\n# %% build\nif when == \"before_compile\":\n    model.build(input_shape)\n\n# %% compile\nmodel.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss=\"mse\")\n\n# %% build\nif when == \"after_compile\":\n    model.build(input_shape)\nassert model.built, \"the model says that it is not built\"\nshapes = [tuple(weight.shape) for weight in model.weights]\nassert shapes == [(3, 1), (1,)], \"built with the wrong weights: %s\" % shapes\n\n# %% train\nbefore = model.get_weights()\nmodel.fit(images, labels, epochs=1, verbose=0)\n\n# %% predict\npredicted = model.predict(images, verbose=0)\n\n# %% compare\nassert not np.allclose(before[0], model.get_weights()[0]), \"training did not change the weights\"\nkernel, bias = model.get_weights()\nexpected = images.mean(axis=(1, 2)) @ kernel + bias\nnp.testing.assert_allclose(predicted, expected, rtol=1e-4, atol=1e-5, err_msg=\"predictions are not what the weights say\")\n"}
],
"causes":[
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Descriptors cannot be created directly.","cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null},
{"stage":"build","meaning":"cannot be built","error":"AssertionError: built with the wrong weights: []","signature":"7b32e9295f","label":"fixed in Keras 3.5.0","note":"Keras 3.0 to 3.4 take tuples and lists only: build() with a TensorShape returns without having done anything.","link":"https://github.com/keras-team/keras/pull/20076","reason":null,"cause":null}
],
"attempts":[
{"started":"2026-11-30","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"unavailable","isolation":"process","sandbox":"none"},
{"started":"2026-11-29","outcome":"passed","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-30","outcome":"failed","stage":"build","signature":"7b32e9295f","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-30","outcome":"failed","stage":"build","signature":"7b32e9295f","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"build","signature":"7b32e9295f","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"build","signature":"7b32e9295f","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-30","outcome":"passed","isolation":"process","sandbox":"namespaces"}
],
"texts":[
[0],
[1,2,3,4,0],
[5,6],
[7,6],
[8,6],
[9,6],
[10,6],
[11,6]
],
"lines":[
"AssertionError: built with the wrong weights: []",
"Traceback (most recent call last):",
"  File \"sequential_build.py\", line 53, in <module>",
"    assert shapes == [(3, 1), (1,)], \"built with the wrong weights: %s\" % shapes",
"           ^^^^^^^^^^^^^^^^^^^^^^^^",
"2026-11-30 04:08:04.969346: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate compiler flags.",
"2026-11-29 21:14:17.032418: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"2026-11-30 00:27:00.134103: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"2026-11-30 04:08:12.414024: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"2026-11-29 21:14:26.878560: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"2026-11-30 00:27:02.923436: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations."
]});
