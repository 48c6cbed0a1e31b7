"""The pool of fork servers and zygotes of a run."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from harness.execute.forkserver.channel import ParentLost, ParentRefused
from harness.execute.forkserver.server import Parent, ParentKind, Root, RootKind
from harness.sandbox.backends import Sandbox


class Parents:
    """A pool of fork servers. It creates them on demand, and ends the least recently used above its limit."""

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
        # On Linux, PR_SET_PDEATHSIG refers to the starting thread: use a thread that lives as long as the pool.
        self._creator = ThreadPoolExecutor(1, thread_name_prefix="parents")
        self._limit = limit
        self._stop = stop
        self._guard = threading.Lock()
        self._creation_locks: dict[ParentKind | RootKind, threading.Lock] = {}
        self._roots: dict[RootKind, Root] = {}
        self._parents: dict[ParentKind, Parent] = {}
        self._in_use: dict[ParentKind | RootKind, int] = {}
        self._losses: dict[ParentKind | RootKind, int] = {}
        self._refused: dict[ParentKind | RootKind, str] = {}

    @contextlib.contextmanager
    def lend(self, kind: ParentKind, *, thoroughly: bool = False) -> Iterator[Parent]:
        """Yield a fork server that is ready to fork. Raises ParentLost if there is none."""
        try:
            with self._using(kind):
                parent = self._find_or_create(kind, thoroughly=thoroughly)
                try:
                    yield parent
                except ParentLost:
                    self._lose(parent)
                    raise
        finally:
            self._end_idle(self._limit)

    def prepare(self, kind: ParentKind, *, thoroughly: bool = False) -> str | None:
        """Create a fork server ahead of its use. If that fails, `lend` will raise.

        With `thoroughly`, run the prepare scripts, too. If one of them fails, create the fork server without them, and
        return the reason.
        """
        failed = None
        if thoroughly and kind.root.scripts:
            try:
                with self.lend(kind, thoroughly=True):
                    return None
            except ParentLost as lost:
                failed = str(lost)
        if self._stop.is_set():
            return failed
        with contextlib.suppress(ParentLost), self.lend(kind, thoroughly=thoroughly and not kind.root.scripts):
            return failed
        return None

    def release(self, kind: ParentKind) -> None:
        """End an unused fork server. Keep its zygote."""
        with self._guard:
            parent = None if self._in_use.get(kind) else self._parents.pop(kind, None)
        if parent is not None:
            parent.close()

    def release_root(self, kind: RootKind) -> None:
        """End a zygote without fork servers."""
        for each in {kind, kind.bare}:
            with self._guard:
                root = None if self._is_needed(each) else self._roots.pop(each, None)
            if root is not None:
                root.close()

    def _is_needed(self, kind: RootKind) -> bool:
        return bool(self._in_use.get(kind)) or any(each.root.kind == kind for each in self._parents.values())

    @contextlib.contextmanager
    def _using(self, kind: ParentKind | RootKind) -> Iterator[None]:
        """Mark a kind as used, so that it is not ended."""
        with self._guard:
            self._in_use[kind] = self._in_use.get(kind, 0) + 1
        try:
            yield
        finally:
            with self._guard:
                self._in_use[kind] -= 1

    @contextlib.contextmanager
    def _creation_lock(self, kind: ParentKind | RootKind) -> Iterator[None]:
        """Hold the creation lock of a kind. Raises ParentLost if its creation has failed for good."""
        with self._guard:
            making = self._creation_locks.setdefault(kind, threading.Lock())
        with making:
            if kind in self._refused:
                raise ParentLost(self._refused[kind])
            yield

    def _find_or_create(self, kind: ParentKind, *, thoroughly: bool) -> Parent:
        # Use prepared zygotes for many attempts only. Without prepare scripts, attempts do not depend on their success.
        of = kind.root if thoroughly else kind.root.bare
        with self._creation_lock(kind), self._using(of):
            with self._guard:
                parent = self._parents.pop(kind, None)
                if parent is not None:
                    self._parents[kind] = parent  # the last is the most recently used
                    return parent
            root = self._find_or_create_root(of)
            with root.importing:
                try:
                    parent = root.fork_parent(kind, many=thoroughly)
                except ParentLost:
                    self._lose_root(root)
                    raise
                except (OSError, RuntimeError) as error:
                    raise ParentLost(f"it could not be forked: {error}") from error
                try:
                    parent.wait_until_ready(self._stop)
                except ParentLost as lost:
                    self._lose(parent)
                    if not root.lost and not of.scripts:
                        self._count_loss(kind, lost)
                    raise
            with self._guard:
                self._parents[kind] = parent
            return parent

    def _count_loss(self, kind: ParentKind | RootKind, lost: ParentLost) -> None:
        """Stop creating a kind that reported a failure itself, or died twice."""
        if self._stop.is_set():
            return
        self._losses[kind] = self._losses.get(kind, 0) + 1
        if isinstance(lost, ParentRefused) or self._losses[kind] > 1:
            self._refused[kind] = str(lost)

    def _find_or_create_root(self, kind: RootKind) -> Root:
        with self._creation_lock(kind):
            with self._guard:
                known = self._roots.pop(kind, None)
                if known is not None:
                    self._roots[kind] = known  # the last is the most recently used
            if known is not None and not known.lost:
                return known
            if known is not None:
                self._lose_root(known)
            folder = self._folder / f"parent-{uuid.uuid4().hex[:8]}"
            try:
                root = self._creator.submit(partial(Root, kind, folder, self._sandbox, self._hidden)).result()
            except (OSError, ValueError, RuntimeError) as error:
                raise ParentLost(f"it could not be started: {error}") from error
            try:
                root.wait_until_ready(self._stop)
            except ParentLost as lost:
                root.close()
                self._count_loss(kind, lost)
                raise
            with self._guard:
                self._roots[kind] = root
            return root

    def _lose(self, parent: Parent) -> None:
        """End a failed fork server, and its zygote if that is dead."""
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
        if known:  # otherwise another thread has ended it
            root.close()

    def _end_idle(self, limit: int) -> None:
        """End unused fork servers and their zygotes, oldest first, until the limit is reached.

        Keep up to the limit of zygotes without fork servers: they may get new ones.
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
        with self._guard:
            idle = [root for root in self._roots if not self._is_needed(root)]
            surplus = idle[: max(0, len(self._roots) - limit)]
        for root in surplus:
            self.release_root(root)

    def close(self) -> None:
        """End all fork servers and zygotes."""
        self._end_idle(0)
        for kind in list(self._roots):
            self.release_root(kind)
        self._creator.shutdown()
