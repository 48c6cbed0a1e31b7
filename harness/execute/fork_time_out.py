"""Decide whether the time-out of a fork is conclusive, or may come from the state of the fork server."""

from __future__ import annotations

import re

_THREAD = re.compile(r"^(?:Current thread|Thread) 0x", re.MULTILINE)
_FRAME = re.compile(r'^ +File "(?P<file>[^"]*)", line \d+', re.MULTILINE)
_PACKAGES = ("/site-packages/", "/dist-packages/", "\\site-packages\\")


def is_conclusive(dump: str, *, script: str, busy: bool) -> bool:
    """Return True if a fresh process would not finish either.

    A lock or a thread of the fork server that a package waits for lets a fork hang: then the fork is idle, and code of
    a package is at the top of the stack. A fork that uses the processor, or waits in the script or in the standard
    library, does what the script says. `dump` is faulthandler's: the stack of each thread, innermost frame first.
    """
    if busy:
        return True
    stacks = [[each["file"] for each in _FRAME.finditer(part)] for part in _THREAD.split(dump)[1:]]
    return any(stacks) and not any(_waits_in_package(stack, script) for stack in stacks)


def _waits_in_package(stack: list[str], script: str) -> bool:
    for file in stack:
        if file == script:
            return False
        if any(folder in file for folder in _PACKAGES):
            return True
    return False
