"""Owns which failure a search follows, and what attempts show. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.model import Attempt, Outcome
from harness.model.observation import Watch, digest_of
from harness.search.transitions import Observation, State

FOLLOWED = "followed"
"""The signature of all failures in which the pattern is found: they count as one."""
PRINTED = "printed:"
"""How the signature of a printed text begins."""


@dataclass(frozen=True, kw_only=True)
class Following:
    """What counts as the failure: each by its signature, or all those in which a pattern is found.

    With a `watch`, what passing attempts print is followed like a failure, except the text that is expected.
    """

    pattern: re.Pattern[str] | None = None
    watch: Watch | None = None
    expected: str | None = None
    """The watched text that is right, if it is known: an attempt that prints it passes."""

    def observe(self, attempts: Iterable[Attempt], reason: str = "") -> Observation:
        """Return what attempts under the same conditions show; `reason` is why, if they show nothing."""
        counted = [attempt for attempt in attempts if attempt.is_verdict]
        seen = [self._observe_one(attempt) for attempt in counted]
        if not seen:
            return Observation(state=State.UNTESTABLE, reason=reason)
        if all(not each.differs_from(seen[0]) for each in seen):
            return seen[-1]
        passes = sum(attempt.outcome is Outcome.PASSED for attempt in counted)
        if self.watch is not None and passes == len(counted):
            return Observation(state=State.FLAKY, reason="flaky: repeats print different texts")
        failures = {each.signature for each in seen if each.state in (State.BAD, State.OTHER) and each.printed is None}
        return Observation(
            state=State.FLAKY,
            signature=failures.pop() if len(failures) == 1 else None,
            reason=f"flaky: {passes} of {len(counted)} passed",
        )

    def _observe_one(self, attempt: Attempt) -> Observation:
        text = self.watch.text_of(attempt) if self.watch is not None else None
        if text is not None:
            if text == self.expected:
                return Observation(state=State.GOOD, printed=text)
            return Observation(state=State.BAD, signature=f"{PRINTED}{digest_of(text)}", printed=text)
        if attempt.outcome is Outcome.PASSED:
            return Observation(state=State.GOOD)
        if self.pattern is not None and self.pattern.search(failure_text(attempt)):
            return Observation(state=State.BAD, signature=FOLLOWED)
        if attempt.outcome in (Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY):
            # How long a script takes, and how much it needs, depends on the machine, too: followed only if asked.
            return Observation(state=State.UNTESTABLE, reason=f"{attempt.outcome}: {attempt.error or attempt.reason}")
        state = State.BAD if self.pattern is None else State.OTHER
        return Observation(state=state, signature=attempt.signature)


def failure_text(attempt: Attempt) -> str:
    """Return a failure as text, with all lines of its message: `stage: Type: message`."""
    error = attempt.error or str(attempt.outcome)
    return f"{attempt.stage}: {error}" if attempt.stage else error


def followed_by(named: Observation) -> frozenset[str]:
    """Return the signatures to follow: the failure of the environment that the user named; none if it does not fail."""
    if named.state in (State.BAD, State.FLAKY) and named.signature is not None:
        return frozenset({named.signature})
    return frozenset()


def relabelled(observation: Observation, followed: frozenset[str]) -> Observation:
    """Return an observation whose failure is called "other" if it is not followed."""
    if observation.state is State.BAD and followed and observation.signature not in followed:
        return replace(observation, state=State.OTHER)
    return observation
