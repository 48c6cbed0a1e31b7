"""Printed text, reduced to what a difference between versions can be seen in. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

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
_LONGEST = 20_000


def normalise_output(text: str, versions: Iterable[str] = ()) -> str:
    """Return printed text without what differs between two runs of the same version.

    Of a progress bar the last state is kept. Bars, times, addresses, temporary paths and the versions in `versions` are
    removed or replaced; floating-point numbers are rounded to five significant digits.
    """
    lines = []
    for line in _ESCAPES.sub("", text[:_LONGEST]).split("\n"):
        lines += _visible(line)
    lines = [_reduced(line, tuple(versions)) for line in lines]
    kept = [line for place, line in enumerate(lines) if line and not _is_passed(line, lines[place + 1 :])]
    return "\n".join(kept)


def _visible(line: str) -> list[str]:
    """Return what a terminal shows of a line in the end: what carriage returns and backspaces overwrite is gone."""
    states = [each for each in re.split(r"[\r\b]+", line) if each.strip()]
    return states[-1:]


def _reduced(line: str, versions: tuple[str, ...]) -> str:
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
