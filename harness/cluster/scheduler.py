"""The scheduler of a cluster: tasks in, attempts out, like the local pool. It decides which worker runs which shard.

Creating an environment is work of its own. Shards go to workers that have their environment, those with long cells
first. A worker without work creates another environment only if this is faster than waiting for the others.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace

from harness.cluster import remote
from harness.cluster.connection import ClusterLost, Connection, Done, connected, wait_for_workers
from harness.errors import HarnessError, counted, some_of
from harness.execute.executor import failed_to_run
from harness.execute.task import Task, this_platform, worker_digest
from harness.model import Attempt
from harness.pipeline import Work
from harness.record.lines import attempt_of_line
from harness.record.splits import ShardRun
from harness.schedule.watcher import Watcher
from harness.session import Session
from harness.shards.document import Conditions, Document, shard_run, write_shard
from harness.shards.split import ENVIRONMENT_S, counts_of, id_of, portions, seconds_of

MOST_CELLS = 20
_POLL_S = 0.1
_RECONNECT_S = 120.0
_LOOK_S = 1.0
_TRIES = 3
"""How often a shard is started: a script may end its worker each time."""


@dataclass(kw_only=True, eq=False)
class _Shard:
    run: ShardRun
    tasks: Sequence[Task]
    environments: frozenset[str]
    seconds: float
    tries: int = 0


@dataclass(kw_only=True, eq=False)
class _Worker:
    address: str
    environments: set[str] = field(default_factory=set)
    """Those that it has."""
    creating: str = ""
    shard: _Shard | None = None
    call: int = -1
    """The number of the call that it is busy with."""


@dataclass(kw_only=True)
class ClusterScheduler:
    """Runs the tasks of a work on a cluster."""

    session: Session
    work: Work
    address: str
    watcher: Watcher
    isolation: str = "fork"
    most_cells: int = MOST_CELLS
    reconnect_s: float = _RECONNECT_S
    look_s: float = _LOOK_S
    """How often lost and new workers are looked for."""

    def run(self, tasks: Iterable[Task]) -> Generator[Attempt]:
        """Run tasks, and yield the attempts in order of completion, until the session is stopped. Raises HarnessError.

        If workers are lost, others run their shards. If the scheduler is lost, it is looked for again for two minutes.
        """
        waiting = deque(self._shards(list(tasks)))
        run = _Run(scheduler=self, waiting=waiting)
        while run.left:
            try:
                with connected(self.address) as connection:
                    run.begin(connection)
                    yield from run.attempts(connection)
            except ClusterLost:
                run.requeue_all()
                self._wait_for_scheduler()
            if self.session.stop.is_set():
                return

    def _wait_for_scheduler(self) -> None:
        if self.address.startswith("local:") or self.session.stop.is_set():
            return
        self.watcher.note(f"{self.address}: the scheduler does not answer; trying again for {self.reconnect_s:.0f} s")
        deadline = time.monotonic() + self.reconnect_s
        while not self.session.stop.is_set():
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

    def _shards(self, tasks: list[Task]) -> list[_Shard]:
        parts = portions(tasks, self.most_cells)
        split = id_of(map(counts_of, parts))
        return [
            _Shard(
                run=shard_run(split, number, len(parts), len(parts)),
                tasks=part,
                environments=frozenset(
                    id for task in part for id in (task.environment.id, task.cell.writer) if id is not None
                ),
                seconds=sum(map(seconds_of, part)),
            )
            for number, part in enumerate(parts, start=1)
        ]

    def document_of(self, shard: _Shard) -> Document:
        """Return the document of a shard. They are made when they are sent: all of them would need much memory."""
        conditions = Conditions(
            sandboxed=self.session.sandboxed, timeout_s=self.session.timeout_s, isolation=str(self.isolation)
        )
        return write_shard(self.work, shard.tasks, shard.run, conditions, project=self.session.identity)


@dataclass(kw_only=True)
class _Run:
    """What is done, what is running, and what waits. It outlives a connection."""

    scheduler: ClusterScheduler
    waiting: deque[_Shard]
    workers: dict[str, _Worker] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """The workers that cannot run these shards, and why."""
    given_up: list[_Shard] = field(default_factory=list)
    """Shards whose workers were lost each time."""
    calls: int = 0
    looked: float = 0.0
    had_workers: float = 0.0
    """When there was a worker that could be used."""

    @property
    def _sandbox(self) -> str:
        return str(self.scheduler.session.sandbox_mode.value)

    @property
    def left(self) -> bool:
        running = any(worker.shard is not None for worker in self.workers.values())
        return running or bool(self.waiting) or bool(self.given_up)

    def begin(self, connection: Connection) -> None:
        """Find the workers of a connection. Raises HarnessError if none of them can run the shards."""
        self.workers.clear()
        self.refused.clear()
        wait_for_workers(connection, self.scheduler.address)
        self._look(connection)
        self.had_workers = time.monotonic()
        if not self.workers:
            raise HarnessError(
                f"{self.scheduler.address}: no worker of the cluster can run this",
                why=_reasons(self.refused),
                next_step="Install the same version on all machines, and what is missing",
            )
        if link := connection.dashboard:
            self.scheduler.watcher.note(f"Dashboard of the cluster: {link}")

    def _look(self, connection: Connection) -> None:
        """Take in new workers, and give the shards of lost workers to others."""
        self.looked = time.monotonic()
        there = set(connection.workers())
        for address in set(self.workers) - there:
            lost = self.workers.pop(address)
            connection.forget(lost.call)
            if lost.shard is not None and lost.shard.tries >= _TRIES:
                self.given_up.append(lost.shard)
            else:
                self._requeue(lost)
            self.scheduler.watcher.note(f"{address}: this worker was lost; others go on with its shard")
        if not there - set(self.workers) - set(self.refused):
            return
        for address, found in connection.call_each(
            remote.describe, str(self.scheduler.session.sandbox_mode.value)
        ).items():
            if address in self.workers or address in self.refused:
                continue
            reason = self._reason_against(found)
            if reason:
                self.refused[address] = reason
                self.scheduler.watcher.note(f"{address}: this worker is not used: {reason}")
            else:
                self.workers[address] = _Worker(address=address)

    def _reason_against(self, found: object) -> str:
        if not isinstance(found, dict):
            return f"repro-matrix is not installed there, or is an older version ({type(found).__name__}: {found})"
        if found["worker"] != worker_digest():
            return f"it has repro-matrix {found['version']}, or another state of it than this machine"
        if found["platform"] != this_platform():
            return f"it is {found['platform']}, and this is {this_platform()}"
        if found["sandboxed"] != self.scheduler.session.sandboxed:
            return f"it has no sandbox: {found['why_not']}" if not found["sandboxed"] else "it has a sandbox"
        return ""

    def attempts(self, connection: Connection) -> Generator[Attempt]:
        """Yield attempts until nothing is left, or the session is stopped. Raises ClusterLost, HarnessError."""
        scheduler = self.scheduler
        while self.left and not scheduler.session.stop.is_set():
            while self.given_up:
                yield from self._failed(self.given_up.pop(), "the worker was lost")
            self._start(connection)
            ended = list(connection.done())
            for done in ended:
                yield from self._finish(done)
            if time.monotonic() - self.looked > scheduler.look_s:
                self._look(connection)
                self._require_workers()
            scheduler.watcher.waiting()
            if not ended:
                time.sleep(_POLL_S)

    def _require_workers(self) -> None:
        """Raise HarnessError if no worker can be used for two minutes."""
        now = time.monotonic()
        if self.workers:
            self.had_workers = now
        elif now - self.had_workers > self.scheduler.reconnect_s:
            raise HarnessError(
                f"{self.scheduler.address}: the cluster has no worker left that can run this",
                why=_reasons(self.refused),
                next_step="Start workers again, and then the same command: what has finished is recorded",
            )

    def _start(self, connection: Connection) -> None:
        """Submit work to each worker that has none."""
        for worker in [each for each in self.workers.values() if each.call < 0]:
            shard = self._next_for(worker)
            if shard is None:
                continue
            self.calls += 1
            worker.call = self.calls
            document = self.scheduler.document_of(shard)
            missing = next((each for each in document["environments"] if each["id"] not in worker.environments), None)
            if missing is not None:
                worker.creating = missing["id"]
                connection.submit(worker.call, worker.address, remote.create_environment, missing, self._sandbox)
                continue
            self.waiting.remove(shard)
            shard.tries += 1
            worker.shard = shard
            connection.submit(worker.call, worker.address, remote.run_shard, document, self._sandbox)

    def _next_for(self, worker: _Worker) -> _Shard | None:
        """Return the shard that a worker should run or create the environment for, or None if it should wait."""
        for shard in self.waiting:
            if worker.environments.issuperset(shard.environments):
                return shard
        left_s: dict[frozenset[str], float] = {}
        for shard in self.waiting:
            left_s[shard.environments] = left_s.get(shard.environments, 0.0) + shard.seconds
        best, most_s = None, 0.0
        for environments, seconds in left_s.items():
            holders = sum(environments <= {*each.environments, each.creating} for each in self.workers.values())
            # With holders, it is worth the creation only if they need longer for what is left.
            gain_s = seconds / holders - ENVIRONMENT_S if holders else seconds + ENVIRONMENT_S
            if gain_s > most_s:
                best, most_s = environments, gain_s
        return next((shard for shard in self.waiting if shard.environments == best), None)

    def _finish(self, done: Done) -> Generator[Attempt]:
        worker = next((each for each in self.workers.values() if each.call == done.number), None)
        if worker is None:
            return  # it was lost, and others do this
        worker.call = -1
        if done.lost:
            if worker.shard is not None:
                worker.shard.tries -= 1
            self._requeue(worker)
            worker.creating = ""
            return
        if worker.shard is None:
            # If it could not be created, each cell of its shards records why.
            worker.environments.add(worker.creating)
            if done.result is not None and done.result["built"]:
                self.scheduler.watcher.note(f"{worker.creating}: environment built on {worker.address}")
            worker.creating = ""
            return
        shard, worker.shard = worker.shard, None
        if done.result is None or done.result["refused"]:
            reason = done.error if done.result is None else done.result["refused"]
            if done.result is not None:
                self.refused[worker.address] = reason
                self.workers.pop(worker.address)
                self.scheduler.watcher.note(f"{worker.address}: this worker is not used any more: {reason}")
            if shard.tries < _TRIES:
                self.waiting.appendleft(shard)
                return
            yield from self._failed(shard, reason)
            return
        for note in done.result["notes"]:
            self.scheduler.watcher.note(f"{worker.address}: {note}")
        yield from self._read(shard, done.result["lines"])

    def _read(self, shard: _Shard, lines: Sequence[str]) -> Generator[Attempt]:
        by_key = {task.key: task for task in self.scheduler.work.tasks.values()}
        planned = {task.key for task in shard.tasks}
        for line in lines:
            attempt = attempt_of_line(line)
            task = by_key.get(attempt.key)
            if task is None:
                continue  # nobody asked for it
            attempt = replace(attempt, cell=task.cell)
            if attempt.key in planned:
                self.scheduler.watcher.finished(task, attempt)
            yield attempt

    def _failed(self, shard: _Shard, reason: str) -> Generator[Attempt]:
        for task in {task.key: task for task in shard.tasks}.values():
            text = f"its shard failed on {counted(shard.tries, 'worker')}: {reason}"
            attempt = failed_to_run(task, text, dt.datetime.now(dt.timezone.utc))
            self.scheduler.watcher.finished(task, attempt)
            yield attempt

    def _requeue(self, worker: _Worker) -> None:
        if worker.shard is not None:
            self.waiting.appendleft(worker.shard)
            worker.shard = None

    def requeue_all(self) -> None:
        """Put back what was running: its workers cannot be reached. This does not count as a try."""
        for worker in self.workers.values():
            if worker.shard is not None:
                worker.shard.tries -= 1
            self._requeue(worker)
        self.workers.clear()


def _reasons(refused: dict[str, str]) -> str:
    by_reason: dict[str, list[str]] = {}
    for address, reason in refused.items():
        by_reason.setdefault(reason, []).append(address)
    return "; ".join(f"{some_of(addresses, most=3)}: {reason}" for reason, addresses in by_reason.items())
