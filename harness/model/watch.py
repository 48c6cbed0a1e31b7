"""Watches: observations of attempts that are no failures, and their words. Pure."""

from __future__ import annotations

import hashlib
import string
from dataclasses import dataclass
from enum import Enum

from harness.model.attempt import Attempt
from harness.model.observation import normalise_output, normalise_warnings
from harness.model.outcome import Outcome
from harness.model.pattern import Pattern
from harness.model.scenario import Header

DEFAULT_FACTOR = 2.0
LARGEST_FACTOR = 1000
"""Durations with a smaller ratio count as equal."""


class WatchKind(str, Enum):
    """The kinds of observations."""

    OUTPUT = "output"
    WARNING = "warning"
    TIME = "time"
    HANG = "hang"

    def __str__(self) -> str:
        return self.value


FORMS = "output[=REGEX], warning[=REGEX], time[=STAGE] or hang"


@dataclass(frozen=True, kw_only=True)
class Words:
    """How an observation is worded in sentences."""

    shows: str
    """Stands before a label: `prints [A]`."""
    text: str
    """Stands before a text: `prints: 30`."""
    nothing: str
    """Stands for an empty text."""
    expected: str
    """The words for the expected text."""
    noun: str
    same: str
    differs: str
    """The verb for cells of a case with different texts."""
    repeats: str
    """The verb for repeats of a cell with different texts."""
    alike: str
    """The verb for an environment with the same text as another."""
    another: str
    """The verb for an environment with another text."""

    def message(self, text: str) -> str:
        """Return a text as a message."""
        return f"{self.text}{text}" if text else self.nothing


WORDS = {
    WatchKind.OUTPUT: Words(
        shows="prints",
        text="prints: ",
        nothing="prints: (nothing)",
        expected="prints what is expected",
        noun="output",
        same="prints the same wherever it passes",
        differs="prints different texts where it passes",
        repeats="repeats print different texts",
        alike="prints the same",
        another="prints something else",
    ),
    WatchKind.WARNING: Words(
        shows="warns with",
        text="warns: ",
        nothing="no warning",
        expected="shows only expected warnings",
        noun="warning",
        same="shows the same warnings wherever it passes",
        differs="shows different warnings where it passes",
        repeats="repeats show different warnings",
        alike="shows the same warnings",
        another="shows other warnings",
    ),
    WatchKind.TIME: Words(
        shows="takes",
        text="takes ",
        nothing="takes no time",
        expected="takes no longer than expected",
        noun="duration",
        same="takes about the same time wherever it passes",
        differs="takes different times where it passes",
        repeats="repeats take different times",
        alike="takes about the same time",
        another="takes another time",
    ),
    WatchKind.HANG: Words(
        shows="shows",
        text="",
        nothing="",
        expected="ends within its time limit",
        noun="end",
        same="ends, or does not end, in the same way everywhere",
        differs="ends in some environments only",
        repeats="repeats end differently",
        alike="ends in the same way",
        another="ends in another way",
    ),
}
DIFFERS = "differs"
"""The group of a cell whose repeats show different texts."""
ENDS = "ends"
"""The observation of a pass, if time-outs are watched."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """An observation of a cell, and the group of cells of the same case with the same observation."""

    kind: str
    """`output`, `warning`, `time` or `hang`."""
    group: str
    """A letter; `differs` if the repeats of the cell show different texts."""
    text: str
    short: str = ""
    """The first line that other groups do not show."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """A watch: the output of passing attempts, their warnings, their durations, or time-outs."""

    kind: WatchKind = WatchKind.OUTPUT
    pattern: Pattern | None = None
    """Of output and warnings: only the lines in which it is found count."""
    stage: str | None = None
    """Of durations: the stage that is measured; None for the whole script."""
    factor: float = DEFAULT_FACTOR
    """Of durations: a smaller ratio is no difference."""

    @classmethod
    def parse(cls, text: str, *, factor: float = DEFAULT_FACTOR) -> Watch:
        """Read `output`, `output=REGEX`, `warning=REGEX`, `time=STAGE`, `hang` and so on. Raises ValueError."""
        name, equals, rest = text.partition("=")
        if name not in {each.value for each in WatchKind} or (equals and not rest):
            raise ValueError(f"{text!r} cannot be watched: write {FORMS}")
        kind = WatchKind(name)
        match kind:
            case WatchKind.OUTPUT | WatchKind.WARNING:
                return cls(kind=kind, pattern=Pattern(rest) if equals else None)
            case WatchKind.TIME:
                return cls(kind=kind, stage=rest or None, factor=factor)
            case WatchKind.HANG:
                if equals:
                    raise ValueError(f"{text!r} cannot be watched: hang has no value")
                return cls(kind=kind)

    @classmethod
    def chosen(cls, header: Header, typed: str | None, factor: float | None) -> Watch | None:
        """Return the typed watch, otherwise that of a header; None without either."""
        text = typed or header.watch
        return None if text is None else cls.parse(text, factor=factor or header.factor or DEFAULT_FACTOR)

    def __str__(self) -> str:
        value = self.pattern.text if self.pattern is not None else self.stage
        return str(self.kind) if value is None else f"{self.kind}={value}"

    @property
    def words(self) -> Words:
        """How it is worded."""
        return WORDS[self.kind]

    @property
    def own_process(self) -> bool:
        """Whether attempts must have processes of their own: in a fork, imports neither warn nor take time."""
        return self.kind in (WatchKind.WARNING, WatchKind.TIME)

    @property
    def needs_evidence(self) -> bool:
        """Whether it is found in what an attempt printed."""
        return self.kind in (WatchKind.OUTPUT, WatchKind.WARNING)

    def text_of(self, attempt: Attempt) -> str | None:
        """Return the observed text of an attempt, normalised; None if it has none. Durations have no text.

        The attempt has its evidence.
        """
        if self.kind is WatchKind.HANG:
            return _end_of(attempt)
        if attempt.outcome is not Outcome.PASSED or self.kind is WatchKind.TIME:
            return None
        versions = [*(version for _, version in attempt.versions), attempt.interpreter.rpartition("-")[2]]
        if self.kind is WatchKind.WARNING:
            text = normalise_warnings(attempt.evidence.stderr, versions, every_level=self.pattern is not None)
        else:
            text = normalise_output(attempt.evidence.stdout, versions)
        if self.pattern is None:
            return text
        return "\n".join(line for line in text.split("\n") if self.pattern.found_in(line))


def _end_of(attempt: Attempt) -> str | None:
    if attempt.outcome is Outcome.PASSED:
        return ENDS
    if attempt.outcome is not Outcome.TIMED_OUT:
        return None
    return "does not end within its time limit" + (f" (stage {attempt.stage})" if attempt.stage else "")


def group_letters(place: int) -> str:
    """Return the name of a group by its place from 0: A, B ... Z, AA, AB ..."""
    return (group_letters(place // 26 - 1) if place >= 26 else "") + string.ascii_uppercase[place % 26]


def digest_of(text: str) -> str:
    """Return the fingerprint of an observed text, ten hex digits."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:10]
