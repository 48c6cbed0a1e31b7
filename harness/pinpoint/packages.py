"""Which of the differences between two environments is to blame: the smallest set that turns good into bad."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from harness.errors import HarnessError
from harness.locking.package_index import Release, ReleaseIndex
from harness.model import Environment
from harness.pinpoint.answer import Found, Point
from harness.pinpoint.candidates import Candidate
from harness.pinpoint.judging import Judge
from harness.pinpoint.members import Between, Member
from harness.pinpoint.prober import Prober
from harness.pinpoint.sequence_search import SequenceSearch
from harness.pinpoint.swapped import SwappedEnvironments
from harness.search.ddmin import Minimal, Minimiser
from harness.search.transitions import Kind, SearchPlan, State


@dataclass(frozen=True, kw_only=True)
class Culprit:
    """A member of the smallest set, with what was seen without it, and where its own releases begin to fail."""

    member: Member
    without: State
    steps: tuple[Found, ...] = ()
    """Every transition between its releases from the good version to the bad one, in that direction."""
    note: str = ""

    @property
    def step(self) -> Found | None:
        """The transition after which it fails: the last one from a pass; if none passes, the last one."""
        introduced = tuple(each for each in self.steps if each.kind is Kind.INTRODUCED)
        return next(reversed(introduced or self.steps), None)

    @property
    def first_bad(self) -> str | None:
        """The first of its values that fails: a version between the two, or the only other one there is."""
        if self.step is not None:
            return self.step.after.name
        return self.member.bad if self.member.kind != "package" or self.member.good is None else None


@dataclass(frozen=True, kw_only=True)
class Blamed:
    """What was found, and every candidate on the way."""

    culprits: tuple[Culprit, ...]
    forced: bool
    """True if it could only be installed against the requirements of the packages."""
    together: tuple[Member, ...]
    """The smallest set that can be installed without force."""
    candidates: tuple[Point, ...]
    good: Point
    bad: Point

    @property
    def proven(self) -> bool:
        """True if each member was shown to be needed."""
        return all(each.without in (State.GOOD, State.OTHER) for each in self.culprits)


class Blame:
    """Delta debugging over the members of two environments."""

    def __init__(
        self,
        prober: Prober,
        judge: Judge,
        between: Between,
        *,
        made: SwappedEnvironments,
        index: ReleaseIndex,
        notify: Callable[[str], None],
    ) -> None:
        self._prober = prober
        self._judge = judge
        self._between = between
        self._made = made
        self._index = index
        self._notify = notify
        self._candidates: dict[str, Point] = {}

    def run(self) -> Blamed:
        """Minimise, prove, step each culprit through its releases. Raises HarnessError if there is nothing to do."""
        between = self._between
        for members in (between.members, ()):
            self._prober.start(self._candidate(members, forced=False))
        bad, good = self._point(between.members), self._point(())
        self._verify(bad, good)
        self._wanted = bad.observation
        minimal, forced = self._minimal(), False
        together = minimal.members
        if len(minimal.members) > 1 and not minimal.proven:
            # Together they move only because they ask for one another: which of them it is, is seen by force.
            self._notify("Some of these only go together. Each is now tried by itself, against what they ask for:")
            narrower = self._forced(minimal)
            if narrower is not None:
                minimal, forced = narrower, True
        self._show_again(minimal.members, forced)
        culprits = tuple(self._culprit(each, minimal, state, forced) for each, state in minimal.without)
        return Blamed(
            culprits=culprits,
            forced=forced,
            together=together,
            candidates=tuple(self._candidates.values()),
            good=good,
            bad=bad,
        )

    def _verify(self, bad: Point, good: Point) -> None:
        between = self._between
        if bad.observation.state not in (State.BAD, State.OTHER):
            raise HarnessError(
                f"--bad {between.bad.id}: the scenario does not fail there; there is no failure to blame anything for",
                why=bad.text,
                next_step="Name an environment in which it fails",
            )
        if good.observation.state in (State.UNTESTABLE, State.FLAKY) or not good.observation.differs_from(
            bad.observation
        ):
            raise HarnessError(
                f"--good {between.good.id}: the scenario {_also(good)}",
                why=good.text,
                next_step="Name an environment in which it passes",
            )

    def _minimal(self) -> Minimal[Member]:
        return Minimiser(self._between.members, lambda members: self._state(members, forced=False)).run()

    def _forced(self, minimal: Minimal[Member]) -> Minimal[Member] | None:
        """Minimise further without regard to requirements; None if the set as a whole does not fail so."""
        if self._state(minimal.members, forced=True) is not State.BAD:
            return None
        return Minimiser(minimal.members, lambda members: self._state(members, forced=True)).run()

    def _state(self, members: tuple[Member, ...], *, forced: bool) -> State:
        observation = self._point(members, forced=forced).observation
        if observation.state is State.FLAKY:
            return State.UNTESTABLE
        if observation.state in (State.BAD, State.OTHER):
            return State.OTHER if observation.differs_from(self._wanted) else State.BAD
        return observation.state

    def _point(self, members: tuple[Member, ...], *, forced: bool = False) -> Point:
        candidate = self._candidate(members, forced=forced)
        if candidate.name not in self._candidates:
            shown = self._prober.result_of(candidate)
            point = Point(name=candidate.name, observation=self._judge.observe(candidate, shown), shown=shown)
            self._notify(f"{candidate.name}: {point.text}")
            self._candidates[candidate.name] = point
        return self._candidates[candidate.name]

    def _show_again(self, members: tuple[Member, ...], forced: bool) -> None:
        """Run the answer once more, in a process of its own: a coin that fell on one side names nobody."""
        candidate = self._candidate(members, forced=forced)
        observation = self._judge.observe(candidate, self._prober.repeat(candidate))
        if observation.differs_from(self._wanted):
            raise HarnessError(
                f"{candidate.name}: it does not fail each time",
                why=observation.reason or "it passed when it was run again",
                next_step="Run the search with --repeat 5, or more",
            )

    def _candidate(self, members: tuple[Member, ...], *, forced: bool) -> Candidate:
        forced = forced and 0 < len(members) < len(self._between.members)
        name = self._between.name_of(members) + (" (forced)" if forced else "")
        return Candidate(name=name, make=lambda: self._environment(members, forced))

    def _environment(self, members: tuple[Member, ...], forced: bool) -> Environment:
        return self._between.moved(members, forced=forced)

    def _culprit(self, member: Member, minimal: Minimal[Member], without: State, forced: bool) -> Culprit:
        if member.kind != "package" or member.good is None or member.bad is None:
            return Culprit(member=member, without=without)
        try:
            points = releases_from_to(self._index, member)
        except (HarnessError, InvalidVersion) as error:
            return Culprit(member=member, without=without, note=" ".join(str(error).split()))
        base = self._environment(minimal.members, forced)
        package = canonicalize_name(member.name)
        ends = {member.bad: minimal.members, member.good: _less(minimal.members, member)}

        def candidate(place: int) -> Candidate:
            version = str(points[place].version)
            if version in ends:
                # Known from above: with it, the failure; without it, not.
                return self._candidate(ends[version], forced=forced)
            return Candidate(
                name=f"{package} {version} in {base.id}", make=lambda: self._made.swapped(base, {package: version})
            )

        walk = SequenceSearch(
            self._prober,
            self._judge,
            SearchPlan.quick(len(points)),
            candidate=candidate,
            name=lambda place: str(points[place].version),
            notify=self._notify,
        )
        found = walk.run(member.name).found
        if not found:
            return Culprit(member=member, without=without, note="its releases between show no such change")
        return Culprit(member=member, without=without, steps=found)


def _also(good: Point) -> str:
    match good.observation.state:
        case State.UNTESTABLE:
            return "could not be tested there"
        case State.FLAKY:
            return "is flaky there"
        case _:
            return "also fails there, in the same way"


def releases_from_to(index: ReleaseIndex, member: Member) -> list[Release]:
    """List the releases from the good version to the bad one, in that direction: final ones, and the two themselves."""
    good, bad = Version(member.good or ""), Version(member.bad or "")
    low, high = min(good, bad), max(good, bad)
    points = [
        each
        for each in index.releases(member.name, every=True)
        if low <= each.version <= high and (each.version in (good, bad) or not (each.yanked or each.prerelease))
    ]
    return points if good <= bad else points[::-1]


def _less(members: tuple[Member, ...], gone: Member) -> tuple[Member, ...]:
    return tuple(each for each in members if each != gone)
