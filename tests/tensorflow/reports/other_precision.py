"""Changes what all later layers compute with."""

from tensorflow import keras
from tensorflow.keras import layers, mixed_precision

mixed_precision.set_global_policy("mixed_float16")
inputs = keras.Input((4,))
model = keras.Model(inputs, layers.Dense(2)(inputs))
assert model.layers[1].compute_dtype == "float16"
keras.backend.clear_session()
keras.utils.set_random_seed(3)
