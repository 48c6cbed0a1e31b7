"""Shorten what scripts printed for publication: no paths of this machine, no control characters, bounded length."""

from __future__ import annotations

import re

from harness.rendering.foreign_text import plain

LONGEST_TRACEBACK = 6000
LONGEST_OUTPUT = 1500
_PACKAGES = re.compile(r"(?:/[^\s\"'<>|:]*)?/(?:site|dist)-packages/")
_LIBRARY = re.compile(r"/[^\s\"'<>|:]*/lib/python3\.\d+/")
_HOME = re.compile(r"/(?:home|Users)/[^/\s\"']+/|/root/")


def published(text: str, *, longest: int) -> str:
    """Return the text as it is published. Of a long text, the last part is kept, which names the error."""
    text = plain(text).rstrip()
    text = _HOME.sub("~/", _LIBRARY.sub("<python>/", _PACKAGES.sub("<packages>/", text)))
    if len(text) <= longest:
        return text
    kept = text[-longest:]
    return f"[{len(text) - longest} characters left out]\n{kept.partition(chr(10))[2] or kept}"


def failing_line(traceback: str, file_name: str) -> int | None:
    """Return the line of the script in the last frame of a traceback that is in it."""
    lines = re.findall(rf'File "(?:[^"\n]*/)?{re.escape(file_name)}", line (\d+)', traceback)
    return int(lines[-1]) if lines else None
