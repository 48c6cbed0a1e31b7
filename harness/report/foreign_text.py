"""Owns how text that came from scripts is made harmless before anyone is shown it.

Whatever a scenario printed, raised or wrote into its header is data: it moves no cursor, reorders no line and
names no address that a click would run. Escaping for one format is that format's own affair.
"""

from __future__ import annotations

import functools
import re

from harness.model import normalise

_CONTROL_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colours and cursor movements
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # window titles, links, the clipboard
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)?"  # device control strings
    r"|\x1b[ -/]*[0-~]?"
)
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&'*+,;=%-]+")
_UNSHOWABLE = "\N{REPLACEMENT CHARACTER}"
_ELLIPSIS = "…"
LONGEST = 400
# Ten thousand cells share a few hundred texts: both functions below remember what they gave.


def plain(text: str) -> str:
    """Remove terminal sequences and control characters; what reorders or hides text becomes a visible `�`."""
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_ENDS.sub("\n", _CONTROL_SEQUENCES.sub("", text))
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character.isprintable() or character == "\n":
        return character
    if character.isspace():
        return " "
    return "" if character <= "\x9f" else _UNSHOWABLE


@functools.lru_cache(maxsize=8192)
def one_line(text: str, *, longest: int = LONGEST) -> str:
    """Give harmless text on a single line, shortened visibly if it is long."""
    line = " ".join(plain(text).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + _ELLIPSIS


@functools.lru_cache(maxsize=8192)
def stable_error(error: str) -> str:
    """Give an error as it reads the same in every repeat: without paths, addresses and counters."""
    return one_line(normalise(error))


def web_address(link: str | None) -> str | None:
    """Give a link back if it is one that is safe to follow, else None."""
    return link if link is not None and _WEB_ADDRESS.fullmatch(link) else None
