"""Functions of the C library that Python does not have, and writing to /proc.

Loaded by path: standard library only, Python 3.6 or newer.
"""

import ctypes
import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, Optional, Union

PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: "Union[int, str, bytes]") -> None:
    """Call a function of the C library. Raise OSError unless it returns 0."""
    if getattr(libc, name)(*arguments) != 0:
        fail(name, arguments[0] if isinstance(arguments[0], str) else None)


def fail(name: str, target: "Optional[str]") -> "NoReturn":
    """Raise OSError for errno."""
    number = ctypes.get_errno()
    raise OSError(number, "%s: %s" % (name, os.strerror(number)), target)


def die_with_parent() -> None:
    """Request that the kernel kills this process when its parent ends."""
    call("prctl", PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def write(path: str, text: str) -> None:
    """Write to a file of /proc."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
