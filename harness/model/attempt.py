"""Attempts: immutable records of one execution of a cell, with the evidence for what they claim."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

from harness.model.case import Cell
from harness.model.outcome import NoVerdict, Outcome
from harness.model.scenario import Label
from harness.model.signature import signature


class Isolation(str, Enum):
    """How attempts are kept apart: `fork` allows forks of a fork server, `process` starts a process for each."""

    FORK = "fork"
    PROCESS = "process"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, kw_only=True)
class CellInputs:
    """Everything that can change the outcome of a cell, except chance. Its digest is the key of the attempts."""

    script: str
    write_key: str | None
    parameters: str
    lock: str
    interpreter: str
    variables: tuple[tuple[str, str], ...]
    worker: str
    platform: str
    overlay: str = ""
    sandboxed: bool = True
    data: str = ""
    """The digest of downloaded data."""

    @property
    def key(self) -> str:
        """64 hex digits."""
        # The hashed text is one JSON list. Its end is the same for all cells of a script in an environment.
        end = _end(
            (self.lock, self.interpreter, self.variables, self.worker, self.platform, self.overlay, self.sandboxed)
        )
        content = f"[{_as_json(self.script)}, {_as_json(self.write_key)}, {_as_json(self.parameters)}, {end}"
        if self.data:  # keys without data are those of earlier versions of the harness
            content += _as_json(self.data)
        return hashlib.sha256(content.encode()).hexdigest()


@functools.lru_cache(maxsize=4096)
def _as_json(text: str | None) -> str:
    return json.dumps(text)


@functools.lru_cache(maxsize=1024)
def _end(parts: tuple[str, str, tuple[tuple[str, str], ...], str, str, str, bool]) -> str:
    lock, interpreter, variables, worker, platform, overlay, sandboxed = parts
    return json.dumps([lock, interpreter, sorted(variables), worker, platform, overlay, sandboxed])[1:]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The text output of an attempt. The executor limits its length; the verdict does not depend on it."""

    stdout: str = ""
    stderr: str = ""
    traceback: str = ""
    dump: str = ""
    script: str = ""


@dataclass(frozen=True, kw_only=True)
class Publication:
    """The place of a published result, and facts that its shortened error does not have."""

    source: str
    signature: str | None
    label: str | None
    note: str | None


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One execution of a cell, or the finding that it could not be executed."""

    cell: Cell
    key: str
    outcome: Outcome
    stage: str | None = None
    error: str = ""
    """For failures `ExceptionType: message`; empty otherwise."""
    reason: str = ""
    """The reason why there is no verdict (not applicable, unavailable, error, a failure with a cause), or the limit."""
    cause: NoVerdict | None = None
    """The cause of an end that says nothing about the version under test."""
    conclusive: bool = True
    """Whether the same conditions would show the same again; if not, the next run tries again."""
    started: dt.datetime
    duration_s: float = 0.0
    interpreter: str = ""
    platform: str = ""
    lock: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    sandbox: str = "none"
    limits: str = "polled"
    """The mechanism of memory and process limits: the kernel (`cgroup v1`, `cgroup v2`), or `polled`."""
    condition: str = ""
    """The condition, as options; empty is the ordinary condition."""
    identity: str = ""
    """The digest of the script's content."""
    external: bool = False
    """Whether that, and not the name of its scenario, identifies the script."""
    limit_s: float = 0.0
    """The time limit that was in force, in seconds; 0 if that was not recorded."""
    isolation: str = "process"
    """`process`, or `fork`: of a process that had done the imports."""
    script_s: float = 0.0
    """How long the script took, as its process saw it; 0 if it did not get to say so."""
    stage_s: tuple[tuple[str, float], ...] = ()
    """The seconds of each stage, in order; empty where that was not recorded."""
    session: str = ""
    """A random id of the process of the harness that ran it: durations are compared only within one."""
    peak_mib: int = 0
    """The most memory that its process held, what it shares with others included; 0 if it did not get to say so."""
    layer: str = ""
    """The release that overlaid an environment, and that environment, if it was not installed; empty otherwise."""
    id: str = field(default="", compare=False)
    """Its id among the attempts with its key, in every store; empty before it is recorded."""
    evidence: Evidence = Evidence()
    publication: Publication | None = None
    """Set where it was not run here: a published result stands for it. Such an attempt is never stored."""

    @property
    def signature(self) -> str | None:
        """The fingerprint of its failure, or None if it did not fail."""
        if self.publication is not None:
            return self.publication.signature
        if not self.outcome.is_failure:
            return None
        return signature(stage=self.stage, error=self.error or str(self.outcome))

    @property
    def is_verdict(self) -> bool:
        """True if it is a verdict: the scenario passed or failed, and not for an external cause."""
        return self.conclusive and self.outcome.shown_by_scenario and self.cause is None

    def holds_within(self, limit_s: float) -> bool:
        """Return True if the result also holds under another time limit.

        What ended in time ends in time under any longer limit. A time-out says nothing of a longer limit than its own.
        """
        if self.outcome is Outcome.TIMED_OUT:
            return self.limit_s >= limit_s
        return limit_s >= self.limit_s or self.duration_s <= limit_s

    def without_evidence(self) -> Attempt:
        """Return the same attempt without the texts, to save memory."""
        return replace(self, evidence=Evidence())


@dataclass(frozen=True, kw_only=True)
class CellResult:
    """The current state of a cell: a view over its valid attempts, newest last.

    With no attempt the cell was never run. Attempts that differ in outcome or signature make it flaky.
    """

    cell: Cell
    attempts: tuple[Attempt, ...] = ()
    labels: tuple[Label, ...] = ()

    @functools.cached_property
    def current(self) -> Attempt | None:
        """The newest attempt that says something of the cell, or else the newest at all."""
        newest = next((attempt for attempt in reversed(self.attempts) if attempt.conclusive), None)
        if newest is not None and newest.outcome.is_failure and newest.cause is not None and self.verdicts:
            return self.verdicts[-1]
        return newest or (self.attempts[-1] if self.attempts else None)

    @functools.cached_property
    def verdicts(self) -> tuple[Attempt, ...]:
        """The attempts that count: those in which the scenario itself was seen to pass or fail."""
        return tuple([each for each in self.attempts if each.is_verdict])

    @property
    def passes(self) -> int:
        """How many of the verdicts are passes."""
        return len([attempt for attempt in self.verdicts if attempt.outcome is Outcome.PASSED])

    @property
    def flaky(self) -> bool:
        """True if repeats under the same conditions differ."""
        verdicts = self.verdicts
        return len(verdicts) > 1 and len({(attempt.outcome, attempt.signature) for attempt in verdicts}) > 1

    @property
    def label(self) -> Label | None:
        """The label of its failure."""
        attempt = self.current
        if attempt is None or not attempt.outcome.is_failure:
            return None
        return label_of(attempt, self.labels)


def label_of(attempt: Attempt, labels: Iterable[Label]) -> Label | None:
    """Return the first label that matches an attempt's failure; None for a failure that is no verdict."""
    if attempt.cause is not None:
        return None
    labels = tuple(labels)
    if attempt.publication is not None:
        published = (attempt.publication.label, attempt.publication.note)
        same = next((each for each in labels if (each.label, each.note) == published), None)
        if same is not None:
            return same
    error = attempt.error or str(attempt.outcome)
    for each in labels:
        if each.matches(stage=attempt.stage, error=error, case=attempt.cell.case, environment=attempt.cell.environment):
            return each
    return None
