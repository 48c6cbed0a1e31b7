"""The parents of a run and their roots: made when they are first needed or ahead of that, lent, and ended."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from harness.containment.sandbox import Sandbox
from harness.execute.conversation import ParentLost
from harness.execute.parent import Parent, ParentKind, Root, RootKind


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
        self._making: dict[ParentKind | RootKind, threading.Lock] = {}
        self._roots: dict[RootKind, Root] = {}
        self._parents: dict[ParentKind, Parent] = {}
        self._in_use: dict[ParentKind | RootKind, int] = {}
        self._refused: dict[ParentKind | RootKind, str] = {}

    @contextlib.contextmanager
    def lend(self, kind: ParentKind, *, thoroughly: bool = False) -> Iterator[Parent]:
        """Lend a parent of a kind, ready to fork. Raises ParentLost if there can be none."""
        try:
            with self._using(kind):
                parent = self._find_or_make(kind, thoroughly=thoroughly)
                try:
                    yield parent
                except ParentLost:
                    self._lose(parent)
                    raise
        finally:
            self._end_idle(self._limit)

    def prepare(self, kind: ParentKind, *, thoroughly: bool = False) -> str | None:
        """Have one of a kind ready. If there can be none, whoever asks for it will be told.

        One that is to serve many is prepared thoroughly, by the scripts that are there for it, too. If one of them
        fails, the parent goes without, and the reason is given.
        """
        failed = None
        if thoroughly and kind.root.scripts:
            try:
                with self.lend(kind, thoroughly=True):
                    return None
            except ParentLost as lost:
                failed = str(lost)
        with contextlib.suppress(ParentLost), self.lend(kind, thoroughly=thoroughly and not kind.root.scripts):
            return failed
        return None

    def release(self, kind: ParentKind) -> None:
        """End the one of a kind, if nobody uses it; its root stays, for others."""
        with self._guard:
            parent = None if self._in_use.get(kind) else self._parents.pop(kind, None)
        if parent is not None:
            parent.close()

    def release_root(self, kind: RootKind) -> None:
        """End a root, if it has no parents."""
        with self._guard:
            needed = self._in_use.get(kind) or any(each.root == kind for each in self._parents)
            root = None if needed else self._roots.pop(kind, None)
        if root is not None:
            root.close()

    @contextlib.contextmanager
    def _using(self, kind: ParentKind | RootKind) -> Iterator[None]:
        """Have one of a kind not be ended meanwhile."""
        with self._guard:
            self._in_use[kind] = self._in_use.get(kind, 0) + 1
        try:
            yield
        finally:
            with self._guard:
                self._in_use[kind] -= 1

    @contextlib.contextmanager
    def _making_alone(self, kind: ParentKind | RootKind) -> Iterator[None]:
        """Keep others from making one of a kind meanwhile. Raises ParentLost if there can be none."""
        with self._guard:
            making = self._making.setdefault(kind, threading.Lock())
        with making:
            if kind in self._refused:
                raise ParentLost(self._refused[kind])
            yield

    def _find_or_make(self, kind: ParentKind, *, thoroughly: bool) -> Parent:
        with self._making_alone(kind), self._using(kind.root):
            with self._guard:
                parent = self._parents.pop(kind, None)
                if parent is not None:
                    self._parents[kind] = parent  # the last is the most recently used
                    return parent
            root = self._find_or_make_root(kind.root, thoroughly=thoroughly)
            try:
                parent = root.fork_parent(kind, thoroughly=thoroughly)
            except ParentLost:
                self._lose_root(root)
                raise
            try:
                parent.wait_until_ready(self._stop)
            except ParentLost as lost:
                self._lose(parent)
                if not (self._stop.is_set() or root.lost or (thoroughly and kind.root.scripts)):
                    self._refused[kind] = str(lost)
                raise
            with self._guard:
                self._parents[kind] = parent
            return parent

    def _find_or_make_root(self, kind: RootKind, *, thoroughly: bool) -> Root:
        with self._making_alone(kind):
            with self._guard:
                known = self._roots.get(kind)
            if known is not None and not known.lost:
                return known
            if known is not None:
                self._lose_root(known)
            folder = self._folder / f"parent-{uuid.uuid4().hex[:8]}"
            make = partial(Root, kind, folder, self._sandbox, self._hidden, thoroughly=thoroughly)
            try:
                root = self._maker.submit(make).result()
            except (OSError, ValueError) as error:
                raise ParentLost(f"it could not be started: {error}") from error
            try:
                root.wait_until_ready(self._stop)
            except ParentLost as lost:
                root.close()
                if not (self._stop.is_set() or (thoroughly and kind.scripts)):
                    self._refused[kind] = str(lost)
                raise
            with self._guard:
                self._roots[kind] = root
            return root

    def _lose(self, parent: Parent) -> None:
        """End a parent that does not do its work, and its root if that is no more."""
        with self._guard:
            if self._parents.get(parent.kind) is parent:
                del self._parents[parent.kind]
        parent.close()
        if parent.root.lost:
            self._lose_root(parent.root)

    def _lose_root(self, root: Root) -> None:
        with self._guard:
            known = self._roots.get(root.kind) is root
            if known:
                del self._roots[root.kind]
        if known:  # and not ended by whoever lost another parent of it
            root.close()

    def _end_idle(self, limit: int) -> None:
        """End the parents that nobody uses, oldest first, until no more than the limit are left, and roots without any.

        A root that is without parents because it has been released of them, and not ended here, may have others yet.
        """
        ended: list[Parent] = []
        with self._guard:
            for kind in list(self._parents):
                if len(self._parents) <= limit:
                    break
                if not self._in_use.get(kind):
                    ended.append(self._parents.pop(kind))
        for parent in ended:
            parent.close()
            self.release_root(parent.root.kind)

    def close(self) -> None:
        """End all."""
        self._end_idle(0)
        for kind in list(self._roots):
            self.release_root(kind)
        self._maker.shutdown()
