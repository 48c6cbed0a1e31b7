siteData.receive("cases/sequential_build_twice-719fc1b39f", {"schema":1,
"case":"sequential_build_twice[first=tuple,second=list]",
"scenario":"sequential_build_twice",
"subject":"explicit build",
"title":"Building a Sequential model again with the shape that it has already changes nothing.",
"issue":"https://github.com/keras-team/keras/issues/20074",
"parameters":{"first":"tuple","second":"list"},
"script":{"name":"sequential_build_twice.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/20074\"\n#\n# [tool.harness.parameters]\n# first = [\"tuple\", \"list\", \"TensorShape\"]\n# second = [\"tuple\", \"list\", \"TensorShape\"]\n#\n# [[tool.harness.label]]\n# stage = \"build\"\n# error = 'ValueError: Sequential model .* has already been configured to use input shape .* You cannot build it with input_shape \\['\n# label = \"fixed in Keras 3.5.0\"\n# note = \"Keras 3.0 to 3.4 compare the tuple that the model has with the list that they get, and call them different.\"\n# link = \"https://github.com/keras-team/keras/pull/20076\"\n# ///\n\"\"\"Building a Sequential model again with the shape that it has already changes nothing.\"\"\"\n\n# %% tags=[\"parameters\"]\nfirst = \"tuple\"\nsecond = \"list\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\ntf.random.set_seed(1)\nimages = np.random.RandomState(1).rand(2, 224, 224, 3).astype(\"float32\")\nkinds = {\"tuple\": tuple, \"list\": list, \"TensorShape\": tf.TensorShape}\n\nmodel = tf.keras.Sequential([\n    tf.keras.layers.GlobalAveragePooling2D(),\n    tf.keras.layers.Dense(2),\n])\n\n# %% build\nmodel.build(kinds[first]([None, 224, 224, 3]))\n\n# %% predict\nbefore = model.predict(images, verbose=0)\n\n# %% build\nmodel.build(kinds[second]([None, 224, 224, 3]))\n\n# %% predict\nafter = model.predict(images, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=\"the second build changed the predictions\")\n"},
"writer_script":null,
"statements":[
{"family":"tf","held":null,"statements":["2.16.2: fails at build (ValueError: Sequential model 'sequential' has already been configured to use input shape (None, 224, 224, 3). You cannot build it with input_shape [None, 224, 224, 3]). Introduced after 2.15.1 and not later than 2.16.2. Fixed after 2.16.2 and not later than 2.21.0."]},
{"family":"keras","held":null,"statements":["3.0.5 to 3.4.1: fails at build (ValueError: Sequential model 'sequential' has already been configured to use input shape (None, 224, 224, 3). You cannot build it with input_shape [None, 224, 224, 3]). 3.0.5 is the first that was run. Fixed in 3.5.0."]}
],
"cells":[
{"cell":"sequential_build_twice[first=tuple,second=list]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"sequential_build_twice[first=tuple,second=list]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0,1]},
{"cell":"sequential_build_twice[first=tuple,second=list]@tf2.16.2","environment":"tf2.16.2","outcome":"failed","cause":0,"error":0,"ways_out":[0,1,2,3,4,5],"attempts":[2],"line":45,"traceback":1},
{"cell":"sequential_build_twice[first=tuple,second=list]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[0]},
{"cell":"sequential_build_twice[first=tuple,second=list]@keras3.0.5","environment":"keras3.0.5","outcome":"failed","cause":0,"error":0,"ways_out":[6,7,8,9],"attempts":[2],"line":45,"traceback":2},
{"cell":"sequential_build_twice[first=tuple,second=list]@keras3.4.1","environment":"keras3.4.1","outcome":"failed","cause":0,"error":0,"ways_out":[6,10,11,12],"attempts":[2,3],"line":45,"traceback":1,"stderr":3},
{"cell":"sequential_build_twice[first=tuple,second=list]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[0]},
{"cell":"sequential_build_twice[first=tuple,second=list]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"sequential_build_twice[first=tuple,second=list]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":1,"attempts":[4]}
],
"causes":[
{"stage":"build","meaning":"cannot be built","error":"ValueError: Sequential model 'sequential' has already been configured to use input shape (None, 224, 224, 3). You cannot build it with input_shape [None, 224, 224, 3]","signature":"e36590163b","label":"fixed in Keras 3.5.0","note":"Keras 3.0 to 3.4 compare the tuple that the model has with the list that they get, and call them different.","link":"https://github.com/keras-team/keras/pull/20076","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[
{"text":"set TF_USE_LEGACY_KERAS=1","cell":"sequential_build_twice[first=tuple,second=list]@tf2.16.2-legacy"},
{"text":"use TensorFlow 2.21.0","cell":"sequential_build_twice[first=tuple,second=list]@tf2.21.0"},
{"text":"use TensorFlow 2.15.1","cell":"sequential_build_twice[first=tuple,second=list]@tf2.15.1"},
{"text":"use first=TensorShape","cell":"sequential_build_twice[first=TensorShape,second=list]@tf2.16.2"},
{"text":"use second=tuple","cell":"sequential_build_twice[first=tuple,second=tuple]@tf2.16.2"},
{"text":"use second=TensorShape","cell":"sequential_build_twice[first=tuple,second=TensorShape]@tf2.16.2"},
{"text":"use Keras 3.5.0","cell":"sequential_build_twice[first=tuple,second=list]@keras3.5.0"},
{"text":"use first=TensorShape","cell":"sequential_build_twice[first=TensorShape,second=list]@keras3.0.5"},
{"text":"use second=tuple","cell":"sequential_build_twice[first=tuple,second=tuple]@keras3.0.5"},
{"text":"use second=TensorShape","cell":"sequential_build_twice[first=tuple,second=TensorShape]@keras3.0.5"},
{"text":"use first=TensorShape","cell":"sequential_build_twice[first=TensorShape,second=list]@keras3.4.1"},
{"text":"use second=tuple","cell":"sequential_build_twice[first=tuple,second=tuple]@keras3.4.1"},
{"text":"use second=TensorShape","cell":"sequential_build_twice[first=tuple,second=TensorShape]@keras3.4.1"}
],
"attempts":[
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"passed","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"build","signature":"e36590163b","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-30","outcome":"failed","stage":"build","signature":"e36590163b","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"unavailable","isolation":"process","sandbox":"none"}
],
"texts":[
[0],
[1,2,3,4,5,6,7,0],
[1,2,3,8,5,9,7,0],
[10,11]
],
"lines":[
"ValueError: Sequential model 'sequential' has already been configured to use input shape (None, 224, 224, 3). You cannot build it with input_shape [None, 224, 224, 3]",
"Traceback (most recent call last):",
"  File \"sequential_build_twice.py\", line 45, in <module>",
"    model.build(kinds[second]([None, 224, 224, 3]))",
"  File \"<packages>/keras/src/layers/layer.py\", line 225, in build_wrapper",
"    original_build_method(*args, **kwargs)",
"  File \"<packages>/keras/src/models/sequential.py\", line 166, in build",
"    raise ValueError(",
"  File \"<packages>/keras/src/layers/layer.py\", line 224, in build_wrapper",
"  File \"<packages>/keras/src/models/sequential.py\", line 160, in build",
"2026-11-30 00:27:15.558812: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate compiler flags."
]});
