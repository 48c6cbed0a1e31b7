siteData.receive("cases/custom_layer-daf4462923", {"schema":1,
"case":"custom_layer[known_as=custom_objects,save_format=.h5]",
"scenario":"custom_layer",
"subject":"save formats",
"title":"A model with a layer class of one's own loads when the class is registered or passed to load_model.",
"issue":"https://github.com/keras-team/keras/issues/5916",
"parameters":{"known_as":"custom_objects","save_format":".h5"},
"script":{"name":"custom_layer.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/5916\"\n#\n# [tool.harness.parameters]\n# known_as = [\"registered\", \"custom_objects\"]\n# save_format = [\".keras\", \".h5\", \"tf\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n#\n# [[tool.harness.label]]\n# stage = \"load\"\n# error = \"ValueError: Unknown layer: 'Scale'\"\n# label = \"fixed in Keras 3.3.0\"\n# note = \"Keras 3.0 to 3.2 do not hand custom_objects on when they read an .h5 file. A registered class or a custom_object_scope works there.\"\n# link = \"https://github.com/keras-team/keras/pull/19438\"\n# ///\n\"\"\"A model with a layer class of one's own loads when the class is registered or passed to load_model.\"\"\"\n\n# %% tags=[\"parameters\"]\nknown_as = \"registered\"\nsave_format = \".keras\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nx = np.random.RandomState(1).rand(8, 4).astype(\"float32\")\npath = {\".keras\": \"model.keras\", \".h5\": \"model.h5\", \"tf\": \"saved_model\"}[save_format]\n\n\nclass Scale(tf.keras.layers.Layer):\n    def __init__(self, start=2.0, **kwargs):\n        super().__init__(**kwargs)\n        self.start = start\n\n    def build(self, input_shape):\n        self.factor = self.add_weight(\n            name=\"factor\", shape=(input_shape[-1],), initializer=tf.keras.initializers.Constant(self.start)\n        )\n        super().build(input_shape)\n\n    def call(self, inputs):\n        return inputs * self.factor\n\n    def get_config(self):\n        config = super().get_config()\n        config[\"start\"] = self.start\n        return config\n\n\nif known_as == \"registered\":\n    Scale = tf.keras.utils.register_keras_serializable(package=\"example\")(Scale)\n\nmodel = tf.keras.Sequential([\n    tf.keras.Input(shape=(4,)),\n    Scale(3.0),\n    tf.keras.layers.Dense(1),\n])\nmodel.layers[0].set_weights([np.array([1.0, 2.0, 3.0, 4.0], dtype=\"float32\")])\n\n# %% predict\nbefore = model.predict(x, verbose=0)\n\n# %% save\nmodel.save(path)\n\n# %% load\ncustom_objects = {\"Scale\": Scale} if known_as == \"custom_objects\" else None\nloaded = tf.keras.models.load_model(path, custom_objects=custom_objects)\n\n# %% predict\nafter = loaded.predict(x, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nnp.testing.assert_allclose(loaded.layers[0].get_weights()[0], [1, 2, 3, 4], err_msg=\"the layer's own weight was not restored\")\nassert loaded.layers[0].get_config()[\"start\"] == 3.0, \"the layer's own setting was not restored\"\n"},
"writer_script":null,
"statements":[
{"family":"keras","held":null,"statements":["3.0.5: fails at load (ValueError: Unknown layer: 'Scale'. Please ensure you are using a `keras.utils.custom_object_scope` and that this object is included in the scope. See https://www.tensorflow.org/guide/keras/save_and_serialize#registering_the_custom_object f). 3.0.5 is the first that was run. Fixed after 3.0.5 and not later than 3.4.1."]}
],
"cells":[
{"cell":"custom_layer[known_as=custom_objects,save_format=.h5]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"custom_layer[known_as=custom_objects,save_format=.h5]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0]},
{"cell":"custom_layer[known_as=custom_objects,save_format=.h5]@tf2.16.2","environment":"tf2.16.2","outcome":"passed","attempts":[0]},
{"cell":"custom_layer[known_as=custom_objects,save_format=.h5]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[0]},
{"cell":"custom_layer[known_as=custom_objects,save_format=.h5]@keras3.0.5","environment":"keras3.0.5","outcome":"failed","cause":0,"error":0,"ways_out":[0,1,2],"attempts":[1,2],"line":83,"traceback":1,"stderr":2},
{"cell":"custom_layer[known_as=custom_objects,save_format=.h5]@keras3.4.1","environment":"keras3.4.1","outcome":"passed","attempts":[0]},
{"cell":"custom_layer[known_as=custom_objects,save_format=.h5]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[0]},
{"cell":"custom_layer[known_as=custom_objects,save_format=.h5]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"custom_layer[known_as=custom_objects,save_format=.h5]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":1,"attempts":[3]}
],
"causes":[
{"stage":"load","meaning":"cannot be loaded","error":"ValueError: Unknown layer: 'Scale'. Please ensure you are using a `keras.utils.custom_object_scope` and that this object is included in the scope. See https://www.tensorflow.org/guide/keras/save_and_serialize#registering_the_custom_object for details.","signature":"8cc7d3dc06","label":"fixed in Keras 3.3.0","note":"Keras 3.0 to 3.2 do not hand custom_objects on when they read an .h5 file. A registered class or a custom_object_scope works there.","link":"https://github.com/keras-team/keras/pull/19438","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[
{"text":"use Keras 3.4.1 or newer","cell":"custom_layer[known_as=custom_objects,save_format=.h5]@keras3.4.1"},
{"text":"use known_as=registered","cell":"custom_layer[known_as=registered,save_format=.h5]@keras3.0.5"},
{"text":"use save_format=.keras","cell":"custom_layer[known_as=custom_objects,save_format=.keras]@keras3.0.5"}
],
"attempts":[
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"load","signature":"8cc7d3dc06","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-30","outcome":"failed","stage":"load","signature":"8cc7d3dc06","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"unavailable","isolation":"process","sandbox":"none"}
],
"texts":[
[0],
[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,10,11,12,13,19,20,21,22,23,0],
[24,25,26]
],
"lines":[
"ValueError: Unknown layer: 'Scale'. Please ensure you are using a `keras.utils.custom_object_scope` and that this object is included in the scope. See https://www.tensorflow.org/guide/keras/save_and_serialize#registering_the_custom_object for details.",
"Traceback (most recent call last):",
"  File \"custom_layer.py\", line 83, in <module>",
"    loaded = tf.keras.models.load_model(path, custom_objects=custom_objects)",
"             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 183, in load_model",
"    return legacy_h5_format.load_model_from_hdf5(filepath)",
"           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
"  File \"<packages>/keras/src/legacy/saving/legacy_h5_format.py\", line 133, in load_model_from_hdf5",
"    model = saving_utils.model_from_config(",
"            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
"  File \"<packages>/keras/src/legacy/saving/saving_utils.py\", line 85, in model_from_config",
"    return serialization.deserialize_keras_object(",
"           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
"  File \"<packages>/keras/src/legacy/saving/serialization.py\", line 495, in deserialize_keras_object",
"    deserialized_obj = cls.from_config(",
"                       ^^^^^^^^^^^^^^^^",
"  File \"<packages>/keras/src/models/sequential.py\", line 327, in from_config",
"    layer = saving_utils.model_from_config(",
"  File \"<packages>/keras/src/legacy/saving/serialization.py\", line 473, in deserialize_keras_object",
"    (cls, cls_config) = class_and_config_for_serialized_keras_object(",
"                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
"  File \"<packages>/keras/src/legacy/saving/serialization.py\", line 354, in class_and_config_for_serialized_keras_object",
"    raise ValueError(",
"2026-11-30 00:24:36.789626: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate compiler flags.",
"WARNING:absl:You are saving your model as an HDF5 file via `model.save()` or `keras.saving.save_model(model)`. This file format is considered legacy. We recommend using instead the native Keras format, e.g. `model.save('my_model.keras')` or `keras.saving.save_model(model, 'my_model.keras')`."
]});
