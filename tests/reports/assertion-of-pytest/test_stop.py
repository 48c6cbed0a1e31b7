import keras
import numpy as np


def trained(stop):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    x = np.linspace(0, 1, 24, dtype="float32").reshape(8, 3)
    return len(model.fit(x, np.zeros((8, 1), "float32"), epochs=4, verbose=0, callbacks=[stop]).epoch)


def test_used_once():
    assert trained(keras.callbacks.EarlyStopping("loss", patience=1)) == 4


def test_used_twice():
    stop = keras.callbacks.EarlyStopping("loss", patience=1)
    assert trained(stop) == 4
    assert trained(stop) == 4
