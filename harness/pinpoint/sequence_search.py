"""The search over a sequence of candidates: releases, or commits. It notifies the user of each probe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.pinpoint.answers.values import Point, ProvenTransition
from harness.pinpoint.candidates import Candidate
from harness.pinpoint.followed_failure import relabelled
from harness.pinpoint.judge import Judge
from harness.pinpoint.prober import Prober
from harness.search.transitions import Observation, SearchPlan, largest_gap, search, transitions


@dataclass(frozen=True, kw_only=True)
class SequenceResult:
    """The result of a search over a sequence of candidates, in the order of the sequence."""

    points: tuple[Point, ...]
    found: tuple[ProvenTransition, ...]
    largest_gap: int
    given_up: int = 0
    """The number of first points that were not searched, since the points after them could not be tested."""
    newest: int | None = None
    """The last searched place, if later points were not searched since the points before them could not be tested."""

    def following(self, followed: frozenset[str]) -> SequenceResult:
        """Return the same, with each failure that is not among these signatures called "other"."""
        points = {
            point.name: replace(point, observation=relabelled(point.observation, followed)) for point in self.points
        }
        found = (
            replace(
                each,
                before=points[each.before.name],
                after=points[each.after.name],
                untestable=tuple(points[lost.name] for lost in each.untestable),
            )
            for each in self.found
        )
        return replace(self, points=tuple(points.values()), found=tuple(found))


class SequenceSearch:
    """Search a sequence of candidates with a prober. `name` returns the name of a point."""

    def __init__(
        self,
        prober: Prober,
        judge: Judge,
        plan: SearchPlan,
        *,
        candidate: Callable[[int], Candidate],
        name: Callable[[int], str],
        notify: Callable[[str], None],
    ) -> None:
        self._prober = prober
        self._judge = judge
        self._plan = plan
        self._candidate = candidate
        self._name = name
        self._notify = notify

    def run(self, package: str) -> SequenceResult:
        """Search, and return all transitions between neighbours."""
        plan = self._plan
        seen = search(
            plan,
            self._probe,
            again=self._again,
            begin=self._begin,
            ahead=self._ahead,
            ahead_of_again=self._ahead_of_again,
        )
        points = {
            place: Point(
                name=self._name(place),
                observation=seen[place],
                result=self._prober.result_of(self._candidate(place)),
                place=place,
            )
            for place in sorted(seen)
        }
        found = tuple(
            ProvenTransition(
                package=package,
                before=points[each.last],
                after=points[each.first],
                untestable=tuple(points[place] for place in each.between),
            )
            for each in transitions(seen)
        )
        return SequenceResult(
            points=tuple(points.values()),
            found=found,
            largest_gap=largest_gap(seen),
            given_up=plan.oldest(seen),
            newest=plan.newest(seen) if plan.newest(seen) < plan.size - 1 else None,
        )

    def _probe(self, place: int) -> Observation:
        return self._observed(place, again=False)

    def _again(self, place: int) -> Observation:
        return self._observed(place, again=True)

    def _observed(self, place: int, *, again: bool) -> Observation:
        candidate = self._candidate(place)
        known = self._prober.knows(candidate)
        result = self._prober.repeat(candidate) if again else self._prober.result_of(candidate)
        observation = self._judge.observe(candidate, result)
        if not again or result.new:
            point = Point(name=self._name(place), observation=observation, result=result)
            how = " (again)" if again else " (known)" if result.attempts and (known or not result.new) else ""
            self._notify(f"{candidate.name}{how}: {point.text}")
        return observation

    def _begin(self, places: tuple[int, ...]) -> None:
        for place in places:
            self._prober.start(self._candidate(place))

    def _ahead_of_again(self, places: tuple[int, ...]) -> None:
        for place in places:
            self._prober.start_repeat(self._candidate(place))

    def _ahead(self, places: tuple[int, ...]) -> None:
        for place in places:
            self._prober.provide_ahead(self._candidate(place))
