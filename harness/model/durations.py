"""Durations of attempts: medians of repeats, compared with a factor. Pure.

They depend on the machine and on what else runs there, so only those of one session on one machine are compared.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.model.attempt import Attempt

LEAST_REPEATS = 3
"""How often a duration is measured."""
LEAST_S = 0.1
"""Shorter durations count as this long: their ratio is noise."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The durations of repeats, in seconds."""

    seconds: tuple[float, ...]

    @classmethod
    def of(cls, attempts: Iterable[Attempt], *, stage: str | None) -> Measured | None:
        """Return the durations of attempts, of a stage or of the whole script; None if one was not measured."""
        found = [seconds_of(each, stage) for each in attempts]
        seconds = tuple(each for each in found if each is not None)
        return cls(seconds=seconds) if seconds and len(seconds) == len(found) else None

    @property
    def median_s(self) -> float:
        """The median, at least `LEAST_S`."""
        return max(statistics.median(self.seconds), LEAST_S)

    def is_steady(self, factor: float) -> bool:
        """Return whether most repeats are within the factor of the median: a single disturbed repeat does not count."""
        near = sum(compare(each, self.median_s, factor) == 0 for each in self.seconds)
        return 2 * near > len(self.seconds)

    @property
    def text(self) -> str:
        """The median, with the number of repeats."""
        return f"{seconds_text(statistics.median(self.seconds))} (median of {len(self.seconds)})"

    @property
    def range_text(self) -> str:
        """The shortest and the longest."""
        return f"{seconds_text(min(self.seconds))} to {seconds_text(max(self.seconds))}"


def seconds_text(seconds: float) -> str:
    """Return a duration with two or three significant digits."""
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:.0f} s"


def compare(seconds: float, reference_s: float, factor: float) -> int:
    """Return 1 if a duration is longer than another by a factor, -1 if it is shorter, else 0."""
    one, other = max(seconds, LEAST_S), max(reference_s, LEAST_S)
    return 1 if one >= other * factor else -1 if one * factor <= other else 0


def seconds_of(attempt: Attempt, stage: str | None) -> float | None:
    """Return the duration of an attempt or of a stage of it, in seconds; None if that was not measured."""
    if stage is None:
        return attempt.script_s or None
    found = [seconds for name, seconds in attempt.stage_s if name == stage]
    return sum(found) if found else None


def speed_groups(medians_s: Mapping[str, float], factor: float) -> tuple[tuple[str, ...], ...]:
    """Return the names in groups, the fastest first. In a group, none is slower than the fastest by the factor."""
    groups: list[list[str]] = []
    for name in sorted(medians_s, key=lambda each: medians_s[each]):
        if not groups or compare(medians_s[name], medians_s[groups[-1][0]], factor):
            groups.append([])
        groups[-1].append(name)
    return tuple(map(tuple, groups))


def session_to_compare(measured: Mapping[str, Sequence[Attempt]], *, least: int) -> str | None:
    """Return the session in which most cells were measured often enough, of several the newest; None if there is none.

    `measured` has the attempts of each cell, oldest first.
    """
    counts: dict[str, int] = {}
    for attempts in measured.values():
        for session in dict.fromkeys(each.session for each in attempts if each.session):
            times = sum(each.session == session for each in attempts)
            counts[session] = counts.get(session, 0) + (times >= least)
    newest = {each.session: each.started for attempts in measured.values() for each in attempts}
    sessions = [each for each, cells in counts.items() if cells]
    return max(sessions, key=lambda each: (counts[each], newest[each]), default=None)
