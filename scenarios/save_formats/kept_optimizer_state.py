# /// script
# requires-python = ">=3.8"
# dependencies = ["tensorflow"]
#
# [tool.harness]
# issue = "https://github.com/keras-team/keras/issues/21676"
#
# [tool.harness.parameters]
# save_format = [".keras", ".h5", "tf"]
# ///
"""Training goes on after loading as if it had not been interrupted: the optimizer's state is kept."""

# %% tags=["parameters"]
save_format = ".keras"

# %% define
import numpy as np
import tensorflow as tf

if save_format == ".keras" and tuple(map(int, tf.__version__.split(".")[:2])) < (2, 12):
    print("the .keras format came with TensorFlow 2.12; before, a file of that name is HDF5")
    raise SystemExit(125)

tf.random.set_seed(1)
x = np.random.RandomState(1).rand(8, 4).astype("float32")
y = x.sum(axis=1, keepdims=True)
path = {".keras": "model.keras", ".h5": "model.h5", "tf": "saved_model"}[save_format]

model = tf.keras.Sequential([
    tf.keras.Input(shape=(4,)),
    tf.keras.layers.Dense(3, activation="tanh"),
    tf.keras.layers.Dense(1),
])

# %% compile
model.compile(optimizer=tf.keras.optimizers.Adam(0.01), loss=tf.keras.losses.MeanSquaredError())

# %% train
model.fit(x, y, epochs=5, verbose=0)

# %% save
model.save(path)

# %% load
loaded = tf.keras.models.load_model(path)

# %% resume
model.train_on_batch(x, -y)
loaded.train_on_batch(x, -y)

# %% compare
steps = [int(np.array(m.optimizer.iterations)) for m in (model, loaded)]
assert steps == [6, 6], "steps counted by the optimizers before and after: %s" % steps
for saved, restored in zip(model.get_weights(), loaded.get_weights()):
    np.testing.assert_allclose(
        restored, saved, rtol=1e-5, atol=1e-6, err_msg="the next training step gave other weights"
    )
