"""The search over the differences of two environments: the smallest set that makes the good one fail like the bad."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from harness.environments.modules import packages_by_module
from harness.environments.requirements import requirements_in
from harness.errors import HarnessError
from harness.locking.package_index import Release, ReleaseIndex
from harness.model import Environment
from harness.pinpoint.answers.values import Point, ProvenTransition
from harness.pinpoint.candidates import Candidate, ProbeResult
from harness.pinpoint.environments.derived import DerivedEnvironments
from harness.pinpoint.judge import Judge
from harness.pinpoint.packages.differences import Difference, MixedEnvironments
from harness.pinpoint.packages.pip_rules import PipRules, Side
from harness.pinpoint.packages.suspects import suspects
from harness.pinpoint.prober import Prober
from harness.pinpoint.sequence_search import SequenceSearch
from harness.search.ddmin import Minimal, Minimiser
from harness.search.transitions import Kind, SearchPlan, State

_NOTHING = Side(versions={}, requires={})


@dataclass(frozen=True, kw_only=True)
class ResponsibleDifference:
    """A difference of the smallest set, the result without it, and the transitions between its releases."""

    difference: Difference
    without: State
    steps: tuple[ProvenTransition, ...] = ()
    """All transitions between its releases, from the good version to the bad one."""
    note: str = ""

    @property
    def step(self) -> ProvenTransition | None:
        """Return the last transition from a pass to a failure. If no release passes, return the last transition."""
        introduced = tuple(each for each in self.steps if each.kind is Kind.INTRODUCED)
        return next(reversed(introduced or self.steps), None)

    @property
    def first_bad(self) -> str | None:
        """Return the first version that fails. A variable, a Python or an added package has only one other value."""
        if self.step is not None:
            return self.step.after.name
        return self.difference.bad if self.difference.kind != "package" or self.difference.good is None else None


@dataclass(frozen=True, kw_only=True)
class Blamed:
    """The result of a search over packages, with all candidates that were run."""

    responsible: tuple[ResponsibleDifference, ...]
    forced: bool
    """True if pip would refuse the smallest set."""
    together: tuple[Difference, ...]
    """The smallest set that pip accepts."""
    candidates: tuple[Point, ...]
    good: Point
    bad: Point

    @property
    def proven(self) -> bool:
        """Return True if the failure disappears or changes without each of the differences."""
        return all(each.without in (State.GOOD, State.OTHER) for each in self.responsible)


class Blame:
    """Find the smallest set of differences: the packages of the traceback first, then with delta debugging."""

    def __init__(
        self,
        prober: Prober,
        judge: Judge,
        mixed: MixedEnvironments,
        *,
        derived: DerivedEnvironments,
        index: ReleaseIndex | None,
        families: Sequence[str] = (),
        notify: Callable[[str], None],
    ) -> None:
        """`families` are packages to try early. Without an index, the releases of the packages are not searched."""
        self._prober = prober
        self._judge = judge
        self._mixed = mixed
        self._derived = derived
        self._index = index
        self._families = families
        self._notify = notify
        self._candidates: dict[str, Point] = {}
        self._rules = PipRules(differences=mixed.differences, good=_NOTHING, bad=_NOTHING)

    def run(self) -> Blamed:
        """Find the smallest set, prove it, and search the releases of its packages.

        Raises HarnessError if the two environments do not differ, or the failure is flaky.
        """
        mixed = self._mixed
        for moved in (mixed.differences, ()):
            self._prober.start(self._candidate(moved, forced=False))
        bad, good = self._point(mixed.differences), self._point(())
        self._verify(bad, good)
        self._wanted, self._unwanted = bad.observation, good.observation
        self._rules = self._read_rules(good, bad)
        minimal, forced, together = self._smallest(self._suspects(bad))
        self._show_again(minimal.members, forced)
        responsible = tuple(self._responsible(each, minimal, state, forced) for each, state in minimal.without)
        return Blamed(
            responsible=responsible,
            forced=forced,
            together=together,
            candidates=tuple(self._candidates.values()),
            good=good,
            bad=bad,
        )

    def _verify(self, bad: Point, good: Point) -> None:
        mixed = self._mixed
        if bad.observation.state not in (State.BAD, State.OTHER):
            raise HarnessError(
                f"--bad {mixed.bad.id}: the scenario does not fail there; there is no failure to blame anything for",
                why=bad.text,
                next_step="Name an environment in which it fails, or compare what it shows: --watch output or warning",
            )
        if good.observation.state in (State.UNTESTABLE, State.FLAKY) or not good.observation.differs_from(
            bad.observation
        ):
            raise HarnessError(
                f"--good {mixed.good.id}: the scenario {_also(good)}",
                why=good.text,
                next_step=f"Name an environment in which it {_wanted(good)}",
            )

    def _read_rules(self, good: Point, bad: Point) -> PipRules:
        """Read the rules of pip for mixed environments. Without them, uv refuses the environments one by one."""
        mixed = self._mixed
        sides = []
        for point in (good, bad):
            folder = self._prober.installed_folder(point.environment) if point.environment is not None else None
            if point.environment is None or folder is None:
                return self._rules
            versions = point.environment.lock.versions
            sides.append(Side(versions=versions, requires=requirements_in(folder, point.environment.python)))
        return PipRules(differences=mixed.differences, good=sides[0], bad=sides[1], ignored=mixed.overridden)

    def _suspects(self, bad: Point) -> tuple[Difference, ...]:
        folder = self._prober.installed_folder(bad.environment) if bad.environment is not None else None
        return suspects(
            self._mixed.differences,
            traceback=self._prober.traceback_of(bad.failing) if bad.failing is not None else "",
            owners=packages_by_module(folder) if folder is not None else {},
            families=self._families,
        )

    def _smallest(self, suspects: Sequence[Difference]) -> tuple[Minimal[Difference], bool, tuple[Difference, ...]]:
        """Return the smallest set, whether pip refuses it, and the smallest set that pip accepts.

        Each suspect is tried with the packages that it needs, then alone, even if pip would refuse that.
        """
        members = self._mixed.differences
        for each in suspects:
            needed = self._rules.needs(each)
            if each not in members or self._state(needed, forced=False) is not State.BAD:
                continue
            members = needed
            if len(needed) > 1 and self._state((each,), forced=True) is State.BAD:
                return Minimal(members=(each,), without=((each, State.GOOD),)), True, needed
        minimal = Minimiser(members, lambda moved: self._state(moved, forced=False), self._rules.needs).run()
        if len(minimal.members) > 1 and not minimal.proven:
            # They move together only because they require each other. A forced installation shows which one it is.
            self._notify(
                "Some of these packages require each other. Next: each one alone, even if pip would refuse it:"
            )
            narrower = self._forced(minimal)
            if narrower is not None:
                return narrower, True, minimal.members
        return minimal, False, minimal.members

    def _forced(self, minimal: Minimal[Difference]) -> Minimal[Difference] | None:
        """Minimise further with forced installations. Return None if the whole set does not fail that way."""
        if self._state(minimal.members, forced=True) is not State.BAD:
            return None
        return Minimiser(minimal.members, lambda moved: self._state(moved, forced=True)).run()

    def _state(self, moved: tuple[Difference, ...], *, forced: bool) -> State:
        observation = self._point(moved, forced=forced).observation
        if observation.state is State.FLAKY:
            return State.UNTESTABLE
        if observation.printed is not None and not observation.differs_from(self._unwanted):
            return State.GOOD
        if observation.state in (State.BAD, State.OTHER):
            return State.OTHER if observation.differs_from(self._wanted) else State.BAD
        return observation.state

    def _point(self, moved: tuple[Difference, ...], *, forced: bool = False) -> Point:
        candidate = self._candidate(moved, forced=forced)
        if candidate.name not in self._candidates:
            refusal = None if forced else self._rules.refusal(moved)
            result = ProbeResult(reason=refusal) if refusal else self._prober.result_of(candidate)
            point = Point(name=candidate.name, observation=self._judge.observe(candidate, result), result=result)
            self._notify(f"{candidate.name}: {point.text}")
            self._candidates[candidate.name] = point
        return self._candidates[candidate.name]

    def _show_again(self, moved: tuple[Difference, ...], forced: bool) -> None:
        """Run the smallest set again in a separate process. Raises HarnessError if it is flaky."""
        candidate = self._candidate(moved, forced=forced)
        observation = self._judge.observe(candidate, self._prober.repeat(candidate))
        if observation.differs_from(self._wanted):
            raise HarnessError(
                f"{candidate.name}: it does not fail every time",
                why=observation.reason or "it passed when it was run again",
                next_step="Run the search with --repeat 5, or more",
            )

    def _candidate(self, moved: tuple[Difference, ...], *, forced: bool) -> Candidate:
        forced = forced and 0 < len(moved) < len(self._mixed.differences)
        name = self._mixed.name_of(moved) + (" (forced)" if forced else "")
        return Candidate(name=name, make=lambda: self._environment(moved, forced))

    def _environment(self, moved: tuple[Difference, ...], forced: bool) -> Environment:
        return self._mixed.mix(moved, forced=forced)

    def _responsible(
        self, difference: Difference, minimal: Minimal[Difference], without: State, forced: bool
    ) -> ResponsibleDifference:
        if difference.kind != "package" or difference.good is None or difference.bad is None:
            return ResponsibleDifference(difference=difference, without=without)
        if self._index is None:
            return ResponsibleDifference(difference=difference, without=without, note="its releases were not searched")
        try:
            points = releases_from_to(self._index, difference)
        except (HarnessError, InvalidVersion) as error:
            return ResponsibleDifference(difference=difference, without=without, note=" ".join(str(error).split()))
        base = self._environment(minimal.members, forced)
        package = canonicalize_name(difference.name)
        ends = {difference.bad: minimal.members, difference.good: _less(minimal.members, difference)}

        def candidate(place: int) -> Candidate:
            version = str(points[place].version)
            if version in ends:
                # Both ends were run by the minimiser.
                return self._candidate(ends[version], forced=forced)
            return Candidate(
                name=f"{package} {version} in {base.id}", make=lambda: self._derived.derive(base, {package: version})
            )

        search = SequenceSearch(
            self._prober,
            self._judge,
            SearchPlan.quick(len(points)),
            candidate=candidate,
            name=lambda place: str(points[place].version),
            notify=self._notify,
        )
        found = search.run(difference.name).found
        if not found:
            return ResponsibleDifference(
                difference=difference, without=without, note="no release between the two shows this change"
            )
        return ResponsibleDifference(difference=difference, without=without, steps=found)


def _wanted(good: Point) -> str:
    return "passes" if good.printed is None else good.words.another


def _also(good: Point) -> str:
    match good.observation.state:
        case State.UNTESTABLE:
            return "could not be tested there"
        case State.FLAKY:
            return "is flaky there"
        case _ if good.printed is not None:
            return f"{good.words.alike} there"
        case _:
            return "also fails there, in the same way"


def releases_from_to(index: ReleaseIndex, difference: Difference) -> list[Release]:
    """Return the final releases from the good version to the bad one, in that direction, with both ends."""
    good, bad = Version(difference.good or ""), Version(difference.bad or "")
    low, high = min(good, bad), max(good, bad)
    points = [
        each
        for each in index.releases(difference.name, every=True)
        if low <= each.version <= high and (each.version in (good, bad) or not (each.yanked or each.prerelease))
    ]
    return points if good <= bad else points[::-1]


def _less(moved: tuple[Difference, ...], gone: Difference) -> tuple[Difference, ...]:
    return tuple(each for each in moved if each != gone)
