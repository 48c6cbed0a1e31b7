"""Printed text, reduced to what a difference between versions can be seen in; and what to watch of it. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from harness.model.attempt import Attempt
from harness.model.outcome import Outcome
from harness.model.pattern import Pattern

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|$)")
_BARS = re.compile(r"\[[=>.\-#\s]{4,}\]|[━╸╺█▉▊▋▌▍▎▏]+|\d+%\|[^|]*\|")
_TIMES = re.compile(
    r"\bETA:?\s*[\d:]+\w*|(?<![\w.])\d+(?:\.\d+)?\s?(?:ms|us|µs|ns|s|min)(?:/(?:step|epoch|sample|batch))?(?![\w])"
    r"|\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b|\b\d{4}-\d{2}-\d{2}\b"
)
_ADDRESSES = re.compile(r"\b0x[0-9a-fA-F]+\b")
_PATHS = re.compile(r"(?<![\w./])(?:[A-Za-z]:)?(?:[\\/][\w.@+~<>-]+){2,}[\\/]?")
_TEMPORARY = re.compile(r"\btmp[a-z0-9_]{6,10}\b")
_FLOAT = re.compile(r"(?<![\w.])[+-]?\d+\.\d*(?:e[+-]?\d+)?(?![\w.])", re.IGNORECASE)
_STATE = re.compile(r"(?P<at>\d+)/(?P<of>\d+)\b")
_DASHES = re.compile(r"(?:\s+-)+(?=\s|$)")
_LEFT_OUT = re.compile(r"^\[\.\.\. \d+ bytes left out \.\.\.\]$")
# A version with two numbers or one reads like any other number that a script prints.
_PLAIN_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_LONGEST = 20_000


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What a cell showed besides its outcome, and the group of the cells of its case that showed the same."""

    kind: str
    """`output`."""
    group: str
    """A letter; `differs` if the repeats of the cell show different texts."""
    text: str


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What is observed of attempts that pass: all that they print, or the lines in which a pattern is found."""

    pattern: Pattern | None = None

    @classmethod
    def parse(cls, text: str) -> Watch:
        """Read `output` or `output=REGEX`. Raises ValueError."""
        kind, equals, expression = text.partition("=")
        if kind != "output":
            raise ValueError(f"{text!r} cannot be watched: write output or output=REGEX")
        return cls(pattern=Pattern(expression) if equals else None)

    def __str__(self) -> str:
        return "output" if self.pattern is None else f"output={self.pattern.text}"

    def text_of(self, attempt: Attempt) -> str | None:
        """Return what an attempt printed, normalised; None if it did not pass. The attempt has its evidence."""
        if attempt.outcome is not Outcome.PASSED:
            return None
        text = normalise_output(attempt.evidence.stdout, [version for _, version in attempt.versions])
        if self.pattern is None:
            return text
        return "\n".join(line for line in text.split("\n") if self.pattern.found_in(line))


def digest_of(text: str) -> str:
    """Return the fingerprint of a printed text, ten hex digits."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:10]


def normalise_output(text: str, versions: Iterable[str] = ()) -> str:
    """Return printed text without what differs between two runs of the same version.

    Of a progress bar the last state is kept. Bars, times, addresses, temporary paths and the versions in `versions` are
    removed or replaced, unless a version is a plain number; floating-point numbers are rounded to five significant
    digits. Of a long text the last 20,000 characters of what a terminal would show count.
    """
    shown: list[str] = []
    for line in _ESCAPES.sub("", text).split("\n"):
        shown += _visible(line)
    told = tuple(each for each in dict.fromkeys(versions) if not _PLAIN_NUMBER.fullmatch(each))
    lines = [_reduced(line, told) for line in "\n".join(shown)[-_LONGEST:].split("\n")]
    kept = [line for place, line in enumerate(lines) if line and not _is_passed(line, lines[place + 1 :])]
    return "\n".join(kept)


def _visible(line: str) -> list[str]:
    """Return what a terminal shows of a line in the end: what carriage returns and backspaces overwrite is gone."""
    states = [each for each in re.split(r"[\r\b]+", line) if each.strip()]
    return states[-1:]


def _reduced(line: str, versions: tuple[str, ...]) -> str:
    line = _LEFT_OUT.sub("[...]", line)
    for version in sorted(versions, key=len, reverse=True):
        if version in line:
            line = re.sub(rf"(?<![\w.]){re.escape(version)}(?![\w]|\.\d)", "<version>", line)
    line = _BARS.sub(" ", line)
    line = _TIMES.sub(" ", line)
    line = _ADDRESSES.sub("<address>", line)
    line = _PATHS.sub("<path>", line)
    line = _TEMPORARY.sub("<temporary>", line)
    line = _FLOAT.sub(lambda found: f"{float(found.group()):.5g}", line)
    return re.sub(r"\s+", " ", _DASHES.sub(" -", line)).strip()


def _is_passed(line: str, later: list[str]) -> bool:
    """Return whether a line is a state of a progress bar that a later line of the same bar follows."""
    state = _STATE.match(line)
    if state is None or int(state["at"]) >= int(state["of"]):
        return False
    return any((found := _STATE.match(each)) and found["of"] == state["of"] for each in later)
