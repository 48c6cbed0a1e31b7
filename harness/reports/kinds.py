"""The kinds of input that people send, and why one of them is refused."""

from __future__ import annotations

import enum
import shlex
from dataclasses import dataclass

_LONGEST_QUOTE = 80


class Kind(enum.Enum):
    """The kind of a refused text."""

    NOTEBOOK = "a Jupyter notebook"
    JSON = "JSON data"
    YAML = "YAML data"
    TOML = "a TOML or INI file"
    MARKDOWN = "the text of an issue in Markdown"
    HTML = "a page in HTML"
    TRANSCRIPT = "a transcript of the Python prompt (`>>>`)"
    IPYTHON_TRANSCRIPT = "a transcript of IPython (`In [1]:`)"
    MAGICS = "a script with notebook magics or shell lines"
    PYTHON_2 = "Python 2 code"
    TYPOGRAPHY = "code that went through a word processor"
    INDENTED = "code that was pasted with its indentation"
    INDENTATION = "code with an indentation error"
    TRUNCATED = "code whose end is missing"
    PATCH = "a patch"
    TRACEBACK = "a traceback"
    SHELL = "shell commands"
    BINARY = "a binary file"
    PROSE = "plain text"
    SYNTAX = "code with a syntax error"
    EMPTY = "an empty file"
    COMMENTS = "a file with comments only"
    IMPORTS = "a script that only imports"
    DEFINITIONS = "a script with imports and definitions only"
    ENDS = "a script that ends at once"
    SWITCHED_OFF = "a script whose code is switched off"
    ALWAYS_TRUE = "an assertion that is always true"
    NOT_STARTED = "a call that starts nothing"
    PART_OF_PACKAGE = "a module of a package"
    PYTEST = "a pytest file"
    UNITTEST = "a unittest file"


_READ_BY_TRIAGE = frozenset(
    {
        Kind.NOTEBOOK,
        Kind.MARKDOWN,
        Kind.HTML,
        Kind.TRANSCRIPT,
        Kind.IPYTHON_TRANSCRIPT,
        Kind.MAGICS,
        Kind.PROSE,
        Kind.PYTEST,
        Kind.UNITTEST,
    }
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The position at which Python stopped reading a text, and its message."""

    line: int
    message: str


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The reason why a text cannot be run. Line numbers are those of the file, from 1."""

    kind: Kind
    line: int | None = None
    quoted: str = ""
    """The offending line, shortened."""
    why: str = ""
    next_step: str = ""

    @property
    def what(self) -> str:
        """The kind of the input, the offending line, and the reason: one sentence without a full stop."""
        shown = f", {self.quoted!r}" if self.quoted else ""
        return f"this is {self.kind.value}{shown}" + (f": {self.why}" if self.why else "")


def advice(refusal: Refusal, path: str) -> str:
    """Return the next step for a refused file: `harness triage` reads many of them."""
    if refusal.kind not in _READ_BY_TRIAGE:
        return refusal.next_step
    return f"`harness triage {shlex.quote(path)}` reads it. Or {refusal.next_step[:1].lower()}{refusal.next_step[1:]}"


def shortened(line: str) -> str:
    """Return a line for a message: without the blanks around it, and of a long one only the beginning."""
    line = line.strip()
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}..."
