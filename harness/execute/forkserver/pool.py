"""The pool of fork servers and zygotes of a run."""

from __future__ import annotations

import contextlib
import logging
import threading
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from harness.execute.forkserver.channel import ForkServerLost, ForkServerRefused
from harness.execute.forkserver.server import ForkServer, ForkServerKind, Zygote, ZygoteKind
from harness.sandbox.backends import Sandbox

_log = logging.getLogger(__name__)


class ForkServers:
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
        self._creator = ThreadPoolExecutor(1, thread_name_prefix="fork-servers")
        self._limit = limit
        self._stop = stop
        self._guard = threading.Lock()
        self._creation_locks: dict[ForkServerKind | ZygoteKind, threading.Lock] = {}
        self._zygotes: dict[ZygoteKind, Zygote] = {}
        self._fork_servers: dict[ForkServerKind, ForkServer] = {}
        self._in_use: dict[ForkServerKind | ZygoteKind, int] = {}
        self._losses: dict[ForkServerKind | ZygoteKind, int] = {}
        self._refused: dict[ForkServerKind | ZygoteKind, str] = {}

    @property
    def contained(self) -> bool:
        """True if fork servers run in a sandbox, and each attempt in a nested one."""
        return self._sandbox.contains

    @contextlib.contextmanager
    def lend(self, kind: ForkServerKind, *, for_many: bool = False) -> Iterator[ForkServer]:
        """Yield a fork server that is ready to fork. Raises ForkServerLost if there is none."""
        try:
            with self._using(kind):
                server = self._find_or_create(kind, for_many=for_many)
                try:
                    yield server
                except ForkServerLost:
                    self._lose(server)
                    raise
        finally:
            self._end_idle(self._limit)

    def prepare(self, kind: ForkServerKind, *, for_many: bool = False) -> str | None:
        """Create a fork server ahead of its use. If that fails, `lend` will raise.

        With `for_many`, run the prepare scripts, too: they pay off for many attempts. If one of them fails, create the
        fork server without them, and return the reason.
        """
        failed = None
        if for_many and kind.zygote.scripts:
            try:
                with self.lend(kind, for_many=True):
                    return None
            except ForkServerLost as lost:
                failed = str(lost)
        if self._stop.is_set():
            return failed
        with contextlib.suppress(ForkServerLost), self.lend(kind, for_many=for_many and not kind.zygote.scripts):
            return failed
        return None

    def release(self, kind: ForkServerKind) -> None:
        """End an unused fork server. Keep its zygote."""
        with self._guard:
            server = None if self._in_use.get(kind) else self._fork_servers.pop(kind, None)
        if server is not None:
            _log.info("fork server of %s: ended: no task needs it", _modules(kind))
            server.close()

    def release_zygote(self, kind: ZygoteKind) -> None:
        """End a zygote without fork servers."""
        for each in {kind, kind.bare}:
            with self._guard:
                zygote = None if self._is_needed(each) else self._zygotes.pop(each, None)
            if zygote is not None:
                _log.info("zygote of %s: ended", each.module)
                zygote.close()

    def _is_needed(self, kind: ZygoteKind) -> bool:
        return bool(self._in_use.get(kind)) or any(each.zygote.kind == kind for each in self._fork_servers.values())

    @contextlib.contextmanager
    def _using(self, kind: ForkServerKind | ZygoteKind) -> Iterator[None]:
        """Mark a kind as used, so that it is not ended."""
        with self._guard:
            self._in_use[kind] = self._in_use.get(kind, 0) + 1
        try:
            yield
        finally:
            with self._guard:
                self._in_use[kind] -= 1

    @contextlib.contextmanager
    def _creation_lock(self, kind: ForkServerKind | ZygoteKind) -> Iterator[None]:
        """Hold the creation lock of a kind. Raises ForkServerLost if its creation has failed for good."""
        with self._guard:
            making = self._creation_locks.setdefault(kind, threading.Lock())
        with making:
            if kind in self._refused:
                raise ForkServerLost(self._refused[kind])
            yield

    def _find_or_create(self, kind: ForkServerKind, *, for_many: bool) -> ForkServer:
        # Use prepared zygotes for many attempts only. Without prepare scripts, attempts do not depend on their success.
        of = kind.zygote if for_many else kind.zygote.bare
        with self._creation_lock(kind), self._using(of):
            with self._guard:
                server = self._fork_servers.pop(kind, None)
                if server is not None:
                    self._fork_servers[kind] = server  # the last is the most recently used
                    return server
            zygote = self._find_or_create_zygote(of)
            with zygote.importing:
                try:
                    server = zygote.fork(kind, many=for_many)
                except ForkServerLost:
                    self._lose_zygote(zygote)
                    raise
                except (OSError, RuntimeError) as error:
                    raise ForkServerLost(f"it could not be forked: {error}") from error
                try:
                    server.wait_until_ready(self._stop)
                except ForkServerLost as lost:
                    _log.info("fork server of %s: cannot be used: %s", _modules(kind), lost)
                    self._lose(server)
                    if not zygote.lost and not of.scripts:
                        self._count_loss(kind, lost)
                    raise
            _log.info("fork server of %s: started", _modules(kind))
            with self._guard:
                self._fork_servers[kind] = server
            return server

    def _count_loss(self, kind: ForkServerKind | ZygoteKind, lost: ForkServerLost) -> None:
        """Stop creating a kind that reported a failure itself, or died twice."""
        if self._stop.is_set():
            return
        self._losses[kind] = self._losses.get(kind, 0) + 1
        if isinstance(lost, ForkServerRefused) or self._losses[kind] > 1:
            self._refused[kind] = str(lost)

    def _find_or_create_zygote(self, kind: ZygoteKind) -> Zygote:
        with self._creation_lock(kind):
            with self._guard:
                known = self._zygotes.pop(kind, None)
                if known is not None:
                    self._zygotes[kind] = known  # the last is the most recently used
            if known is not None and not known.lost:
                return known
            if known is not None:
                self._lose_zygote(known)
            folder = self._folder / f"zygote-{uuid.uuid4().hex[:8]}"
            try:
                zygote = self._creator.submit(partial(Zygote, kind, folder, self._sandbox, self._hidden)).result()
            except (OSError, ValueError, RuntimeError) as error:
                raise ForkServerLost(f"it could not be started: {error}") from error
            try:
                zygote.wait_until_ready(self._stop)
            except ForkServerLost as lost:
                _log.info("zygote of %s: cannot be used: %s", kind.module, lost)
                zygote.close()
                self._count_loss(kind, lost)
                raise
            _log.info("zygote of %s: started with %s", kind.module, kind.python)
            with self._guard:
                self._zygotes[kind] = zygote
            return zygote

    def _lose(self, server: ForkServer) -> None:
        """End a failed fork server, and its zygote if that is dead."""
        with self._guard:
            if self._fork_servers.get(server.kind) is server:
                del self._fork_servers[server.kind]
        server.close()
        if server.zygote.lost:
            self._lose_zygote(server.zygote)

    def _lose_zygote(self, zygote: Zygote) -> None:
        with self._guard:
            known = self._zygotes.get(zygote.kind) is zygote
            if known:
                del self._zygotes[zygote.kind]
        if known:  # otherwise another thread has ended it
            zygote.close()

    def _end_idle(self, limit: int) -> None:
        """End unused fork servers and their zygotes, oldest first, until the limit is reached.

        Keep up to the limit of zygotes without fork servers: they may get new ones.
        """
        ended: list[ForkServer] = []
        with self._guard:
            for kind in list(self._fork_servers):
                if len(self._fork_servers) <= limit:
                    break
                if not self._in_use.get(kind):
                    ended.append(self._fork_servers.pop(kind))
        for server in ended:
            _log.info("fork server of %s: ended", _modules(server.kind))
            server.close()
            self.release_zygote(server.zygote.kind)
        with self._guard:
            idle = [zygote for zygote in self._zygotes if not self._is_needed(zygote)]
            surplus = idle[: max(0, len(self._zygotes) - limit)]
        for zygote in surplus:
            self.release_zygote(zygote)

    def close(self) -> None:
        """End all fork servers and zygotes."""
        self._end_idle(0)
        for kind in list(self._zygotes):
            self.release_zygote(kind)
        self._creator.shutdown()


def _modules(kind: ForkServerKind) -> str:
    """Return the modules that a fork server has imported, for the log."""
    return ", ".join([kind.zygote.module, *kind.modules])
