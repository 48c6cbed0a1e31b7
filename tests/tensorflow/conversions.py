"""Runs a script in an environment of TensorFlow, and prints as JSON what AutoGraph made of each function meanwhile."""

import json
import runpy
import sys
from pathlib import Path

from tensorflow.python.autograph.pyct import transpiler

made = {}
original = transpiler.PyToPy.transform_function


def noting(self, function, context):
    result = original(self, function, context)
    code = function.__code__
    made[f"{context.options.user_requested} {code.co_filename}:{code.co_qualname}"] = Path(
        result[1].__file__
    ).read_text()
    return result


transpiler.PyToPy.transform_function = noting
_, script, name = sys.argv
sys.path.pop(0)
runpy.run_path(script, run_name=name)
print(json.dumps(made))
