"""An operation refuses what it is given."""

import tensorflow as tf

tf.raw_ops.CheckNumerics(tensor=[float("nan")], message="not a number")
