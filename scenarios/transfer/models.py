"""The models that write.py saves and read.py reads: small, with fixed weights, in code for TensorFlow 2.2 and later.

Each function makes one model; its first line says what it is. `data` gives its inputs and its targets.
"""

import os

import numpy as np
import tensorflow as tf

keras = tf.keras
layers = keras.layers
register = keras.utils.register_keras_serializable(package="example")
TEXTS = ["a b c", "b c d", "c d e", "a e", "b b e", "d", "c a", "e d c"]


def layer_class(name):
    """Return a layer class that some versions have elsewhere, or not at all."""
    for place in (layers, getattr(getattr(layers, "experimental", None), "preprocessing", None)):
        if hasattr(place, name):
            return getattr(place, name)
    print("there is no %s layer in this version" % name)
    raise SystemExit(125)


class Scale(layers.Layer):
    """A layer class of the user's own, with a weight and a setting."""

    def __init__(self, start=2.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape):
        initial = keras.initializers.Constant(self.start)
        self.factor = self.add_weight(name="factor", shape=(input_shape[-1],), initializer=initial)
        super().build(input_shape)

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        config = super().get_config()
        config["start"] = self.start
        return config


@register
class RegisteredScale(Scale):
    """The same, registered: no reader has to be told of it."""


@register
class TwoBranches(keras.Model):
    """A subclassed model."""

    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.left = layers.Dense(units, activation="relu")
        self.right = layers.Dense(units)

    def call(self, inputs):
        return self.left(inputs) + self.right(inputs)

    def get_config(self):
        return {"units": self.units}

    @classmethod
    def from_config(cls, config):
        return cls(units=config["units"])


@register
def distance(wanted, found):
    """A loss of the user's own."""
    return tf.reduce_mean(tf.abs(wanted - found), axis=-1)


@register
def largest(wanted, found):
    """A metric of the user's own."""
    return tf.reduce_max(tf.abs(wanted - found), axis=-1)


@register
def soft(x):
    """An activation of the user's own."""
    return x / (1.0 + tf.abs(x))


def dense():
    """Sequential model of two Dense layers."""
    return keras.Sequential([keras.Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(2)])


def convolution():
    """Convolution with BatchNormalization and DepthwiseConv2D."""
    return keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            layers.Conv2D(4, 3, padding="same"),
            layers.BatchNormalization(),
            layers.DepthwiseConv2D(3),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )


def same_class():
    """Several layers of one class, with names of the user's own."""
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(4, name="first"),
            layers.LayerNormalization(name="norm_of_first"),
            layers.Dense(4, name="second"),
            layers.LayerNormalization(name="norm_of_second"),
            layers.Dense(2, name="last"),
        ]
    )


def functional():
    """Functional model with two inputs, branches and a shared layer."""
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    shared = layers.Dense(3, activation="tanh")
    both = [shared(left), shared(right)]
    joined = layers.Concatenate()([layers.Add()(both), layers.Multiply()(both)])
    return keras.Model([left, right], layers.Dense(2)(joined))


def rnn():
    """Bidirectional LSTM and GRU."""
    return keras.Sequential(
        [
            keras.Input((5, 3)),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
            layers.GRU(3),
            layers.Dense(2),
        ]
    )


def embedding():
    """Embedding with a mask, and pooling."""
    return keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            layers.Embedding(9, 4, mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2),
        ]
    )


def text():
    """TextVectorization with a vocabulary, and Embedding."""
    vectorize = layer_class("TextVectorization")(max_tokens=20, output_sequence_length=4)
    vectorize.adapt(np.array(TEXTS))
    inputs = keras.Input((1,), dtype="string")
    found = layers.Embedding(20, 3)(vectorize(inputs))
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling1D()(found)))


def lookup():
    """StringLookup with a vocabulary, and Embedding."""
    table = layer_class("StringLookup")(vocabulary=["a", "b", "c", "d"])
    inputs = keras.Input((1,), dtype="string")
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(layers.Embedding(8, 3)(table(inputs)))))


def normalization():
    """Normalization that was adapted to data."""
    normalize = layer_class("Normalization")()
    normalize.adapt(data("normalization")[0])
    inputs = keras.Input((4,))
    return keras.Model(inputs, layers.Dense(2)(normalize(inputs)))


def registered():
    """Registered custom layer."""
    return keras.Sequential([keras.Input((4,)), RegisteredScale(3.0), layers.Dense(2)])


def custom_objects():
    """Custom layer that is passed as custom_objects."""
    return keras.Sequential([keras.Input((4,)), Scale(3.0), layers.Dense(2)])


def registered_functions():
    """Registered custom loss, metric and activation; compiled and trained."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4, activation=soft), layers.Dense(2)])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=distance, metrics=[largest])
    return model


def hub_layer():
    """Layer of TensorFlow Hub, from a SavedModel in a folder."""
    import tensorflow_hub as hub

    if not os.path.exists("hub_module"):
        kernel = tf.Variable(np.full((4, 3), 0.5, "float32"))

        @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32)])
        def features(inputs):
            return tf.matmul(inputs, kernel)

        module = tf.train.Checkpoint()
        module.__call__ = features
        module.variables = module.trainable_variables = [kernel]
        module.regularization_losses = []
        tf.saved_model.save(module, "hub_module")
    return keras.Sequential([keras.Input((4,)), hub.KerasLayer("hub_module", trainable=True), layers.Dense(2)])


def lambda_layer():
    """Lambda layer."""
    return keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x * 2.0 + 1.0), layers.Dense(2)])


def subclassed():
    """Registered subclassed model."""
    return TwoBranches(2)


def nested():
    """Models inside a model, one of them with BatchNormalization."""
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.BatchNormalization()], name="inner")
    middle_inputs = keras.Input((4,))
    middle = keras.Model(middle_inputs, layers.Dense(3)(inner(middle_inputs)), name="middle")
    inputs = keras.Input((4,))
    return keras.Model(inputs, layers.Dense(2)(middle(inputs)))


def attention():
    """MultiHeadAttention and LayerNormalization."""
    inputs = keras.Input((5, 4))
    seen = layer_class("MultiHeadAttention")(num_heads=2, key_dim=3)(inputs, inputs)
    normal = layers.LayerNormalization()(layers.Add()([inputs, seen]))
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(normal)))


def mixed_precision():
    """Layers that compute with float16 and keep float32 weights."""
    policy = "mixed_float16"
    if not hasattr(keras.mixed_precision, "Policy"):
        policy = keras.mixed_precision.experimental.Policy(policy)
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(8, activation="relu", dtype=policy),
            layers.Dense(2, dtype="float32"),
        ]
    )


def compiled():
    """Compiled with Adam and metrics, and trained."""
    model = dense()
    metrics = ["mae", keras.metrics.RootMeanSquaredError(name="rmse")]
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", metrics=metrics)
    return model


def data(name):
    """Return the inputs of a model, and targets for training."""
    random = np.random.RandomState(1)
    y = random.rand(8, 2).astype("float32")
    if name in ("text", "lookup"):
        return tf.constant([[each if name == "text" else each[0]] for each in TEXTS]), y
    if name == "embedding":
        return random.randint(0, 9, (8, 5)).astype("int32"), y
    shape = {"convolution": (6, 6, 3), "rnn": (5, 3), "attention": (5, 4)}.get(name, (4,))
    x = random.rand(8, *shape).astype("float32")
    return ([x, x[::-1].copy()] if name == "functional" else x), y


def make(name):
    """Return a new model with weights that are the same in every version, and call it once."""
    model = globals()[name]()
    model(data(name)[0])
    random = np.random.RandomState(2)
    for each in own_weights(model):
        smallest = 0.4 if "moving_variance" in getattr(each, "name", "") else -0.6
        each.assign(random.uniform(smallest, 0.6, tuple(each.shape)))
    return model


def own_names(name, option):
    """Return the custom_objects that a reader passes."""
    if name == "custom_objects":
        return {"Scale": Scale}
    if name == "hub_layer":
        import tensorflow_hub as hub

        return {"KerasLayer": hub.KerasLayer}
    if option == "custom_objects":
        return {"distance": distance, "largest": largest, "soft": soft}
    return None


def own_weights(model):
    """Return the weights that training changes, the averages of BatchNormalization included."""
    return [
        *model.trainable_weights,
        *(each for each in model.non_trainable_weights if "moving_" in getattr(each, "name", "")),
    ]


def arrays(variables):
    """Return the values of variables; some versions list tables among them, which have none."""
    return [each.numpy() for each in variables if hasattr(each, "numpy")]


def predict(model, x):
    """Return the predictions of a model as an array."""
    return np.asarray(model(x), dtype="float64")


def train(model, x, y):
    """Train for one step; return the mean squared error afterwards."""
    model.run_eagerly = True
    model.train_on_batch(x, y)
    return float(np.mean((predict(model, x) - y) ** 2))


def evaluate(model, x, y):
    """Return the loss and the metrics, by name."""
    model.run_eagerly = True
    found = model.evaluate(x, y, batch_size=8, verbose=0, return_dict=True)
    return {str(key): float(value) for key, value in found.items()}


def steps_and_slots(model):
    """Return how many steps the optimizer has counted, and the sum of what it remembers of the gradients."""
    optimizer = model.optimizer
    found = optimizer.variables
    found = found() if callable(found) else found
    slots = sum(float(np.abs(each).sum()) for each in arrays(found) if each.ndim)
    return int(optimizer.iterations.numpy()), slots


def settings(model):
    """Return the class and the plain settings of each layer, those of inner models and wrapped layers included."""
    found = []
    for layer in model.layers:
        if layer.__class__.__name__ == "InputLayer":
            continue
        config = {} if getattr(layer, "layers", None) else layer.get_config()
        plain = {key: value for key, value in config.items() if isinstance(value, (int, float, str, bool))}
        # TensorFlow 2.2 calls a functional model a Model.
        name = layer.__class__.__name__
        found.append(["Functional" if name == "Model" else name, plain])
        found += settings(layer) if getattr(layer, "layers", None) else []
    return found
