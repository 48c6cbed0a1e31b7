siteData.receive("cases/hub_layer_placement-5038e77cc1", {"schema":1,
"case":"hub_layer_placement[placement=direct,trainable=false]",
"scenario":"hub_layer_placement",
"subject":"hub layer",
"title":"A hub layer in a model predicts, and training changes it when it is trainable and only then.",
"issue":"https://github.com/tensorflow/tensorflow/issues/65419",
"parameters":{"placement":"direct","trainable":false},
"script":{"name":"hub_layer_placement.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\", \"tensorflow-hub\"]\n#\n# [tool.uv]\n# # tensorflow-hub 0.16.1 imports pkg_resources, which new releases of setuptools do not have\n# constraint-dependencies = [\"setuptools<81\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/tensorflow/tensorflow/issues/65419\"\n# timeout = 300\n# variables = [\"HUB_MODULE\"]\n#\n# [tool.harness.parameters]\n# placement = [\"direct\", \"lambda\", \"functional\"]\n# trainable = [false, true]\n#\n# [[tool.harness.label]]\n# stage = \"build\"\n# error = 'ValueError: Only instances of `keras\\.Layer` can be added to a Sequential model\\. Received: <tensorflow_hub'\n# label = \"dependency\"\n# note = \"hub.KerasLayer is a Keras 2 layer, which Keras 3 does not accept. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works.\"\n# link = \"https://github.com/tensorflow/tensorflow/issues/65419\"\n#\n# [[tool.harness.label]]\n# stage = \"build\"\n# error = '(?s)Exception encountered when calling layer .* \\(type KerasLayer\\).*KerasTensor'\n# label = \"dependency\"\n# note = \"hub.KerasLayer is a Keras 2 layer; called on a symbolic input of Keras 3 it hands that on to TensorFlow, which cannot use it. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works.\"\n# link = \"https://github.com/tensorflow/hub/issues/920\"\n#\n# [[tool.harness.label]]\n# stage = \"compare\"\n# error = \"AssertionError: trainable=True, but training did not change the hub layer\"\n# label = \"by design\"\n# note = \"A Lambda does not track the variables that its function uses, so they are not trained. Write a layer class, or add the hub layer directly.\"\n# link = \"https://www.tensorflow.org/api_docs/python/tf/keras/layers/Lambda\"\n# ///\n\"\"\"A hub layer in a model predicts, and training changes it when it is trainable and only then.\"\"\"\n\n# %% tags=[\"parameters\"]\nplacement = \"direct\"\ntrainable = False\n\n# %% define\nimport os\n\nimport numpy as np\nimport tensorflow as tf\nimport tensorflow_hub as hub\n\ntf.random.set_seed(1)\nimages = np.random.RandomState(1).rand(2, 224, 224, 3).astype(\"float32\")\nlabels = np.array([[0.0], [5.0]], dtype=\"float32\")\n\n\ndef make_module(folder):\n    \"\"\"Save a small reusable SavedModel, as they are published: images in, features out.\"\"\"\n    kernel = tf.Variable(np.random.RandomState(2).rand(3, 5).astype(\"float32\"))\n    module = tf.train.Checkpoint()\n    module.__call__ = tf.function(\n        lambda images: tf.matmul(tf.reduce_mean(images, axis=[1, 2]), kernel),\n        input_signature=[tf.TensorSpec((None, 224, 224, 3), tf.float32)],\n    )\n    module.variables = [kernel]\n    module.trainable_variables = [kernel]\n    module.regularization_losses = []\n    tf.saved_model.save(module, folder)\n    return folder\n\n\n# HUB_MODULE may name a real image feature vector: a handle or a folder\nhandle = os.environ.get(\"HUB_MODULE\") or make_module(\"hub_module\")\n\n\ndef make_model(layer):\n    if placement == \"functional\":\n        inputs = tf.keras.Input(shape=(224, 224, 3))\n        return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(layer(inputs)))\n    if placement == \"lambda\":\n        first = tf.keras.layers.Lambda(lambda t: hub_layer(t))\n    else:\n        first = layer\n    return tf.keras.Sequential([tf.keras.Input(shape=(224, 224, 3)), first, tf.keras.layers.Dense(1)])\n\n\nhub_layer = hub.KerasLayer(handle, trainable=trainable)\n\n# %% build\nmodel = make_model(hub_layer)\n\n# %% compile\nmodel.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss=\"mse\")\n\n# %% train\nfeatures_before = np.array(hub_layer(tf.constant(images)))\nmodel.fit(images, labels, epochs=2, verbose=0)\nfeatures_after = np.array(hub_layer(tf.constant(images)))\n\n# %% predict\npredicted = model.predict(images, verbose=0)\n\n# %% compare\nkernel, bias = model.layers[-1].get_weights()\nnp.testing.assert_allclose(\n    predicted, features_after @ kernel + bias, rtol=1e-4, atol=1e-5, err_msg=\"predictions are not what the layers say\"\n)\nchanged = not np.allclose(features_before, features_after)\nassert changed == trainable, \"trainable=%s, but training %s the hub layer\" % (\n    trainable, \"changed\" if changed else \"did not change\")\n"},
"writer_script":null,
"statements":[
{"family":"tf","held":null,"statements":["2.16.2 to 2.21.0: fails at build (ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at <address>> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)). Introduced after 2.15.1 and not later than 2.16.2. 2.21.0 is the last that was run."]}
],
"cells":[
{"cell":"hub_layer_placement[placement=direct,trainable=false]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"hub_layer_placement[placement=direct,trainable=false]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0]},
{"cell":"hub_layer_placement[placement=direct,trainable=false]@tf2.16.2","environment":"tf2.16.2","outcome":"failed","cause":0,"error":0,"ways_out":[0,1,2],"attempts":[1],"line":84,"traceback":1},
{"cell":"hub_layer_placement[placement=direct,trainable=false]@tf2.21.0","environment":"tf2.21.0","outcome":"failed","cause":0,"error":2,"ways_out":[1,3],"attempts":[1],"line":84,"traceback":3},
{"cell":"hub_layer_placement[placement=direct,trainable=false]@keras3.0.5","environment":"keras3.0.5","outcome":"failed","cause":0,"error":4,"ways_out":[4],"attempts":[1],"line":84,"traceback":5},
{"cell":"hub_layer_placement[placement=direct,trainable=false]@keras3.4.1","environment":"keras3.4.1","outcome":"failed","cause":0,"error":6,"ways_out":[5],"attempts":[1],"line":84,"traceback":7},
{"cell":"hub_layer_placement[placement=direct,trainable=false]@keras3.5.0","environment":"keras3.5.0","outcome":"failed","cause":0,"error":8,"ways_out":[6],"attempts":[1],"line":84,"traceback":9},
{"cell":"hub_layer_placement[placement=direct,trainable=false]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"hub_layer_placement[placement=direct,trainable=false]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"not applicable","cause":1}
],
"causes":[
{"stage":"build","meaning":"cannot be built","error":"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at <address>> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)","signature":"0d587f9428","label":"dependency","note":"hub.KerasLayer is a Keras 2 layer, which Keras 3 does not accept. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works.","link":"https://github.com/tensorflow/tensorflow/issues/65419","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"needs tensorflow-hub, which this environment does not have","cause":null}
],
"ways_out":[
{"text":"set TF_USE_LEGACY_KERAS=1","cell":"hub_layer_placement[placement=direct,trainable=false]@tf2.16.2-legacy"},
{"text":"use TensorFlow 2.15.1","cell":"hub_layer_placement[placement=direct,trainable=false]@tf2.15.1"},
{"text":"use placement=lambda","cell":"hub_layer_placement[placement=lambda,trainable=false]@tf2.16.2"},
{"text":"use placement=lambda","cell":"hub_layer_placement[placement=lambda,trainable=false]@tf2.21.0"},
{"text":"use placement=lambda","cell":"hub_layer_placement[placement=lambda,trainable=false]@keras3.0.5"},
{"text":"use placement=lambda","cell":"hub_layer_placement[placement=lambda,trainable=false]@keras3.4.1"},
{"text":"use placement=lambda","cell":"hub_layer_placement[placement=lambda,trainable=false]@keras3.5.0"}
],
"attempts":[
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"build","signature":"0d587f9428","isolation":"fork","sandbox":"namespaces"}
],
"texts":[
[0],
[1,2,3,4,5,6,7,8,9,10,11,0],
[12],
[1,2,3,4,5,6,7,13,9,14,11,12],
[15],
[1,2,3,4,5,6,7,16,9,17,11,15],
[18],
[1,2,3,4,5,6,7,8,9,10,11,18],
[19],
[1,2,3,4,5,6,7,20,9,21,11,19]
],
"lines":[
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7f0226810b10> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"Traceback (most recent call last):",
"  File \"hub_layer_placement.py\", line 90, in <module>",
"    model = make_model(hub_layer)",
"            ^^^^^^^^^^^^^^^^^^^^^",
"  File \"hub_layer_placement.py\", line 84, in make_model",
"    return tf.keras.Sequential([tf.keras.Input(shape=(224, 224, 3)), first, tf.keras.layers.Dense(1)])",
"           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
"  File \"<packages>/keras/src/models/sequential.py\", line 73, in __init__",
"    self.add(layer, rebuild=False)",
"  File \"<packages>/keras/src/models/sequential.py\", line 95, in add",
"    raise ValueError(",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7fa19b5fd910> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"  File \"<packages>/keras/src/models/sequential.py\", line 75, in __init__",
"  File \"<packages>/keras/src/models/sequential.py\", line 97, in add",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7f0781d7b550> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"  File \"<packages>/keras/src/models/sequential.py\", line 70, in __init__",
"  File \"<packages>/keras/src/models/sequential.py\", line 92, in add",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7fc927e6d950> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7f70e7bc3fd0> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"  File \"<packages>/keras/src/models/sequential.py\", line 74, in __init__",
"  File \"<packages>/keras/src/models/sequential.py\", line 96, in add"
]});
