"""The closed list of outcomes, with the words and marks in which each is shown everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(str, Enum):
    """The outcome of an attempt."""

    PASSED = "passed"
    FAILED = "failed"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"
    NOT_APPLICABLE = "not applicable"
    UNAVAILABLE = "unavailable"
    ERROR = "error"

    def __str__(self) -> str:
        return self.value

    __hash__ = str.__hash__  # as equality is; that of enumerations is slow, and outcomes are looked up by thousands

    @property
    def shown_by_scenario(self) -> bool:
        """True if the outcome is about the scenario in the environment, not about the infrastructure."""
        return self in _VERDICTS

    @property
    def is_failure(self) -> bool:
        """True if attempts with this outcome have a signature."""
        return self in _FAILURES


_FAILURES = frozenset({Outcome.FAILED, Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY})
_VERDICTS = _FAILURES | {Outcome.PASSED}


class NoVerdict(str, Enum):
    """Causes of an end that are neither the scenario nor the version under test.

    Such an attempt is shown as it ended, and is no verdict: it counts neither as a pass nor as a failure.
    """

    SYNTAX = "syntax of another Python"
    NOTHING_EXECUTED = "nothing executed"
    OTHER_PYTHON = "standard library of another Python"
    MISSING_PACKAGE = "missing package"
    NOT_IN_FORCE = "setting not in force"
    NO_NETWORK = "no network"
    NO_GPU = "no GPU"
    OTHER_SYSTEM = "another operating system"
    OUTSIDE_SANDBOX = "outside the sandbox"
    NO_SPACE = "no space"
    MISSING_FILE = "missing file"
    MISSING_HELPER = "missing helper module"
    NO_ARGUMENTS = "no arguments"
    NO_INPUT = "no input"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, kw_only=True)
class Display:
    """How an outcome is drawn: a mark for Markdown and HTML, a plain one for the terminal, a colour, a meaning."""

    mark: str
    plain: str
    style: str
    meaning: str


DISPLAY: dict[Outcome, Display] = {
    Outcome.PASSED: Display(mark="✅", plain="pass", style="green", meaning="the script ran to its end"),
    Outcome.FAILED: Display(
        mark="❌",
        plain="FAIL",
        style="red",
        meaning="an exception, a failed assertion or a non-zero exit, at the stage named",
    ),
    Outcome.CRASHED: Display(
        mark="💥",
        plain="CRASH",
        style="bold red",
        meaning="the process was ended by a signal of its own, such as a segmentation fault",
    ),
    Outcome.TIMED_OUT: Display(mark="⏱", plain="TIMEOUT", style="magenta", meaning="over its limit of time"),
    Outcome.OUT_OF_MEMORY: Display(mark="🐘", plain="MEMORY", style="magenta", meaning="over its limit of memory"),
    Outcome.NOT_APPLICABLE: Display(
        mark="–",
        plain="n/a",
        style="dim",
        meaning="the question does not arise in this environment; the reason is given",
    ),
    Outcome.UNAVAILABLE: Display(
        mark="∅", plain="unavail", style="yellow", meaning="the environment could not be created; the reason is given"
    ),
    Outcome.ERROR: Display(
        mark="⚠",
        plain="error",
        style="yellow",
        meaning="the harness could not judge it; it is tried again by the next run",
    ),
}
NEVER_RUN = Display(mark="?", plain="?", style="dim", meaning="never run: nothing is known")
WITHOUT_VERDICT = Display(
    mark="⊘",
    plain="(fail)",
    style="yellow",
    meaning="the script failed for a reason other than the version; the reason is given, and it is not counted",
)
FLAKY = Display(mark="🎲", plain="flaky", style="magenta", meaning="repeats differ: k of n passed")
