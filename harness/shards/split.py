"""Split the tasks of a plan into shards of equal expected duration. Pure; equal tasks give equal shards everywhere."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from harness.execute.task import Task, worker_digest

UNKNOWN_S = 2.0
ENVIRONMENT_S = 10.0
"""The cost of an environment in a shard, in seconds: its creation and its imports."""
MOST_S = 300.0
"""The longest shard of a cluster, in seconds: others should not wait for the last ones."""
_MORE_PIECES = 64
_GOOD_ENOUGH = 1.1


@dataclass(frozen=True, kw_only=True)
class Split:
    """The tasks of each shard, each task as often as it is to run. The shards without tasks come last."""

    shards: tuple[tuple[Task, ...], ...]
    id: str
    """16 hex digits: the same for equal tasks, split in the same way."""

    @property
    def filled(self) -> int:
        """How many shards have tasks."""
        return sum(map(bool, self.shards))

    @property
    def content(self) -> tuple[tuple[tuple[str, int], ...], ...]:
        """For each shard, the keys and how many attempts of each."""
        return tuple(map(counts_of, self.shards))


def counts_of(tasks: Iterable[Task]) -> tuple[tuple[str, int], ...]:
    """Return the keys of tasks, sorted, and how many tasks have each."""
    counts: dict[str, int] = {}
    for task in tasks:
        counts[task.key] = counts.get(task.key, 0) + 1
    return tuple(sorted(counts.items()))


def id_of(content: Iterable[Iterable[tuple[str, int]]]) -> str:
    """Return the id of a split with this content, for this version of the worker."""
    document = [worker_digest(), [[list(each) for each in shard] for shard in content]]
    return hashlib.sha256(json.dumps(document).encode()).hexdigest()[:16]


def selection_digest(keys: Iterable[str]) -> str:
    """Return the digest of all cells that a command selects, by their keys."""
    return hashlib.sha256("\n".join(sorted(set(keys))).encode()).hexdigest()


@dataclass(kw_only=True)
class _Group:
    """The tasks of one environment: those of a reader belong to the environment of its writer."""

    environment: str
    clusters: list[list[Task]] = field(default_factory=list)
    """Tasks that stay together: equal ones, and a writer with its readers."""

    @property
    def seconds(self) -> float:
        return sum(map(_seconds, self.clusters))


@dataclass(kw_only=True)
class _Piece:
    environment: str
    clusters: list[list[Task]] = field(default_factory=list)
    seconds: float = ENVIRONMENT_S


def split(tasks: Iterable[Task], shards: int) -> Split:
    """Split tasks into shards. Environments stay whole where this does not make a shard much longer than the others."""
    groups = _groups(tasks)
    parts: list[list[Task]] = [[] for _ in range(shards)]
    for part, pieces in zip(parts, _best(groups, shards), strict=False):
        part += [task for piece in pieces for cluster in piece.clusters for task in cluster]
    parts.sort(key=lambda part: (not part, -sum(map(seconds_of, part)), [str(task.cell) for task in part]))
    return Split(shards=tuple(map(tuple, parts)), id=id_of(map(counts_of, parts)))


def portions(tasks: Iterable[Task], most: int, *, most_s: float = MOST_S) -> list[tuple[Task, ...]]:
    """Return shards of one environment, of up to `most` cells and `most_s` seconds, those with the longest cells first.

    Tasks that stay together may be more.
    """
    found: list[tuple[Task, ...]] = []
    for group in _groups(tasks):
        portion: list[Task] = []
        seconds = 0.0
        for cluster in group.clusters:
            cluster_s = _seconds(cluster)
            if portion and (len(portion) + len(cluster) > most or seconds + cluster_s > most_s):
                found.append(tuple(portion))
                portion, seconds = [], 0.0
            portion += cluster
            seconds += cluster_s
        found.append(tuple(portion))
    return sorted(found, key=lambda portion: -max(map(seconds_of, portion)))


def seconds_of(task: Task) -> float:
    """Return the expected duration of a task."""
    return task.expected_s or UNKNOWN_S


def _seconds(cluster: Iterable[Task]) -> float:
    return sum(map(seconds_of, cluster))


def _groups(tasks: Iterable[Task]) -> list[_Group]:
    """Group tasks by environment; the longest first, and in each the longest clusters first."""
    clusters: dict[str, list[Task]] = {}
    for task in tasks:
        clusters.setdefault(task.reads or task.key, []).append(task)
    groups: dict[str, _Group] = {}
    for cluster in clusters.values():
        cluster.sort(key=lambda task: (task.reads is not None, str(task.cell)))
        home = cluster[0].cell.writer or cluster[0].environment.id
        groups.setdefault(home, _Group(environment=home)).clusters.append(cluster)
    for group in groups.values():
        group.clusters.sort(key=lambda cluster: (-_seconds(cluster), str(cluster[0].cell)))
    return sorted(groups.values(), key=lambda group: (-group.seconds, group.environment))


def _best(groups: Sequence[_Group], shards: int) -> list[list[_Piece]]:
    """Return the pieces of each shard: with as few pieces as give a longest shard close to the shortest possible."""
    if not groups:
        return []
    pieces = {group.environment: 1 for group in groups}
    cut = {group.environment: _cut(group, 1) for group in groups}
    candidates = []
    for _ in range(shards + _MORE_PIECES):
        placed = _place([piece for group in groups for piece in cut[group.environment]], shards)
        candidates.append((max(sum(piece.seconds for piece in each) for each in placed), placed))
        largest = max(
            (group for group in groups if pieces[group.environment] < min(len(group.clusters), shards)),
            key=lambda group: group.seconds / pieces[group.environment],
            default=None,
        )
        if largest is None:
            break
        pieces[largest.environment] += 1
        cut[largest.environment] = _cut(largest, pieces[largest.environment])
    shortest = min(longest for longest, _ in candidates)
    return next(placed for longest, placed in candidates if longest <= shortest * _GOOD_ENOUGH)


def _cut(group: _Group, count: int) -> list[_Piece]:
    """Cut a group into pieces of similar duration."""
    pieces = [_Piece(environment=group.environment) for _ in range(count)]
    heap = [(0.0, number) for number in range(count)]
    for cluster in group.clusters:
        taken, number = heap[0]
        seconds = _seconds(cluster)
        pieces[number].clusters.append(cluster)
        pieces[number].seconds += seconds
        heapq.heapreplace(heap, (taken + seconds, number))
    return pieces


def _place(pieces: Iterable[_Piece], shards: int) -> list[list[_Piece]]:
    """Assign each piece to the shard with the least work, the longest first."""
    placed: list[list[_Piece]] = [[] for _ in range(shards)]
    heap = [(0.0, number) for number in range(shards)]
    for piece in sorted(pieces, key=lambda piece: (-piece.seconds, piece.environment, str(piece.clusters[0][0].cell))):
        taken, number = heap[0]
        placed[number].append(piece)
        heapq.heapreplace(heap, (taken + piece.seconds, number))
    return placed
