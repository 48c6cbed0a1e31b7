"""What uv's messages mean: one of a few kinds, and the lines that tell why. Text in, values out."""

from __future__ import annotations

import enum
import re

from harness.errors import HarnessError

_REASON_LENGTH = 400


class FailureKind(enum.Enum):
    """Why uv did not do what it was asked to."""

    CONFLICT = "no versions fit together"
    NO_WHEEL = "no wheel for this Python or platform"
    UNREACHABLE = "the package index does not answer"
    HASH_MISMATCH = "a downloaded file is not the one that was locked"
    DISK_FULL = "the disk is full"
    TIMED_OUT = "uv took too long"
    STOPPED = "stopped"
    BUILD_FAILED = "it cannot be built from its source"
    OTHER = "uv failed"

    @property
    def settled(self) -> bool:
        """Whether the same would come of trying again."""
        return self in (FailureKind.CONFLICT, FailureKind.NO_WHEEL, FailureKind.HASH_MISMATCH, FailureKind.BUILD_FAILED)


_NEXT_STEP = {
    FailureKind.CONFLICT: "Change the requirements, or the date as of which they are resolved",
    FailureKind.NO_WHEEL: "Use a Python that there are wheels for: `pythons` in matrix.toml",
    FailureKind.UNREACHABLE: "Try again when the index answers; UV_DEFAULT_INDEX names another one",
    FailureKind.HASH_MISMATCH: "Look at which file differs, then lock again or have the index mended: "
    "until then it is not installed",
    FailureKind.DISK_FULL: "Make room (`harness prune` removes environments that are not needed), then run it again",
    FailureKind.TIMED_OUT: "Run it again",
    FailureKind.STOPPED: "Run it again to go on",
    FailureKind.BUILD_FAILED: "Look at what its build says: it has no network, and the tools that its lock names",
    FailureKind.OTHER: "Look at uv's output",
}


class UvFailed(HarnessError):
    """uv could not do it: of what kind that is, the reason in short, and all that uv said."""

    def __init__(self, kind: FailureKind, reason: str, output: str) -> None:
        super().__init__(kind.value, why=reason, next_step=_NEXT_STEP[kind])
        self.kind = kind
        self.reason = reason
        self.output = output

    @property
    def summary(self) -> str:
        """Kind and reason on one line."""
        return f"{self.kind.value}: {self.reason}" if self.reason else self.kind.value


# In the order in which they are looked for: a full disk shows as a failed download, too.
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
            # Without access, a package looks as if it did not exist: only the hint tells.
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
    """Read what uv wrote when it failed."""
    kind = next((kind for kind, sign in _SIGNS if sign.search(output)), FailureKind.OTHER)
    hint = _HINT.search(output)
    by_hint = hint is not None and kind is FailureKind.UNREACHABLE and "No solution found" in output
    reason = _without_addresses(hint[1]) if hint is not None and by_hint else telling(output)
    return UvFailed(kind, reason or f"it ended with status {status}", output)


def packages_without_wheels(output: str) -> tuple[str, ...]:
    """Name the packages of which uv found only sources, in a resolution that allowed wheels only."""
    return tuple(dict.fromkeys(re.findall(r"Wheels are required for `([^`]+)`", output)))


_HINT = re.compile(r"hint: (.*)")
_MARK = re.compile(r"^\s*(?:[×╰├│─▶▸]\s*)*(?:(?:error|cause|Caused by):)?\s*")
_NOISE = re.compile(r"^\s*(warning:|hint:|Using |Resolved |Downloading |Building |Prepared |Installed )")
_ADDRESS = re.compile(r"`?\b[a-z][a-z+]*://[^\s`),;]*[^\s`),;:.]`?")


def telling(output: str) -> str:
    """Give the lines that tell why, as one line: without progress, hints, and addresses, which may hold passwords."""
    clauses: list[str] = []
    for line in output.splitlines():
        if line.lstrip().startswith("hint:"):
            break
        mark = _MARK.match(line)
        text = line[mark.end() :].strip() if mark else line.strip()
        if not text or _NOISE.match(line) or text.startswith("No solution found"):
            continue
        if clauses and (mark is None or not mark[0].strip()):
            clauses[-1] += f" {text}"  # a line that goes on
        else:
            clauses.append(text)
    text = _without_addresses(": ".join(clauses))
    return text if len(text) <= _REASON_LENGTH else text[: _REASON_LENGTH - 6].rsplit(" ", 1)[0] + " [...]"


def last_words(output: str) -> str:
    """Give the last line that a build wrote, before uv says in its own words that it failed."""
    said = [line.strip() for line in re.split(r"(?m)^error: ", output)[0].splitlines() if line.strip()]
    return _without_addresses(said[-1])[:_REASON_LENGTH] if said else ""


def _without_addresses(text: str) -> str:
    return _ADDRESS.sub(lambda match: match[0].strip("`/").rpartition("/")[2], text)
