"""Classify uv's error messages, and extract the reason. Pure functions of text."""

from __future__ import annotations

import enum
import re

from harness.errors import HarnessError

_REASON_LENGTH = 400


class FailureKind(enum.Enum):
    """The kinds of failure of uv."""

    CONFLICT = "no compatible versions"
    NO_WHEEL = "no wheel for this Python or platform"
    UNREACHABLE = "the package index does not answer"
    HASH_MISMATCH = "a downloaded file differs from the lock"
    DISK_FULL = "the disk is full"
    TIMED_OUT = "uv timed out"
    STOPPED = "stopped"
    BUILD_FAILED = "the build from source failed"
    OTHER = "uv failed"

    @property
    def conclusive(self) -> bool:
        """True if a retry would fail in the same way."""
        return self in (FailureKind.CONFLICT, FailureKind.NO_WHEEL, FailureKind.HASH_MISMATCH, FailureKind.BUILD_FAILED)


_NEXT_STEP = {
    FailureKind.CONFLICT: "Change the requirements or the `exclude-newer` date",
    FailureKind.NO_WHEEL: "Use a Python for which there are wheels: `pythons` in matrix.toml",
    FailureKind.UNREACHABLE: "Try again later, or set UV_DEFAULT_INDEX to another index",
    FailureKind.HASH_MISMATCH: "Find out why the file differs. Then update the lock with "
    "`harness lock --upgrade`, or repair the index; the file is not installed",
    FailureKind.DISK_FULL: "Free disk space (`harness prune` removes unused environments), then run the command again",
    FailureKind.TIMED_OUT: "Run the command again",
    FailureKind.STOPPED: "Run the same command again to continue",
    FailureKind.BUILD_FAILED: "Read the output of its build in the log. Builds have no network, and only the tools "
    "in the lock",
    FailureKind.OTHER: "Read uv's output in the log",
}


class UvFailed(HarnessError):
    """uv failed. Has the kind of failure, a short reason from uv's output, and the complete output.

    `why` has the reason and uv's hints.
    """

    def __init__(self, kind: FailureKind, reason: str, output: str) -> None:
        why = "\n".join([reason, *(hint for hint in uv_hints(output) if hint not in reason)])
        super().__init__(kind.value, why=why, next_step=_NEXT_STEP[kind])
        self.kind = kind
        self.reason = reason
        self.output = output

    @property
    def summary(self) -> str:
        """Kind and reason on one line."""
        return f"{self.kind.value}: {self.reason}" if self.reason else self.kind.value

    @property
    def explanation(self) -> str:
        """Kind, reason and hints on one line."""
        return f"{self.kind.value}: {' '.join(self.why.split())}" if self.why else self.kind.value


# Checked in this order: a full disk also causes a failed download.
_SIGNS: tuple[tuple[FailureKind, re.Pattern[str]], ...] = (
    (FailureKind.DISK_FULL, re.compile(r"No space left on device|Disk quota exceeded|not enough space on the disk")),
    (FailureKind.HASH_MISMATCH, re.compile(r"Hash mismatch|Failed to extract archive|Invalid zip file")),
    (
        FailureKind.UNREACHABLE,
        re.compile(
            r"Failed to fetch|error sending request|HTTP status (client|server) error|error decoding response body|"
            r"network was disabled|network connectivity is disabled|dns error|timed out|Connection (refused|reset)|"
            r"Failed to download distribution due to network|[Rr]equest failed after \d+ retries|"
            r"unexpected end of file|end of file before message length|connection closed|"
            # Without access to an index, packages seem not to exist. Only the hint gives the cause.
            r"returned a \d+ \w+ error|lack of valid authentication credentials",
        ),
    ),
    (
        FailureKind.NO_WHEEL,
        re.compile(
            r"has no wheels with a matching|has no usable wheels|has no wheels are available|no compatible wheels?|"
            r"has no matching (Python|platform)|only found wheels for|is not compatible with the current platform|"
            r"does not satisfy Python|marked as `--no-build`",
        ),
    ),
    (FailureKind.CONFLICT, re.compile(r"No solution found|unsatisfiable|not found in the package registry")),
)


def failure_from(output: str, *, status: int) -> UvFailed:
    """Convert uv's output into UvFailed."""
    kind = next((kind for kind, sign in _SIGNS if sign.search(output)), FailureKind.OTHER)
    hint = _HINT.search(output)
    by_hint = hint is not None and kind is FailureKind.UNREACHABLE and "No solution found" in output
    reason = _without_addresses(hint[1]) if hint is not None and by_hint else failure_reason(output)
    return UvFailed(kind, reason or f"it exited with status {status}", output)


def packages_without_wheels(output: str) -> tuple[str, ...]:
    """Return the packages without wheels, from the output of a resolution that allowed wheels only."""
    return tuple(dict.fromkeys(re.findall(r"Wheels are required for `([^`]+)`", output)))


def uv_hints(output: str) -> list[str]:
    """Return the first hints in uv's output, each on one line. URLs are shortened: they may contain passwords."""
    hints = dict.fromkeys(_shortened(_without_addresses(match)) for match in _HINT.findall(output))
    return [f"hint: {each}" for each in list(hints)[:_MOST_HINTS]]


_MOST_HINTS = 3
_HINT = re.compile(r"hint: (.*)")
_MARK = re.compile(r"^\s*(?:[×╰├│─▶▸]\s*)*(?:(?:error|cause|Caused by):)?\s*")
_NOISE = re.compile(r"^\s*(warning:|hint:|Using |Resolved |Downloading |Building |Prepared |Installed )")
_ADDRESS = re.compile(r"`?\b[a-z][a-z+]*://[^\s`),;]*[^\s`),;:.]`?")


def failure_reason(output: str) -> str:
    """Return the reason on one line, without progress, hints, and URLs, which may contain passwords."""
    clauses: list[str] = []
    for line in output.splitlines():
        if line.lstrip().startswith("hint:"):
            break
        mark = _MARK.match(line)
        text = line[mark.end() :].strip() if mark else line.strip()
        if not text or _NOISE.match(line) or text.startswith("No solution found"):
            continue
        if clauses and (mark is None or not mark[0].strip()):
            clauses[-1] += f" {text}"  # a continuation line
        else:
            clauses.append(text)
    return _shortened(_without_addresses(": ".join(clauses)))


def last_output_line(output: str) -> str:
    """Return the last line of a build's output before uv's own error message."""
    said = [line.strip() for line in re.split(r"(?m)^error: ", output)[0].splitlines() if line.strip()]
    return _without_addresses(said[-1])[:_REASON_LENGTH] if said else ""


def timed_out(what: str, output: str) -> UvFailed:
    """Return the error for a uv, or a build, that did not end in time: with the last line of its output."""
    last = last_output_line(output)
    return UvFailed(FailureKind.TIMED_OUT, f"{what}; its last output: {last}" if last else what, output)


def _shortened(text: str) -> str:
    return text if len(text) <= _REASON_LENGTH else text[: _REASON_LENGTH - 6].rsplit(" ", 1)[0] + " [...]"


def _without_addresses(text: str) -> str:
    return _ADDRESS.sub(lambda match: match[0].strip("`/").rpartition("/")[2], text)
