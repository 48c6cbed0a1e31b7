"""Load guest files as the worker loads them: by path, with a function that loads the files beside them."""

import types

from harness.guest import GUEST


def load(name):
    """Return a new module of a guest file."""
    module = types.ModuleType(name)
    module.__dict__.update(__file__=str(GUEST / name), load=load)
    exec(compile((GUEST / name).read_bytes(), str(GUEST / name), "exec"), module.__dict__)
    return module
