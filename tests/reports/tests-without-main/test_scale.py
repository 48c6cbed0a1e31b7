import unittest

import tensorflow as tf


class ScaleTest(tf.test.TestCase):
    def test_scale(self):
        layer = tf.keras.layers.Rescaling(2.0)
        self.assertAllClose(layer([1.0]), [2.0])
