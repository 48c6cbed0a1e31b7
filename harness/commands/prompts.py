"""Questions to the user of a terminal."""

from __future__ import annotations

import contextlib
import os
import select
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
            answer = _typed_line(prompt).strip()
        except EOFError:
            raise UsageError("The input ended before all questions were answered") from None
        try:
            return read(answer or default)
        except UsageError as error:
            sys.stderr.write(f"{error}\n")


def _typed_line(prompt: str) -> str:
    """Show a prompt and return the next line of the terminal. Raises KeyboardInterrupt and EOFError.

    `input` misses a Ctrl-C that comes between its prompt and its read, and then waits for the next key.
    """
    with _stopped_at_once() as signalled:
        sys.stderr.write(prompt)
        sys.stderr.flush()
        select.select([sys.stdin, signalled], [], [])
        line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


@contextlib.contextmanager
def _stopped_at_once() -> Iterator[int]:
    """Let the first Ctrl-C stop the command, which runs nothing that could finish first.

    Yields a file descriptor that is readable once a signal has arrived.
    """
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    previous_wakeup = signal.set_wakeup_fd(writable)
    try:
        yield readable
    finally:
        signal.set_wakeup_fd(previous_wakeup)
        signal.signal(signal.SIGINT, previous)
        os.close(readable)
        os.close(writable)
