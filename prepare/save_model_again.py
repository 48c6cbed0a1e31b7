"""Load a saved model and save it in another format: `harness readers FILE --try` runs this to find a way to a reader.

Arguments: the file, its new name, and the name of a module with the user's own classes, or nothing.
For TensorFlow 2.2 and later.
"""

# %% define
import inspect
import sys

import tensorflow as tf

PATH, NEW, OWN = [*sys.argv[1:], "", "", ""][:3]
if NEW.endswith(".keras") and tuple(map(int, tf.__version__.split(".")[:2])) < (2, 13):
    print("model.save writes the .keras format from TensorFlow 2.13 on; before, a file of that name is HDF5")
    raise SystemExit(125)
own = {}
if OWN:
    module = __import__(OWN)
    own = {name: each for name, each in vars(module).items() if inspect.isclass(each) or inspect.isfunction(each)}

# %% load
model = tf.keras.models.load_model(PATH, custom_objects=own)

# %% save
model.save(NEW)
