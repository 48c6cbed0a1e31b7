siteData.receive("cases/custom_layer-852664c611", {"schema":1,
"case":"custom_layer[known_as=registered,save_format=.keras]",
"scenario":"custom_layer",
"subject":"save formats",
"title":"A model with a layer class of one's own loads when the class is registered or passed to load_model.",
"issue":"https://github.com/keras-team/keras/issues/5916",
"parameters":{"known_as":"registered","save_format":".keras"},
"script":{"name":"custom_layer.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/5916\"\n#\n# [tool.harness.parameters]\n# known_as = [\"registered\", \"custom_objects\"]\n# save_format = [\".keras\", \".h5\", \"tf\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n#\n# [[tool.harness.label]]\n# stage = \"load\"\n# error = \"ValueError: Unknown layer: 'Scale'\"\n# label = \"fixed in Keras 3.3.0\"\n# note = \"Keras 3.0 to 3.2 do not hand custom_objects on when they read an .h5 file. A registered class or a custom_object_scope works there.\"\n# link = \"https://github.com/keras-team/keras/pull/19438\"\n# ///\n\"\"\"A model with a layer class of one's own loads when the class is registered or passed to load_model.\"\"\"\n\n# %% tags=[\"parameters\"]\nknown_as = \"registered\"\nsave_format = \".keras\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nx = np.random.RandomState(1).rand(8, 4).astype(\"float32\")\npath = {\".keras\": \"model.keras\", \".h5\": \"model.h5\", \"tf\": \"saved_model\"}[save_format]\n\n\nclass Scale(tf.keras.layers.Layer):\n    def __init__(self, start=2.0, **kwargs):\n        super().__init__(**kwargs)\n        self.start = start\n\n    def build(self, input_shape):\n        self.factor = self.add_weight(\n            name=\"factor\", shape=(input_shape[-1],), initializer=tf.keras.initializers.Constant(self.start)\n        )\n        super().build(input_shape)\n\n    def call(self, inputs):\n        return inputs * self.factor\n\n    def get_config(self):\n        config = super().get_config()\n        config[\"start\"] = self.start\n        return config\n\n\nif known_as == \"registered\":\n    Scale = tf.keras.utils.register_keras_serializable(package=\"example\")(Scale)\n\nmodel = tf.keras.Sequential([\n    tf.keras.Input(shape=(4,)),\n    Scale(3.0),\n    tf.keras.layers.Dense(1),\n])\nmodel.layers[0].set_weights([np.array([1.0, 2.0, 3.0, 4.0], dtype=\"float32\")])\n\n# %% predict\nbefore = model.predict(x, verbose=0)\n\n# %% save\nmodel.save(path)\n\n# %% load\ncustom_objects = {\"Scale\": Scale} if known_as == \"custom_objects\" else None\nloaded = tf.keras.models.load_model(path, custom_objects=custom_objects)\n\n# %% predict\nafter = loaded.predict(x, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nnp.testing.assert_allclose(loaded.layers[0].get_weights()[0], [1, 2, 3, 4], err_msg=\"the layer's own weight was not restored\")\nassert loaded.layers[0].get_config()[\"start\"] == 3.0, \"the layer's own setting was not restored\"\n"},
"writer_script":null,
"statements":[],
"cells":[
{"cell":"custom_layer[known_as=registered,save_format=.keras]@tf2.10.1","environment":"tf2.10.1","outcome":"not applicable","cause":0,"attempts":[0],"stdout":0},
{"cell":"custom_layer[known_as=registered,save_format=.keras]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[1]},
{"cell":"custom_layer[known_as=registered,save_format=.keras]@tf2.16.2","environment":"tf2.16.2","outcome":"passed","attempts":[1]},
{"cell":"custom_layer[known_as=registered,save_format=.keras]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[1]},
{"cell":"custom_layer[known_as=registered,save_format=.keras]@keras3.0.5","environment":"keras3.0.5","outcome":"passed","attempts":[1]},
{"cell":"custom_layer[known_as=registered,save_format=.keras]@keras3.4.1","environment":"keras3.4.1","outcome":"passed","attempts":[1]},
{"cell":"custom_layer[known_as=registered,save_format=.keras]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[1]},
{"cell":"custom_layer[known_as=registered,save_format=.keras]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[1]},
{"cell":"custom_layer[known_as=registered,save_format=.keras]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":1,"attempts":[2]}
],
"causes":[
{"stage":"define","meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5","cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[],
"attempts":[
{"started":"2026-11-29","outcome":"not applicable","stage":"define","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"unavailable","isolation":"process","sandbox":"none"}
],
"texts":[
[0]
],
"lines":[
"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5"
]});
