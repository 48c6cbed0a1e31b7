"""Normalise printed text and warnings, so that only differences between versions remain. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|$)")
_BARS = re.compile(r"\[[=>.\-#\s]{4,}\]|[━╸╺█▉▊▋▌▍▎▏]+|\d+%\|[^|]*\|")
_TIMES = re.compile(
    r"\bETA:?\s*[\d:]+\w*|(?<![\w.])\d+(?:\.\d+)?\s?(?:ms|us|µs|ns|s|min)(?:/(?:step|epoch|sample|batch))?(?![\w])"
    r"|\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b|\b\d{4}-\d{2}-\d{2}\b"
)
_ADDRESSES = re.compile(r"\b0x[0-9a-fA-F]+\b")
_PATHS = re.compile(r"(?<![\w./])(?:[A-Za-z]:)?(?:[\\/][\w.@+~<>-]+){2,}[\\/]?")
_PIDS = re.compile(r"\b(?P<name>pid|PID|process|thread)(?P<sign>[ =:#]+)\d+\b")
_PLACE = re.compile(r"<path>:\d+\b")
_TEMPORARY = re.compile(r"\btmp[a-z0-9_]{6,10}\b")
_FLOAT = re.compile(r"(?<![\w.])[+-]?\d+\.\d*(?:e[+-]?\d+)?(?![\w.])", re.IGNORECASE)
_STATE = re.compile(r"(?P<at>\d+)/(?P<of>\d+)\b")
_BARE_STATE = re.compile(r"\s*\d+/\d+[\s-]*")
_DASHES = re.compile(r"(?:\s+-)+(?=\s|$)")
_LEFT_OUT = re.compile(r"^\[\.\.\. \d+ bytes left out \.\.\.\]$")
# A version with two numbers or one reads like any other number that a script prints.
_PLAIN_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_LONGEST = 20_000
# `file.py:12: UserWarning: text`, as the warnings module writes it.
_PYTHON_WARNING = re.compile(r"^\S.*?:\d+: (?P<said>[\w.]*Warning: .*|[\w.]*Warning)$")
# `2024-01-01 10:00:00.123: W place/file.cc:12] text` and `W0101 10:00:00.123 77 file.cc:12] text`.
_NATIVE_LOG = re.compile(
    r"^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d+: (?P<one>[IWEFD]) |(?P<two>[IWEFD])\d{4} [\d:.]+\s+\d+ )"
    r"(?P<file>[^\s:\]]+):\d+\] ?(?P<said>.*)$"
)
_LOGGING = re.compile(r"^(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL|FATAL):(?=\S*:| )")
_PYTHON = "Python"
_LOW = frozenset({"I", "D", "INFO", "DEBUG"})


def normalise_output(text: str, versions: Iterable[str] = ()) -> str:
    """Return printed text without what differs between two runs of the same version.

    Of a progress bar the last state is kept if it has numbers. Bars, times, addresses, temporary paths and the versions
    in `versions` are removed or replaced, unless a version is a plain number; floating-point numbers are rounded to
    five significant digits. Of a long text the last 20,000 characters of what a terminal would show count.
    """
    shown: list[str] = []
    for line in _ESCAPES.sub("", text).split("\n"):
        shown += _visible(line)
    removable = tuple(each for each in dict.fromkeys(versions) if each and not _PLAIN_NUMBER.fullmatch(each))
    lines = [_reduced(line, removable) for line in "\n".join(shown)[-_LONGEST:].split("\n")]
    kept = [line for place, line in enumerate(lines) if line and not _is_passed(line, lines[place + 1 :])]
    return "\n".join(kept)


def _visible(line: str) -> list[str]:
    """Return the text that a terminal shows of a line: without text that carriage returns and backspaces overwrite."""
    states = [each for each in re.split(r"[\r\b]+", line) if each.strip()]
    return states[-1:]


def _reduced(line: str, versions: tuple[str, ...]) -> str:
    line = _LEFT_OUT.sub("[...]", line)
    for version in sorted(versions, key=len, reverse=True):
        if version in line:
            line = re.sub(rf"(?<![\w.]){re.escape(version)}(?![\w]|\.\d)", "<version>", line)
    line, bars = _BARS.subn(" ", line)
    line = _TIMES.sub(" ", line)
    if bars and _BARE_STATE.fullmatch(line):
        return ""  # a bar without numbers: versions differ in whether and how they draw one
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


def normalise_warnings(text: str, versions: Iterable[str] = (), *, every_level: bool = False) -> str:
    """Return the warnings and log lines of standard error without what differs between two runs of the same version.

    Times, process ids, source lines and line numbers are removed, the rest is reduced as printed text is. Log lines
    below the level of a warning count only with `every_level`, and so do the lines that follow them.
    """
    records = _records(text.split("\n"), every_level=every_level)
    shown = normalise_output(_PIDS.sub(r"\g<name>\g<sign><id>", "\n".join(records)), versions)
    return _PLACE.sub("<path>", shown)


def _records(lines: Iterable[str], *, every_level: bool) -> Iterator[str]:
    """Yield the lines of warnings and log records, without their place and time."""
    counts, in_python_warning = True, False
    for line in lines:
        record = _record_of(line)
        if record is not None:
            level, said = record
            counts, in_python_warning = every_level or level not in _LOW, level == _PYTHON
            if counts:
                yield said
        elif in_python_warning and line.startswith("  "):
            in_python_warning = False  # the source line that Python prints below its warning
        elif counts:
            yield line


def _record_of(line: str) -> tuple[str, str] | None:
    """Return the level of a log record and its text without place and time; None for a line that begins none."""
    found = _PYTHON_WARNING.match(line)
    if found:
        return _PYTHON, found["said"]
    found = _NATIVE_LOG.match(line)
    if found:
        level = found["one"] or found["two"]
        file = found["file"].replace("\\", "/").rpartition("/")[2]
        return level, f"{level} {file}: {found['said']}"
    found = _LOGGING.match(line)
    return (found["level"], line) if found else None
