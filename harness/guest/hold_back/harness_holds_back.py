"""Imported first by a parent of overlaid attempts: from here on, a module that the variable names cannot be imported.

It can still be found, as those who look for its folder must find it. TensorFlow imports its Keras at the end of its own
import, and goes on without: the forks then import it from where they should. Runs on Python 3.6 and up.
"""

import importlib.machinery
import os
import sys
from types import ModuleType
from typing import Any

VARIABLE = "HARNESS_HOLDS_BACK"


class Refuses:
    """Loads nothing."""

    def create_module(self, spec: Any) -> None:
        """Leave it to the default."""

    def exec_module(self, module: ModuleType) -> None:
        """Refuse."""
        raise ImportError("%s is held back" % module.__name__)


class HoldsBack:
    """Finds the module, with a loader that refuses."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        """Return the spec that would be found, with another loader."""
        if name != os.environ[VARIABLE]:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            spec.loader = Refuses()  # type: ignore[assignment]
        return spec


sys.meta_path.insert(0, HoldsBack)
