"""Errors that a script prints and survives: it passes, and a reader should know. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.errors import counted
from harness.rendering.foreign_text import one_line

_TRACEBACK = re.compile(
    r"^Traceback \(most recent call last\):\n(?:[ \t].*\n|\n)*([A-Za-z_][\w.]*(?::.*)?)$", re.MULTILINE
)
_DOCTEST = re.compile(r"^\*\*\*Test Failed\*\*\* (\d+) failures?", re.MULTILINE)
_NOT_AWAITED = re.compile(r"RuntimeWarning: (coroutine '[^'\n]{1,200}' was never awaited)")
_LONGEST = 100
_LONGEST_PLACES = 60
_MEANING = (
    "A pass says only that the script ended with status 0. If this is the bug, let the script raise it instead of "
    "printing it"
)


def printed_error(stdout: str, stderr: str) -> str | None:
    """Return the last exception, the coroutine that nothing awaited, or the failed doctests that a script printed."""
    for text in (stderr, stdout):
        found = [each[1] for each in _TRACEBACK.finditer(text)]
        if found:
            return one_line(found[-1], longest=_LONGEST)
    lost = _NOT_AWAITED.search(stderr)
    if lost is not None:
        return lost[1]
    failed = _DOCTEST.search(stdout)
    return counted(int(failed[1][:9]), "failed doctest") if failed is not None else None


def note(case: str, printed: Iterable[tuple[str, str]]) -> str | None:
    """Return the note on a case, given the environments in which it passed with a printed error, and the errors."""
    printed = tuple(printed)
    if not printed:
        return None
    error = printed[0][1]
    more = "" if all(each == error for _, each in printed) else " and others"
    places = one_line(", ".join(place for place, _ in printed), longest=_LONGEST_PLACES)
    return f"{case} passes, but prints an error: {one_line(error, longest=_LONGEST)}{more} ({places}). {_MEANING}."
