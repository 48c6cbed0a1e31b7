"""Sanitize text that came from scripts before it is shown.

Output, errors and headers of scripts are untrusted: they must not move the cursor, reorder text or contain an unsafe
link. Each format does its own escaping in addition.
"""

from __future__ import annotations

import functools
import re

from harness.model import reduced

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
LONGEST_ERROR = 2000
# Ten thousand cells share a few hundred texts, so these functions are cached.


def plain(text: str) -> str:
    """Remove terminal sequences and control characters. Replace characters that reorder or hide text by `�`."""
    if text.isascii() and text.replace("\n", "").isprintable():
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
    """Return sanitized text on one line. Long text ends with an ellipsis."""
    line = " ".join(plain(text).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + _ELLIPSIS


@functools.lru_cache(maxsize=8192)
def stable_error(error: str) -> str:
    """Return an error, shortened and normalised: without paths, addresses and counters."""
    return one_line(reduced(error))


@functools.lru_cache(maxsize=8192)
def whole_error(error: str) -> str:
    """Return a normalised error in full, on one line."""
    return one_line(reduced(error, short=False), longest=LONGEST_ERROR)


@functools.lru_cache(maxsize=8192)
def first_lines(error: str) -> str:
    """Return the first two lines of an error as they were raised, on one line."""
    lines = [line for line in plain(error).split("\n") if line.strip()]
    return one_line(" ".join(lines[:2]), longest=240)


def web_address(link: str | None) -> str | None:
    """Return a link if it is a safe web address, else None."""
    return link if link is not None and _WEB_ADDRESS.fullmatch(link) else None
