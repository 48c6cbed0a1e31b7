"""The smallest set of members that still makes a test say "bad". Pure: delta debugging, and the proof behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    """

    def __init__(self, members: Sequence[T], test: Callable[[tuple[T, ...]], State]) -> None:
        self._members = tuple(members)
        self._test = test
        self._said: dict[frozenset[T], State] = {}

    def run(self) -> Minimal[T]:
        """Minimise. All members together must be bad, none must not be; that is the caller's to see to."""
        members, parts = self._members, 2
        while len(members) > 1:
            smaller = self._smaller(members, min(parts, len(members)))
            if smaller is not None:
                members, parts = smaller, max(2, parts - 1) if 2 * len(smaller) > len(members) else 2
            elif parts >= len(members):
                break
            else:
                parts *= 2
        return Minimal(
            members=members, without=tuple((each, self._consider(_less(members, {each}))) for each in members)
        )

    def _smaller(self, members: tuple[T, ...], parts: int) -> tuple[T, ...] | None:
        """Return a part, or all but a part, that is bad by itself."""
        chunks = [members[len(members) * i // parts : len(members) * (i + 1) // parts] for i in range(parts)]
        complements = [_less(members, set(chunk)) for chunk in chunks] if parts > 2 else []
        return next((each for each in [*chunks, *complements] if self._consider(each) is State.BAD), None)

    def _consider(self, members: tuple[T, ...]) -> State:
        key = frozenset(members)
        if key not in self._said:
            self._said[key] = self._test(members) if members else State.GOOD
        return self._said[key]


def _less(members: tuple[T, ...], gone: set[T]) -> tuple[T, ...]:
    return tuple(each for each in members if each not in gone)
