"""Reads data with threads of TensorFlow's own, and from a generator."""

import numpy as np
import tensorflow as tf

parallel = (
    tf.data.Dataset.from_tensor_slices(np.arange(64.0))
    .map(lambda x: x * 2, num_parallel_calls=tf.data.AUTOTUNE)
    .interleave(tf.data.Dataset.from_tensors, cycle_length=4, num_parallel_calls=4)
    .batch(8)
    .prefetch(2)
)
assert sum(float(batch.numpy().sum()) for batch in parallel) == 4032
generated = tf.data.Dataset.from_generator(lambda: iter(range(10)), output_types=tf.int32)
assert list(generated.as_numpy_iterator()) == list(range(10))
