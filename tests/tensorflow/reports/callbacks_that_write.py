"""Trains with callbacks that write, one of them from threads."""

import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
model.compile("adam", "mse", metrics=["mae"])
callbacks = [tf.keras.callbacks.TensorBoard("logs"), tf.keras.callbacks.ModelCheckpoint("model.h5")]
model.fit(tf.ones((8, 3)), tf.ones((8, 1)), verbose=2, callbacks=callbacks)
