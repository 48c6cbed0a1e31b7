"""The search for the commit between two releases. Each commit's source tree is an overlay of the same environment."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from packaging.utils import canonicalize_name

from harness.environments.modules import modules_of
from harness.model import Environment, Overlay
from harness.pinpoint.answers.values import Commit, Point, ProvenTransition
from harness.pinpoint.candidates import Candidate
from harness.pinpoint.commits.generated_sources import GenerationFailed
from harness.pinpoint.commits.main_line import bundled, find_on_main_line
from harness.pinpoint.commits.repository import CommitDescription, GitFailed, Repository
from harness.pinpoint.commits.untested_commits import untested_commits
from harness.pinpoint.environments.derived import Untestable
from harness.pinpoint.judge import Judge
from harness.pinpoint.prober import Prober
from harness.pinpoint.sequence_search import SequenceResult, SequenceSearch
from harness.search.transitions import Kind, SearchPlan, State

_FLAKY = "one side is flaky; --repeat N runs it more often"


class Unanswered(Exception):
    """No commit can be named. The message has the reason."""


@dataclass(frozen=True, kw_only=True)
class _Line:
    """Commits of which the first shows one thing and the last another, and what to say of where they lie."""

    shas: tuple[str, ...]
    notes: tuple[str, ...] = ()
    lacking: bool = False
    """True if it is the line of the earlier release, so that the later release lacks these commits."""


class CommitSearch:
    """Find the commits of transitions between releases of one package."""

    def __init__(self, prober: Prober, judge: Judge, repository: Repository, notify: Callable[[str], None]) -> None:
        self.prober = prober
        self.judge = judge
        self.repository = repository
        self.notify = notify

    def narrow(self, found: ProvenTransition) -> ProvenTransition:
        """Return a transition with all its commits, or with the reason why there are none."""
        try:
            return replace(found, commits=self._commits(found))
        except (Unanswered, GitFailed) as error:
            self.notify(f"{found.package} {found.before.name} -> {found.after.name}: no commit: {error}")
            return replace(
                found, commit_note=f"no commit: {error}", suspects=untested_commits(found, self.prober, self.repository)
            )

    def line_between(self, package: str, environment: Environment, first: str, last: str) -> CommitLine:
        """Return the first-parent commits of the last one, from the first one or from the merge base on.

        Raises Unanswered.
        """
        self.prober.provide(environment)
        search = self._search_in(package, environment)
        fork = self.repository.fork_of(first, last)
        if fork is None or fork == last:
            raise Unanswered(f"no commits lead from {first[:10]} to {last[:10]}: is {last[:10]} the later one?")
        shas = (fork, *search.line(fork, last))
        apart = f"{first[:10]} is not on the line of {last[:10]}: they part at {fork[:10]}, where the search begins"
        return CommitLine(search, shas=shas, offset=search.distance(fork), note="" if fork == first else apart)

    def _search_in(self, package: str, environment: Environment) -> _EnvironmentSearch:
        modules = modules_of(self.prober.folder_of(environment), canonicalize_name(package))
        if len(modules) != 1:
            raise Unanswered(f"cannot overlay: {package} has several top-level modules, or none")
        return _EnvironmentSearch(self, environment, modules[0])

    def _commits(self, found: ProvenTransition) -> tuple[Commit, ...]:
        """Return the commit of every border between the two releases, not only of the border to the later one."""
        if found.flaky:
            raise Unanswered(_FLAKY)
        environment = found.after.environment
        assert environment is not None
        search = self._search_in(found.package, environment)
        last = self.repository.commit_of_release(found.package, found.before.name)
        first = self.repository.commit_of_release(found.package, found.after.name)
        search.begin(last, first)
        self._verify(search, found.before, last)
        self._verify(search, found.after, first)
        lines = self._lines(search, found, last, first)
        commits = tuple(commit for line in lines for commit in search.changes(line))
        if not commits:
            raise Unanswered("the commits between the two tags that could be tested all show the same")
        return commits

    def _verify(self, search: _EnvironmentSearch, release: Point, sha: str) -> None:
        point = search.point(sha)
        if not same(point, release):
            raise Unanswered(
                f"the source tree of {release.name} ({sha[:10]}) does not show what the release shows: {point.text}"
            )

    def _lines(self, search: _EnvironmentSearch, found: ProvenTransition, last: str, first: str) -> list[_Line]:
        """Return the lines of commits on which it happened: to the later release, to the earlier one, or both."""
        repository = self.repository
        base = repository.fork_of(last, first)
        if base is None:
            raise Unanswered(f"the histories of {found.before.name} and {found.after.name} have nothing in common")
        if base == last:
            return [_Line(shas=(last, *search.line(last, first)))]
        apart = f"the tags of {found.before.name} and {found.after.name} lie on two lines, which part at {base[:10]}"
        at_base = search.point(base)
        lines = []
        if at_base.observation.tested and not same(at_base, found.before):
            # Where the lines part it is not yet as in the earlier release: it was changed on that release's own line.
            note = (
                f"{apart}; it was changed on that of {found.before.name}, and {found.after.name} does not have that "
                "change"
            )
            lines.append(_Line(shas=(base, *search.line(first, last)), notes=(note,), lacking=True))
        if not same(at_base, found.after):
            lines.append(_Line(shas=(base, *search.line(last, first)), notes=(apart,)))
        return lines


class CommitLine:
    """Commits as points of a search, with the files of the module that they touch."""

    def __init__(self, search: _EnvironmentSearch, *, shas: tuple[str, ...], offset: int, note: str) -> None:
        self._search = search
        self.shas = shas
        self.offset = offset
        self.note = note

    def search(self, package: str, plan: SearchPlan) -> SequenceResult:
        """Search along the line, and return each transition with its commit."""
        result = self._search.search_over(self.shas, plan).run(package)
        return replace(result, found=tuple(self._named(each) for each in result.found))

    def _named(self, found: ProvenTransition) -> ProvenTransition:
        if found.flaky:
            return replace(found, commit_note=f"no commit: {_FLAKY}")
        return replace(found, commits=(self._search.commit(found),))


class _EnvironmentSearch:
    """The search in one environment, with the sources of one module as its overlay."""

    def __init__(self, search: CommitSearch, environment: Environment, module: str) -> None:
        self._prober = search.prober
        self._judge = search.judge
        self._repository = search.repository
        self._notify = search.notify
        self._environment = environment
        self._module = module
        self._points: dict[str, Point] = {}
        self._why_not: dict[str, str] = {}

    def begin(self, *shas: str) -> None:
        """Run commits in the background: the search needs them soon."""
        for sha in shas:
            self._prober.start(self._candidate(sha))

    def point(self, sha: str) -> Point:
        """Return the result of a commit."""
        candidate = self._candidate(sha)
        result = self._prober.result_of(candidate)
        known = self._points.get(sha)
        if known is not None and known.result is result:
            return known
        point = Point(name=sha, observation=self._judge.observe(candidate, result), result=result)
        if known is None:
            self._notify(f"{candidate.name}: {point.text}")
        self._points[sha] = point
        return point

    def line(self, base: str, tip: str) -> list[str]:
        """List the commits of a line that touch the module: other commits show the same as the commit before."""
        places = {self._repository.place_of(sha, self._module) for sha in (base, tip)}
        shas = self._repository.line(base, tip, sorted(place for place in places if place is not None))
        return shas if shas and shas[-1] == tip else [*shas, tip]

    def changes(self, line: _Line) -> tuple[Commit, ...]:
        """Halve a line until each border on it is closed; return the commit of each, oldest first."""
        first, last = line.shas[0][:10], line.shas[-1][:10]
        self._notify(f"{self._module}: {len(line.shas) - 1} commits between {first} and {last}")
        found = self.search_over(line.shas, SearchPlan.quick(len(line.shas))).run(self._module).found
        return tuple(self.commit(each, notes=line.notes, lacking=line.lacking) for each in found)

    def commit(self, found: ProvenTransition, *, notes: tuple[str, ...] = (), lacking: bool = False) -> Commit:
        """Describe the commit that changed what the one before shows; of a merge also what it brought in."""
        described = self._repository.describe(found.after.name)
        on_branch = not self._repository.on_default_line(described.sha)
        certain = not found.untestable and not found.flaky
        inside = self._inside(described, found) if certain else ()
        main_line = self._on_main_line(described, found) if certain and on_branch else None
        if certain and len(described.parents) > 1 and not inside:
            notes = (*notes, self._undivided(described))
        return Commit(
            sha=described.sha,
            title=described.title,
            date=described.date,
            pull_request=described.pull_request,
            files=self._repository.files_changed(described),
            before=found.before,
            after=found.after,
            untestable=found.untestable,
            inside=inside,
            main_line=main_line,
            lacking=lacking,
            notes=(*notes, *self._origin_notes(described, on_branch=on_branch)),
        )

    def borders(self, shas: Sequence[str]) -> tuple[ProvenTransition, ...]:
        """Return the transitions between some commits: neighbours that differ, found by halving."""
        return self.search_over(shas, SearchPlan.quick(len(shas))).run(self._module).found

    def _on_main_line(self, described: CommitDescription, found: ProvenTransition) -> Commit | None:
        """Find the commit of the main line that carries the change which a commit of a release branch made."""
        there = find_on_main_line(self._repository, self, described, before=found.before, after=found.after, alike=same)
        if there.border is None:
            self._notify(f"{described.sha[:10]} is on a release branch; {there.why_not}")
            self._why_not[described.sha] = there.why_not
            return None
        return self.commit(there.border)

    def search_over(self, shas: Sequence[str], plan: SearchPlan) -> SequenceSearch:
        """Return the search over some commits."""
        return SequenceSearch(
            self._prober,
            self._judge,
            plan,
            candidate=lambda place: self._candidate(shas[place]),
            name=lambda place: shas[place],
            notify=self._notify,
        )

    def distance(self, sha: str) -> int:
        """Return the distance of a commit from the first one: the order of visits does not depend on the bounds."""
        place = self._repository.place_of(sha, self._module)
        return self._repository.distance(sha, [place] if place else [])

    def _inside(self, merge: CommitDescription, found: ProvenTransition) -> tuple[Commit, ...]:
        """Find the commits that a merge brought in; none if it is no merge, or the merging itself is what did it.

        The branch must go the same way as the merge. From a pass to a failure, its failure may be another one.
        """
        alike = same if found.kind is Kind.CHANGED else _both_pass_or_both_fail
        for side in merge.parents[1:]:
            if not alike(self.point(side), found.after):
                continue
            base = self._repository.fork_of(merge.parents[0], side)
            if base is None or not alike(self.point(base), found.before):
                continue
            changes = self.changes(_Line(shas=(base, *self.line(merge.parents[0], side))))
            if changes:
                return changes
        return ()

    def _undivided(self, merge: CommitDescription) -> str:
        """Return why nothing is named of what a merge brought in."""
        shown = "; ".join(f"{side[:10]}: {self.point(side).text}" for side in merge.parents[1:])
        return f"what it merged does not show the change by itself ({shown}): the merge itself made it"

    def _origin_notes(self, commit: CommitDescription, *, on_branch: bool) -> list[str]:
        """Return notes on the origin of a commit: another line, a merge, several changes in one."""
        notes = []
        if on_branch:
            notes.append(f"{commit.sha[:10]} is on a release branch, not on the main line")
            if commit.sha in self._why_not:
                notes.append(f"no commit of the main line is named: {self._why_not[commit.sha]}")
            if "cherry picked from commit " in commit.body:
                picked = commit.body[commit.body.index("cherry picked from commit ") :][:66]
                notes.append(f"{commit.sha[:10]} was {picked}")
            elif twins := self._repository.twins(commit):
                notes.append(f"{twins[0]} has the same title")
        if titles := bundled(commit):
            notes.append(f"it is one commit of several changes, not told apart here: {'; '.join(titles)}")
        return notes

    def _candidate(self, sha: str) -> Candidate:
        name = f"{self._module}@{sha[:10]}"
        environment = replace(self._environment, id=f"{self._environment.id} + {name}")
        return Candidate(name=environment.id, make=lambda: environment, overlay=functools.partial(self._overlay, sha))

    def _overlay(self, sha: str) -> Overlay:
        try:
            generator = self._prober.generator(self._environment, self._module)
            overlay = self._repository.overlay(sha, self._module, generator=generator)
        except GenerationFailed as error:
            raise Untestable(f"its generated sources could not be created: {error}") from error
        except GitFailed as error:
            raise Untestable(f"its sources are not available: {error}") from error
        if overlay is None:
            raise Untestable(f"it has no {self._module}")
        return overlay


def _both_pass_or_both_fail(one: Point, another: Point) -> bool:
    states = {one.observation.state, another.observation.state}
    if State.UNTESTABLE in states or State.FLAKY in states:
        return False
    return states == {State.GOOD} or State.GOOD not in states


def same(one: Point, another: Point) -> bool:
    """Return True if two points show the same."""
    states = {one.observation.state, another.observation.state}
    if State.UNTESTABLE in states or State.FLAKY in states:
        return False
    if State.GOOD in states:
        return len(states) == 1
    return one.observation.signature == another.observation.signature
