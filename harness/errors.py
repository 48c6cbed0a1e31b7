"""The errors that a user sees: what happened, why if known, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

_QUOTED = 500


class HarnessError(Exception):
    """The command failed. The command line prints the message and exits with status 1."""

    exit_status = 1

    def __init__(self, what: str, *, why: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step

    def __str__(self) -> str:
        return "\n".join(_sentence(part) for part in (self.what, self.why, self.next_step) if part)


class UsageError(HarnessError):
    """The command line or a file of the user is invalid. Exit status 2."""

    exit_status = 2


class Problems:
    """Collects the errors in the files of a project, to report all of them at once."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self.deprecations: list[str] = []
        """Messages about deprecated keys. They are no errors."""

    def add(self, where: str, what: str, fix: str = "") -> None:
        """Add an error `what` at the place `where` (file: key) with its fix."""
        self._found.append(f"{where}: {_shortened(what)}." + (f" {_sentence(fix)}" if fix else ""))

    def deprecate(self, where: str, what: str, fix: str) -> None:
        """Add a deprecation at the place `where` (file: key)."""
        self.deprecations.append(f"{where}: deprecated: {what}. {_sentence(fix)}")

    def __bool__(self) -> bool:
        return bool(self._found)

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def raise_if_any(self, subject: str) -> None:
        """Raise one UsageError with all errors, if there are any."""
        if not self._found:
            return
        lines = "\n".join(f"  * {line}" for line in self._found)
        raise UsageError(f"{subject}: {counted(len(self._found), 'problem')}:\n{lines}")


def _sentence(text: str) -> str:
    """Return the text with a full stop at its end, unless it ends with `?`, `!` or `:`."""
    text = text.rstrip().rstrip(".")
    return text if text.endswith(("?", "!", ":")) else f"{text}."


def first_line(error: Exception) -> str:
    """Return the first line of an error, without the source excerpt that some parsers add below it."""
    return (str(error).splitlines() or [""])[0]


def _shortened(text: str) -> str:
    """Return the text without its middle if it is very long: it may quote a long value."""
    return text if len(text) <= 2 * _QUOTED else f"{text[:_QUOTED]} [...] {text[-_QUOTED:]}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 cell`, `2 cells`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def some_of(names: Iterable[str], *, most: int = 8) -> str:
    """Return the first names as a list in a sentence; `none` if there are none."""
    known = list(names)
    return (", ".join(known[:most]) or "none") + (f" and {len(known) - most} more" if len(known) > most else "")


def near_misses(wrong: str, known: Iterable[str]) -> str:
    """Return a question with the names that are most similar to a wrong one, or an empty string."""
    close = get_close_matches(wrong, list(known), n=4, cutoff=0.5)
    return f"Did you mean {', '.join(close)}?" if close else ""
