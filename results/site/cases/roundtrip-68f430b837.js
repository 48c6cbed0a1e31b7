siteData.receive("cases/roundtrip-68f430b837", {"schema":1,
"case":"roundtrip[model_kind=subclassed,save_format=tf]",
"scenario":"roundtrip",
"subject":"save formats",
"title":"A model of each kind saves and loads in each format, with its weights and predictions.",
"issue":"https://github.com/keras-team/keras/issues/20081",
"parameters":{"model_kind":"subclassed","save_format":"tf"},
"script":{"name":"roundtrip.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/20081\"\n#\n# [tool.harness.parameters]\n# model_kind = [\"sequential\", \"functional\", \"subclassed\"]\n# save_format = [\".keras\", \".h5\", \"tf\", \"weights\", \"export\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"NotImplementedError: Saving the model to HDF5 format requires the model to be a Functional model or a Sequential model\"\n# label = \"by design\"\n# note = \"HDF5 holds layers and their settings, not the Python body of a subclassed model. Use .keras, a SavedModel folder or weights only.\"\n# link = \"https://www.tensorflow.org/guide/keras/save_and_serialize\"\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"(?s)KeyError: .*Failed to add concrete function .*__inference_predict_function|ValueError: Error when tracing gradients for SavedModel\"\n# label = \"fixed in TensorFlow 2.13\"\n# note = \"In TensorFlow 2.12, the first with Model.export, a model that has trained or predicted cannot be exported; exporting before predicting works.\"\n# link = \"https://github.com/keras-team/keras/commit/9de24b0beac97d1ef8c34e427beb895ef791d254\"\n#\n# [[tool.harness.label]]\n# stage = \"load\"\n# error = \"ValueError: Unknown layer: 'TwoBranches'\"\n# label = \"fixed in Keras 3.3.0\"\n# note = \"Keras 3.0 to 3.2 do not hand custom_objects on when they read an .h5 file. A registered class or a custom_object_scope works there.\"\n# link = \"https://github.com/keras-team/keras/pull/19438\"\n#\n# [[tool.harness.label]]\n# stage = \"load\"\n# error = 'ValueError: Layer count mismatch when loading weights from file\\. Model expected 0 layers, found 2 saved layers'\n# label = \"bug\"\n# note = \"Keras 3 writes a subclassed model to .h5 without a word, and cannot read it back: the model has no layers yet when its weights come. Use .keras or weights only.\"\n# link = \"https://github.com/keras-team/keras/blob/v3.15.1/keras/src/legacy/saving/legacy_h5_format.py\"\n# ///\n\"\"\"A model of each kind saves and loads in each format, with its weights and predictions.\"\"\"\n\n# %% tags=[\"parameters\"]\nmodel_kind = \"functional\"\nsave_format = \".keras\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nx = np.random.RandomState(1).rand(8, 4).astype(\"float32\")\n\n\nclass TwoBranches(tf.keras.Model):\n    def __init__(self, units=3, **kwargs):\n        super().__init__(**kwargs)\n        self.units = units\n        self.left = tf.keras.layers.Dense(units, activation=\"relu\")\n        self.right = tf.keras.layers.Dense(units)\n\n    def call(self, inputs):\n        return self.left(inputs) + self.right(inputs)\n\n    def get_config(self):\n        return {\"units\": self.units}\n\n    @classmethod\n    def from_config(cls, config):\n        return cls(units=config[\"units\"])\n\n\ndef make_model():\n    if model_kind == \"sequential\":\n        return tf.keras.Sequential([\n            tf.keras.Input(shape=(4,)),\n            tf.keras.layers.Dense(3, activation=\"relu\"),\n            tf.keras.layers.Dense(3),\n        ])\n    if model_kind == \"functional\":\n        inputs = tf.keras.Input(shape=(4,))\n        left = tf.keras.layers.Dense(3, activation=\"relu\")(inputs)\n        right = tf.keras.layers.Dense(3)(inputs)\n        return tf.keras.Model(inputs, tf.keras.layers.Add()([left, right]))\n    return TwoBranches()\n\n\nmodel = make_model()\nif save_format == \"export\" and not hasattr(model, \"export\"):\n    print(\"there is no Model.export in this version\")\n    raise SystemExit(125)\n\n# %% predict\nbefore = model.predict(x, verbose=0)\n\n# %% save\nif save_format == \"weights\":\n    model.save_weights(\"model.weights.h5\")\nelif save_format == \"export\":\n    model.export(\"exported\")\nelse:\n    path = {\".keras\": \"model.keras\", \".h5\": \"model.h5\", \"tf\": \"saved_model\"}[save_format]\n    model.save(path)\n\n# %% load\nif save_format == \"weights\":\n    loaded = make_model()\n    loaded(x)\n    loaded.load_weights(\"model.weights.h5\")\nelif save_format == \"export\":\n    loaded = tf.saved_model.load(\"exported\")\nelse:\n    loaded = tf.keras.models.load_model(path, custom_objects={\"TwoBranches\": TwoBranches})\n\n# %% predict\nafter = np.array(loaded.serve(x)) if save_format == \"export\" else loaded.predict(x, verbose=0)\n\n# %% compare\nnp.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=\"the loaded model predicts something else\")\nif save_format != \"export\":\n    assert len(model.get_weights()) == len(loaded.get_weights()) == 4, \"the number of weights changed\"\n    for saved, restored in zip(model.get_weights(), loaded.get_weights()):\n        np.testing.assert_allclose(restored, saved, err_msg=\"a weight was not restored\")\n"},
"writer_script":null,
"statements":[
{"family":"tf","held":null,"statements":["2.16.2 to 2.21.0: fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TF). Introduced after 2.15.1 and not later than 2.16.2. 2.21.0 is the last that was run."]},
{"family":"keras","held":null,"statements":["3.0.5: fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFS). 3.0.5 is the first that was run. The neighbour that was run differs: 3.4.1 fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TF).","3.4.1 to 3.5.0: fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TF). The neighbour that was run differs: 3.0.5 fails at save (ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFS). 3.5.0 is the last that was run."]}
],
"cells":[
{"cell":"roundtrip[model_kind=subclassed,save_format=tf]@tf2.10.1","environment":"tf2.10.1","outcome":"passed","attempts":[0]},
{"cell":"roundtrip[model_kind=subclassed,save_format=tf]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[0]},
{"cell":"roundtrip[model_kind=subclassed,save_format=tf]@tf2.16.2","environment":"tf2.16.2","outcome":"failed","cause":0,"error":0,"ways_out":[0,1,2,3,4],"attempts":[1],"line":113,"traceback":1},
{"cell":"roundtrip[model_kind=subclassed,save_format=tf]@tf2.21.0","environment":"tf2.21.0","outcome":"failed","cause":0,"error":0,"ways_out":[1,5,6,7],"attempts":[1],"line":113,"traceback":2},
{"cell":"roundtrip[model_kind=subclassed,save_format=tf]@keras3.0.5","environment":"keras3.0.5","outcome":"failed","cause":1,"error":3,"ways_out":[8,9,10],"attempts":[2,3],"line":113,"traceback":4,"stderr":5},
{"cell":"roundtrip[model_kind=subclassed,save_format=tf]@keras3.4.1","environment":"keras3.4.1","outcome":"failed","cause":0,"error":0,"ways_out":[11,12,13],"attempts":[1],"line":113,"traceback":1},
{"cell":"roundtrip[model_kind=subclassed,save_format=tf]@keras3.5.0","environment":"keras3.5.0","outcome":"failed","cause":0,"error":0,"ways_out":[14,15,16],"attempts":[1],"line":113,"traceback":2},
{"cell":"roundtrip[model_kind=subclassed,save_format=tf]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[0]},
{"cell":"roundtrip[model_kind=subclassed,save_format=tf]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":2,"attempts":[4]}
],
"causes":[
{"stage":"save","meaning":"cannot be saved","error":"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.","signature":"13e9975243","label":"removed","note":"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.","link":"https://github.com/keras-team/keras-core/pull/674","reason":null,"cause":null},
{"stage":"save","meaning":"cannot be saved","error":"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.","signature":"42dc7a21d0","label":"removed","note":"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.","link":"https://github.com/keras-team/keras-core/pull/674","reason":null,"cause":null},
{"stage":null,"meaning":null,"error":null,"signature":null,"label":null,"note":null,"link":null,"reason":"does not import: import tensorflow: TypeError: Unable to convert function return value to a Python type! The signature was","cause":null}
],
"ways_out":[
{"text":"set TF_USE_LEGACY_KERAS=1","cell":"roundtrip[model_kind=subclassed,save_format=tf]@tf2.16.2-legacy"},
{"text":"use TensorFlow 2.15.1","cell":"roundtrip[model_kind=subclassed,save_format=tf]@tf2.15.1"},
{"text":"use save_format=.keras","cell":"roundtrip[model_kind=subclassed,save_format=.keras]@tf2.16.2"},
{"text":"use save_format=weights","cell":"roundtrip[model_kind=subclassed,save_format=weights]@tf2.16.2"},
{"text":"use save_format=export","cell":"roundtrip[model_kind=subclassed,save_format=export]@tf2.16.2"},
{"text":"use save_format=.keras","cell":"roundtrip[model_kind=subclassed,save_format=.keras]@tf2.21.0"},
{"text":"use save_format=weights","cell":"roundtrip[model_kind=subclassed,save_format=weights]@tf2.21.0"},
{"text":"use save_format=export","cell":"roundtrip[model_kind=subclassed,save_format=export]@tf2.21.0"},
{"text":"use save_format=.keras","cell":"roundtrip[model_kind=subclassed,save_format=.keras]@keras3.0.5"},
{"text":"use save_format=weights","cell":"roundtrip[model_kind=subclassed,save_format=weights]@keras3.0.5"},
{"text":"use save_format=export","cell":"roundtrip[model_kind=subclassed,save_format=export]@keras3.0.5"},
{"text":"use save_format=.keras","cell":"roundtrip[model_kind=subclassed,save_format=.keras]@keras3.4.1"},
{"text":"use save_format=weights","cell":"roundtrip[model_kind=subclassed,save_format=weights]@keras3.4.1"},
{"text":"use save_format=export","cell":"roundtrip[model_kind=subclassed,save_format=export]@keras3.4.1"},
{"text":"use save_format=.keras","cell":"roundtrip[model_kind=subclassed,save_format=.keras]@keras3.5.0"},
{"text":"use save_format=weights","cell":"roundtrip[model_kind=subclassed,save_format=weights]@keras3.5.0"},
{"text":"use save_format=export","cell":"roundtrip[model_kind=subclassed,save_format=export]@keras3.5.0"}
],
"attempts":[
{"started":"2026-11-29","outcome":"passed","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"save","signature":"13e9975243","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"failed","stage":"save","signature":"42dc7a21d0","isolation":"fork","sandbox":"namespaces"},
{"started":"2026-11-30","outcome":"failed","stage":"save","signature":"42dc7a21d0","isolation":"process","sandbox":"namespaces"},
{"started":"2026-11-29","outcome":"unavailable","isolation":"process","sandbox":"none"}
],
"texts":[
[0],
[1,2,3,4,5,6,7,0],
[1,2,3,4,5,8,7,0],
[9],
[1,2,3,10,5,11,7,9],
[12,13]
],
"lines":[
"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `model.export(filepath)` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.",
"Traceback (most recent call last):",
"  File \"roundtrip.py\", line 113, in <module>",
"    model.save(path)",
"  File \"<packages>/keras/src/utils/traceback_utils.py\", line 122, in error_handler",
"    raise e.with_traceback(filtered_tb) from None",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 109, in save_model",
"    raise ValueError(",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 114, in save_model",
"ValueError: Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format (recommended) or a `.h5` extension. Use `tf.saved_model.save()` if you want to export a SavedModel for use with TFLite/TFServing/etc. Received: filepath=saved_model.",
"  File \"<packages>/keras/src/utils/traceback_utils.py\", line 123, in error_handler",
"  File \"<packages>/keras/src/saving/saving_api.py\", line 106, in save_model",
"2026-11-30 00:25:52.663957: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.",
"To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate compiler flags."
]});
