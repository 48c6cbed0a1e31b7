"""The runs of a report, the reported problem, and the evidence of the runs for the problem. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from packaging.utils import NormalizedName

from harness.model import Attempt, NoVerdict, Outcome
from harness.model.durations import Measured, compare, seconds_text
from harness.model.watch import Watch
from harness.triage.evidence import Evidence, Failure, Shows
from harness.triage.local_paths import without_local_paths

# The reason of an attempt that was not made since the framework cannot be imported.
_DOES_NOT_IMPORT = re.compile(r"does not import: (?:import [\w.]+: )?(?P<error>.*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class CellRun:
    """A cell that was run, or could not be, with its environment."""

    cell: str
    environment: str
    family: str
    versions: Mapping[NormalizedName, str]
    variables: tuple[tuple[str, str], ...] = ()
    attempt: Attempt | None
    reason: str = ""
    """The reason why there is no attempt."""
    writer: str = ""
    """Of two steps: the environment that wrote the file."""
    written_with: Mapping[NormalizedName, str] = field(default_factory=dict)
    verdict: bool = True
    """Whether the attempt says something about the versions, and not about the sandbox or a missing file."""

    measured: Measured | None = None
    """How long it took, if durations are watched and it was steady."""

    @property
    def place(self) -> str:
        """The environment; of two steps, writer and reader."""
        return f"{self.writer} -> {self.environment}" if self.writer else self.environment

    @property
    def failed(self) -> bool:
        """Whether the script was seen to fail."""
        return self.attempt is not None and self.attempt.outcome.is_failure and self.verdict

    @property
    def passed(self) -> bool:
        """Whether the script was seen to pass."""
        return self.attempt is not None and self.attempt.outcome is Outcome.PASSED and self.verdict

    @property
    def conclusive(self) -> bool:
        """Whether the script was seen to pass or to fail."""
        return self.passed or self.failed

    @property
    def error(self) -> str:
        """The failure as `Type: message`, or its outcome."""
        return (self.attempt.error or str(self.attempt.outcome)) if self.attempt is not None else ""

    @property
    def import_error(self) -> str | None:
        """The failure of importing the framework, if nothing was run for that; else None."""
        found = _DOES_NOT_IMPORT.match(self.attempt.reason) if self.attempt is not None else None
        return found["error"] if found is not None else None

    def shown(self, watch: Watch) -> str:
        """Return its output or warnings, normalised."""
        if self.attempt is None:
            return ""
        versions = (*self.attempt.versions, *self.versions.items(), *self.written_with.items())
        return watch.text_of(replace(self.attempt, versions=versions)) or ""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """The reported problem: a failure, a printed text, a warning, or a duration."""

    observed: str
    """`error`, `hang`, `output`, `warning` or `time`."""
    failure: Failure | None = None
    watch: Watch = field(default_factory=Watch)
    """The watch, if the problem is no failure."""
    output: str | None = None
    """The text that is the problem."""
    also: tuple[str, ...] = ()
    """Other texts that have the problem: the quoted lines among others."""
    quoted: str = ""
    """The lines of the report that are the problem, if it is output that the report quotes."""
    right: tuple[str, ...] = ()
    """The texts that are shown where it is right, as far as that is known: versions may word it in several ways."""
    expected_s: float | None = None
    """Of a duration: how long it takes where it is right, in seconds."""

    @property
    def expected(self) -> str | None:
        """One of the right texts, if any is known."""
        return self.right[0] if self.right else None

    @property
    def text(self) -> str:
        """The problem in one line."""
        if self.failure is not None:
            return without_local_paths(f"{self.failure.type}: {self.failure.message}".rstrip(": "))
        if self.expected_s is not None:
            return f"takes at least {self.watch.factor:g} times as long as {seconds_text(self.expected_s)}"
        shown = self.quoted or self.output
        return self.observed if shown is None else differing_line(shown, self.expected)

    @property
    def shows(self) -> bool:
        """Whether it is something that attempts which pass show."""
        return self.output is not None or self.expected_s is not None


def differing_line(output: str, expected: str | None) -> str:
    """Return the first line that is not among the expected ones, or the first line."""
    lines = output.splitlines()
    right = set((expected or "").splitlines())
    return next((line for line in lines if line not in right), lines[0] if lines else "")


def evidence_of(ran: Iterable[CellRun], problem: Problem) -> tuple[Evidence, ...]:
    """Return the evidence of each cell for the problem."""
    return tuple(_evidence(each, problem) for each in ran)


def _evidence(ran: CellRun, problem: Problem) -> Evidence:
    shows, error, reason = _shown(ran, problem)
    return Evidence(
        cell=ran.cell,
        environment=ran.environment,
        family=ran.family,
        versions=ran.versions,
        variables=ran.variables,
        shows=shows,
        error=without_local_paths(error),
        reason=without_local_paths(reason),
        writer=ran.writer,
        written_with=ran.written_with,
        started=ran.attempt is not None and ran.attempt.outcome not in (Outcome.UNAVAILABLE, Outcome.ERROR),
    )


def _shown(ran: CellRun, problem: Problem) -> tuple[Shows, str, str]:
    """Return the result of a cell, the failure, and the reason why there is no verdict."""
    attempt = ran.attempt
    if ran.failed:
        same = problem.failure is not None and problem.failure.matches(ran.error)
        return (Shows.BUG if same else Shows.OTHER), ran.error, ""
    if ran.passed:
        return (*(_shown_by(ran, problem) if problem.expected_s is None else _timed(ran, problem)), "")
    if attempt is None:
        return Shows.NOT_TESTED, "", ran.reason or "never run"
    shows = Shows.NOT_APPLICABLE if attempt.outcome is Outcome.NOT_APPLICABLE else Shows.NOT_TESTED
    reason = ran.reason or attempt.reason or attempt.error or str(attempt.outcome)
    if attempt.cause is NoVerdict.NO_NETWORK:
        reason = needed_data(reason)
    elif attempt.cause is NoVerdict.MISSING_PACKAGE:
        reason = f"the script {reason.partition('. Add it: ')[0]}"
    return shows, "", reason


def needed_data(reason: str) -> str:
    """Return `needs data from ADDRESS`, without what to do here: that is not for the reporter."""
    return reason.partition(", ")[0]


def _shown_by(ran: CellRun, problem: Problem) -> tuple[Shows, str]:
    """Return the result of a passing cell, if the problem is a text."""
    if problem.output is None:
        return Shows.PASSES, ""
    shown = ran.shown(problem.watch)
    if shown in problem.right:
        return Shows.PASSES, ""
    if shown == problem.output or shown in problem.also:
        return Shows.BUG, problem.text
    if problem.expected is None:
        return Shows.PASSES, ""
    return Shows.OTHER, problem.watch.words.message(differing_line(shown, problem.expected))


def _timed(ran: CellRun, problem: Problem) -> tuple[Shows, str]:
    """Return the result of a passing cell, if the problem is a duration."""
    if ran.measured is None or problem.expected_s is None:
        return Shows.NOT_TESTED, ""
    slow = compare(ran.measured.median_s, problem.expected_s, problem.watch.factor) > 0
    return (Shows.BUG, f"takes {ran.measured.text}") if slow else (Shows.PASSES, "")


def is_right(ran: CellRun, problem: Problem) -> bool:
    """Return whether a cell passes and shows what is right by the report."""
    if problem.expected_s is not None:
        return ran.passed and ran.measured is not None and _timed(ran, problem)[0] is Shows.PASSES
    return ran.passed and problem.output is not None and ran.shown(problem.watch) in problem.right
