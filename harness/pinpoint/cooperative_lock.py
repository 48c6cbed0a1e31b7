"""A lock for searches in threads: one runs at a time, and others run while it waits. They need no other lock."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

_T = TypeVar("_T")


class CooperativeLock:
    """A lock that a thread holds while it runs and releases while it waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread = threading.local()

    def call(self, function: Callable[[], _T]) -> _T:
        """Call a function with the lock held. Return its result, or raise its exception."""
        with self._lock:
            self._thread.holds = True
            try:
                return function()
            finally:
                self._thread.holds = False

    @contextlib.contextmanager
    def released(self) -> Iterator[None]:
        """Release the lock in this context. Do nothing in a thread that does not hold it."""
        if not getattr(self._thread, "holds", False):
            yield
            return
        self._lock.release()
        try:
            yield
        finally:
            self._lock.acquire()
