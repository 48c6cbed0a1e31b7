"""The scheduler of a cluster: tasks in, attempts out, like the local pool."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable
from dataclasses import dataclass

from harness.cluster.placement import PlacedShard
from harness.cluster.run import ClusterRun
from harness.execute.task import Task
from harness.model import Attempt
from harness.pipeline import Work
from harness.schedule.watcher import Watcher
from harness.session import Session
from harness.shards.document import Document, ShardOptions, shard_run, write_shard
from harness.shards.split import counts_of, id_of, portions

FEWEST_CELLS, MOST_CELLS = 20, 100
"""How many cells a shard may have: a few for small plans, more for large ones, so that Dask has few tasks."""
_MOST_SHARDS = 10_000
RECONNECT_S = 120.0
LOOK_S = 1.0


def cells_per_shard(cells: int) -> int:
    """Return the largest number of cells of a shard in a plan with `cells` cells."""
    return max(FEWEST_CELLS, min(MOST_CELLS, -(-cells // _MOST_SHARDS)))


@dataclass(kw_only=True)
class ClusterScheduler:
    """Runs the tasks of a work on a cluster."""

    session: Session
    work: Work
    address: str
    watcher: Watcher
    isolation: str = "fork"
    most_cells: int | None = None
    """How many cells a shard may have; the default depends on the plan."""
    reconnect_s: float = RECONNECT_S
    look_s: float = LOOK_S
    """How often lost and new workers are looked for."""

    def run(self, tasks: Iterable[Task]) -> Generator[Attempt]:
        """Run tasks, and yield the attempts in order of completion, until the session is stopped. Raises HarnessError.

        If workers are lost, others run their shards. A lost scheduler is looked for again for two minutes.
        """
        self._new = self._shards(list(tasks))
        run = ClusterRun(
            session=self.session,
            address=self.address,
            watcher=self.watcher,
            source=self,
            stop=self.session.stop,
            reconnect_s=self.reconnect_s,
            look_s=self.look_s,
        )
        for _, attempts in run.run():
            yield from attempts

    over = True

    def new_shards(self) -> Iterable[PlacedShard]:
        """Return all shards, the first time."""
        new, self._new = self._new, []
        return new

    def work_of(self, shard: PlacedShard) -> Work:
        """Return the work."""
        return self.work

    def _shards(self, tasks: list[Task]) -> list[PlacedShard]:
        parts = portions(tasks, self.most_cells or cells_per_shard(len(tasks)))
        # The same tasks again, with --fresh, are other attempts than those of an earlier run.
        this_run = f"{id_of(map(counts_of, parts))} {self.session.id}"
        split = hashlib.sha256(this_run.encode()).hexdigest()[:16]
        return [
            PlacedShard.of(shard_run(split, number, len(parts), len(parts)), part)
            for number, part in enumerate(parts, start=1)
        ]

    def document_of(self, shard: PlacedShard) -> Document:
        """Return the document of a shard. They are made when they are sent: all of them would need much memory."""
        options = ShardOptions(
            sandboxed=self.session.sandboxed, timeout_s=self.session.timeout_s, isolation=str(self.isolation)
        )
        return write_shard(self.work, shard.tasks, shard.run, options, project=self.session.identity)
