"""Is called like the module that it imports."""

import keras

keras.Sequential([keras.layers.Dense(1)]).build((None, 3))
