"""What a search found, as values: every claim with the points that prove it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.model import Attempt, Environment
from harness.pinpoint.following import failure_text
from harness.pinpoint.judging import DOES_NOT_IMPORT
from harness.pinpoint.search import Observation, State
from harness.pinpoint.trials import Shown


@dataclass(frozen=True, kw_only=True)
class Point:
    """A release or a commit that was probed, and what it showed."""

    name: str
    """Its version, or its sha."""
    observation: Observation
    shown: Shown

    @property
    def short(self) -> str:
        """Its name as people write it."""
        return self.name[:10] if re.fullmatch("[0-9a-f]{40}", self.name) else self.name

    @property
    def attempt(self) -> Attempt | None:
        """The newest attempt, if there is any."""
        return self.shown.attempt

    @property
    def environment(self) -> Environment | None:
        """Where it ran, if it could be had."""
        return self.shown.environment

    @property
    def outcome(self) -> str:
        """The outcome, in one of the words of the outcomes, or "flaky"."""
        if self.observation.state is State.FLAKY:
            return "flaky"
        if self.attempt is None:
            return "not applicable" if self.shown.reason.startswith("not applicable") else "unavailable"
        if self.observation.state is State.UNTESTABLE and self.attempt.outcome.is_failure:
            return "unavailable" if self.observation.reason.startswith(DOES_NOT_IMPORT) else self.attempt.outcome.value
        return self.attempt.outcome.value

    @property
    def failing(self) -> Attempt | None:
        """The attempt that shows the failure, if there is one: of a flaky point, the newest that failed."""
        failures = [each for each in self.shown.attempts if each.is_verdict and each.outcome.is_failure]
        return failures[-1] if failures and self.observation.state is not State.GOOD else None

    @property
    def text(self) -> str:
        """What it showed, in one line: the failure, or why it says nothing."""
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


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit that is named as the culprit, with what could not be tested before it."""

    sha: str
    title: str
    date: str
    pull_request: int | None
    files: tuple[str, ...]
    untestable: tuple[Point, ...] = ()
    last: str = ""
    """The last commit that still showed what was before."""
    inside: Commit | None = None
    """Of a merge: the commit that it brought in which did it, if it is one of those."""
    notes: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The sha as people write it, with the pull request."""
        own = self.sha[:7] + (f" (#{self.pull_request})" if self.pull_request else "")
        return f"{own}, which merged {self.inside.short}" if self.inside else own


@dataclass(frozen=True, kw_only=True)
class Found:
    """A transition: two points that were run, twice each, and differ; all that lies between is untestable."""

    package: str
    before: Point
    after: Point
    untestable: tuple[Point, ...] = ()
    commit: Commit | None = None
    commit_note: str = ""
    """Why no commit is named, or what else there is to say of it."""

    @property
    def kind(self) -> str:
        """What became of the failure: introduced, fixed, or changed into another."""
        if self.before.observation.state is State.GOOD:
            return "introduced"
        return "fixed" if self.after.observation.state is State.GOOD else "changed"

    @property
    def flaky(self) -> bool:
        """Whether one side is not always the same."""
        return State.FLAKY in (self.before.observation.state, self.after.observation.state)

    @property
    def when(self) -> str:
        """When it happened, with its bounds: in a release, or between two."""
        if not self.untestable:
            return f"in {self.after.short}"
        names = ", ".join(each.short for each in self.untestable)
        return f"after {self.before.short} and not later than {self.after.short} (not testable: {names})"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """All that a search has to say."""

    case: str
    issue: str | None
    package: str
    base: Environment
    searched: str
    """What was looked at, in words."""
    complete: bool
    largest_gap: int
    points: tuple[Point, ...]
    found: tuple[Found, ...]
    probes: int
    runs: int
    followed: str
    command: str
    notes: tuple[str, ...] = ()
    unit: str = "release"
    """What the points are: releases, or commits."""

    @property
    def undecided(self) -> bool:
        """Whether nothing at all could be judged."""
        return not any(point.observation.tested for point in self.points)


def statements(answer: Answer) -> list[str]:
    """Say what holds where, one sentence for each stretch that fails, oldest first, with the bounds that were run."""
    tested = [point for point in answer.points if point.observation.tested]
    if not tested:
        return [f"No {answer.unit} of {answer.package} could be tested."]
    lines = []
    for stretch in _stretches(tested, answer.found):
        first, last = stretch[0], stretch[-1]
        if first.observation.state is State.GOOD:
            continue
        before = next((each for each in answer.found if each.after is first), None)
        after = next((each for each in answer.found if each.before is last), None)
        lines.append(_statement(answer.package, first, last, before, after))
    if not lines:
        lines = [f"Passes from {answer.package} {tested[0].short} to {tested[-1].short}: nothing differs."]
    elif not answer.found:
        lines.append(f"Nothing differs between the {answer.unit}s that were run.")
    return lines


def stretches_of(answer: Answer) -> list[list[Point]]:
    """Give the points that were tested, cut where something changed."""
    return _stretches([point for point in answer.points if point.observation.tested], answer.found)


def _stretches(tested: Sequence[Point], found: Sequence[Found]) -> list[list[Point]]:
    firsts = {id(each.after) for each in found}
    stretches: list[list[Point]] = []
    for point in tested:
        if not stretches or id(point) in firsts:
            stretches.append([])
        stretches[-1].append(point)
    return stretches


def _statement(package: str, first: Point, last: Point, before: Found | None, after: Found | None) -> str:
    words = {State.OTHER: "fails otherwise", State.FLAKY: "is flaky"}
    verb = words.get(first.observation.state, "fails")
    oldest = f"{package} {first.short}" + ("" if before else " (the first that was run)")
    newest = last.short + ("" if after else " (the last that was run)")
    where = f"in {oldest}" if first is last else f"from {oldest} to {newest}"
    parts = [f"{verb[0].upper()}{verb[1:]} {where}"]
    if before is not None:
        word = "introduced" if before.kind == "introduced" else "changed"
        parts.append(f"{word} {_when_and_by(before)}")
    if after is not None:
        word = "fixed" if after.kind == "fixed" else "changed into another failure"
        parts.append(f"{word} {_when_and_by(after)}")
    return f"{', '.join(parts)}: {_only_failure(first)}"


def _when_and_by(found: Found) -> str:
    if found.commit is None:
        return found.when
    by = f"by {found.commit.short}"
    if found.commit.untestable:
        by += f" or one of {len(found.commit.untestable)} commits before it"
    # Where commits were stepped through, the commit is the place, too.
    return by if found.commit.sha == found.after.name else f"{found.when} {by}"


def _only_failure(point: Point) -> str:
    text = point.text
    for prefix in ("fails at ", "fails: "):
        text = text.removeprefix(prefix)
    return text
