"""From results to evidence: which attempts show the reported problem, by error or by what was printed. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.utils import NormalizedName

from harness.model import Attempt, NoVerdict, Outcome
from harness.model.observation import normalise_output
from harness.triage.evidence import Evidence, Failure, Shows
from harness.triage.local_paths import without_local_paths

# The reason of an attempt that was not made since the framework cannot be imported.
_DOES_NOT_IMPORT = re.compile(r"does not import: (?:import [\w.]+: )?(?P<error>.*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A cell that was run, or could not be, with its environment."""

    cell: str
    environment: str
    family: str
    versions: Mapping[NormalizedName, str]
    variables: tuple[tuple[str, str], ...] = ()
    attempt: Attempt | None
    reason: str = ""
    """Why there is no attempt."""
    writer: str = ""
    """Of two steps: the environment that wrote the file."""
    written_with: Mapping[NormalizedName, str] = field(default_factory=dict)
    verdict: bool = True
    """Whether the attempt says something about the versions, and not about the sandbox or a missing file."""

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
        """Why nothing was run: the failure of importing the framework; None if that is not the reason."""
        found = _DOES_NOT_IMPORT.match(self.attempt.reason) if self.attempt is not None else None
        return found["error"] if found is not None else None

    @property
    def output(self) -> str:
        """What it printed, without what differs between two runs."""
        versions = {*self.versions.values(), *self.written_with.values()}
        return normalise_output(self.attempt.evidence.stdout, versions) if self.attempt else ""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What counts as the reported problem: a failure, or a text that is printed."""

    observed: str
    """`error`, `hang` or `output`."""
    failure: Failure | None = None
    output: str | None = None
    right: tuple[str, ...] = ()
    """The texts that are printed where it is right, as far as that is known: versions may word it in several ways."""

    @property
    def expected(self) -> str | None:
        """One of the right texts, if any is known."""
        return self.right[0] if self.right else None

    @property
    def text(self) -> str:
        """The problem in one line."""
        if self.failure is not None:
            return without_local_paths(f"{self.failure.type}: {self.failure.message}".rstrip(": "))
        return self.observed if self.output is None else differing_line(self.output, self.expected)


def differing_line(output: str, expected: str | None) -> str:
    """Return the first line that is not among the expected ones, or the first line."""
    lines = output.splitlines()
    right = set((expected or "").splitlines())
    return next((line for line in lines if line not in right), lines[0] if lines else "")


def problem_of(
    ran: Sequence[Ran],
    *,
    reported: Failure | None,
    failing: Iterable[str],
    working: Iterable[str],
    expected: Iterable[str] = (),
) -> Problem:
    """Decide what the reported problem is.

    The reported failure counts if anything shows it. Otherwise it is what the environments fail with that the report
    calls failing, then the most frequent failure; where nothing fails, it is the text that those environments print and
    the working ones do not. `expected` is output that the report calls right: who prints it is a working one.
    """
    failures = [each for each in ran if each.failed]
    if reported is not None and any(reported.matches(each.error) for each in failures):
        return Problem(observed="error", failure=reported)
    named = set(failing)
    for group in ([each for each in failures if each.place in named], failures):
        if group:
            failure, _ = Counter(Failure.in_one_line(each.error) for each in group).most_common(1)[0]
            timed_out = any(each.attempt is not None and each.attempt.outcome is Outcome.TIMED_OUT for each in group)
            return Problem(observed="hang" if timed_out else "error", failure=failure)
    return _printed(ran, named, set(working), [normalise_output(each) for each in expected]) or Problem(
        observed="error", failure=reported
    )


def _printed(ran: Sequence[Ran], failing: set[str], working: set[str], expected: Sequence[str]) -> Problem | None:
    """Return the printed text that is the problem, if environments print different things and the report says which."""
    groups: dict[str, set[str]] = {}
    for each in ran:
        if each.passed:
            groups.setdefault(each.output, set()).add(each.place)
    if len(groups) < 2:
        return None
    wrong = [text for text, environments in groups.items() if environments & failing and not environments & working]
    right = [
        text
        for text, environments in groups.items()
        if environments & working or (text not in wrong and any(each and each in text for each in expected))
    ]
    if len(wrong) != 1:
        return None
    return Problem(observed="output", output=wrong[0], right=tuple(right))


def evidence_of(ran: Iterable[Ran], problem: Problem) -> tuple[Evidence, ...]:
    """Return what each cell shows of the problem."""
    return tuple(_evidence(each, problem) for each in ran)


def _evidence(ran: Ran, problem: Problem) -> Evidence:
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
    )


def _shown(ran: Ran, problem: Problem) -> tuple[Shows, str, str]:
    """Return what a cell shows, the failure, and why there is no verdict."""
    attempt = ran.attempt
    if ran.failed:
        same = problem.failure is not None and problem.failure.matches(ran.error)
        return (Shows.BUG if same else Shows.OTHER), ran.error, ""
    if ran.passed:
        return (*_printed_by(ran, problem), "")
    if attempt is None:
        return Shows.NOT_TESTED, "", ran.reason or "never run"
    shows = Shows.NOT_APPLICABLE if attempt.outcome is Outcome.NOT_APPLICABLE else Shows.NOT_TESTED
    reason = attempt.reason or attempt.error or str(attempt.outcome)
    if attempt.cause is NoVerdict.NO_NETWORK:
        reason = needed_data(reason)
    return shows, "", reason


def needed_data(reason: str) -> str:
    """Return `needs data from ADDRESS`, without what to do here: that is not for the reporter."""
    return reason.partition(", ")[0]


def _printed_by(ran: Ran, problem: Problem) -> tuple[Shows, str]:
    """Return what a passing cell shows where the problem is a printed text."""
    if problem.output is None or ran.output in problem.right:
        return Shows.PASSES, ""
    if ran.output == problem.output:
        return Shows.BUG, problem.text
    if problem.expected is None:
        return Shows.PASSES, ""
    return Shows.OTHER, f"prints: {differing_line(ran.output, problem.expected)}"
