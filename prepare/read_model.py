"""Load a saved model and print what came of it: `harness readers FILE --try` runs this next to the file.

Arguments: the file, its format, and the name of a module with the user's own classes, or nothing.
For TensorFlow 2.2 and later.
"""

# %% define
import base64
import hashlib
import inspect
import json
import sys

import numpy as np
import tensorflow as tf

MOST_VALUES = 2000
BATCH, LENGTH, SIDE = 3, 8, 32
WORDS = ["a", "b c", "d e f"]
PATH, FORMAT, OWN = [*sys.argv[1:], "", "", ""][:3]
keras = tf.keras


def report(**values):
    """Print what is known now: lines that come later add to it."""
    print("tried: " + json.dumps(values))
    sys.stdout.flush()


def short(error):
    """Return an error in one text."""
    return f"{type(error).__name__}: {error}"[:1000]


def own_classes():
    """Return the classes and functions of the user's module, by name."""
    if not OWN:
        return {}
    module = __import__(OWN)
    return {name: each for name, each in vars(module).items() if inspect.isclass(each) or inspect.isfunction(each)}


def ways():
    """Yield the ways to open the file, the plain one first: a name, and a function."""
    own = own_classes()
    loader = keras.models.load_model
    if FORMAT == "export":
        yield "tf.saved_model.load", lambda: tf.saved_model.load(PATH)
    else:
        yield "plain", lambda: loader(PATH, custom_objects=own)
        yield "compile=False", lambda: loader(PATH, custom_objects=own, compile=False)
        if "safe_mode" in inspect.signature(loader).parameters:
            yield "safe_mode=False", lambda: loader(PATH, custom_objects=own, safe_mode=False)
            yield (
                "compile=False, safe_mode=False",
                lambda: loader(PATH, custom_objects=own, compile=False, safe_mode=False),
            )
    if FORMAT in ("SavedModel", "export") and hasattr(keras.layers, "TFSMLayer"):
        endpoint = "serve" if FORMAT == "export" else "serving_default"
        yield "TFSMLayer", lambda: keras.layers.TFSMLayer(PATH, call_endpoint=endpoint)


def specs_of(model):
    """Return the shapes and types of the inputs, as the model has them nested: a list, a dictionary, one."""
    for name in ("_saved_model_inputs_spec", "_inputs_struct", "inputs", "input"):
        try:
            found = getattr(model, name)
        except Exception:
            found = None
        if found is not None:
            return found[0] if isinstance(found, (list, tuple)) and len(found) == 1 else found
    reloaded = getattr(model, "_reloaded_obj", model)
    signatures = getattr(reloaded, "signatures", None)
    if signatures:
        return sorted(signatures.items())[0][1].structured_input_signature[1]
    raise ValueError("the inputs of the model are not known")


def made(spec):
    """Return an input of a shape and type, the same in every version."""
    shape = [BATCH, *list(spec.shape)[1:]]
    free = SIDE if len(shape) == 4 else LENGTH
    shape = [free if each is None else int(each) for each in shape]
    count = int(np.prod(shape))
    name = getattr(spec.dtype, "name", None) or str(spec.dtype)
    numbers = np.arange(count)
    if name == "string":
        return tf.constant(np.array([WORDS[each % 3] for each in numbers]).reshape(shape).tolist())
    if name == "bool":
        return tf.constant((numbers % 2 == 0).reshape(shape))
    if "int" in name:
        return tf.constant((numbers % 2).reshape(shape), dtype=name)
    return tf.constant((numbers * 7919 % 1000 / 1000.0 - 0.5).reshape(shape), dtype=name)


def predict(model):
    """Return the outputs for generated inputs."""
    inputs = tf.nest.map_structure(made, specs_of(model))
    if hasattr(model, "call_endpoint_fn"):
        return model.call_endpoint_fn(**inputs)
    if getattr(model, "signatures", None) and not callable(model):
        return sorted(model.signatures.items())[0][1](**inputs)
    try:
        return model(inputs, training=False)
    except TypeError:
        return model(inputs)


def digests(arrays):
    """Return the digests of arrays, in an order that does not depend on theirs."""
    return sorted(hashlib.sha256(np.ascontiguousarray(each).tobytes()).hexdigest() for each in arrays)


# %% open
model, first_error = None, None
for way, opened in ways():
    try:
        model = opened()
    except Exception as error:
        first_error = first_error or error
        if way == "plain":
            report(plain=short(error))
        continue
    report(way=way, kind=type(model).__name__)
    break
if model is None:
    raise first_error

# %% weights
variables = getattr(model, "weights", None)
if variables is None:
    variables = getattr(model, "variables", ())
arrays = [np.asarray(each) for each in variables]
numbers = [each for each in arrays if each.dtype.kind in "fiub"]
digest = hashlib.sha256("".join(digests(numbers)).encode()).hexdigest()
report(weights=digest, count=len(numbers), values=int(sum(each.size for each in numbers)))

# %% predict
try:
    outputs = [np.asarray(each, dtype="float64").ravel() for each in tf.nest.flatten(predict(model))]
    flat = np.concatenate(outputs) if outputs else np.zeros(0)
    report(
        outputs=[int(each.size) for each in outputs],
        predictions=base64.b64encode(flat[:MOST_VALUES].astype("<f8").tobytes()).decode(),
    )
except Exception as error:
    report(not_predicted=short(error))

# %% compilation
optimizer = getattr(model, "optimizer", None)
if optimizer is not None:
    iterations = getattr(optimizer, "iterations", None)
    report(optimizer=type(optimizer).__name__, iterations=None if iterations is None else int(np.asarray(iterations)))

# %% save
if way != "TFSMLayer" and hasattr(model, "save"):
    try:
        model.save("saved_again" + (FORMAT if FORMAT in (".keras", ".h5") else ""))
    except Exception as error:
        report(not_saved=short(error))
