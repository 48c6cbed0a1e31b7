"""Sets up logging beside that of the libraries."""

import logging
import sys

import tensorflow as tf

tf.get_logger().setLevel("ERROR")
logging.basicConfig(stream=sys.stdout, level=logging.INFO, force=True)
logging.info("told")
assert len(logging.getLogger().handlers) == 1
