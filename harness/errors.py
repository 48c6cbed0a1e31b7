"""The errors that a user sees. Every one says what happened, why if that is known, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

_QUOTED = 500


class HarnessError(Exception):
    """The work could not be done. Printed by the command line as it is; exit status 1."""

    exit_status = 1

    def __init__(self, what: str, *, why: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step

    def __str__(self) -> str:
        return "\n".join(_sentence(part) for part in (self.what, self.why, self.next_step) if part)


class UsageError(HarnessError):
    """What was asked for, or a file that was written by hand, makes no sense. Exit status 2."""

    exit_status = 2


class Problems:
    """Collects what is wrong with the files of a project, so that all of it is shown at once."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def add(self, where: str, what: str, fix: str = "") -> None:
        """Note that `what` is wrong at `where` (file: key), and how it is mended."""
        self._found.append(f"{where}: {_shortened(what)}." + (f" {_sentence(fix)}" if fix else ""))

    def __bool__(self) -> bool:
        return bool(self._found)

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def raise_if_any(self, subject: str) -> None:
        """Raise one UsageError with everything found."""
        if not self._found:
            return
        lines = "\n".join(f"  * {line}" for line in self._found)
        raise UsageError(f"{subject}: {counted(len(self._found), 'problem')}:\n{lines}")


def _sentence(text: str) -> str:
    """End it with a full stop, unless it ends with something else."""
    text = text.rstrip().rstrip(".")
    return text if text.endswith(("?", "!", ":")) else f"{text}."


def first_line(error: Exception) -> str:
    """Give what an error says, without the picture of the place that some parsers draw below it."""
    return (str(error).splitlines() or [""])[0]


def _shortened(text: str) -> str:
    """Leave out the middle of what quotes a value that has no end."""
    return text if len(text) <= 2 * _QUOTED else f"{text[:_QUOTED]} [...] {text[-_QUOTED:]}"


def counted(number: int, noun: str) -> str:
    """Say a number of things: `1 cell`, `2 cells`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def some_of(names: Iterable[str], *, most: int = 8) -> str:
    """List names, of many only the first; `none` if there are none."""
    known = list(names)
    return (", ".join(known[:most]) or "none") + (f" and {len(known) - most} more" if len(known) > most else "")


def near_misses(wrong: str, known: Iterable[str]) -> str:
    """Say which of the known names are closest to a wrong one; empty if none is."""
    close = get_close_matches(wrong, list(known), n=4, cutoff=0.5)
    return f"Did you mean {', '.join(close)}?" if close else ""
