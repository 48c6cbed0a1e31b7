siteData.receive("cases/hub_layer_placement-2c479e5d81", {"schema":1,
"case":"hub_layer_placement[placement=lambda,trainable=true]",
"scenario":"hub_layer_placement",
"subject":"hub layer",
"title":"A hub layer in a model predicts, and training changes it when it is trainable and only then.",
"issue":"https://github.com/tensorflow/tensorflow/issues/65419",
"parameters":{"placement":"lambda","trainable":true},
"script":{"name":"hub_layer_placement.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\", \"tensorflow-hub\"]\n#\n# [tool.uv]\n# # tensorflow-hub 0.16.1 imports pkg_resources, which new releases of setuptools do not have\n# constraint-dependencies = [\"setuptools<81\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/tensorflow/tensorflow/issues/65419\"\n# timeout = 300\n# variables = [\"HUB_MODULE\"]\n#\n# [tool.harness.parameters]\n# placement = [\"direct\", \"lambda\", \"functional\"]\n# trainable = [false, true]\n#\n# [[tool.harness.label]]\n# stage = \"build\"\n# error = 'ValueError: Only instances of `keras\\.Layer` can be added to a Sequential model\\. Received: <tensorflow_hub'\n# label = \"dependency\"\n# note = \"hub.KerasLayer is a Keras 2 layer, which Keras 3 does not accept. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works.\"\n# link = \"https://github.com/tensorflow/tensorflow/issues/65419\"\n#\n# [[tool.harness.label]]\n# stage = \"build\"\n# error = '(?s)Exception encountered when calling layer .* \\(type KerasLayer\\).*KerasTensor'\n# label = \"dependency\"\n# note = \"hub.KerasLayer is a Keras 2 layer; called on a symbolic input of Keras 3 it hands that on to TensorFlow, which cannot use it. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works.\"\n# link = \"https://github.com/tensorflow/hub/issues/920\"\n#\n# [[tool.harness.label]]\n# stage = \"compare\"\n# error = \"AssertionError: trainable=True, but training did not change the hub layer\"\n# label = \"by design\"\n# note = \"A Lambda does not track the variables that its function uses, so they are not trained. Write a layer class, or add the hub layer directly.\"\n# link = \"https://www.tensorflow.org/api_docs/python/tf/keras/layers/Lambda\"\n# ///\n\"\"\"A hub layer in a model predicts, and training changes it when it is trainable and only then.\"\"\"\n\n# %% tags=[\"parameters\"]\nplacement = \"direct\"\ntrainable = False\n\n# %% define\nimport os\n\nimport numpy as np\nimport tensorflow as tf\nimport tensorflow_hub as hub\n\ntf.random.set_seed(1)\nimages = np.random.RandomState(1).rand(2, 224, 224, 3).astype(\"float32\")\nlabels = np.array([[0.0], [5.0]], dtype=\"float32\")\n\n\ndef make_module(folder):\n    \"\"\"Save a small reusable SavedModel, as they are published: images in, features out.\"\"\"\n    kernel = tf.Variable(np.random.RandomState(2).rand(3, 5).astype(\"float32\"))\n    module = tf.train.Checkpoint()\n    module.__call__ = tf.function(\n        lambda images: tf.matmul(tf.reduce_mean(images, axis=[1, 2]), kernel),\n        input_signature=[tf.TensorSpec((None, 224, 224, 3), tf.float32)],\n    )\n    module.variables = [kernel]\n    module.trainable_variables = [kernel]\n    module.regularization_losses = []\n    tf.saved_model.save(module, folder)\n    return folder\n\n\n# HUB_MODULE may name a real image feature vector: a handle or a folder\nhandle = os.environ.get(\"HUB_MODULE\") or make_module(\"hub_module\")\n\n\ndef make_model(layer):\n    if placement == \"functional\":\n        inputs = tf.keras.Input(shape=(224, 224, 3))\n        return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(layer(inputs)))\n    if placement == \"lambda\":\n        first = tf.keras.layers.Lambda(lambda t: hub_layer(t))\n    else:\n        first = layer\n    return tf.keras.Sequential([tf.keras.Input(shape=(224, 224, 3)), first, tf.keras.layers.Dense(1)])\n\n\nhub_layer = hub.KerasLayer(handle, trainable=trainable)\n\n# %% build\nmodel = make_model(hub_layer)\n\n# %% compile\nmodel.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss=\"mse\")\n\n# %% train\nfeatures_before = np.array(hub_layer(tf.constant(images)))\nmodel.fit(images, labels, epochs=2, verbose=0)\nfeatures_after = np.array(hub_layer(tf.constant(images)))\n\n# %% predict\npredicted = model.predict(images, verbose=0)\n\n# %% compare\nkernel, bias = model.layers[-1].get_weights()\nnp.testing.assert_allclose(\n    predicted, features_after @ kernel + bias, rtol=1e-4, atol=1e-5, err_msg=\"predictions are not what the layers say\"\n)\nchanged = not np.allclose(features_before, features_after)\nassert changed == trainable, \"trainable=%s, but training %s the hub layer\" % (\n    trainable, \"changed\" if changed else \"did not change\")\n"},
"writer_script":null,
"statements":[],
"cells":[
{"cell":"hub_layer_placement[placement=lambda,trainable=true]@tf2.10.1","environment":"tf2.10.1","outcome":"failed","cause":0,"error":0,"ways_out":[0,1,2],"attempts":[0],"line":109,"traceback":1,"stderr":2},
{"cell":"hub_layer_placement[placement=lambda,trainable=true]@tf2.15.1","environment":"tf2.15.1","outcome":"failed","cause":0,"error":0,"ways_out":[3,4,5],"attempts":[0],"line":109,"traceback":3,"stderr":4},
{"cell":"hub_layer_placement[placement=lambda,trainable=true]@tf2.16.2","environment":"tf2.16.2","outcome":"failed","cause":0,"error":0,"ways_out":[6],"attempts":[0],"line":109,"traceback":3},
{"cell":"hub_layer_placement[placement=lambda,trainable=true]@tf2.21.0","environment":"tf2.21.0","outcome":"failed","cause":0,"error":0,"ways_out":[7],"attempts":[0],"line":109,"traceback":3},
{"cell":"hub_layer_placement[placement=lambda,trainable=true]@keras3.0.5","environment":"keras3.0.5","outcome":"failed","cause":0,"error":0,"ways_out":[8],"attempts":[0],"line":109,"traceback":3},
{"cell":"hub_layer_placement[placement=lambda,trainable=true]@keras3.4.1","environment":"keras3.4.1","outcome":"failed","cause":0,"error":0,"ways_out":[9],"attempts":[0],"line":109,"traceback":3},
{"cell":"hub_layer_placement[placement=lambda,trainable=true]@keras3.5.0","environment":"keras3.5.0","outcome":"failed","cause":0,"error":0,"ways_out":[10],"attempts":[0],"line":109,"traceback":3},
{"cell":"hub_layer_placement[placement=lambda,trainable=true]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"failed","cause":0,"error":0,"ways_out":[11,12,13],"attempts":[0],"line":109,"traceback":3,"stderr":4},
{"cell":"hub_layer_placement[placement=lambda,trainable=true]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"not applicable","cause":1}
],
"causes":[
{"stage":"compare","meaning":"gives another result","error":"AssertionError: trainable=True, but training did not change the hub layer","signature":"337b4cffde","label":"by design","note":"A Lambda does not track the variables that its function uses, so they are not trained. Write a layer class, or add the hub layer directly.","link":"https://www.tensorflow.org/api_docs/python/tf/keras/layers/Lambda","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"needs tensorflow-hub, which this environment does not have","cause":null}
],
"ways_out":[
{"text":"use placement=direct","cell":"hub_layer_placement[placement=direct,trainable=true]@tf2.10.1"},
{"text":"use placement=functional","cell":"hub_layer_placement[placement=functional,trainable=true]@tf2.10.1"},
{"text":"use trainable=false","cell":"hub_layer_placement[placement=lambda,trainable=false]@tf2.10.1"},
{"text":"use placement=direct","cell":"hub_layer_placement[placement=direct,trainable=true]@tf2.15.1"},
{"text":"use placement=functional","cell":"hub_layer_placement[placement=functional,trainable=true]@tf2.15.1"},
{"text":"use trainable=false","cell":"hub_layer_placement[placement=lambda,trainable=false]@tf2.15.1"},
{"text":"use trainable=false","cell":"hub_layer_placement[placement=lambda,trainable=false]@tf2.16.2"},
{"text":"use trainable=false","cell":"hub_layer_placement[placement=lambda,trainable=false]@tf2.21.0"},
{"text":"use trainable=false","cell":"hub_layer_placement[placement=lambda,trainable=false]@keras3.0.5"},
{"text":"use trainable=false","cell":"hub_layer_placement[placement=lambda,trainable=false]@keras3.4.1"},
{"text":"use trainable=false","cell":"hub_layer_placement[placement=lambda,trainable=false]@keras3.5.0"},
{"text":"use placement=direct","cell":"hub_layer_placement[placement=direct,trainable=true]@tf2.16.2-legacy"},
{"text":"use placement=functional","cell":"hub_layer_placement[placement=functional,trainable=true]@tf2.16.2-legacy"},
{"text":"use trainable=false","cell":"hub_layer_placement[placement=lambda,trainable=false]@tf2.16.2-legacy"}
],
"attempts":[
{"started":"2026-11-29","outcome":"failed","stage":"compare","signature":"337b4cffde","isolation":"fork","sandbox":"namespaces"}
],
"texts":[
[0],
[1,2,3,0],
[4,5,6,7,8,9,10,11,12,13],
[1,2,3,14,0],
[7,8,9,10,11,12,13,7,8,9,10,11,12,13]
],
"lines":[
"AssertionError: trainable=True, but training did not change the hub layer",
"Traceback (most recent call last):",
"  File \"hub_layer_placement.py\", line 109, in <module>",
"    assert changed == trainable, \"trainable=%s, but training %s the hub layer\" % (",
"2026-11-29 20:11:25.287494: I tensorflow/core/platform/cpu_feature_guard.cc:193] This TensorFlow binary is optimized with oneAPI Deep Neural Network Library (oneDNN) to use the following CPU instructions in performance-critical operations:  AVX2 FMA",
"To enable them in other operations, rebuild TensorFlow with the appropriate compiler flags.",
"WARNING:tensorflow:Please fix your imports. Module tensorflow.python.training.tracking.data_structures has been moved to tensorflow.python.trackable.data_structures. The old module will be deleted in version 2.11.",
"WARNING:tensorflow:",
"The following Variables were used a Lambda layer's call (lambda), but",
"are not present in its tracked objects:",
"  <tf.Variable 'Variable:0' shape=(3, 5) dtype=float32>",
"It is possible that this is intended behavior, but it is more likely",
"an omission. This is a strong indication that this layer should be",
"formulated as a subclassed Layer rather than a Lambda layer.",
"           ^^^^^^^^^^^^^^^^^^^^"
]});
