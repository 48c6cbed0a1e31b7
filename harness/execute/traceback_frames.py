"""The frames of a traceback, as text. Pure."""

from __future__ import annotations

import re

_FRAME = re.compile(r'^ +File "([^"\n]+)", line (\d{1,9})', re.MULTILINE)
_BEGINS = "Traceback (most recent call last):"
_QUITTER = "_sitebuiltins"  # the file of `exit()` and `quit()`


def frames_of(traceback: str) -> tuple[tuple[str, int], ...]:
    """Return file and line of the frames of the last exception, outermost first, without those of `exit()`."""
    last = traceback.rpartition(_BEGINS)[2]
    found = [(each[1], int(each[2])) for each in _FRAME.finditer(last)]
    while found and _QUITTER in found[-1][0]:
        found.pop()
    return tuple(found)
