"""Set up the worker's process: signal handlers, resource limits, end with the parent.

Loaded by path: standard library only, Python 3.6 or newer.
"""

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict

BROKEN_STATUS = 98
PR_SET_PDEATHSIG = 1
NOBODY = 0  # the parent of a process in a sandbox: the kernel ends all processes of a sandbox together


def reset_signal_handlers() -> None:
    """Reset ignored signals to their defaults: `nohup` and a shell's `&` start processes that ignore some.

    SIGPIPE and SIGXFSZ stay ignored: Python ignores them in every script.
    """
    for number in range(1, signal.NSIG):
        try:
            ignored = signal.getsignal(number) == signal.SIG_IGN
        except ValueError:
            continue  # a number that this system does not use
        if not ignored or number in (getattr(signal, "SIGPIPE", None), getattr(signal, "SIGXFSZ", None)):
            continue
        try:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        except (OSError, ValueError):
            pass  # reserved by the system


def die_with_parent(parent: int) -> None:
    """Request that Linux kills this process when its parent process ends."""
    if sys.platform != "linux" or parent == NOBODY:
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return  # an orphan runs to its end, which wastes time only
    if os.getppid() not in (parent, 0):
        os._exit(BROKEN_STATUS)  # the parent ended before the request


def set_limits(limits: "Dict[str, int]") -> None:
    """Set resource limits by name, such as RLIMIT_CORE, where the system has them. Raise none."""
    try:
        import resource
    except ImportError:
        return
    for name, value in limits.items():
        number = getattr(resource, name, None)
        if number is not None:
            hard = resource.getrlimit(number)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(number, (value, value))


def read_input_from(path: str) -> None:
    """Make a file the standard input of this process and of those that it starts. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.dup2(descriptor, 0)
    finally:
        os.close(descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)
