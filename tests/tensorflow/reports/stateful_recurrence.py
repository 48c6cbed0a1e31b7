"""Saves a recurrent model as a folder, and compares predictions."""

import numpy as np
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.LSTM(4, stateful=True, batch_input_shape=(2, 5, 3))])
model.save("model")
loaded = tf.keras.models.load_model("model")
np.testing.assert_allclose(model.predict(np.ones((2, 5, 3))), loaded.predict(np.ones((2, 5, 3))), rtol=1e-4)
