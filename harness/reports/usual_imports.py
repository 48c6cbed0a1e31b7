"""The imports that people leave out, because everybody knows them."""

from __future__ import annotations

import re

_LINES = (
    "import tensorflow as tf", "import numpy as np", "import keras", "import pandas as pd",
    "import matplotlib.pyplot as plt",
    "import tensorflow_hub as hub", "from keras import layers", "from keras import ops", "import os", "import sys",
    "import tensorflow", "import numpy", "import json", "import time", "import math", "import random", "import torch",
    "import jax", "import tempfile", "import unittest", "import tensorflow_datasets as tfds", "import keras_hub",
    "import keras_nlp", "import keras_tuner", "import tensorflow_probability as tfp", "import tensorflow_addons as tfa",
)  # fmt: skip
_STANDARD = {line.split()[-1].rpartition(".")[2]: line for line in _LINES}
# Where classes and functions of Keras are in every version.
_OF_KERAS = {
    "layers": (
        "Activation Add Average AveragePooling1D AveragePooling2D BatchNormalization Bidirectional Concatenate Conv1D "
        "Conv2D Conv2DTranspose Conv3D Dense DepthwiseConv2D Dot Dropout Embedding Flatten GRU GRUCell "
        "GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D Input InputLayer LSTM "
        "LSTMCell Lambda Layer LayerNormalization LeakyReLU Masking MaxPooling1D MaxPooling2D MultiHeadAttention "
        "Multiply Normalization RNN RandomFlip RandomRotation ReLU RepeatVector Rescaling Reshape SeparableConv2D "
        "SimpleRNN StringLookup TextVectorization TimeDistributed UpSampling2D ZeroPadding2D"
    ),
    "models": "Model Sequential clone_model load_model model_from_json",
    "optimizers": "Adagrad Adam AdamW Nadam RMSprop SGD",
    "callbacks": "EarlyStopping LearningRateScheduler ModelCheckpoint ReduceLROnPlateau TensorBoard",
    "utils": "plot_model to_categorical",
}
_MODULE_OF = {name: module for module, names in _OF_KERAS.items() for name in names.split()}


def usual_import(name: str, code: str = "") -> str | None:
    """Return the usual import of a name, such as `np`. Of Keras, it is that of TensorFlow if `code` uses this."""
    keras = "tensorflow.keras" if "tf." in code or "tensorflow" in code else "keras"
    if name == "layers" and re.search(r"\b(?:tf|tensorflow)\.keras\b|from tensorflow import keras\b", code):
        return "from tensorflow.keras import layers"
    if name == "K":
        return f"from {keras} import backend as K"
    module = _MODULE_OF.get(name)
    return _STANDARD.get(name) if module is None else f"from {keras}.{module} import {name}"
