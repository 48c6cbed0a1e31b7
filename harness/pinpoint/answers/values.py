"""The result of a search as values: every claim with the points that prove it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.model import Attempt, Environment
from harness.model.watch import WORDS, WatchKind, Words, group_letters
from harness.pinpoint.candidates import ProbeResult
from harness.pinpoint.followed_failure import FOLLOWED, failure_text
from harness.pinpoint.held_step import Held
from harness.pinpoint.judge import DOES_NOT_IMPORT
from harness.pinpoint.suspicious_files.ranking import SuspectFiles
from harness.rendering.foreign_text import one_line
from harness.search.transitions import Kind, Observation, State, kind_of


@dataclass(frozen=True, kw_only=True)
class Point:
    """A release or a commit that was probed, and what it showed."""

    name: str
    """Its version, or its sha."""
    observation: Observation
    result: ProbeResult
    place: int = 0
    """Its place in the sequence that was searched."""

    @property
    def short(self) -> str:
        """Its name as people write it."""
        return self.name[:10] if re.fullmatch("[0-9a-f]{40}", self.name) else self.name

    @property
    def attempt(self) -> Attempt | None:
        """The newest attempt, if there is any."""
        return self.result.attempt

    @property
    def environment(self) -> Environment | None:
        """The environment in which it ran; None if that was not available."""
        return self.result.environment

    @property
    def outcome(self) -> str:
        """The outcome, in one of the words of the outcomes, or "flaky"."""
        if self.observation.state is State.FLAKY:
            return "flaky"
        if self.attempt is None:
            return "not applicable" if self.result.reason.startswith("not applicable") else "unavailable"
        if self.observation.state is State.UNTESTABLE and self.attempt.outcome.is_failure:
            return "unavailable" if self.observation.reason.startswith(DOES_NOT_IMPORT) else self.attempt.outcome.value
        return self.attempt.outcome.value

    @property
    def failing(self) -> Attempt | None:
        """The attempt that shows the failure, if there is one: of a flaky point, the newest that failed."""
        failures = [each for each in self.result.attempts if each.is_verdict and each.outcome.is_failure]
        return failures[-1] if failures and self.observation.state is not State.GOOD else None

    @property
    def fails_at_import(self) -> bool:
        """Return True if it shows a failure that is the one of importing the package."""
        return self.observation.tested and self.observation.reason.startswith(DOES_NOT_IMPORT)

    @property
    def printed(self) -> str | None:
        """Its observation, if that is followed and it did not fail."""
        return self.observation.printed

    @property
    def words(self) -> Words:
        """How what it showed is worded."""
        return WORDS[WatchKind(self.observation.watched)]

    @property
    def text(self) -> str:
        """Its result in one line: the failure, or the reason why there is none."""
        if self.printed is not None:
            return self.words.message(one_line(self.printed))
        if self.observation.state is State.GOOD:
            return "passes"
        if self.observation.state is State.UNTESTABLE:
            return f"not testable: {self.observation.reason}"
        failing = self.failing
        error = failure_text(failing) if failing else ""
        line = next((each.strip() for each in error.splitlines() if each.strip()), "")
        prefix = f"{self.observation.reason}; " if self.observation.state is State.FLAKY else ""
        return f"{prefix}fails at {line}" if failing and failing.stage else f"{prefix}fails: {line}"

    @property
    def signature(self) -> str | None:
        """The fingerprint of its failure."""
        return self.failing.signature if self.failing else None

    @property
    def failure(self) -> str | None:
        """The identity of its failure: points with the same one fail in the same way. None if it has no single one."""
        return self.observation.signature

    @property
    def message(self) -> str:
        """The beginning of its failure as one line: `stage: Type: message`; or of what it showed."""
        text = " ".join(self.lines[:2])
        return text if self.printed is None else self.words.message(text)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines with text of its failure, or of what it showed; harmless and shortened."""
        text = failure_text(self.failing) if self.failing else self.printed or ""
        lines = [one_line(line) for line in text.splitlines()]
        return tuple(line for line in lines if line)


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit after which something else is seen than before it, with the two neighbours that show it."""

    sha: str
    title: str
    date: str
    pull_request: int | None
    files: tuple[str, ...]
    before: Point
    after: Point
    untestable: tuple[Point, ...] = ()
    """Commits between the two that could not be tested: it may have been one of these."""
    inside: tuple[Commit, ...] = ()
    """Of a merge: the commits that it brought in which did it, oldest first, if it is one of those."""
    main_line: Commit | None = None
    """Of a commit on a release branch: the commit of the main line that carries the same change."""
    lacking: bool = False
    """True if it is on the line of the earlier release only: the later release lacks it."""
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """The kind of change by this commit."""
        return kind_of(self.before.observation, self.after.observation)

    @property
    def flaky(self) -> bool:
        """True if one side is flaky: then the commit is not certain."""
        return State.FLAKY in (self.before.observation.state, self.after.observation.state)

    @property
    def brought(self) -> Commit | None:
        """Of a merge: the one of the commits that it brought in that did the same; None if it is none of those."""
        return _decisive(self.inside, self.kind)


def _decisive(commits: Sequence[Commit], kind: Kind) -> Commit | None:
    borders = [each for each in commits if kind is Kind.CHANGED or each.kind is not Kind.CHANGED]
    return borders[-1] if borders and not borders[-1].flaky else None


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A commit that may be the cause, where no commit could be run. It is not tested."""

    sha: str
    title: str
    date: str
    pull_request: int | None
    in_traceback: bool = True
    """Whether it touches a file of the traceback; otherwise it is one of the few commits between the two tags."""


@dataclass(frozen=True, kw_only=True)
class ProvenTransition:
    """A transition: two points that were run, twice each, and differ; all that lies between is untestable."""

    package: str
    before: Point
    after: Point
    untestable: tuple[Point, ...] = ()
    commits: tuple[Commit, ...] = ()
    """Every commit between the two at which something changed, oldest first."""
    commit_note: str = ""
    """The reason why no commit is named, or a note on the commits."""
    suspects: tuple[Suspect, ...] = ()
    """Without a commit: those between the two tags that touch the files in the traceback, or all if they are few."""
    files: SuspectFiles | None = None
    """Without a search for commits: the changed files that the script runs."""

    @property
    def kind(self) -> Kind:
        """The kind of the transition: introduced, fixed, or changed into another failure."""
        return kind_of(self.before.observation, self.after.observation)

    @property
    def commit(self) -> Commit | None:
        """The commit that did what the transition says.

        Of several it is the last border between passing and failing, or, of a changed failure, the last change. None if
        that one is flaky.
        """
        return _decisive(self.commits, self.kind)

    @property
    def flaky(self) -> bool:
        """True if one side is flaky."""
        return State.FLAKY in (self.before.observation.state, self.after.observation.state)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """All that a search has to say."""

    case: str
    issue: str | None
    package: str
    base: Environment
    searched: str
    """The points that were run, in words."""
    complete: bool
    largest_gap: int
    points: tuple[Point, ...]
    found: tuple[ProvenTransition, ...]
    probes: int
    runs: int
    named: Point
    """The result in the named environment: its failure is followed."""
    pattern: str | None
    """The expression of --follow, if there was one."""
    watch: str | None = None
    """The watched observation; None if failures are followed."""
    command: str
    notes: tuple[str, ...] = ()
    mode: str = ""
    """`every`, `grid` or `quick`: which points were run."""
    why: str = ""
    """The reason for the mode."""
    unit: str = "release"
    """The unit of the points: release or commit."""
    held: Held | None = None
    """The held step of two, if any."""
    repository: str | None = None
    """`owner/name` of the package on GitHub, if its commits were searched."""

    @property
    def where(self) -> str:
        """The environment that was named; of two steps with one held, writer and reader."""
        return self.held.pair(self.base.id) if self.held is not None else self.base.id

    @property
    def role(self) -> str:
        """The role of the stepped releases if one of two steps is held, as a phrase; empty otherwise."""
        return self.held.role if self.held is not None else ""

    @property
    def undecided(self) -> bool:
        """True if nothing could be judged."""
        return not any(point.observation.tested for point in self.points)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A failure with its label. The followed failure has the label A."""

    label: str
    signature: str | None
    message: str
    followed: bool
    points: tuple[Point, ...]
    """The points of the search that show it, commits left out."""


def failures_of(answer: Answer) -> dict[str, Failure]:
    """Return each failure that was seen by its identity: the followed one first, the others in their order."""
    by_failure: dict[str, list[Point]] = {}
    followed = FOLLOWED if answer.pattern is not None else answer.named.failure
    inner = [point for found in answer.found for commit in found.commits for point in _points_of(commit)]
    points = sorted([answer.named, *answer.points], key=lambda each: each.failure != followed)
    for point in [*points, *inner]:
        if point.failure is not None:
            by_failure.setdefault(point.failure, []).append(point)
    listed = {id(point) for point in answer.points}
    messages = _messages([points[0] for points in by_failure.values()])
    return {
        failure: Failure(
            label=group_letters(place),
            signature=points[0].signature,
            message=messages[place],
            followed=failure == followed,
            points=tuple(point for point in points if id(point) in listed),
        )
        for place, (failure, points) in enumerate(by_failure.items())
    }


def _messages(points: Sequence[Point]) -> list[str]:
    """Return a message for each failure; failures that begin alike also get the first line that differs."""
    messages = []
    for point in points:
        alike = [each for each in points if each is not point and each.message == point.message]
        other = {line for each in alike for line in each.lines}
        own = next((line for line in point.lines if line not in other), None) if alike else None
        messages.append(f"{point.message} ... {own}" if own else point.message)
    return messages


def _points_of(commit: Commit) -> list[Point]:
    others = (*commit.inside, *([commit.main_line] if commit.main_line else []))
    return [commit.before, commit.after, *(point for each in others for point in _points_of(each))]


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Neighbours that were tested and show the same, with how many points lie between them that were not tested."""

    points: tuple[Point, ...]

    @property
    def first(self) -> Point:
        """The oldest."""
        return self.points[0]

    @property
    def last(self) -> Point:
        """The newest."""
        return self.points[-1]

    @property
    def size(self) -> int:
        """How many points there are from the first to the last, tested or not."""
        return self.last.place - self.first.place + 1


def segments_of(answer: Answer) -> list[Segment]:
    """Return the points that were tested, cut wherever two neighbours differ."""
    groups: list[list[Point]] = []
    for point in answer.points:
        if not point.observation.tested:
            continue
        if not groups or groups[-1][-1].observation.differs_from(point.observation):
            groups.append([])
        groups[-1].append(point)
    return [Segment(points=tuple(group)) for group in groups]
