siteData.receive("cases/sequential_build_other_shape-34d87d9535", {"schema":1,
"case":"sequential_build_other_shape[second=tuple]",
"scenario":"sequential_build_other_shape",
"subject":"explicit build",
"title":"Building a Sequential model again with a shape that really differs is refused.",
"issue":"https://github.com/keras-team/keras/issues/20214",
"parameters":{"second":"tuple"},
"script":{"name":"sequential_build_other_shape.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/20214\"\n#\n# [tool.harness.parameters]\n# second = [\"tuple\", \"list\", \"TensorShape\"]\n#\n# [[tool.harness.label]]\n# stage = \"refuse\"\n# error = \"AssertionError: a model with weights for 3 channels accepted to be built for 5 channels\"\n# label = \"bug\"\n# note = \"Keras 2 of TensorFlow 2.3 and later catches the error of its layers inside build(), and so accepts any shape; the refusal comes with the first data of that shape.\"\n# link = \"https://github.com/tensorflow/tensorflow/blob/v2.15.1/tensorflow/python/keras/engine/sequential.py\"\n# environments = \"tf2.?.*,tf2.10.*,tf2.11.*,tf2.12.*,tf2.13.*,tf2.14.*,tf2.15.*,*-legacy,today-tf2.?.*,today-tf2.10.*,today-tf2.11.*,today-tf2.12.*,today-tf2.13.*,today-tf2.14.*,today-tf2.15.*\"\n#\n# [[tool.harness.label]]\n# stage = \"refuse\"\n# error = \"AssertionError: a model with weights for 3 channels accepted to be built for 5 channels\"\n# label = \"fixed in Keras 3.5.0\"\n# note = \"Keras 3.0 to 3.4 take tuples and lists only: build() with a TensorShape returns without having looked at it.\"\n# link = \"https://github.com/keras-team/keras/pull/20076\"\n# environments = \"keras3.*,tf2.16.*,!*-legacy\"\n# ///\n\"\"\"Building a Sequential model again with a shape that really differs is refused.\"\"\"\n\n# %% tags=[\"parameters\"]\nsecond = \"tuple\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\ntf.random.set_seed(1)\nimages = np.random.RandomState(1).rand(2, 8, 8, 3).astype(\"float32\")\nkinds = {\"tuple\": tuple, \"list\": list, \"TensorShape\": tf.TensorShape}\n\nmodel = tf.keras.Sequential([\n    tf.keras.layers.GlobalAveragePooling2D(),\n    tf.keras.layers.Dense(2),\n])\n\n# %% build\nmodel.build((None, 8, 8, 3))\nbefore = model.predict(images, verbose=0)\n\n# %% refuse\ntry:\n    model.build(kinds[second]([None, 8, 8, 5]))\nexcept ValueError as error:\n    print(\"refused, as it should be:\", error)\nelse:\n    raise AssertionError(\"a model with weights for 3 channels accepted to be built for 5 channels\")\n\n# %% predict\nafter = model.predict(images, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=\"the refused build changed the predictions\")\n"},
"writer_script":null,
"statements":[
{"family":"tf","held":null,"statements":["2.10.1 to 2.15.1: fails at refuse (AssertionError: a model with weights for 3 channels accepted to be built for 5 channels). 2.10.1 is the first that was run. Fixed after 2.15.1 and not later than 2.16.2."]}
],
"cells":[
{"cell":"sequential_build_other_shape[second=tuple]@tf2.10.1","environment":"tf2.10.1","outcome":"failed","cause":0,"error":0,"ways_out":[0],"attempts":[0],"line":55,"traceback":1,"stderr":2},
{"cell":"sequential_build_other_shape[second=tuple]@tf2.15.1","environment":"tf2.15.1","outcome":"failed","cause":0,"error":0,"ways_out":[0],"attempts":[0,1],"line":55,"traceback":1,"stderr":3},
{"cell":"sequential_build_other_shape[second=tuple]@tf2.16.2","environment":"tf2.16.2","outcome":"passed","attempts":[2,3]},
{"cell":"sequential_build_other_shape[second=tuple]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[2]},
{"cell":"sequential_build_other_shape[second=tuple]@keras3.0.5","environment":"keras3.0.5","outcome":"passed","attempts":[2]},
{"cell":"sequential_build_other_shape[second=tuple]@keras3.4.1","environment":"keras3.4.1","outcome":"passed","attempts":[2]},
{"cell":"sequential_build_other_shape[second=tuple]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[2]},
{"cell":"sequential_build_other_shape[second=tuple]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"failed","cause":0,"error":0,"attempts":[0],"line":55,"traceback":1},
{"cell":"sequential_build_other_shape[second=tuple]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":1,"attempts":[4]}
],
"causes":[
{"stage":"refuse","meaning":"should be refused, was not","error":"AssertionError: a model with weights for 3 channels accepted to be built for 5 channels","signature":"f94d2be3f6","label":"bug","note":"Keras 2 of TensorFlow 2.3 and later catches the error of its layers inside build(), and so accepts any shape; the refusal comes with the first data of that shape.","link":"https://github.com/tensorflow/tensorflow/blob/v2.15.1/tensorflow/python/keras/engine/sequential.py","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[
{"text":"use TensorFlow 2.16.2 or newer","cell":"sequential_build_other_shape[second=tuple]@tf2.16.2"}
],
"attempts":[
{"started":"2026-11-29","outcome":"failed","stage":"refuse","signature":"f94d2be3f6","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"refuse","signature":"f94d2be3f6","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"passed","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"unavailable","isolation":"process","sandbox":"none"}
],
"texts":[
[0],
[1,2,3,0],
[4,5],
[6,7]
],
"lines":[
"AssertionError: a model with weights for 3 channels accepted to be built for 5 channels",
"Traceback (most recent call last):",
"  File \"sequential_build_other_shape.py\", line 55, in <module>",
"    raise AssertionError(\"a model with weights for 3 channels accepted to be built for 5 channels\")",
"2026-11-29 20:08:51.536412: I tensorflow/core/platform/cpu_feature_guard.cc:193] This TensorFlow binary is optimized with oneAPI Deep Neural Network Library (oneDNN) to use the following CPU instructions in performance-critical operations:  AVX2 FMA",
"To enable them in other operations, rebuild TensorFlow with the appropriate compiler flags.",
"2026-11-29 21:11:40.586696: I tensorflow/core/platform/cpu_feature_guard.cc:182] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate compiler flags."
]});
