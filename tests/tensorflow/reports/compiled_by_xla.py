"""Has a function compiled."""

import tensorflow as tf


@tf.function(jit_compile=True)
def squares(x):
    return tf.reduce_sum(x**2)


assert float(squares(tf.fill((4, 4), 2.0))) == 64
