"""Signatures: the same failure reads the same in every version, and different failures do not."""

from __future__ import annotations

import functools
import hashlib
import re

_LONGEST = 240
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|$)")
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![\w./])(?:[A-Za-z]:)?(?:[\\/][\w.@+~-]+){2,}[\\/]?"), "<path>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<address>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\btmp[a-z0-9_]{6,10}\b"), "<temporary>"),
    (re.compile(r"\b([A-Za-z]\w*?)_\d+\b"), r"\1"),
    (re.compile(r"\bline \d+\b"), "line <n>"),
    (re.compile(r"(?<![\w.])[+-]?\d+(?:\.\d*(?:e[+-]?\d+)?|e[+-]?\d+)(?!\w|\.\d)", re.IGNORECASE), "<float>"),
    (re.compile(r"\s+"), " "),
)


def normalise(error: str) -> str:
    """Reduce `Type: message` to what identifies the failure.

    Kept are the first two lines with text (the exception's own, and the one that numpy or Keras explains it in).
    Replaced are paths, addresses, temporary names, the counters in names such as `sequential_6`, line numbers and
    floating-point values, which differ between repeats.
    """
    lines = [line.strip() for line in _ESCAPES.sub("", error).splitlines()]
    text = " ".join([line for line in lines if line][:2])
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text.strip()[:_LONGEST]


@functools.lru_cache(maxsize=4096)
def signature(*, stage: str | None, error: str) -> str:
    """Give a failure's stable fingerprint, ten hex digits, from its stage and its `Type: message`."""
    return hashlib.sha256(f"{stage or ''}\n{normalise(error)}".encode("utf-8", "backslashreplace")).hexdigest()[:10]
