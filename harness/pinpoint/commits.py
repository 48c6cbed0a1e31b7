"""From two releases to the commit between them: each commit's source tree in front of one and the same environment."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from packaging.utils import canonicalize_name

from harness.model import Environment, Overlay
from harness.pinpoint.answer import Commit, Found, Point
from harness.pinpoint.bench import Bench
from harness.pinpoint.judging import Judge, modules_of
from harness.pinpoint.repository import Described, GitFailed, Repository
from harness.pinpoint.search import Course, State
from harness.pinpoint.stepping import Walk, Walked
from harness.pinpoint.swapped import Untestable
from harness.pinpoint.trials import Trial


class Unanswered(Exception):
    """No commit can be named; the reason is for people."""


@dataclass(frozen=True, kw_only=True)
class _Line:
    """Commits of which the first shows one thing and the last another, and what to say of where they lie."""

    shas: tuple[str, ...]
    notes: tuple[str, ...] = ()


class CommitSearch:
    """Narrows transitions between releases of one package to commits."""

    def __init__(self, bench: Bench, judge: Judge, repository: Repository, say: Callable[[str], None]) -> None:
        self.bench = bench
        self.judge = judge
        self.repository = repository
        self.say = say

    def narrow(self, found: Found) -> Found:
        """Give a transition with its commit, or with the reason why there is none."""
        try:
            return replace(found, commit=self._commit(found))
        except (Unanswered, GitFailed) as error:
            self.say(f"{found.package} {found.before.name} -> {found.after.name}: no commit: {error}")
            return replace(found, commit_note=f"no commit: {error}")

    def line_between(self, package: str, environment: Environment, first: str, last: str) -> CommitLine:
        """Give the commits of the last one's own line from the first one on, or from where their lines part.

        Raises Unanswered.
        """
        self.bench.provide(environment)
        one = self._one(package, environment)
        fork = self.repository.fork_of(first, last)
        if fork is None or fork == last:
            raise Unanswered(f"nothing leads from {first[:10]} to {last[:10]}: is {last[:10]} the later one?")
        shas = (fork, *one.line(fork, last))
        apart = f"{first[:10]} is not on the line of {last[:10]}: they part at {fork[:10]}, where the search begins"
        return CommitLine(one, shas=shas, offset=one.distance(fork), note="" if fork == first else apart)

    def _one(self, package: str, environment: Environment) -> _One:
        modules = modules_of(self.bench.folder_of(environment), canonicalize_name(package))
        if len(modules) != 1:
            raise Unanswered(f"{package} has no one module that its sources could be put in front of")
        return _One(self, environment, modules[0])

    def _commit(self, found: Found) -> Commit:
        if found.flaky:
            raise Unanswered("a side that is flaky names nobody; --repeat N may tell what is always so")
        environment = found.after.environment
        assert environment is not None
        one = self._one(found.package, environment)
        last = self.repository.commit_of_release(found.package, found.before.name)
        first = self.repository.commit_of_release(found.package, found.after.name)
        one.begin(last, first)
        self._verify(one, found.before, last)
        self._verify(one, found.after, first)
        line = self._line(one, found, last, first)
        return one.culprit(line)

    def _verify(self, one: _One, release: Point, sha: str) -> None:
        shown = one.point(sha)
        if not same(shown, release):
            raise Unanswered(
                f"the source tree of {release.name} ({sha[:10]}) does not show what the release shows: {shown.text}"
            )

    def _line(self, one: _One, found: Found, last: str, first: str) -> _Line:
        """Find the line of commits on which it happened: on the way to the later release, or on the earlier one's."""
        repository = self.repository
        base = repository.fork_of(last, first)
        if base is None:
            raise Unanswered(f"the histories of {found.before.name} and {found.after.name} have nothing in common")
        if base == last:
            return _Line(shas=(last, *one.line(last, first)))
        apart = f"the tags of {found.before.name} and {found.after.name} lie on two lines, which part at {base[:10]}"
        if not same(one.point(base), found.after):
            return _Line(shas=(base, *one.line(last, first)), notes=(apart,))
        # Where the lines part, it is as in the later release: so it was changed for the earlier one, on its own line.
        note = (
            f"{apart}; it was changed on that of {found.before.name}, and {found.after.name} does not have that change"
        )
        return _Line(shas=(base, *one.line(first, last)), notes=(note,))


class CommitLine:
    """Commits as points of a search of their own, each with what it touches of the module."""

    def __init__(self, one: _One, *, shas: tuple[str, ...], offset: int, note: str) -> None:
        self._one = one
        self.shas = shas
        self.offset = offset
        self.note = note

    def walk(self, package: str, course: Course, *, follow_ends: bool) -> Walked:
        """Search along the line; give what was found, each transition with its commit."""
        walked = self._one.walk(self.shas, course, follow_ends=follow_ends).run(package)
        return replace(walked, found=tuple(self._named(each) for each in walked.found))

    def _named(self, found: Found) -> Found:
        if found.flaky:
            return replace(found, commit_note="no commit: a side that is flaky names nobody")
        return replace(found, commit=self._one.commit(found.before, found.untestable, found.after))


class _One:
    """The search in one environment, with one module's sources in front of it."""

    def __init__(self, search: CommitSearch, environment: Environment, module: str) -> None:
        self._bench = search.bench
        self._judge = search.judge
        self._repository = search.repository
        self._say = search.say
        self._environment = environment
        self._module = module
        self._points: dict[str, Point] = {}

    def begin(self, *shas: str) -> None:
        """Run commits in the background: they will be asked for."""
        for sha in shas:
            self._bench.begin(self._trial(sha))

    def point(self, sha: str) -> Point:
        """Give what a commit shows."""
        if sha not in self._points:
            trial = self._trial(sha)
            shown = self._bench.show(trial)
            point = Point(name=sha, observation=self._judge.observe(trial, shown), shown=shown)
            self._say(f"{trial.name}: {point.text}")
            self._points[sha] = point
        return self._points[sha]

    def line(self, base: str, tip: str) -> list[str]:
        """List the commits of a line that touch the module; those that do not show what the one before shows."""
        places = {self._repository.place_of(sha, self._module) for sha in (base, tip)}
        shas = self._repository.line(base, tip, sorted(place for place in places if place is not None))
        return shas if shas and shas[-1] == tip else [*shas, tip]

    def culprit(self, line: _Line) -> Commit:
        """Halve a line, then look inside a merge."""
        self._say(f"{self._module}: {len(line.shas) - 1} commits between {line.shas[0][:10]} and {line.shas[-1][:10]}")
        before, between, after = self._narrowed(line.shas)
        return self.commit(before, between, after, notes=line.notes)

    def commit(self, before: Point, between: tuple[Point, ...], after: Point, *, notes: tuple[str, ...] = ()) -> Commit:
        """Describe the commit that changed what the one before shows; of a merge also what it brought in."""
        described = self._repository.describe(after.name)
        return Commit(
            sha=described.sha,
            title=described.title,
            date=described.date,
            pull_request=described.pull_request,
            files=self._repository.files_changed(described),
            untestable=between,
            last=before.name,
            inside=None if between else self._inside(described, before, after),
            notes=(*notes, *self._origin_notes(described)),
        )

    def walk(self, shas: Sequence[str], course: Course, *, follow_ends: bool) -> Walk:
        """Make the search over some commits."""
        return Walk(
            self._bench,
            self._judge,
            course,
            trial=lambda place: self._trial(shas[place]),
            name=lambda place: shas[place],
            say=self._say,
            follow_ends=follow_ends,
        )

    def distance(self, sha: str) -> int:
        """Say how far a commit is from the beginning, for an order of visits that does not depend on the bounds."""
        place = self._repository.place_of(sha, self._module)
        return self._repository.distance(sha, [place] if place else [])

    def _narrowed(self, shas: Sequence[str]) -> tuple[Point, tuple[Point, ...], Point]:
        """Give the last commit before a change to what the last one shows, what is untestable, and the first after."""
        found = self.walk(shas, Course.quick(len(shas)), follow_ends=False).run(self._module).found
        wanted = [each for each in found if same(each.after, self.point(shas[-1]))]
        if not wanted:
            raise Unanswered("the commits between the two tags show no such change")
        return wanted[-1].before, wanted[-1].untestable, wanted[-1].after

    def _inside(self, merge: Described, before: Point, after: Point) -> Commit | None:
        """Find the commit that a merge brought in; None if it is no merge, or the merging itself is what did it."""
        for side in merge.parents[1:]:
            if not same(self.point(side), after):
                continue
            base = self._repository.fork_of(merge.parents[0], side)
            if base is None or not same(self.point(base), before):
                continue
            try:
                return self.culprit(_Line(shas=(base, *self.line(merge.parents[0], side))))
            except Unanswered:
                continue
        return None

    def _origin_notes(self, commit: Described) -> list[str]:
        """Say if a commit is a copy of one on another line."""
        if self._repository.on_default_line(commit.sha):
            return []
        twins = self._repository.twins(commit)
        if "cherry picked from commit " in commit.body:
            return [f"{commit.sha[:10]} was {commit.body[commit.body.index('cherry picked from commit ') :][:66]}"]
        if twins:
            return [f"{commit.sha[:10]} stands on a release branch; the same title has {twins[0]}"]
        return [f"{commit.sha[:10]} stands on a release branch only"]

    def _trial(self, sha: str) -> Trial:
        name = f"{self._module}@{sha[:10]}"
        environment = replace(self._environment, id=f"{self._environment.id} + {name}")
        return Trial(name=environment.id, make=lambda: environment, overlay=functools.partial(self._overlay, sha))

    def _overlay(self, sha: str) -> Overlay:
        try:
            overlay = self._repository.overlay(sha, self._module)
        except GitFailed as error:
            raise Untestable(f"its sources cannot be had: {error}") from error
        if overlay is None:
            raise Untestable(f"it has no {self._module}")
        return overlay


def same(one: Point, another: Point) -> bool:
    """Whether two points show the same, called other or not."""
    states = {one.observation.state, another.observation.state}
    if State.UNTESTABLE in states or State.FLAKY in states:
        return False
    if State.GOOD in states:
        return len(states) == 1
    return one.observation.signature == another.observation.signature
