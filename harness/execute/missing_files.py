"""The files that a failed script lacked: paths in its exceptions, and where they are. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from harness.execute.failure_facts import Failure, Places

_FILE_ERRORS = frozenset({"OSError", "ValueError", "NotFoundError"})
# Libraries that name a missing file in their own words.
_MISSING_FILE = tuple(
    re.compile(pattern)
    for pattern in (
        r"No such file or directory:? b?['\"]([^'\"\n]+)['\"]",
        r"([^\s:;'\"]+); No such file or directory",
        r"No file or directory found at (\S+)",
        r"File not found: filepath=(\S+?)\.?(?:\s|$)",
        r"unable to open file: name = '([^']+)', errno = 2\b",
        r"Could not find directory (\S+)",
        r"SavedModel file does not exist at: ([^{\s]+?)/?(?:[{\s]|$)",
    )
)
# The same, where only the type of the exception says that it is about a file.
_OF_AN_OS_ERROR = tuple(
    re.compile(pattern)
    for pattern in (
        r"^(?:\[Errno 2\] )?File b?['\"]?([^'\"\n]+?)['\"]? does not exist\b",
        r"^(\S+) not found\.?$",
    )
)


def missing_paths(failure: Failure) -> Iterator[str]:
    """Yield the paths that an exception reports as missing."""
    for raised in failure.chain:
        if raised.filename is not None and "FileNotFoundError" in raised.bases:
            yield raised.filename
        elif raised.filename is None and raised.bases & _FILE_ERRORS:
            more = _OF_AN_OS_ERROR if "OSError" in raised.bases else ()
            for pattern in (*_MISSING_FILE, *more):
                if found := pattern.search(raised.message):
                    yield found[1]
                    break


def relative_path(path: str, places: Places) -> str | None:
    """Return a path relative to the script, where the script names it so; None for all others."""
    if not path.startswith("/"):
        return posixpath.normpath(path)
    for folder in filter(None, (places.script, places.work)):
        if is_inside(path, folder):
            return posixpath.relpath(path, folder)
    return None


def is_elsewhere(path: str, failure: Failure) -> bool:
    """Return True if a path is neither in the attempt folder nor in the installation."""
    places = failure.context.places
    own = (places.script, places.work, places.home, places.temporary, *failure.prefixes, "/tmp", "/dev", "/proc")
    return path.startswith("/") and not any(is_inside(path, each) for each in own if each)


def is_inside(path: str, folder: str) -> bool:
    """Return True for a folder, and for what is in it."""
    return bool(folder) and (path == folder or path.startswith(folder.rstrip("/") + "/"))
