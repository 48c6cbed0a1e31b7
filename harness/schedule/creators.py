"""Threads that prepare tasks: they create environments and lock files, the most urgent first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from harness.execute.executor import Interrupted
from harness.schedule.request import Claim, Priority

_POLL_S = 0.2
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Creation:
    claim: Claim
    run: Callable[[], None]
    drop: Callable[[], object]
    """Called instead, if the threads end first."""


class Creators:
    """`count` threads. They end when `stop` is set, or when they are closed.

    One of several threads is kept free for awaited work, and at most one creates what may never be used.
    """

    def __init__(self, count: int, stop: threading.Event) -> None:
        self._stop = stop
        self._closed = False
        self._changed = threading.Condition()
        self._waiting: list[_Creation] = []
        self._running: list[_Creation] = []
        self._most_ahead = max(1, count - 1)
        """How many threads may be busy with work that is not awaited."""
        self._threads = [
            threading.Thread(target=self._work, name=f"create-{number}", daemon=True) for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, claim: Claim, run: Callable[[], None], drop: Callable[[], object] = lambda: None) -> None:
        """Call `run`, which must not raise, in one of the threads; or `drop`, if they end first."""
        creation = _Creation(claim=claim, run=run, drop=drop)
        with self._changed:
            over = self._over
            if not over:
                self._waiting.append(creation)
                self._changed.notify()
        if over:
            drop()

    def call(self, claim: Claim, function: Callable[[], _T]) -> _T:
        """Call a function in one of the threads. Return its result, or raise its exception. Raises Interrupted."""
        future: Future[_T] = Future()
        self.add(claim, partial(_call_into, future, function), drop=future.cancel)
        try:
            return future.result()
        except CancelledError:
            raise Interrupted from None

    def close(self) -> None:
        """Drop what waits, and wait for what is running."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    @property
    def _over(self) -> bool:
        return self._closed or self._stop.is_set()

    def _work(self) -> None:
        while self._run_next():
            pass
        with self._changed:
            dropped, self._waiting = self._waiting, []
        for each in dropped:
            each.drop()

    def _run_next(self) -> bool:
        """Run the most urgent one. Return False at the end."""
        creation = self._take_next()
        if creation is None:
            return False
        creation.run()
        with self._changed:
            self._running.remove(creation)
            self._changed.notify_all()
        return True

    def _take_next(self) -> _Creation | None:
        with self._changed:
            while not self._over:
                allowed = (each for each in self._waiting if self._may_run(each.claim.priority))
                first = min(allowed, key=lambda each: each.claim.rank, default=None)
                if first is not None:
                    self._waiting.remove(first)
                    self._running.append(first)
                    return first
                self._changed.wait(_POLL_S)
        return None

    def _may_run(self, priority: Priority) -> bool:
        if priority is Priority.AWAITED:
            return True
        ahead = [each.claim.priority for each in self._running if each.claim.priority is not Priority.AWAITED]
        return len(ahead) < self._most_ahead and not (priority is Priority.POSSIBLE and Priority.POSSIBLE in ahead)


def _call_into(future: Future[_T], function: Callable[[], _T]) -> None:
    """Call a function, and set the result or the exception of a future."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function())
    except Exception as error:
        future.set_exception(error)
