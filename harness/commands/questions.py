"""Questions to the user of a terminal."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from typing import TypeVar

from harness.errors import UsageError

T = TypeVar("T")


def can_ask() -> bool:
    """Return True if there is a terminal to ask on."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, *, read: Callable[[str], T], default: str = "", shown: str = "") -> T:
    """Ask until `read` accepts the answer. An empty answer is the default, which is shown.

    `read` raises UsageError with what is wrong. Raises UsageError at the end of the input.
    """
    in_brackets = shown or default
    prompt = f"{question} [{in_brackets}]: " if in_brackets else f"{question}: "
    while True:
        try:
            with _stopped_at_once():
                answer = input(prompt).strip()
        except EOFError:
            raise UsageError("The input ended before all questions were answered") from None
        try:
            return read(answer or default)
        except UsageError as error:
            sys.stderr.write(f"{error}\n")


@contextlib.contextmanager
def _stopped_at_once() -> Iterator[None]:
    """Let the first Ctrl-C stop the command: nothing is running that could finish first."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
