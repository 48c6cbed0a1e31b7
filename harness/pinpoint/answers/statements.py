"""The result of a search as sentences: one for each segment that does not pass. They claim what the points show."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from harness.pinpoint.answers.values import (
    Answer,
    Commit,
    Failure,
    Point,
    ProvenTransition,
    Segment,
    failures_of,
    segments_of,
)
from harness.search.transitions import Kind, State

_NUMBER = re.compile(r"(?<![\w/#])#(?=\d+\b)")


def statements(answer: Answer) -> list[str]:
    """Return a sentence for each segment, oldest first, with the bounds that were tested."""
    segments = segments_of(answer)
    if not segments:
        return [f"No {answer.unit} of {answer.package} could be tested."]
    phrases = Phrases(answer, failures_of(answer))
    if len(segments) == 1 and segments[0].first.observation.state is State.GOOD:
        shows = phrases.shows(segments[0].first)
        return [f"{answer.package} {phrases.range(segments[0])}{answer.role}: {shows}; nothing differs."]
    borders = [None, *pairwise(segments), None]
    lines = [
        phrases.segment(before and before[0], segment, after and after[1])
        for before, segment, after in zip(borders, segments, borders[1:], strict=False)
        if segment.first.observation.state is not State.GOOD
    ]
    if len(segments) == 1:
        lines.append(f"Nothing differs between the {answer.unit}s that were tested.")
    elif phrases.ends_fail_differently(segments):
        first, last = segments[0].first, segments[-1].last
        differ = "differ" if _prints(first, last) else "fail differently"
        lines.append(f"Both ends {differ}: {phrases.of(first)}, {phrases.of(last)}.")
    return lines


def followed_sentence(answer: Answer) -> str:
    """Return which failure is followed, and why; or why none is."""
    named, base = answer.named, answer.where
    label = Phrases(answer, failures_of(answer)).label(named)
    reason = named.observation.reason
    if answer.pattern is not None:
        shows = {
            State.BAD: f"fails with it, {label}",
            State.OTHER: f"fails with another one, {label}",
            State.GOOD: "passes",
            State.FLAKY: reason,
            State.UNTESTABLE: f"could not be tested: {reason}",
        }
        what = f"Followed: failures in which --follow {answer.pattern!r} is found."
        return f"{what} {base} {shows[named.observation.state]}."
    shows = {
        State.BAD: "fails",
        State.OTHER: "fails",
        State.GOOD: "passes",
        State.FLAKY: f"is {reason}",
        State.UNTESTABLE: f"could not be tested ({reason})",
    }
    if named.printed is not None:
        what = f"{label}, what {base} shows" if label else f"what is expected, which {base} shows"
        return f"Followed: {what} (--watch {answer.watch})."
    if label is not None:
        return f"Followed: {label}, the failure of {base}."
    hint = "To follow one, name an environment that fails, or use --follow."
    return f"No failure is followed, since {base} {shows[named.observation.state]}. {hint}"


class Phrases:
    """Names points, failures and commits of an answer."""

    def __init__(self, answer: Answer, failures: Mapping[str, Failure]) -> None:
        self._answer = answer
        self._failures = failures

    def label(self, point: Point) -> str | None:
        """Return the label of a point's failure, such as `[A]`."""
        failure = None if point.failure is None else self._failures.get(point.failure)
        return f"[{failure.label}]" if failure else None

    def shows(self, point: Point) -> str:
        """Return the result of a point in a few words."""
        label = self.label(point)
        match point.observation.state:
            case State.GOOD:
                return "passes" if point.printed is None else point.words.expected
            case State.UNTESTABLE:
                return "not testable"
            case _ if point.printed is not None:
                return f"{point.words.shows} {label}"
            case State.FLAKY:
                return f"is flaky with {label}" if label else "is flaky"
            case _:
                return f"fails with {label}" if label else "fails"

    def linked(self, text: str) -> str:
        """Return text in which numbers such as #12 link to the repository from everywhere, if it is known."""
        repository = self._answer.repository
        return _NUMBER.sub(lambda found: f"{repository}{found[0]}", text) if repository is not None else text

    def short(self, commit: Commit) -> str:
        """Return the sha of a commit as people write it, with the pull request."""
        return commit.sha[:7] + (self.linked(f" (#{commit.pull_request})") if commit.pull_request else "")

    def of(self, point: Point) -> str:
        """Return a point and what it shows: `1.1 fails with [B]`."""
        return f"{point.short} {self.shows(point)}"

    def range(self, segment: Segment) -> str:
        """Return the bounds of a segment, and how many of its points were tested if not all were."""
        if segment.first is segment.last:
            return segment.first.short
        tested = len(segment.points)
        rest = f" ({tested} of {segment.size} tested)" if tested < segment.size else ""
        return f"{segment.first.short} to {segment.last.short}{rest}"

    def ends_fail_differently(self, segments: Sequence[Segment]) -> bool:
        """Return whether the first and the last point both fail, and in different ways."""
        first, last = segments[0].first.observation, segments[-1].last.observation
        fails = all(each.state in (State.BAD, State.OTHER) for each in (first, last))
        return fails and first.differs_from(last)

    def segment(self, before: Segment | None, segment: Segment, after: Segment | None) -> str:
        """Return the result of a segment with its first and last transition, in sentences."""
        parts = [f"{self._answer.package} {self.range(segment)}{self._answer.role}: {self.shows(segment.first)}."]
        earlier = before.last if before and before.last.observation.state is not State.GOOD else None
        later = after.first if after and after.first.observation.state is not State.GOOD else None
        neighbours = [each for each in (earlier, later) if each is not None]
        if before is None:
            parts.append(f"{segment.first.short} is the first that was tested.")
        elif earlier is None:
            parts.append(self._border("Introduced", before, segment))
        if neighbours:
            parts.append(_differ(segment.first, neighbours) + ", ".join(self.of(each) for each in neighbours) + ".")
        if before and earlier:
            parts += self._change(before, segment)
        if after is None:
            parts.append(f"{segment.last.short} is the last that was tested.")
        elif later is None:
            parts.append(self._border("Fixed", segment, after))
        return " ".join(parts)

    def _change(self, before: Segment, segment: Segment) -> list[str]:
        """Return a sentence about a changed failure, if the two neighbours do not say it."""
        found = self._found(before, segment)
        if found is None or not (found.untestable or found.commits):
            return []
        return [self._border("Changed", before, segment)]

    def _border(self, verb: str, before: Segment, after: Segment) -> str:
        found = self._found(before, after)
        if found is not None and self._answer.unit == "commit" and found.commits:
            (commit,) = found.commits
            return f"{verb} by {self.commit(commit)}{self._brought(commit)}."
        if found is None:
            return f"{verb} after {before.last.short} and not later than {after.first.short}."
        return f"{verb} {when(found)}{self.commits(found)}."

    def _found(self, before: Segment, after: Segment) -> ProvenTransition | None:
        return next((each for each in self._answer.found if each.after.name == after.first.name), None)

    def commits(self, found: ProvenTransition) -> str:
        """Return the commits of a transition as a phrase: ` by d8b3314 (#20076)`, or what each of several did."""
        if not found.commits:
            return ""
        only = found.commits[0]
        if len(found.commits) == 1 and only.kind is found.kind and not only.flaky and not only.lacking:
            other = "" if only.after.failure == found.after.failure else self._error(only)
            return f" by {self.commit(only)}{other}{self._brought(only)}"
        clauses = (
            self.lacks(found, each) if each.lacking else f"{self.did(each)}{self._brought(each)}"
            for each in found.commits
        )
        return f". Commits: {'; '.join(clauses)}"

    def commit(self, commit: Commit) -> str:
        """Return a commit as a name, with those before it that it may have been as well."""
        if not commit.untestable:
            return self.short(commit)
        rest = len(commit.untestable)
        before = "the untestable commit" if rest == 1 else f"one of the {rest} untestable commits"
        return f"{self.short(commit)} or {before} before it"

    def did(self, commit: Commit) -> str:
        """Return the change by a commit: `introduced by d8b3314 (error [A])`."""
        name, error = self.commit(commit), self._error(commit)
        if commit.after.observation.state is State.FLAKY:
            return f"flaky from {name} on"
        if commit.before.observation.state is State.FLAKY:
            return f"no longer flaky from {name} on{error}"
        match commit.kind:
            case Kind.CHANGED:
                return f"{_noun(commit.before, commit.after)} changed by {name}{error}"
            case _:
                return f"{commit.kind} by {name}{error}"

    def lacks(self, found: ProvenTransition, commit: Commit) -> str:
        """Return the change by a commit that only the earlier release has."""
        match commit.kind:
            case Kind.INTRODUCED:
                did = f"introduced {_noun(commit.after)} {self.label(commit.after)}"
            case Kind.FIXED:
                did = "fixed it"
            case Kind.CHANGED:
                did = f"changed the {_noun(commit.before, commit.after)} to {self.label(commit.after)}"
        return f"{found.after.short} lacks {self.commit(commit)}, which {did} for {found.before.short}"

    def _error(self, commit: Commit) -> str:
        label = self.label(commit.after)
        return f" ({_noun(commit.after)} {label})" if label else ""

    def _brought(self, commit: Commit) -> str:
        if not commit.inside:
            return ""
        only = commit.inside[0]
        if len(commit.inside) == 1 and only.kind is commit.kind and only.after.failure == commit.after.failure:
            return f", which merged {self.commit(only)}{self._brought(only)}"
        clauses = "; ".join(f"{self.did(each)}{self._brought(each)}" for each in commit.inside)
        return f", which merged this: {clauses}"


def _prints(*points: Point) -> bool:
    """Return whether one of these did not fail, but showed something that is watched."""
    return any(each.printed is not None for each in points)


def _noun(*points: Point) -> str:
    """Return the noun for differences: errors, or the watched observation."""
    return next((each.words.noun for each in points if each.printed is not None), "error")


def _differ(point: Point, neighbours: Sequence[Point]) -> str:
    """Return the beginning of what is said of neighbours that do not pass either."""
    alike = all(each.observation.state is not State.FLAKY and not _prints(each) for each in (point, *neighbours))
    if len(neighbours) == 1:
        return "The neighbour that was run fails differently: " if alike else "The neighbour that was run differs: "
    return "The neighbours that were run fail differently: " if alike else "The neighbours that were run differ: "


def when(found: ProvenTransition) -> str:
    """Return when a transition happened, with its bounds: in one release, or between two."""
    if not found.untestable:
        return f"in {found.after.short}"
    names = ", ".join(each.short for each in found.untestable)
    return f"after {found.before.short} and not later than {found.after.short} (not testable: {names})"
