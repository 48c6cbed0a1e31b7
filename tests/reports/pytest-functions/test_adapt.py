import numpy as np
import pytest

from shapes import column
from keras import layers


def test_once():
    layer = layers.Normalization()
    layer.adapt(column())


def test_twice():
    layer = layers.Normalization()
    layer.adapt(column())
    layer.adapt(2 * column())
    assert float(np.ravel(layer.mean)[0]) == pytest.approx(2.0)


def test_file(tmp_path):
    np.save(tmp_path / "x.npy", column())
