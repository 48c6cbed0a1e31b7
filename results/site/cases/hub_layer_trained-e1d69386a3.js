siteData.receive("cases/hub_layer_trained-e1d69386a3", {"schema":1,
"case":"hub_layer_trained[save_format=tf]",
"scenario":"hub_layer_trained",
"subject":"hub layer",
"title":"A trainable hub layer that was trained comes back from the file as trained, not as downloaded.",
"issue":"https://github.com/tensorflow/hub/issues/687",
"parameters":{"save_format":"tf"},
"script":{"name":"hub_layer_trained.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\", \"tensorflow-hub\"]\n#\n# [tool.uv]\n# # tensorflow-hub 0.16.1 imports pkg_resources, which new releases of setuptools do not have\n# constraint-dependencies = [\"setuptools<81\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/tensorflow/hub/issues/687\"\n# timeout = 300\n# variables = [\"HUB_MODULE\"]\n#\n# [tool.harness.parameters]\n# save_format = [\".keras\", \".h5\", \"tf\"]\n#\n# [[tool.harness.label]]\n# stage = \"build\"\n# error = 'ValueError: Only instances of `keras\\.Layer` can be added to a Sequential model\\. Received: <tensorflow_hub'\n# label = \"dependency\"\n# note = \"hub.KerasLayer is a Keras 2 layer, which Keras 3 does not accept. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works.\"\n# link = \"https://github.com/tensorflow/tensorflow/issues/65419\"\n# ///\n\"\"\"A trainable hub layer that was trained comes back from the file as trained, not as downloaded.\"\"\"\n\n# %% tags=[\"parameters\"]\nsave_format = \".keras\"\n\n# %% define\nimport os\n\nimport numpy as np\nimport tensorflow as tf\nimport tensorflow_hub as hub\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nimages = np.random.RandomState(1).rand(2, 224, 224, 3).astype(\"float32\")\nlabels = np.array([[0.0], [5.0]], dtype=\"float32\")\npath = {\".keras\": \"model.keras\", \".h5\": \"model.h5\", \"tf\": \"saved_model\"}[save_format]\n\n\ndef make_module(folder):\n    \"\"\"Save a small reusable SavedModel, as they are published: images in, features out.\"\"\"\n    kernel = tf.Variable(np.random.RandomState(2).rand(3, 5).astype(\"float32\"))\n    module = tf.train.Checkpoint()\n    module.__call__ = tf.function(\n        lambda images: tf.matmul(tf.reduce_mean(images, axis=[1, 2]), kernel),\n        input_signature=[tf.TensorSpec((None, 224, 224, 3), tf.float32)],\n    )\n    module.variables = [kernel]\n    module.trainable_variables = [kernel]\n    module.regularization_losses = []\n    tf.saved_model.save(module, folder)\n    return folder\n\n\n# HUB_MODULE may name a real image feature vector: a handle or a folder\nhandle = os.environ.get(\"HUB_MODULE\") or make_module(\"hub_module\")\n\n\nhub_layer = hub.KerasLayer(handle, trainable=True)\n\n# %% build\nmodel = tf.keras.Sequential([\n    tf.keras.Input(shape=(224, 224, 3)),\n    hub_layer,\n    tf.keras.layers.Dense(1),\n])\n\n# %% compile\nmodel.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss=\"mse\")\n\n# %% train\nmodel.fit(images, labels, epochs=2, verbose=0)\nbefore = model.predict(images, verbose=0)\n\n# %% save\nmodel.save(path)\n\n# %% load\nloaded = tf.keras.models.load_model(path, custom_objects={\"KerasLayer\": hub.KerasLayer})\n\n# %% predict\nafter = loaded.predict(images, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nassert len(loaded.trainable_weights) == len(model.trainable_weights), \"%d weights were trainable, %d are\" % (\n    len(model.trainable_weights), len(loaded.trainable_weights))\n"},
"writer_script":null,
"statements":[
{"family":"tf","held":null,"statements":["2.16.2 to 2.21.0: fails at build (ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at <address>> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)). Introduced after 2.15.1 and not later than 2.16.2. 2.21.0 is the last that was run."]}
],
"cells":[
{"cell":"hub_layer_trained[save_format=tf]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"hub_layer_trained[save_format=tf]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0]},
{"cell":"hub_layer_trained[save_format=tf]@tf2.16.2","environment":"tf2.16.2","outcome":"failed","cause":0,"error":0,"ways_out":[0,1],"attempts":[1],"line":68,"traceback":1},
{"cell":"hub_layer_trained[save_format=tf]@tf2.21.0","environment":"tf2.21.0","outcome":"failed","cause":0,"error":2,"ways_out":[1],"attempts":[1],"line":68,"traceback":3},
{"cell":"hub_layer_trained[save_format=tf]@keras3.0.5","environment":"keras3.0.5","outcome":"failed","cause":0,"error":4,"attempts":[1],"line":68,"traceback":5},
{"cell":"hub_layer_trained[save_format=tf]@keras3.4.1","environment":"keras3.4.1","outcome":"failed","cause":0,"error":6,"attempts":[1],"line":68,"traceback":7},
{"cell":"hub_layer_trained[save_format=tf]@keras3.5.0","environment":"keras3.5.0","outcome":"failed","cause":0,"error":8,"attempts":[1],"line":68,"traceback":9},
{"cell":"hub_layer_trained[save_format=tf]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"hub_layer_trained[save_format=tf]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"not applicable","cause":1}
],
"causes":[
{"stage":"build","meaning":"cannot be built","error":"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at <address>> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)","signature":"0d587f9428","label":"dependency","note":"hub.KerasLayer is a Keras 2 layer, which Keras 3 does not accept. TF_USE_LEGACY_KERAS=1 with tf-keras is the way that works.","link":"https://github.com/tensorflow/tensorflow/issues/65419","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"needs tensorflow-hub, which this environment does not have","cause":null}
],
"ways_out":[
{"text":"set TF_USE_LEGACY_KERAS=1","cell":"hub_layer_trained[save_format=tf]@tf2.16.2-legacy"},
{"text":"use TensorFlow 2.15.1","cell":"hub_layer_trained[save_format=tf]@tf2.15.1"}
],
"attempts":[
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"build","signature":"0d587f9428","isolation":"fork","sandbox":"namespaces"}
],
"texts":[
[0],
[1,2,3,4,5,6,7,8,0],
[9],
[1,2,3,4,10,6,11,8,9],
[12],
[1,2,3,4,13,6,14,8,12],
[15],
[1,2,3,4,5,6,7,8,15],
[16],
[1,2,3,4,17,6,18,8,16]
],
"lines":[
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7f02262dfcd0> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"Traceback (most recent call last):",
"  File \"hub_layer_trained.py\", line 68, in <module>",
"    model = tf.keras.Sequential([",
"            ^^^^^^^^^^^^^^^^^^^^^",
"  File \"<packages>/keras/src/models/sequential.py\", line 73, in __init__",
"    self.add(layer, rebuild=False)",
"  File \"<packages>/keras/src/models/sequential.py\", line 95, in add",
"    raise ValueError(",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7fa19b40ba90> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"  File \"<packages>/keras/src/models/sequential.py\", line 75, in __init__",
"  File \"<packages>/keras/src/models/sequential.py\", line 97, in add",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7f0757b00890> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"  File \"<packages>/keras/src/models/sequential.py\", line 70, in __init__",
"  File \"<packages>/keras/src/models/sequential.py\", line 92, in add",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7fc9260a09d0> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"ValueError: Only instances of `keras.Layer` can be added to a Sequential model. Received: <tensorflow_hub.keras_layer.KerasLayer object at 0x7f70e92f52d0> (of type <class 'tensorflow_hub.keras_layer.KerasLayer'>)",
"  File \"<packages>/keras/src/models/sequential.py\", line 74, in __init__",
"  File \"<packages>/keras/src/models/sequential.py\", line 96, in add"
]});
