"""Searches in threads of which one runs at a time. They share state without further locks: they mostly wait."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

_T = TypeVar("_T")


class Turns:
    """One turn, which a thread has while it runs and gives away while it waits."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._mine = threading.local()

    def take(self, function: Callable[[], _T]) -> _T:
        """Call a function in a turn, and return its result."""
        with self._turn:
            self._mine.taken = True
            try:
                return function()
            finally:
                self._mine.taken = False

    @contextlib.contextmanager
    def pause(self) -> Iterator[None]:
        """Let others have a turn in this context. A thread that has no turn runs on."""
        if not getattr(self._mine, "taken", False):
            yield
            return
        self._turn.release()
        try:
            yield
        finally:
            self._turn.acquire()
