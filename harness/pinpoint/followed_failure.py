"""The failure that a search follows, and what attempts show of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.model import Attempt, Outcome
from harness.model.durations import Measured, compare
from harness.model.watch import Watch, WatchKind, digest_of
from harness.search.transitions import Observation, State

FOLLOWED = "followed"
"""The signature of all failures in which the pattern is found: they count as one."""
PRINTED = "printed:"
"""How the signature of an observed text begins."""
HANGS = "hangs"
"""The signature of all time-outs, where these are watched."""


@dataclass(frozen=True, kw_only=True)
class Following:
    """The followed failure: by its signature, or all failures in which a pattern is found.

    With a `watch`, what passing attempts show is followed like a failure, except what is expected. Without an expected
    text, no warning is expected. A time-out counts as a failure only if time-outs are watched.
    """

    pattern: re.Pattern[str] | None = None
    watch: Watch | None = None
    expected: str | None = None
    """The watched text that is right, if it is known: an attempt that shows it passes."""
    reference_s: float | None = None
    """The reference of watched durations, in seconds."""
    reference_expected: bool = False
    """Whether that duration is right: an attempt that takes no longer passes."""

    @property
    def hangs(self) -> bool:
        """Whether time-outs are followed."""
        return self.watch is not None and self.watch.kind is WatchKind.HANG

    def observe(self, attempts: Iterable[Attempt], reason: str = "") -> Observation:
        """Return the observation of attempts under the same conditions; `reason` is why there are none."""
        counted = [attempt for attempt in attempts if attempt.is_verdict]
        if self.watch is not None and self.watch.kind is WatchKind.TIME and counted:
            timed = self._observe_times(self.watch, counted)
            if timed is not None:
                return timed
        seen = [self._observe_one(attempt) for attempt in counted]
        if not seen:
            return Observation(state=State.UNTESTABLE, reason=reason)
        if all(not each.differs_from(seen[0]) for each in seen):
            return seen[-1]
        passes = sum(attempt.outcome is Outcome.PASSED for attempt in counted)
        if self.watch is not None and passes == len(counted):
            return Observation(state=State.FLAKY, reason=f"flaky: {self.watch.words.repeats}")
        failures = {each.signature for each in seen if each.state in (State.BAD, State.OTHER) and each.printed is None}
        return Observation(
            state=State.FLAKY,
            signature=failures.pop() if len(failures) == 1 else None,
            reason=f"flaky: {passes} of {len(counted)} passed",
        )

    def _observe_one(self, attempt: Attempt) -> Observation:
        watch = self.watch
        if self.hangs:
            return _observe_end(attempt)
        text = watch.text_of(attempt) if watch is not None else None
        if watch is not None and text is not None:
            return self._observe_text(watch, text)
        if attempt.outcome is Outcome.PASSED:
            return Observation(state=State.GOOD)
        if self.pattern is not None and self.pattern.search(failure_text(attempt)):
            return Observation(state=State.BAD, signature=FOLLOWED)
        if attempt.outcome in (Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY):
            # How long a script takes, and how much it needs, depends on the machine, too: followed only if asked.
            return Observation(state=State.UNTESTABLE, reason=_over_a_limit(attempt))
        state = State.BAD if self.pattern is None else State.OTHER
        return Observation(state=state, signature=attempt.signature)

    def _observe_text(self, watch: Watch, text: str) -> Observation:
        expected = "" if self.expected is None and watch.kind is WatchKind.WARNING else self.expected
        if text == expected:
            return Observation(state=State.GOOD, printed=text, watched=watch.kind.value)
        signature = f"{PRINTED}{digest_of(text)}"
        return Observation(state=State.BAD, signature=signature, printed=text, watched=watch.kind.value)

    def _observe_times(self, watch: Watch, attempts: Sequence[Attempt]) -> Observation | None:
        """Return the observation of the durations of passing attempts; None if one of them did not pass."""
        if any(each.outcome is not Outcome.PASSED for each in attempts):
            return None
        measured = Measured.of(attempts, stage=watch.stage)
        if measured is None:
            return Observation(state=State.UNTESTABLE, reason=f"no stage {watch.stage!r} was measured")
        if not measured.is_steady(watch.factor):
            return Observation(state=State.FLAKY, reason=f"flaky: {watch.words.repeats}: {measured.range_text}")
        ratio = compare(measured.median_s, self.reference_s, watch.factor) if self.reference_s is not None else 0
        state = State.GOOD if self.reference_expected and ratio <= 0 else State.BAD
        signature = None if state is State.GOOD else f"{PRINTED}{_SPEEDS[ratio]}"
        return Observation(state=state, signature=signature, printed=measured.text, watched=watch.kind.value)


_SPEEDS = {-1: "faster", 0: "like the named environment", 1: "slower"}


def _observe_end(attempt: Attempt) -> Observation:
    """Return the observation of an attempt if time-outs are followed: every other failure is another one."""
    match attempt.outcome:
        case Outcome.PASSED:
            return Observation(state=State.GOOD)
        case Outcome.TIMED_OUT:
            return Observation(state=State.BAD, signature=HANGS)
        case Outcome.OUT_OF_MEMORY:
            return Observation(state=State.UNTESTABLE, reason=_over_a_limit(attempt))
        case _:
            return Observation(state=State.OTHER, signature=attempt.signature)


def _over_a_limit(attempt: Attempt) -> str:
    return f"{attempt.outcome}: {attempt.error or attempt.reason}"


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
