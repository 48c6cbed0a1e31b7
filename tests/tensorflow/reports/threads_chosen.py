"""Sets what can be set only before TensorFlow has done anything but import."""

import tensorflow as tf

tf.config.threading.set_inter_op_parallelism_threads(1)
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.set_soft_device_placement(False)
tf.config.run_functions_eagerly(True)
tf.linalg.matmul(tf.ones((2, 2)), tf.ones((2, 2)))
