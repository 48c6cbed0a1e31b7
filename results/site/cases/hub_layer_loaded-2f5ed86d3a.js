siteData.receive("cases/hub_layer_loaded-2f5ed86d3a", {"schema":1,
"case":"hub_layer_loaded[placement=direct,found_by=custom_object_scope,save_format=.keras]",
"scenario":"hub_layer_loaded",
"subject":"hub layer",
"title":"A saved model with a hub layer loads, whichever way load_model is told of the layer's class.",
"issue":"https://github.com/tensorflow/tensorflow/issues/26835",
"parameters":{"placement":"direct","found_by":"custom_object_scope","save_format":".keras"},
"script":{"name":"hub_layer_loaded.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\", \"tensorflow-hub\"]\n#\n# [tool.uv]\n# # tensorflow-hub 0.16.1 imports pkg_resources, which new releases of setuptools do not have\n# constraint-dependencies = [\"setuptools<81\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/tensorflow/tensorflow/issues/26835\"\n# timeout = 300\n# variables = [\"HUB_MODULE\"]\n#\n# [tool.harness.parameters]\n# placement = [\"direct\", \"lambda\", \"functional\"]\n# found_by = [\"custom_objects\", \"custom_object_scope\", \"nothing\"]\n# save_format = [\".keras\", \".h5\"]\n#\n# [[tool.harness.label]]\n# stage = \"build\"\n# error = 'ValueError: Only instances of `keras\\.Layer` can be added to a Sequential model\\. Received: <tensorflow_hub'\n# label = \"dependency\"\n# note = \"hub.KerasLayer is a Keras 2 layer, which Keras 3 does not accept. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works.\"\n# link = \"https://github.com/tensorflow/tensorflow/issues/65419\"\n#\n# [[tool.harness.label]]\n# stage = \"build\"\n# error = '(?s)Exception encountered when calling layer .* \\(type KerasLayer\\).*KerasTensor'\n# label = \"dependency\"\n# note = \"hub.KerasLayer is a Keras 2 layer; called on a symbolic input of Keras 3 it hands that on to TensorFlow, which cannot use it. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works.\"\n# link = \"https://github.com/tensorflow/hub/issues/920\"\n#\n# [[tool.harness.label]]\n# stage = \"load\"\n# error = 'ValueError: Sequential model .* has already been configured to use input shape .* You cannot build it with input_shape \\['\n# label = \"fixed in Keras 3.5.0\"\n# note = \"Keras 3.0 to 3.4 compare the tuple that the model has with the list that they get, and call them different.\"\n# link = \"https://github.com/keras-team/keras/pull/20076\"\n#\n# [[tool.harness.label]]\n# stage = \"predict\"\n# error = '''(?s)NameError: Exception encountered when calling Lambda\\.call\\(\\)\\..*name 'hubs?_layer' is not defined'''\n# label = \"by design\"\n# note = \"Keras 3 gives a lambda that it reads from a file none of the script's globals, so the hub layer is not found. Keras 2 looked in the module that had defined the lambda.\"\n# link = \"https://github.com/keras-team/keras/issues/9431\"\n#\n# [[tool.harness.label]]\n# stage = \"load\"\n# error = 'ValueError: Layer count mismatch when loading weights from file\\. Model expected 0 layers, found 1 saved layers'\n# label = \"by design\"\n# note = \"The lambda does not find the script's global hub layer (see the same case with .keras), so the model cannot be built before its weights are read.\"\n# link = \"https://github.com/keras-team/keras/issues/9431\"\n#\n# [[tool.harness.label]]\n# stage = \"load\"\n# error = \"ValueError: Unknown layer: '?KerasLayer'?\"\n# label = \"by design\"\n# note = \"A class that is neither registered nor passed cannot be found; load_model says which. Pass custom_objects or register the class.\"\n# link = \"https://www.tensorflow.org/guide/keras/save_and_serialize\"\n#\n# [[tool.harness.label]]\n# stage = \"load\"\n# error = '''TypeError: (The added layer must be an instance of class Layer\\. Received: layer=KerasLayer of type <class 'str'>|'str' object is not callable)'''\n# label = \"by design\"\n# note = \"A class that is neither registered nor passed cannot be found; 2.13 to 2.15 go on with its name in place of the class, hence the odd message. Pass custom_objects.\"\n# link = \"https://github.com/tensorflow/tensorflow/issues/26835\"\n# ///\n\"\"\"A saved model with a hub layer loads, whichever way load_model is told of the layer's class.\"\"\"\n\n# %% tags=[\"parameters\"]\nplacement = \"direct\"\nfound_by = \"custom_objects\"\nsave_format = \".keras\"\n\n# %% define\nimport inspect\nimport os\n\nimport numpy as np\nimport tensorflow as tf\nimport tensorflow_hub as hub\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nimages = np.random.RandomState(1).rand(2, 224, 224, 3).astype(\"float32\")\n\n\ndef make_module(folder):\n    \"\"\"Save a small reusable SavedModel, as they are published: images in, features out.\"\"\"\n    kernel = tf.Variable(np.random.RandomState(2).rand(3, 5).astype(\"float32\"))\n    module = tf.train.Checkpoint()\n    module.__call__ = tf.function(\n        lambda images: tf.matmul(tf.reduce_mean(images, axis=[1, 2]), kernel),\n        input_signature=[tf.TensorSpec((None, 224, 224, 3), tf.float32)],\n    )\n    module.variables = [kernel]\n    module.trainable_variables = [kernel]\n    module.regularization_losses = []\n    tf.saved_model.save(module, folder)\n    return folder\n\n\n# HUB_MODULE may name a real image feature vector: a handle or a folder\nhandle = os.environ.get(\"HUB_MODULE\") or make_module(\"hub_module\")\n\n\ndef make_model(layer):\n    if placement == \"functional\":\n        inputs = tf.keras.Input(shape=(224, 224, 3))\n        return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(layer(inputs)))\n    if placement == \"lambda\":\n        first = tf.keras.layers.Lambda(lambda t: hub_layer(t))\n    else:\n        first = layer\n    return tf.keras.Sequential([tf.keras.Input(shape=(224, 224, 3)), first, tf.keras.layers.Dense(1)])\n\n\nhub_layer = hub.KerasLayer(handle)\n\n# %% build\nmodel = make_model(hub_layer)\n\n# %% predict\nbefore = model.predict(images, verbose=0)\n\n# %% save\npath = \"model\" + save_format\nmodel.save(path)\n\n# %% load\nload_model = tf.keras.models.load_model\ntrust = {\"safe_mode\": False} if \"safe_mode\" in inspect.signature(load_model).parameters else {}\nclasses = {\"KerasLayer\": hub.KerasLayer}\nif found_by == \"custom_objects\":\n    loaded = load_model(path, custom_objects=classes, **trust)\nelif found_by == \"custom_object_scope\":\n    with tf.keras.utils.custom_object_scope(classes):\n        loaded = load_model(path, **trust)\nelse:\n    loaded = load_model(path, **trust)\n\n# %% predict\nafter = loaded.predict(images, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nfor saved, restored in zip(model.get_weights(), loaded.get_weights()):\n    np.testing.assert_allclose(restored, saved, err_msg=\"a weight was not restored\")\n"},
"writer_script":null,
"statements":[
{"family":"tf","held":null,"statements":["2.16.2 to 2.21.0: fails at build (ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at <address>> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)). Introduced after 2.15.1 and not later than 2.16.2. 2.21.0 is the last that was run."]}
],
"cells":[
{"cell":"hub_layer_loaded[placement=direct,found_by=custom_object_scope,save_format=.keras]@tf2.10.1","environment":"tf2.10.1","outcome":"not applicable","cause":0,"attempts":[0],"stdout":0},
{"cell":"hub_layer_loaded[placement=direct,found_by=custom_object_scope,save_format=.keras]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[1,2]},
{"cell":"hub_layer_loaded[placement=direct,found_by=custom_object_scope,save_format=.keras]@tf2.16.2","environment":"tf2.16.2","outcome":"failed","cause":1,"error":1,"ways_out":[0,1],"attempts":[3],"line":118,"traceback":2},
{"cell":"hub_layer_loaded[placement=direct,found_by=custom_object_scope,save_format=.keras]@tf2.21.0","environment":"tf2.21.0","outcome":"failed","cause":1,"error":3,"ways_out":[1],"attempts":[3],"line":118,"traceback":4},
{"cell":"hub_layer_loaded[placement=direct,found_by=custom_object_scope,save_format=.keras]@keras3.0.5","environment":"keras3.0.5","outcome":"failed","cause":1,"error":5,"attempts":[3],"line":118,"traceback":6},
{"cell":"hub_layer_loaded[placement=direct,found_by=custom_object_scope,save_format=.keras]@keras3.4.1","environment":"keras3.4.1","outcome":"failed","cause":1,"error":7,"attempts":[3],"line":118,"traceback":8},
{"cell":"hub_layer_loaded[placement=direct,found_by=custom_object_scope,save_format=.keras]@keras3.5.0","environment":"keras3.5.0","outcome":"failed","cause":1,"error":9,"attempts":[3],"line":118,"traceback":10},
{"cell":"hub_layer_loaded[placement=direct,found_by=custom_object_scope,save_format=.keras]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[1]},
{"cell":"hub_layer_loaded[placement=direct,found_by=custom_object_scope,save_format=.keras]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"not applicable","cause":2}
],
"causes":[
{"stage":"define","meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5","cause":null},
{"stage":"build","meaning":"cannot be built","error":"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at <address>> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)","signature":"0d587f9428","label":"dependency","note":"hub.KerasLayer is a Keras 2 layer, which Keras 3 does not accept. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works.","link":"https://github.com/tensorflow/tensorflow/issues/65419","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"needs tensorflow-hub, which this environment does not have","cause":null}
],
"ways_out":[
{"text":"set TF_USE_LEGACY_KERAS=1","cell":"hub_layer_loaded[placement=direct,found_by=custom_object_scope,save_format=.keras]@tf2.16.2-legacy"},
{"text":"use TensorFlow 2.15.1","cell":"hub_layer_loaded[placement=direct,found_by=custom_object_scope,save_format=.keras]@tf2.15.1"}
],
"attempts":[
{"started":"2026-11-29","outcome":"not applicable","stage":"define","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"passed","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"build","signature":"0d587f9428","isolation":"fork","sandbox":"namespaces"}
],
"texts":[
[0],
[1],
[2,3,4,5,6,7,8,9,10,11,12,1],
[13],
[2,3,4,5,6,7,8,14,10,15,12,13],
[16],
[2,3,4,5,6,7,8,17,10,18,12,16],
[19],
[2,3,4,5,6,7,8,9,10,11,12,19],
[20],
[2,3,4,5,6,7,8,21,10,22,12,20]
],
"lines":[
"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7f0249e720d0> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"Traceback (most recent call last):",
"  File \"hub_layer_loaded.py\", line 124, in <module>",
"    model = make_model(hub_layer)",
"            ^^^^^^^^^^^^^^^^^^^^^",
"  File \"hub_layer_loaded.py\", line 118, in make_model",
"    return tf.keras.Sequential([tf.keras.Input(shape=(224, 224, 3)), first, tf.keras.layers.Dense(1)])",
"           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
"  File \"<packages>/keras/src/models/sequential.py\", line 73, in __init__",
"    self.add(layer, rebuild=False)",
"  File \"<packages>/keras/src/models/sequential.py\", line 95, in add",
"    raise ValueError(",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7fa1988aab50> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"  File \"<packages>/keras/src/models/sequential.py\", line 75, in __init__",
"  File \"<packages>/keras/src/models/sequential.py\", line 97, in add",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7f0781d7b550> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"  File \"<packages>/keras/src/models/sequential.py\", line 70, in __init__",
"  File \"<packages>/keras/src/models/sequential.py\", line 92, in add",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7fc923ce0c90> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7f70e674a810> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"  File \"<packages>/keras/src/models/sequential.py\", line 74, in __init__",
"  File \"<packages>/keras/src/models/sequential.py\", line 96, in add"
]});
