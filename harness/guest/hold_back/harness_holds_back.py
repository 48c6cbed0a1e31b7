"""A fork server of overlaid attempts imports this first: then the module that the variable names cannot be imported.

It can still be found, because TensorFlow looks for its folder. TensorFlow imports Keras at the end of its own import,
and continues without it. The forks import it from the overlay. Runs on Python 3.6 and up.
"""

import importlib.machinery
import os
import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VARIABLE = "HARNESS_HOLDS_BACK"


class RefusingLoader:
    """A loader that loads nothing."""

    def create_module(self, spec: "Any") -> None:
        """Return None: create a default module."""

    def exec_module(self, module: ModuleType) -> None:
        """Raise ImportError."""
        raise ImportError("%s is held back" % module.__name__)


class HoldsBack:
    """A finder that finds the module with a loader that refuses."""

    @staticmethod
    def find_spec(name: str, path: "Any" = None, target: "Any" = None) -> "Any":
        """Return the spec that would be found, with another loader."""
        if name != os.environ[VARIABLE]:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            spec.loader = RefusingLoader()  # type: ignore[assignment]
        return spec


sys.meta_path.insert(0, HoldsBack)
