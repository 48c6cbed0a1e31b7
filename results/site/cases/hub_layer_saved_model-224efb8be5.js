siteData.receive("cases/hub_layer_saved_model-224efb8be5", {"schema":1,
"case":"hub_layer_saved_model[placement=direct]",
"scenario":"hub_layer_saved_model",
"subject":"hub layer",
"title":"A model with a hub layer, saved as a SavedModel folder, loads with no word about the layer's class.",
"issue":"https://github.com/tensorflow/hub/issues/687",
"parameters":{"placement":"direct"},
"script":{"name":"hub_layer_saved_model.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\", \"tensorflow-hub\"]\n#\n# [tool.uv]\n# # tensorflow-hub 0.16.1 imports pkg_resources, which new releases of setuptools do not have\n# constraint-dependencies = [\"setuptools<81\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/tensorflow/hub/issues/687\"\n# timeout = 300\n# variables = [\"HUB_MODULE\"]\n#\n# [tool.harness.parameters]\n# placement = [\"direct\", \"lambda\", \"functional\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n#\n# [[tool.harness.label]]\n# stage = \"build\"\n# error = 'ValueError: Only instances of `keras\\.Layer` can be added to a Sequential model\\. Received: <tensorflow_hub'\n# label = \"dependency\"\n# note = \"hub.KerasLayer is a Keras 2 layer, which Keras 3 does not accept. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works.\"\n# link = \"https://github.com/tensorflow/tensorflow/issues/65419\"\n#\n# [[tool.harness.label]]\n# stage = \"build\"\n# error = '(?s)Exception encountered when calling layer .* \\(type KerasLayer\\).*KerasTensor'\n# label = \"dependency\"\n# note = \"hub.KerasLayer is a Keras 2 layer; called on a symbolic input of Keras 3 it hands that on to TensorFlow, which cannot use it. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works.\"\n# link = \"https://github.com/tensorflow/hub/issues/920\"\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"(?s)AssertionError: Tried to export a function which references (an )?'?untracked'? (resource|object)\"\n# label = \"by design\"\n# note = \"A Lambda does not track the variables that its function uses, so a SavedModel cannot hold them. Add the hub layer directly.\"\n# link = \"https://www.tensorflow.org/api_docs/python/tf/keras/layers/Lambda\"\n# ///\n\"\"\"A model with a hub layer, saved as a SavedModel folder, loads with no word about the layer's class.\"\"\"\n\n# %% tags=[\"parameters\"]\nplacement = \"direct\"\n\n# %% define\nimport os\n\nimport numpy as np\nimport tensorflow as tf\nimport tensorflow_hub as hub\n\ntf.random.set_seed(1)\nimages = np.random.RandomState(1).rand(2, 224, 224, 3).astype(\"float32\")\n\n\ndef make_module(folder):\n    \"\"\"Save a small reusable SavedModel, as they are published: images in, features out.\"\"\"\n    kernel = tf.Variable(np.random.RandomState(2).rand(3, 5).astype(\"float32\"))\n    module = tf.train.Checkpoint()\n    module.__call__ = tf.function(\n        lambda images: tf.matmul(tf.reduce_mean(images, axis=[1, 2]), kernel),\n        input_signature=[tf.TensorSpec((None, 224, 224, 3), tf.float32)],\n    )\n    module.variables = [kernel]\n    module.trainable_variables = [kernel]\n    module.regularization_losses = []\n    tf.saved_model.save(module, folder)\n    return folder\n\n\n# HUB_MODULE may name a real image feature vector: a handle or a folder\nhandle = os.environ.get(\"HUB_MODULE\") or make_module(\"hub_module\")\n\n\ndef make_model(layer):\n    if placement == \"functional\":\n        inputs = tf.keras.Input(shape=(224, 224, 3))\n        return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(layer(inputs)))\n    if placement == \"lambda\":\n        first = tf.keras.layers.Lambda(lambda t: hub_layer(t))\n    else:\n        first = layer\n    return tf.keras.Sequential([tf.keras.Input(shape=(224, 224, 3)), first, tf.keras.layers.Dense(1)])\n\n\nhub_layer = hub.KerasLayer(handle)\n\n# %% build\nmodel = make_model(hub_layer)\n\n# %% predict\nbefore = model.predict(images, verbose=0)\n\n# %% save\nmodel.save(\"saved_model\")\n\n# %% load\nloaded = tf.keras.models.load_model(\"saved_model\")\n\n# %% predict\nafter = loaded.predict(images, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-6, err_msg=\"the loaded model predicts something else\")\n"},
"writer_script":null,
"statements":[
{"family":"tf","held":null,"statements":["2.16.2 to 2.21.0: fails at build (ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at <address>> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)). Introduced after 2.15.1 and not later than 2.16.2. 2.21.0 is the last that was run."]}
],
"cells":[
{"cell":"hub_layer_saved_model[placement=direct]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"hub_layer_saved_model[placement=direct]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0]},
{"cell":"hub_layer_saved_model[placement=direct]@tf2.16.2","environment":"tf2.16.2","outcome":"failed","cause":0,"error":0,"ways_out":[0,1],"attempts":[1],"line":88,"traceback":1},
{"cell":"hub_layer_saved_model[placement=direct]@tf2.21.0","environment":"tf2.21.0","outcome":"failed","cause":0,"error":2,"ways_out":[1],"attempts":[1],"line":88,"traceback":3},
{"cell":"hub_layer_saved_model[placement=direct]@keras3.0.5","environment":"keras3.0.5","outcome":"failed","cause":0,"error":4,"attempts":[1],"line":88,"traceback":5},
{"cell":"hub_layer_saved_model[placement=direct]@keras3.4.1","environment":"keras3.4.1","outcome":"failed","cause":0,"error":6,"attempts":[1],"line":88,"traceback":7},
{"cell":"hub_layer_saved_model[placement=direct]@keras3.5.0","environment":"keras3.5.0","outcome":"failed","cause":0,"error":8,"attempts":[1],"line":88,"traceback":9},
{"cell":"hub_layer_saved_model[placement=direct]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"hub_layer_saved_model[placement=direct]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"not applicable","cause":1}
],
"causes":[
{"stage":"build","meaning":"cannot be built","error":"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at <address>> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)","signature":"0d587f9428","label":"dependency","note":"hub.KerasLayer is a Keras 2 layer, which Keras 3 does not accept. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works.","link":"https://github.com/tensorflow/tensorflow/issues/65419","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"needs tensorflow-hub, which this environment does not have","cause":null}
],
"ways_out":[
{"text":"set TF_USE_LEGACY_KERAS=1","cell":"hub_layer_saved_model[placement=direct]@tf2.16.2-legacy"},
{"text":"use TensorFlow 2.15.1","cell":"hub_layer_saved_model[placement=direct]@tf2.15.1"}
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
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7f0249e49450> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"Traceback (most recent call last):",
"  File \"hub_layer_saved_model.py\", line 94, in <module>",
"    model = make_model(hub_layer)",
"            ^^^^^^^^^^^^^^^^^^^^^",
"  File \"hub_layer_saved_model.py\", line 88, in make_model",
"    return tf.keras.Sequential([tf.keras.Input(shape=(224, 224, 3)), first, tf.keras.layers.Dense(1)])",
"           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
"  File \"<packages>/keras/src/models/sequential.py\", line 73, in __init__",
"    self.add(layer, rebuild=False)",
"  File \"<packages>/keras/src/models/sequential.py\", line 95, in add",
"    raise ValueError(",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7fa193155210> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"  File \"<packages>/keras/src/models/sequential.py\", line 75, in __init__",
"  File \"<packages>/keras/src/models/sequential.py\", line 97, in add",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7f0757496850> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"  File \"<packages>/keras/src/models/sequential.py\", line 70, in __init__",
"  File \"<packages>/keras/src/models/sequential.py\", line 92, in add",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7fc925536ad0> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7f710ffbcad0> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"  File \"<packages>/keras/src/models/sequential.py\", line 74, in __init__",
"  File \"<packages>/keras/src/models/sequential.py\", line 96, in add"
]});
