"""Goes back to graphs and sessions."""

import tensorflow as tf

tf.compat.v1.disable_eager_execution()
x = tf.compat.v1.placeholder(tf.float32, (None, 2))
with tf.compat.v1.Session() as session:
    assert session.run(x * 2, {x: [[1.0, 2.0]]}).tolist() == [[2.0, 4.0]]
