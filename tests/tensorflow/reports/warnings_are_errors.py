"""Turns warnings into errors before it imports anything, and meets one."""

import warnings

warnings.filterwarnings("error")
import tensorflow as tf  # noqa: E402

tf.keras.Sequential([tf.keras.layers.Dense(2, input_shape=(3,))]).save("model.h5")
