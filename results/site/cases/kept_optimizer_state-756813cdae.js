siteData.receive("cases/kept_optimizer_state-756813cdae", {"schema":1,
"case":"kept_optimizer_state[save_format=.keras]",
"scenario":"kept_optimizer_state",
"subject":"save formats",
"title":"Training goes on after loading as if it had not been interrupted: the optimizer's state is kept.",
"issue":"https://github.com/keras-team/keras/issues/21676",
"parameters":{"save_format":".keras"},
"script":{"name":"kept_optimizer_state.py","text":"# /// script\n# requires-python = \">=3.8\"\n# dependencies = [\"tensorflow\"]\n#\n# [tool.harness]\n# issue = \"https://github.com/keras-team/keras/issues/21676\"\n#\n# [tool.harness.parameters]\n# save_format = [\".keras\", \".h5\", \"tf\"]\n#\n# [[tool.harness.label]]\n# stage = \"save\"\n# error = \"ValueError: (Invalid filepath extension for saving|The filename must end in|The filepath provided must end in)\"\n# label = \"removed\"\n# note = \"Keras 3 no longer writes a SavedModel folder with model.save(). Save to .keras, or use model.export() for serving.\"\n# link = \"https://github.com/keras-team/keras-core/pull/674\"\n#\n# [[tool.harness.label]]\n# stage = \"compare\"\n# error = 'AssertionError: steps counted by the optimizers before and after: \\[6, 1\\]'\n# label = \"bug\"\n# note = \"load_model of a SavedModel folder starts with a new optimizer: its step count and slots are not read. Use .h5 or .keras where training is to go on.\"\n# link = \"https://github.com/tensorflow/tensorflow/issues/44670\"\n#\n# [[tool.harness.label]]\n# stage = \"resume\"\n# error = 'ValueError: Unknown variable: <(Keras)?Variable|NotImplementedError: numpy\\(\\) is only available when eager execution is enabled'\n# label = \"bug\"\n# note = \"Reading an .h5 file, Keras 3 prepares the optimizer for none of the model's variables, so the first training step fails (in 3.12 even while it writes the message). Use .keras, or compile again after loading.\"\n# link = \"https://github.com/keras-team/keras/blob/v3.15.1/keras/src/legacy/saving/legacy_h5_format.py\"\n# ///\n\"\"\"Training goes on after loading as if it had not been interrupted: the optimizer's state is kept.\"\"\"\n\n# %% tags=[\"parameters\"]\nsave_format = \".keras\"\n\n# %% define\nimport numpy as np\nimport tensorflow as tf\n\nif save_format == \".keras\" and tuple(map(int, tf.__version__.split(\".\")[:2])) < (2, 13):\n    print(\"model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5\")\n    raise SystemExit(125)\n\ntf.random.set_seed(1)\nx = np.random.RandomState(1).rand(8, 4).astype(\"float32\")\ny = x.sum(axis=1, keepdims=True)\npath = {\".keras\": \"model.keras\", \".h5\": \"model.h5\", \"tf\": \"saved_model\"}[save_format]\n\nmodel = tf.keras.Sequential([\n    tf.keras.Input(shape=(4,)),\n    tf.keras.layers.Dense(3, activation=\"tanh\"),\n    tf.keras.layers.Dense(1),\n])\n\n# %% compile\nmodel.compile(optimizer=tf.keras.optimizers.Adam(0.01), loss=tf.keras.losses.MeanSquaredError())\n\n# %% train\nmodel.fit(x, y, epochs=5, verbose=0)\n\n# %% save\nmodel.save(path)\n\n# %% load\nloaded = tf.keras.models.load_model(path)\n\n# %% resume\nmodel.train_on_batch(x, -y)\nloaded.train_on_batch(x, -y)\n\n# %% compare\nsteps = [int(np.array(m.optimizer.iterations)) for m in (model, loaded)]\nassert steps == [6, 6], \"steps counted by the optimizers before and after: %s\" % steps\nfor saved, restored in zip(model.get_weights(), loaded.get_weights()):\n    np.testing.assert_allclose(\n        restored, saved, rtol=1e-5, atol=1e-6, err_msg=\"the next training step gave other weights\"\n    )\n"},
"writer_script":null,
"statements":[],
"cells":[
{"cell":"kept_optimizer_state[save_format=.keras]@tf2.10.1","environment":"tf2.10.1","outcome":"not applicable","cause":0,"attempts":[0],"stdout":0},
{"cell":"kept_optimizer_state[save_format=.keras]@tf2.15.1","environment":"tf2.15.1","outcome":"passed","attempts":[1]},
{"cell":"kept_optimizer_state[save_format=.keras]@tf2.16.2","environment":"tf2.16.2","outcome":"passed","attempts":[1]},
{"cell":"kept_optimizer_state[save_format=.keras]@tf2.21.0","environment":"tf2.21.0","outcome":"passed","attempts":[1]},
{"cell":"kept_optimizer_state[save_format=.keras]@keras3.0.5","environment":"keras3.0.5","outcome":"passed","attempts":[1]},
{"cell":"kept_optimizer_state[save_format=.keras]@keras3.4.1","environment":"keras3.4.1","outcome":"passed","attempts":[1]},
{"cell":"kept_optimizer_state[save_format=.keras]@keras3.5.0","environment":"keras3.5.0","outcome":"passed","attempts":[1]},
{"cell":"kept_optimizer_state[save_format=.keras]@tf2.16.2-legacy","environment":"tf2.16.2-legacy","outcome":"passed","attempts":[1]},
{"cell":"kept_optimizer_state[save_format=.keras]@today-tf2.10.1","environment":"today-tf2.10.1","outcome":"unavailable","cause":1,"attempts":[2]}
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
