"""Signatures: the same failure has the same signature in every version, another failure another one."""

from __future__ import annotations

import functools
import hashlib
import re

_HEAD_LINES = 2
_SHORT = 240
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|$)")
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![\w./])(?:[A-Za-z]:)?(?:[\\/][\w.@+~-]+){2,}[\\/]?"), "<path>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<address>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\btmp[a-z0-9_]{6,10}\b"), "<temporary>"),
    (re.compile(r"(?<![\w.])\d{9,}(?!\w|\.\d)"), "<number>"),  # id() returns an address; random seeds are as long
    (re.compile(r"\b([A-Za-z]\w*?)_\d+\b"), r"\1"),
    (re.compile(r"(?<![\w.])[+-]?\d+(?:\.\d*(?:e[+-]?\d+)?|e[+-]?\d+)(?!\w|\.\d)", re.IGNORECASE), "<float>"),
    (re.compile(r"\s+"), " "),
)
_LEFT_OUT = re.compile(r"\[\.\.\. \d+ characters left out \.\.\.\]")
_LINE = re.compile(r"\bline \d+\b")
# In the lines after the head stand values and counts: of random numbers they differ in each repeat.
_NUMBER = re.compile(r"(?<![\w.<])[+-]?\d+(?![\w.]|\.\d)")
_VALUE = r"(?:<n>|<float>|nan|inf|\.\.\.)"
_VALUES = re.compile(rf"[\[( ]{{0,9}}{_VALUE}(?:[\s,\[\]()]{{1,20}}{_VALUE})+[\]) ]{{0,9}}")


def normalise(error: str) -> str:
    """Reduce `Type: message` to what identifies the failure: on one line, and nothing is cut.

    Replaced are paths, addresses, temporary names, the counters in names such as `sequential_6`, line numbers and
    floating-point values, which differ between repeats. After the first two lines with text (the exception's own, and
    the one that numpy or Keras explains it in) integers and lists of numbers are replaced, too.
    """
    lines = _lines(_LEFT_OUT.sub("[...]", error))
    head, rest = (" ".join(each) for each in (lines[:_HEAD_LINES], lines[_HEAD_LINES:]))
    head, rest = _LINE.sub("line <n>", _replaced(head)), _LINE.sub("line <n>", _replaced(rest))
    return f"{head} {_VALUES.sub(' <values> ', _NUMBER.sub('<n>', rest)).strip()}".strip()


def reduced(error: str, *, short: bool = True) -> str:
    """Return an error for people, on one line, without what differs between repeats. Line numbers stay.

    The short form is the first two lines with text, at most 240 characters.
    """
    lines = _lines(error)
    text = _replaced(" ".join(lines[:_HEAD_LINES] if short else lines)).strip()
    return text[:_SHORT] if short else text


def _lines(error: str) -> list[str]:
    return [stripped for line in _ESCAPES.sub("", error).splitlines() if (stripped := line.strip())]


def _replaced(text: str) -> str:
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


@functools.lru_cache(maxsize=4096)
def signature(*, stage: str | None, error: str) -> str:
    """Return a stable fingerprint of a failure, ten hex digits, from its stage and its `Type: message`."""
    return hashlib.sha256(f"{stage or ''}\n{normalise(error)}".encode("utf-8", "backslashreplace")).hexdigest()[:10]
