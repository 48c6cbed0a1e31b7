"""A regular expression that a user wrote: the time of a search depends on the length of the text only."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import re2


@dataclass(frozen=True)
class Pattern:
    """An expression in RE2's syntax: Python's, without looking around and referring back; raises ValueError."""

    text: str

    def __post_init__(self) -> None:
        _searching(self.text)

    def found_in(self, text: str) -> bool:
        """Return True if the expression matches any part of the text."""
        return _searching(self.text)(_encoded(text)) is not None


@functools.lru_cache(maxsize=1024)
def _searching(text: str) -> Callable[[bytes], object]:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(_encoded(text), options).search
    except re2.error as error:
        raise ValueError(f"{_words(error)} (the syntax is RE2's: no lookaround, no backreferences)") from None


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")  # a script may leave halves of characters in its message


def _words(error: Exception) -> str:
    message = error.args[0]
    return message.decode("utf-8", "backslashreplace") if isinstance(message, bytes) else str(message)
