"""Finds the transitions in a sequence of points with few probes. Pure: only the probe knows what a point is.

A reported transition was observed: both sides were probed and differ, and every point between them was probed and is
untestable. A run of points without a probed one is missed; the plan has the points that are probed in any case.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum


class State(str, Enum):
    """The result of a probe."""

    GOOD = "good"
    BAD = "bad"
    OTHER = "other"
    """It fails, but not with the followed failure."""
    FLAKY = "flaky"
    """Repeats differ."""
    UNTESTABLE = "untestable"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, kw_only=True)
class Observation:
    """The result of a probe. Two points differ if their state or their signature does."""

    state: State
    signature: str | None = None
    reason: str = ""
    """The reason why it is untestable or flaky; not compared."""
    printed: str | None = None
    """Its observation, if that is followed and it did not fail. Not compared: the signature is."""
    watched: str = "output"
    """The kind of `printed`: `output`, `warning` or `time`. Not compared."""

    @property
    def tested(self) -> bool:
        """Whether the point could be tested."""
        return self.state is not State.UNTESTABLE

    def differs_from(self, other: Observation) -> bool:
        """Return whether two tested points show different things."""
        return (self.state, self.signature) != (other.state, other.signature)


class Kind(str, Enum):
    """The kinds of transitions between two neighbours."""

    INTRODUCED = "introduced"
    """The neighbour before passes."""
    FIXED = "fixed"
    """The neighbour after passes."""
    CHANGED = "changed"
    """Neither passes: one failure became another, or repeats began or ceased to differ."""

    def __str__(self) -> str:
        return self.value


def kind_of(before: Observation, after: Observation) -> Kind:
    """Return the kind of the transition between two neighbours that differ: more than a change only next to a pass."""
    if before.state is State.GOOD:
        return Kind.INTRODUCED
    return Kind.FIXED if after.state is State.GOOD else Kind.CHANGED


Observations = Mapping[int, Observation]
_GIVES_UP_AFTER = 4
"""The number of untestable marks in a row that ends the search on its way from the known point."""


@dataclass(frozen=True, kw_only=True)
class Transition:
    """Two tested points that differ; all points between them were probed and are untestable."""

    last: int
    first: int

    @property
    def between(self) -> range:
        """The untestable points between the two."""
        return range(self.last + 1, self.first)


@dataclass(frozen=True, kw_only=True)
class SearchPlan:
    """Which of `size` points are probed, in which order: the marks first, then points between neighbours that differ.

    `offset` is the place of the first point in a longer sequence that does not depend on the bounds. Halving prefers
    points by that place, so that searches with other bounds probe the same points.
    """

    size: int
    marks: tuple[int, ...]
    offset: int = 0
    known: int | None = None
    """A point that is known to be testable: the search goes back from it, as far as points are testable.

    If the last point is untestable, it goes forward from it in the same way.
    """

    @classmethod
    def grid(cls, size: int, marks: tuple[int, ...], offset: int = 0, *, known: int | None = None) -> SearchPlan:
        """Return a plan that probes both ends and the marks, then narrows each border.

        With a known point, the marks before it are probed backwards, as long as they are testable. If the last point is
        untestable, the marks after the known one are probed forwards in the same way.
        """
        inside = {mark for mark in marks if 0 <= mark < size}
        return cls(size=size, marks=tuple(sorted({*_ends(size), *inside})), offset=offset, known=known)

    @classmethod
    def every(cls, size: int, offset: int = 0) -> SearchPlan:
        """Return a plan that probes every point."""
        return cls(size=size, marks=tuple(range(size)), offset=offset)

    @classmethod
    def quick(cls, size: int, offset: int = 0) -> SearchPlan:
        """Return a plan that halves between both ends: one transition takes at most ceil(log2 size) + 2 probes."""
        return cls(size=size, marks=_ends(size), offset=offset)

    def including(self, point: int) -> SearchPlan:
        """Return the same plan, with one more point that is probed in any case."""
        return replace(self, marks=tuple(sorted({*self.marks, point})))

    def next_point(self, seen: Observations) -> int | None:
        """Return the point to probe next, or None at the end. Depends on `seen` alone."""
        marks = self.certain(seen)
        if marks:
            return marks[0]
        oldest, newest = self.oldest(seen), self.newest(seen)
        for mark in self.marks:
            point = self._for_mark(mark, oldest, newest, seen) if oldest <= mark <= newest else None
            if point is not None:
                return point
        for last, first in _borders(seen):
            point = self._within(last, first, seen)
            if point is not None:
                return point
        return None

    def certain(self, seen: Observations) -> tuple[int, ...]:
        """Return the marks that will be probed in any case, the next one first. The ends come first."""
        before, after = self._before_known(), self._after_known(seen)
        there = list(dict.fromkeys((*self.marks[:1], *self.marks[-1:], *self.marks)))
        there = [mark for mark in there if mark not in before and mark not in after]
        return tuple(mark for mark in (*there, *_reached(before, seen), *_reached(after, seen)) if mark not in seen)

    def oldest(self, seen: Observations) -> int:
        """Return the first point that is probed. Unless it is 0, the search stopped there on its way back.

        Old releases of a package often fit nothing else in the environment, and there may be a hundred of them.
        """
        return next(_given_up(self._before_known(), seen), 0)

    def newest(self, seen: Observations) -> int:
        """Return the last point that is probed. Unless it is the last of all, the search stopped there on its way."""
        return next(_given_up(self._after_known(seen), seen), self.size - 1)

    def _before_known(self) -> list[int]:
        """Return the marks before the known point, the nearest first."""
        return [mark for mark in reversed(self.marks) if self.known is not None and mark < self.known]

    def _after_known(self, seen: Observations) -> list[int]:
        """Return the marks between the known point and the end, the nearest first; none if the end can be tested."""
        end = self.size - 1
        if self.known is None or (end in seen and seen[end].tested):
            return []
        return [mark for mark in self.marks if self.known < mark < end]

    def possible_next(self, point: int, seen: Observations) -> tuple[int, ...]:
        """Return the points that may be probed after this one, so that their environments can be built ahead."""
        tested = sorted(each for each in seen if seen[each].tested)
        before = [seen[each] for each in tested if each < point][-1:]
        after = [seen[each] for each in tested if each > point][:1]
        showings = [*before, *after] or [Observation(state=State.GOOD)]
        found: dict[int, None] = {}
        for showing in [*showings, Observation(state=State.UNTESTABLE)]:
            following = self.next_point({**seen, point: showing})
            if following is not None:
                found[following] = None
        return tuple(found)

    def _for_mark(self, mark: int, oldest: int, newest: int, seen: Observations) -> int | None:
        """Return the point to probe for a mark: the mark, or if it is untestable the nearest that is not."""
        place = self.marks.index(mark)
        low = max(oldest, self.marks[place - 1] + 1 if place else 0)
        high = min(newest, self.marks[place + 1] - 1 if place + 1 < len(self.marks) else self.size - 1)
        for point in _widening(mark, low, high):
            if point not in seen:
                return point
            if seen[point].tested:
                return None
        return None

    def _within(self, last: int, first: int, seen: Observations) -> int | None:
        """Return a point between two that differ, as near the middle as is testable."""
        if first - last == 1:
            return None
        middle = _middle(last, first, self.offset)
        return next((point for point in _widening(middle, last + 1, first - 1) if point not in seen), None)


def _reached(marks: Sequence[int], seen: Observations) -> Sequence[int]:
    """Return the marks to probe next on a way that ends at a run of untestable ones."""
    reached = next((place for place, mark in enumerate(marks) if mark not in seen), len(marks))
    run = list(itertools.takewhile(lambda mark: not seen[mark].tested, reversed(marks[:reached])))
    return marks[reached : reached + _GIVES_UP_AFTER - len(run)]


def _given_up(marks: Sequence[int], seen: Observations) -> Iterator[int]:
    """Yield the mark with which a run of untestable ones began that ended the search on its way."""
    for place in range(len(marks) - _GIVES_UP_AFTER + 1):
        if all(mark in seen and not seen[mark].tested for mark in marks[place : place + _GIVES_UP_AFTER]):
            yield marks[place]


def search(
    plan: SearchPlan,
    probe: Callable[[int], Observation],
    *,
    again: Callable[[int], Observation] | None = None,
    begin: Callable[[tuple[int, ...]], None] = lambda points: None,
    ahead: Callable[[tuple[int, ...]], None] = lambda points: None,
    ahead_of_again: Callable[[tuple[int, ...]], None] = lambda points: None,
) -> dict[int, Observation]:
    """Probe until every border is closed; return the observations. Each point is probed once.

    `again` probes both sides of each transition a second time, and its result replaces the first: if it differs, the
    search continues. Before each probe, `begin` gets the points that will be probed, `ahead` those that may be.
    """
    seen: dict[int, Observation] = {}
    looked_again: set[int] = set()
    while True:
        point = plan.next_point(seen)
        if point is not None:
            begin(plan.certain(seen))
            ahead(plan.possible_next(point, seen))
            seen[point] = probe(point)
            continue
        sides = [side for each in transitions(seen) for side in (each.last, each.first) if side not in looked_again]
        if again is None or not sides:
            return seen
        ahead_of_again(tuple(dict.fromkeys(sides)))
        looked_again.add(sides[0])
        seen[sides[0]] = again(sides[0])


def transitions(seen: Observations) -> list[Transition]:
    """Return every transition that the observations prove, ascending."""
    return [
        Transition(last=last, first=first)
        for last, first in _borders(seen)
        if all(point in seen for point in range(last + 1, first))
    ]


def largest_gap(seen: Observations) -> int:
    """Return the largest distance between tested neighbours: a shorter run of points may have been missed."""
    tested = sorted(point for point in seen if seen[point].tested)
    return max((after - before for before, after in itertools.pairwise(tested)), default=0)


def _borders(seen: Observations) -> Iterator[tuple[int, int]]:
    """Yield the tested neighbours that differ."""
    tested = sorted(point for point in seen if seen[point].tested)
    for last, first in itertools.pairwise(tested):
        if seen[last].differs_from(seen[first]):
            yield last, first


def _ends(size: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys((0, size - 1))) if size else ()


def _middle(last: int, first: int, offset: int) -> int:
    """Return the point between two at which to halve.

    Of those that need no more halvings than the exact middle, it is the one whose place has the most factors of two.
    """
    reach = 1 << ((first - last - 1).bit_length() - 1)
    allowed = range(max(last + 1, first - reach), min(first - 1, last + reach) + 1)
    return max(allowed, key=lambda point: (_factors_of_two(point + offset), -abs(2 * point - last - first), -point))


def _factors_of_two(place: int) -> int:
    return place & -place if place else 1 << 62


def _widening(centre: int, low: int, high: int) -> Iterator[int]:
    """Yield all points from low to high: the centre, then at distances that double, then the rest, nearest first.

    Untestable points come in runs. Doubling leaves a run soon; the points in between follow only if needed.
    """
    leaps = (1 << power for power in range((high - low + 1).bit_length()))
    given = set()
    for distance in itertools.chain([0], leaps, range(1, high - low + 1)):
        for point in (centre - distance, centre + distance):
            if low <= point <= high and point not in given:
                given.add(point)
                yield point
