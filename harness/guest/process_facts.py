"""Facts about the worker's process for its report: Python, versions, memory, settings in force.

Loaded by path: standard library only, Python 3.6 or newer.
"""

import os
import platform
import re
import sys

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Optional, Tuple

    from harness.guest import failures
    from harness.guest.worker import load

    Setting = Tuple[str, Dict[str, List[str]], List[str]]
else:
    failures = load("failures.py")


def python_facts() -> "Dict[str, str]":
    """Return the version, implementation and platform of this Python."""
    return {
        "version": platform.python_version(),
        "implementation": platform.python_implementation().lower(),
        "platform": platform.platform(),
        "machine": platform.machine(),
    }


def peak_mib() -> "Optional[int]":
    """Return the peak memory of this process in MiB; None if the system does not report it."""
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> (20 if sys.platform == "darwin" else 10)


def versions_on_path(folders: "Iterable[str]") -> "Dict[str, str]":
    """Return the version of every distribution on the path, from the names of the metadata folders."""
    versions: "Dict[str, str]" = {}
    for folder in folders:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            match = re.match(r"(.+?)-([^-]+)(?:-.*)?\.(?:dist|egg)-info$", name)
            if match:
                versions.setdefault(re.sub(r"[-_.]+", "-", match.group(1)).lower(), match.group(2))
    return versions


def settings_in_force(settings: "Iterable[Setting]") -> "List[Dict[str, Any]]":
    """Return, for each variable with a known value, the value, the missing modules, and the value in force.

    A setting is [variable, {value: modules}, ["module:function", ...]]. The first function that exists is called.
    """
    found = []
    for variable, needs, functions in settings:
        value = os.environ.get(variable)
        if value is not None and value in needs:
            lacking = [
                each for each in needs[value] if each not in sys.modules and failures.missing_part(each) is not None
            ]
            actual, said_by = first_answer(functions)
            found.append(
                {"variable": variable, "value": value, "lacking": lacking, "actual": actual, "said_by": said_by}
            )
    return found


def first_answer(functions: "Iterable[str]") -> "Tuple[Optional[str], Optional[str]]":
    """Call the first function that an imported module has. Return its text and its name, or (None, None)."""
    for function in functions:
        module, _, name = function.partition(":")
        try:
            return failures.shorten(str(getattr(sys.modules[module], name)()), 200), function
        except Exception:
            continue
    return None, None
