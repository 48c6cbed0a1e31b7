"""Runs the probes of a search on a cluster: they come one after the other, from several threads, while others run."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.cluster.placement import PlacedShard
from harness.cluster.run import ClusterRun
from harness.cluster.scheduler import LOOK_S, RECONNECT_S
from harness.execute.executor import Interrupted
from harness.execute.task import Task
from harness.model import Attempt
from harness.pipeline import Work
from harness.schedule.watcher import Watcher
from harness.session import Session
from harness.shards.document import Document, ShardOptions, shard_run, write_shard

_POLL_S = 0.5


@dataclass(kw_only=True, eq=False)
class _Asked:
    """Equal tasks that a thread waits for."""

    work: Work
    timeout_s: float | None
    attempts: Sequence[Attempt] = ()
    """Fewer than tasks if the environment is unavailable, or if no worker could run them."""
    done: threading.Event = field(default_factory=threading.Event)


class _Notes(Watcher):
    """Shows the messages of a cluster."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def note(self, text: str) -> None:
        """Show a message."""
        self._session.notify(text)


class ClusterPool:
    """A thread that hands shards of one cell to a cluster."""

    def __init__(self, session: Session, address: str) -> None:
        self._session = session
        self._address = address
        self._guard = threading.Lock()
        self._new: list[PlacedShard] = []
        self._asked: dict[str, _Asked] = {}
        """By the id of the split: each has one shard."""
        self._count = 0
        self._stop = threading.Event()
        self._error: Exception | None = None

    @contextlib.contextmanager
    def open(self) -> Iterator[ClusterPool]:
        """Connect, and yield the pool. What runs when it is closed is not waited for."""
        thread = threading.Thread(target=self._work, name="cluster", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()

    @staticmethod
    def takes(task: Task) -> bool:
        """Return True if a task can leave this machine: a shard has no source trees, data or written files."""
        return not (task.overlays or task.data is not None or task.writes or task.reads is not None)

    def run(self, work: Work, tasks: Sequence[Task], *, timeout_s: float | None) -> Sequence[Attempt]:
        """Return the attempts of equal tasks of a work. Raises Interrupted if the pool ends before, and HarnessError.

        `timeout_s` replaces the time limit of the script.
        """
        asked = _Asked(work=work, timeout_s=timeout_s)
        with self._guard:
            self._count += 1
            split = hashlib.sha256(f"{self._session.id} {self._count}".encode()).hexdigest()[:16]
            self._asked[split] = asked
            self._new.append(PlacedShard.of(shard_run(split, 1, 1, 1), tasks))
        while not asked.done.wait(_POLL_S):
            if self._error is not None:
                raise self._error
            if self._over:
                raise Interrupted
        with self._guard:
            del self._asked[split]
        return asked.attempts

    @property
    def _over(self) -> bool:
        if self._session.stop.is_set():
            self._stop.set()
        return self._stop.is_set()

    def _work(self) -> None:
        run = ClusterRun(
            session=self._session,
            address=self._address,
            watcher=_Notes(self._session),
            source=self,
            stop=self._stop,
            reconnect_s=RECONNECT_S,
            look_s=LOOK_S,
        )
        try:
            for shard, attempts in run.run():
                with self._guard:
                    asked = self._asked.get(shard.run.split)
                if asked is not None:
                    asked.attempts = attempts
                    asked.done.set()
        except Exception as error:  # raised in the threads that wait in `run`
            self._error = error

    # The interface `Source` of a ClusterRun.

    @property
    def over(self) -> bool:
        """True if the pool was closed."""
        return self._over

    def new_shards(self) -> Iterable[PlacedShard]:
        """Return the shards that were requested since the last call."""
        with self._guard:
            new, self._new = self._new, []
        return new

    def work_of(self, shard: PlacedShard) -> Work:
        """Return the work that the task of a shard is from."""
        return self._asked[shard.run.split].work

    def document_of(self, shard: PlacedShard) -> Document:
        """Return the document of a shard."""
        asked = self._asked[shard.run.split]
        options = ShardOptions(
            sandboxed=self._session.sandboxed,
            timeout_s=asked.timeout_s,
            isolation="process" if shard.tasks[0].own_process else "fork",
        )
        return write_shard(asked.work, shard.tasks, shard.run, options, project=self._session.identity)
