"""Steps a package through its releases: trials in, an answer out, with a word to the user for each probe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.pinpoint.answer import Found, Point
from harness.pinpoint.bench import Bench
from harness.pinpoint.following import followed_signatures, relabelled
from harness.pinpoint.judging import Judge
from harness.pinpoint.search import Course, Observation, largest_gap, search, transitions
from harness.pinpoint.trials import Trial


@dataclass(frozen=True, kw_only=True)
class Walked:
    """What a walk over a sequence of trials has shown, in the order of the sequence."""

    points: tuple[Point, ...]
    found: tuple[Found, ...]
    largest_gap: int
    followed: frozenset[str]
    given_up: int = 0
    """How many of the first points were given up, since what came after them could not be tested."""


class Walk:
    """One search over trials on a bench. `name` is what each point is called."""

    def __init__(
        self,
        bench: Bench,
        judge: Judge,
        course: Course,
        *,
        trial: Callable[[int], Trial],
        name: Callable[[int], str],
        say: Callable[[str], None],
        follow_ends: bool = True,
    ) -> None:
        self._bench = bench
        self._judge = judge
        self._course = course
        self._trial = trial
        self._name = name
        self._say = say
        self._follow_ends = follow_ends

    def run(self, package: str, followed: frozenset[str] = frozenset()) -> Walked:
        """Search. What is followed is what the ends show, if nothing is given."""
        seen = search(
            self._course,
            self._probe,
            again=self._again,
            begin=self._begin,
            ahead=self._ahead,
            ahead_of_again=self._ahead_of_again,
        )
        if self._follow_ends and not followed:
            tested = [seen[place] for place in sorted(seen) if seen[place].tested]
            followed = followed_signatures([*tested[:1], *tested[-1:]])
        points = {
            place: Point(
                name=self._name(place),
                observation=relabelled(seen[place], followed),
                shown=self._bench.show(self._trial(place)),
            )
            for place in sorted(seen)
        }
        found = tuple(
            Found(
                package=package,
                before=points[each.last],
                after=points[each.first],
                untestable=tuple(points[place] for place in each.between),
            )
            for each in transitions(seen)
        )
        return Walked(
            points=tuple(points.values()),
            found=found,
            largest_gap=largest_gap(seen),
            followed=followed,
            given_up=self._course.oldest(seen),
        )

    def _probe(self, place: int) -> Observation:
        return self._observed(place, again=False)

    def _again(self, place: int) -> Observation:
        return self._observed(place, again=True)

    def _observed(self, place: int, *, again: bool) -> Observation:
        trial = self._trial(place)
        runs = self._bench.runs
        shown = self._bench.show_again(trial) if again else self._bench.show(trial)
        observation = self._judge.observe(trial, shown)
        if not again or self._bench.runs > runs:
            point = Point(name=self._name(place), observation=observation, shown=shown)
            how = " (again)" if again else " (known)" if shown.attempts and self._bench.runs == runs else ""
            self._say(f"{trial.name}{how}: {point.text}")
        return observation

    def _begin(self, places: tuple[int, ...]) -> None:
        for place in places:
            self._bench.begin(self._trial(place))

    def _ahead_of_again(self, places: tuple[int, ...]) -> None:
        for place in places:
            self._bench.begin_again(self._trial(place))

    def _ahead(self, places: tuple[int, ...]) -> None:
        for place in places:
            self._bench.provide_ahead(self._trial(place))
