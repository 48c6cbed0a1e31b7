"""The smallest set of members that still makes a test say "bad". Pure: delta debugging, and the proof behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from harness.search.transitions import State

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Minimal(Generic[T]):
    """Members that together are bad, and what became of each when it alone was taken out: never bad again."""

    members: tuple[T, ...]
    without: tuple[tuple[T, State], ...]

    @property
    def proven(self) -> bool:
        """Whether each member is needed: without it, the test was made, and was not bad."""
        return all(state is not State.UNTESTABLE for _, state in self.without)


class Minimiser(Generic[T]):
    """Zeller's ddmin with a third answer: what is neither bad nor good (untestable, other) proves nothing.

    `test` is asked once for each set. Guarantee: it said BAD of the result, and of none that lacks one member.

    `needs` returns a member with all members that it needs, those of others included. A set without them is untestable:
    `test` must say so, and such sets are only asked for the proof. What lacks a member also lacks what needs it.
    """

    def __init__(
        self,
        members: Sequence[T],
        test: Callable[[tuple[T, ...]], State],
        needs: Callable[[T], Iterable[T]] | None = None,
    ) -> None:
        self._members = tuple(members)
        self._test = test
        self._needs = {each: frozenset(needs(each)) if needs is not None else frozenset({each}) for each in members}
        self._said: dict[frozenset[T], State] = {}

    def run(self) -> Minimal[T]:
        """Return the smallest set. The caller ensures that all members together are bad, and that none is not bad."""
        members, parts = self._members, 2
        while len(units := self._units(members)) > 1:
            smaller = self._smaller(units, min(parts, len(units)))
            if smaller is not None:
                members, parts = smaller, max(2, parts - 1) if 2 * len(smaller) > len(members) else 2
            elif parts >= len(units):
                break
            else:
                parts *= 2
        return Minimal(
            members=members, without=tuple((each, self._consider(_less(members, {each}))) for each in members)
        )

    def _units(self, members: tuple[T, ...]) -> list[tuple[T, ...]]:
        """Group the members that need each other."""
        units: dict[frozenset[T], list[T]] = {}
        for each in members:
            units.setdefault(self._needs[each], []).append(each)
        return [tuple(unit) for unit in units.values()]

    def _smaller(self, units: list[tuple[T, ...]], parts: int) -> tuple[T, ...] | None:
        """Return a part, or all but a part, that is bad by itself."""
        return next((each for each in self._subsets(units, parts) if self._consider(each) is State.BAD), None)

    def _subsets(self, units: list[tuple[T, ...]], parts: int) -> Iterator[tuple[T, ...]]:
        """Yield the parts with what they need, and what is left without a part and all that needs it."""
        places = [(len(units) * part // parts, len(units) * (part + 1) // parts) for part in range(parts)]
        chunks = [[each for unit in units[first:last] for each in unit] for first, last in places]
        members = tuple(each for each in self._members if any(each in unit for unit in units))
        for chunk in chunks:
            needed = frozenset[T]().union(*(self._needs[each] for each in chunk))
            part = tuple(each for each in members if each in needed)
            if len(part) < len(members):
                yield part
        for chunk in chunks:
            left = tuple(each for each in members if self._needs[each].isdisjoint(chunk))
            if left:
                yield left

    def _consider(self, members: tuple[T, ...]) -> State:
        key = frozenset(members)
        if key not in self._said:
            self._said[key] = self._test(members) if members else State.GOOD
        return self._said[key]


def _less(members: tuple[T, ...], gone: set[T]) -> tuple[T, ...]:
    return tuple(each for each in members if each not in gone)
