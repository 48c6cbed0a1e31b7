"""A run on a cluster: waiting shards, workers, and their results. It outlives a connection to Dask.

What a worker returns is checked: only attempts of its shard are taken. What it could not run, others try.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harness.cluster import remote
from harness.cluster.connection import ClusterLost, Connection, EndedCall, connected, wait_for_workers
from harness.cluster.placement import PlacedShard, Round, Waiting, Worker
from harness.cluster.refusals import Unreachable, reason_against, reasons
from harness.cluster.results import Checked, Damaged, check
from harness.errors import HarnessError, counted
from harness.execute.executor import failed_to_run
from harness.model import Attempt
from harness.pipeline import Work
from harness.schedule.watcher import Watcher
from harness.session import Session
from harness.shards.document import Document

_POLL_S = 0.1
_TRIES = 3
"""How often a shard is started: a script may end its worker each time."""
_MOST_FAILURES = 3
"""The number of failed shards in a row after which a worker is not used any more, if there are others."""

_log = logging.getLogger(__name__)
Ended = tuple[PlacedShard, Sequence[Attempt]]
"""A shard, and its attempts: all of each of its cells that does not run again."""


class Source(Protocol):
    """A source of shards."""

    @property
    def over(self) -> bool:
        """True if no more shards will come."""

    def new_shards(self) -> Iterable[PlacedShard]:
        """Return the shards that have come since the last time."""

    def work_of(self, shard: PlacedShard) -> Work:
        """Return the work that the tasks of a shard belong to."""

    def document_of(self, shard: PlacedShard) -> Document:
        """Return the document of a shard. They are made when they are sent: all of them would need much memory."""


@dataclass(kw_only=True)
class ClusterRun:
    """The state of a run: finished, running and waiting shards."""

    session: Session
    address: str
    watcher: Watcher
    source: Source
    stop: threading.Event
    reconnect_s: float
    """How long a lost scheduler is looked for."""
    look_s: float
    """How often lost and new workers are looked for."""
    waiting: Waiting = field(default_factory=lambda: Waiting(()))
    workers: dict[str, Worker] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """The workers that cannot run these shards, and why."""
    given_up: list[PlacedShard] = field(default_factory=list)
    """Shards whose workers were lost each time."""
    calls: int = 0
    looked: float = 0.0
    had_workers: float = 0.0
    """When there was a worker that could be used."""

    @property
    def _sandbox(self) -> str:
        return str(self.session.sandbox_mode.value)

    @property
    def _left(self) -> bool:
        running = any(worker.shard is not None for worker in self.workers.values())
        return running or bool(self.waiting) or bool(self.given_up) or not self.source.over

    def run(self) -> Generator[Ended]:
        """Yield all shards with their attempts in order of completion, until `stop` is set. Raises HarnessError.

        If workers are lost, others run their shards. A lost scheduler is looked for again.
        """
        self._take_in()
        while self._left and not self.stop.is_set():
            try:
                with connected(self.address) as connection:
                    self.begin(connection)
                    yield from self.attempts(connection)
            except ClusterLost as error:
                _log.info("%s: lost: %s", self.address, error)
                self.requeue_all()
                self._wait_for_scheduler()

    def _take_in(self) -> None:
        for shard in self.source.new_shards():
            self.waiting.put_last(shard)

    def _wait_for_scheduler(self) -> None:
        if self.address.startswith("local:") or self.stop.is_set():
            return
        self.watcher.note(f"{self.address}: the scheduler does not answer; trying again for {self.reconnect_s:.0f} s")
        deadline = time.monotonic() + self.reconnect_s
        while not self.stop.is_set():
            try:
                with connected(self.address) as connection:
                    wait_for_workers(connection, self.address, seconds=max(0.0, deadline - time.monotonic()))
                    return
            except (ClusterLost, HarnessError):
                if time.monotonic() > deadline:
                    raise HarnessError(
                        f"{self.address}: the scheduler of the cluster was lost",
                        why="It did not come back with its workers",
                        next_step="Start it again, and then the same command: what has finished is recorded",
                    ) from None
                time.sleep(_POLL_S)

    def begin(self, connection: Connection) -> None:
        """Find the workers of a connection. Raises HarnessError if none of them can run the shards."""
        self.workers.clear()
        self.refused.clear()
        wait_for_workers(connection, self.address)
        self._look(connection)
        self.had_workers = time.monotonic()
        if not self.workers and self.refused:
            raise HarnessError(
                f"{self.address}: no worker of the cluster can run the cells",
                why=reasons(self.refused),
                next_step="Install the same version of repro-matrix and a sandbox on all machines",
            )
        if link := connection.dashboard:
            self.watcher.note(f"Dashboard of the cluster: {link}")

    def _look(self, connection: Connection) -> None:
        """Take in new workers, and give the shards of lost workers to others."""
        self.looked = time.monotonic()
        there = set(connection.workers())
        for address in set(self.workers) - there:
            lost = self._without(address)
            connection.forget(lost.call)
            if lost.shard is not None and lost.shard.tries >= _TRIES:
                self.given_up.append(lost.shard)
            else:
                self._requeue(lost)
            self.watcher.note(f"{address}: this worker was lost; others run its shard")
        for address in set(self.refused) - there:
            del self.refused[address]  # what starts at this address next may be another version
        new = sorted(there - set(self.workers) - set(self.refused))
        for address, found in connection.call_each(new, remote.describe, self._sandbox).items():
            try:
                reason = reason_against(found, sandboxed=self.session.sandboxed)
            except Unreachable:
                continue  # it is asked again
            if reason:
                self.refused[address] = reason
                self.watcher.note(f"{address}: this worker is not used: {reason}")
            else:
                self.workers[address] = Worker(address=address)

    def _without(self, address: str) -> Worker:
        self.watcher.working(address, "")
        return self.workers.pop(address)

    def attempts(self, connection: Connection) -> Generator[Ended]:
        """Yield shards with attempts until nothing is left, or `stop` is set. Raises ClusterLost, HarnessError."""
        while self._left and not self.stop.is_set():
            self._take_in()
            while self.given_up:
                shard = self.given_up.pop()
                yield shard, self._failed(shard, "the worker was lost")
            self._start(connection)
            ended = list(connection.done())
            for done in ended:
                yield from self._finish(done)
            if time.monotonic() - self.looked > self.look_s:
                self._look(connection)
                self._require_workers()
            self.watcher.waiting()
            if not ended:
                connection.wait(_POLL_S)

    def _require_workers(self) -> None:
        """Raise HarnessError if no worker can be used for two minutes."""
        now = time.monotonic()
        if self.workers:
            self.had_workers = now
        elif now - self.had_workers > self.reconnect_s:
            raise HarnessError(
                f"{self.address}: the cluster has no worker left that can run the cells",
                why=reasons(self.refused),
                next_step="Start workers again, and then the same command: what has finished is recorded",
            )

    def _start(self, connection: Connection) -> None:
        """Submit work to each worker that has none."""
        choice = Round(self.waiting, self.workers.values())
        for worker in [each for each in self.workers.values() if each.call < 0]:
            shard = choice.next_for(worker)
            if shard is None:
                continue
            self.calls += 1
            worker.call = self.calls
            document = self.source.document_of(shard)
            missing = next((each for each in document["environments"] if each["id"] not in worker.environments), None)
            if missing is not None:
                choice.creates(worker, missing["id"])
                self.watcher.working(worker.address, f"environment {worker.creating}")
                connection.submit(worker.call, worker.address, remote.create_environment, missing, self._sandbox)
                continue
            self.waiting.take(shard)
            shard.tries += 1
            worker.shard = shard
            cells = counted(len({task.key for task in shard.tasks}), "cell")
            self.watcher.working(worker.address, f"{cells} of {shard.tasks[0].environment.id}")
            connection.submit(worker.call, worker.address, remote.run_shard, document, self._sandbox)

    def _finish(self, done: EndedCall) -> Generator[Ended]:
        worker = next((each for each in self.workers.values() if each.call == done.number), None)
        if worker is None:
            return  # it was lost, and others do this
        worker.call = -1
        self.watcher.working(worker.address, "")
        if done.lost:
            if worker.shard is not None:
                worker.shard.tries -= 1
            self._requeue(worker)
            worker.creating = ""
        elif worker.shard is None:
            self._created(worker, done)
        else:
            yield from self._ran(worker, done)

    def _created(self, worker: Worker, done: EndedCall) -> None:
        # If nobody can create it, each cell of its shards records why.
        id, worker.creating = worker.creating, ""
        worker.environments.add(id)
        found = done.result or {"built": False, "why_not": done.error, "conclusive": False}
        if found["built"]:
            self.watcher.note(f"{id}: environment built on {worker.address}")
        elif found["why_not"] and not found["conclusive"]:
            worker.unable[id] = found["why_not"]
            self.watcher.note(f"{worker.address}: cannot create {id}: {found['why_not']}")

    def _ran(self, worker: Worker, done: EndedCall) -> Generator[Ended]:
        shard, worker.shard = worker.shard, None
        if shard is None:
            return
        result = done.result
        if result is None:
            reason = done.error
        elif not (reason := result["refused"]):
            for note in result["notes"]:
                self.watcher.note(f"{worker.address}: {note}")
            for line in result["log"]:
                _log.info("[%s] %s", worker.address, line)
            try:
                checked = check(shard.tasks, result["lines"], self.source.work_of(shard))
            except Damaged as error:
                reason = str(error)
            else:
                yield from self._take(worker, shard, checked)
                return
        self._note_failure(worker, reason)
        shard.failed_on.add(worker.address)
        if shard.tries < _TRIES:
            self.waiting.put_first(shard)
        else:
            yield shard, self._failed(shard, reason)

    def _take(self, worker: Worker, shard: PlacedShard, checked: Checked) -> Generator[Ended]:
        """Yield a shard with its attempts. What has no result there is tried by others, if there are any."""
        attempts, failed, again = checked.attempts, list[Attempt](), False
        if not checked.undecided:
            worker.failures = 0
        else:
            shard.failed_on.add(worker.address)
            self._note_failure(worker, checked.reason)
            if shard.tries < _TRIES and any(each.address not in shard.failed_on for each in self.workers.values()):
                self.waiting.put_first(shard.with_tasks(checked.undecided))
                attempts, again = checked.without(checked.undecided), True
            else:
                failed = self._failed(shard.with_tasks(checked.absent), checked.reason)
        planned = {task.key for task in shard.tasks}
        for attempt in attempts:
            if attempt.key in planned:
                self.watcher.finished(self.source.work_of(shard).by_key[attempt.key], attempt)
        if attempts or not again:
            yield shard, [*failed, *attempts]

    def _note_failure(self, worker: Worker, reason: str) -> None:
        """Count a failed shard. Stop using a worker that fails again and again, if there are others."""
        worker.failures += 1
        if worker.failures >= _MOST_FAILURES and len(self.workers) > 1 and worker.address in self.workers:
            self._refuse(worker, reason)

    def _refuse(self, worker: Worker, reason: str) -> None:
        self.refused[worker.address] = reason
        self.workers.pop(worker.address, None)
        self.watcher.note(f"{worker.address}: this worker is not used any more: {reason}")

    def _failed(self, shard: PlacedShard, reason: str) -> list[Attempt]:
        """Return an attempt of each cell of a shard that no worker could run."""
        attempts = []
        for task in {task.key: task for task in shard.tasks}.values():
            text = f"its shard failed on {counted(shard.tries, 'worker')}: {reason}"
            attempt = failed_to_run(task, text, dt.datetime.now(dt.timezone.utc))
            self.watcher.finished(task, attempt)
            attempts.append(attempt)
        return attempts

    def _requeue(self, worker: Worker) -> None:
        if worker.shard is not None:
            self.waiting.put_first(worker.shard)
            worker.shard = None

    def requeue_all(self) -> None:
        """Put back what was running: its workers cannot be reached. This does not count as a try."""
        for worker in self.workers.values():
            if worker.shard is not None:
                worker.shard.tries -= 1
            self._requeue(worker)
            self.watcher.working(worker.address, "")
        self.workers.clear()
