"""A fork server of overlaid attempts imports this first: then the module that a variable names cannot be imported.

It can still be found: TensorFlow records the folder of Keras while it is imported, and looks there for
`tensorflow.keras`. If all forks have their overlay at the same place, it is found there, as in an attempt of its own.
TensorFlow imports Keras at the end of its own import, and continues without it. The forks import it from the overlay.
Runs on Python 3.6 and up.
"""

import importlib.machinery
import os
import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

VARIABLE = "HARNESS_HOLDS_BACK"
PLACE_VARIABLE = "HARNESS_OVERLAY"


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
        """Return the spec with another loader; of a package, with the place of overlays if there is one."""
        if name != os.environ[VARIABLE]:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None:
            return None
        place = os.environ.get(PLACE_VARIABLE)
        if place is None or spec.origin is None or spec.submodule_search_locations is None:
            spec.loader = RefusingLoader()  # type: ignore[assignment]
            return spec
        folder = os.path.join(place, name)
        origin = os.path.join(folder, os.path.basename(spec.origin))
        moved: "Any" = importlib.machinery.ModuleSpec(name, RefusingLoader(), origin=origin, is_package=True)  # type: ignore[arg-type]
        moved.submodule_search_locations = [folder]
        return moved


def forget_overlays() -> None:
    """Remove the place of overlays from the caches of imports: no overlay is there yet."""
    place = os.environ.get(PLACE_VARIABLE)
    if place is not None:
        cached: "List[str]" = list(sys.path_importer_cache)
        for each in cached:
            if each == place or each.startswith(place + os.sep):
                sys.path_importer_cache.pop(each)


sys.meta_path.insert(0, HoldsBack)
