"""The parents of a run: made when they are first needed or ahead of that, lent, and ended."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from harness.containment.sandbox import Sandbox
from harness.execute.parent import Parent, ParentKind, ParentLost


class Parents:
    """The parents of a run: made when first asked for, the least recently used ended when there are too many."""

    def __init__(
        self,
        folder: Path,
        *,
        limit: int,
        stop: threading.Event,
        sandbox: Sandbox,
        hidden: Sequence[Path] = (),
    ) -> None:
        self._folder = folder
        self._sandbox = sandbox
        self._hidden = hidden
        # To Linux, who dies with its parent dies with the thread that started it: one that lasts as long as we do.
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="parents")
        self._limit = limit
        self._stop = stop
        self._guard = threading.Lock()
        self._making: dict[ParentKind, threading.Lock] = {}
        self._parents: dict[ParentKind, Parent] = {}
        self._in_use: dict[ParentKind, int] = {}
        self._refused: dict[ParentKind, str] = {}

    @contextlib.contextmanager
    def lend(self, kind: ParentKind, *, thoroughly: bool = False) -> Iterator[Parent]:
        """Lend a parent of a kind, ready to fork. Raises ParentLost if there can be none."""
        with self._guard:
            making = self._making.setdefault(kind, threading.Lock())
            self._in_use[kind] = self._in_use.get(kind, 0) + 1
        try:
            with making:
                parent = self._find_or_make(kind, thoroughly=thoroughly)
            try:
                yield parent
            except ParentLost:
                with self._guard:
                    if self._parents.get(kind) is parent:
                        del self._parents[kind]
                parent.close()
                raise
        finally:
            with self._guard:
                self._in_use[kind] -= 1
            self._end_idle(self._limit)

    def prepare(self, kind: ParentKind, *, thoroughly: bool = False) -> str | None:
        """Have one of a kind ready. If there can be none, whoever asks for it will be told.

        One that is to serve many is prepared thoroughly, by the scripts that are there for it. If one of them fails,
        the parent goes without, and the reason is given.
        """
        failed = None
        if thoroughly and kind.scripts:
            try:
                with self.lend(kind, thoroughly=True):
                    return None
            except ParentLost as lost:
                failed = str(lost)
        with contextlib.suppress(ParentLost), self.lend(kind):
            return failed
        return None

    def release(self, kind: ParentKind) -> None:
        """End the one of a kind, if nobody uses it."""
        with self._guard:
            parent = None if self._in_use.get(kind) else self._parents.pop(kind, None)
        if parent is not None:
            parent.close()

    def _find_or_make(self, kind: ParentKind, *, thoroughly: bool) -> Parent:
        with self._guard:
            parent = self._parents.pop(kind, None)
            if parent is not None:
                self._parents[kind] = parent  # the last is the most recently used
                return parent
            if kind in self._refused:
                raise ParentLost(self._refused[kind])
        folder = self._folder / f"parent-{uuid.uuid4().hex[:8]}"
        make = partial(Parent, kind, folder, self._sandbox, self._hidden, thoroughly=thoroughly)
        try:
            parent = self._maker.submit(make).result()
        except (OSError, ValueError) as error:
            raise ParentLost(f"it could not be started: {error}") from error
        try:
            parent.wait_until_ready(self._stop)
        except ParentLost as lost:
            parent.close()
            if not self._stop.is_set() and not thoroughly:
                self._refused[kind] = str(lost)
            raise
        with self._guard:
            self._parents[kind] = parent
        return parent

    def _end_idle(self, limit: int) -> None:
        """End the parents that nobody uses, oldest first, until no more than the limit are left."""
        ended = []
        with self._guard:
            for kind in list(self._parents):
                if len(self._parents) <= limit:
                    break
                if not self._in_use.get(kind):
                    ended.append(self._parents.pop(kind))
        for parent in ended:
            parent.close()

    def close(self) -> None:
        """End all."""
        self._end_idle(0)
        self._maker.shutdown()
