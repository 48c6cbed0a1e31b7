"""Placement of shards on workers. Pure: a cluster and the simulation of large plans use the same rules.

Shards go to workers that have their environments, those with long cells first. A worker without work creates another
environment only if this is faster than waiting for the others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.execute.task import Task
from harness.record.splits import ShardRun
from harness.shards.split import ENVIRONMENT_S, seconds_of


@dataclass(kw_only=True, eq=False)
class PlacedShard:
    """A shard that waits for a worker, or runs on one."""

    run: ShardRun
    tasks: Sequence[Task]
    environments: frozenset[str]
    seconds: float
    """The expected duration of its cells."""
    tries: int = 0
    failed_on: set[str] = field(default_factory=set)
    """The addresses of workers that could not run it."""
    order: int = 0
    """The place in the queue: the smallest is next."""

    @classmethod
    def of(cls, run: ShardRun, tasks: Sequence[Task]) -> PlacedShard:
        """Return a shard with these tasks."""
        return cls(run=run, tasks=tasks, environments=_environments_of(tasks), seconds=sum(map(seconds_of, tasks)))

    def with_tasks(self, tasks: Sequence[Task]) -> PlacedShard:
        """Return this shard with some of its tasks only."""
        rest = PlacedShard.of(self.run, tasks)
        rest.tries, rest.failed_on = self.tries, self.failed_on
        return rest


def _environments_of(tasks: Iterable[Task]) -> frozenset[str]:
    return frozenset(id for task in tasks for id in (task.environment.id, task.cell.writer) if id is not None)


@dataclass(kw_only=True, eq=False)
class Worker:
    """A worker that runs one shard at a time."""

    address: str
    environments: set[str] = field(default_factory=set)
    """Those that it has, or has tried to create."""
    unable: dict[str, str] = field(default_factory=dict)
    """The environments that it could not create, with the reasons."""
    creating: str = ""
    shard: PlacedShard | None = None
    call: int = -1
    """The number of the call that it is busy with."""
    failures: int = 0
    """How many of its shards failed since one ended well."""

    def fits(self, shard: PlacedShard) -> bool:
        """Return True unless this worker could not run the shard, or create one of its environments."""
        return self.address not in shard.failed_on and not any(id in self.unable for id in shard.environments)


class Waiting:
    """The shards that wait, by their environments. To find the next one takes no longer if there are more shards."""

    def __init__(self, shards: Iterable[PlacedShard]) -> None:
        """Take shards, in the order in which they should start."""
        self._groups: dict[frozenset[str], deque[PlacedShard]] = {}
        self._seconds: dict[frozenset[str], float] = {}
        self._first = self._last = 0
        for shard in shards:
            self.put_last(shard)

    def __iter__(self) -> Iterator[PlacedShard]:
        return (shard for group in self._groups.values() for shard in group)

    def __bool__(self) -> bool:
        return bool(self._groups)

    def put_first(self, shard: PlacedShard) -> None:
        """Put back a shard. It starts before all others."""
        self._first -= 1
        shard.order = self._first
        self._group(shard).appendleft(shard)

    def put_last(self, shard: PlacedShard) -> None:
        """Add a shard. It starts after all others that a worker has the environments of."""
        self._last += 1
        shard.order = self._last
        self._group(shard).append(shard)

    def take(self, shard: PlacedShard) -> None:
        """Remove a shard."""
        group = self._groups[shard.environments]
        group.remove(shard)  # it is at the start, or close to it
        self._seconds[shard.environments] -= shard.seconds
        if not group:
            del self._groups[shard.environments], self._seconds[shard.environments]

    def _group(self, shard: PlacedShard) -> deque[PlacedShard]:
        self._seconds[shard.environments] = self._seconds.get(shard.environments, 0.0) + shard.seconds
        return self._groups.setdefault(shard.environments, deque())

    def heads(self, worker: Worker, workers: Collection[Worker]) -> list[PlacedShard]:
        """Return, for each set of environments, the first shard that may go to a worker.

        A shard does not go to a worker that could not run it, while there is another one.
        """
        heads = (_head(group, worker, workers) for group in self._groups.values())
        return [head for head in heads if head is not None]

    def seconds_like(self, shard: PlacedShard) -> float:
        """Return the expected duration of all that waits for the same environments."""
        return self._seconds[shard.environments]


class Round:
    """Chooses for one worker after the other what it should do next."""

    def __init__(self, waiting: Waiting, workers: Collection[Worker]) -> None:
        """Take what waits, and all workers."""
        self._waiting = waiting
        self._workers = workers
        self._holders: dict[frozenset[str], int] = {}
        """How many workers have these environments, or will."""

    def next_for(self, worker: Worker) -> PlacedShard | None:
        """Return the shard that a worker should run or create an environment for, or None if it should wait."""
        heads = self._waiting.heads(worker, self._workers)
        ready = [shard for shard in heads if worker.environments.issuperset(shard.environments)]
        if ready:
            return min(ready, key=lambda shard: shard.order)
        best, most_s = None, 0.0
        for shard in sorted(heads, key=lambda shard: shard.order):
            holders = self._holders_of(shard)
            seconds = self._waiting.seconds_like(shard)
            # If other workers have the environment, create it only if their remaining work takes longer.
            gain_s = seconds / holders - ENVIRONMENT_S if holders else seconds + ENVIRONMENT_S
            if gain_s > most_s:
                best, most_s = shard, gain_s
        return best

    def creates(self, worker: Worker, environment: str) -> None:
        """Note that a worker creates an environment."""
        worker.creating = environment
        for environments in [each for each in self._holders if environment in each]:
            del self._holders[environments]

    def _holders_of(self, shard: PlacedShard) -> int:
        if shard.environments not in self._holders:
            self._holders[shard.environments] = sum(
                shard.environments <= {*each.environments, each.creating} and each.fits(shard) for each in self._workers
            )
        return self._holders[shard.environments]


def _head(group: Iterable[PlacedShard], worker: Worker, workers: Collection[Worker]) -> PlacedShard | None:
    """Return the first shard of a group that may go to a worker."""
    for shard in group:
        if worker.fits(shard) or not any(each.fits(shard) for each in workers):
            return shard
    return None
