"""Evidence: the result of each environment, compared with the reported problem. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from packaging.utils import NormalizedName

_SIMILAR = 0.55
"""Share of common words above which two messages of one exception type are the same failure."""
_FEWEST = 4
"""Words in the first line of an observed message that suffice if a reported message begins with them."""
_LONGEST = 300
_WRAPPER = re.compile(r"Exception encountered when calling")
_USER_CODE = ("in user code:", "in converted code:")
"""How AutoGraph begins a message, since TensorFlow 2.2 and before."""
_TYPE = re.compile(r"^(?:\w+\.)*\w+(?:Error|Exception|Warning): ")
_ASSERTED = "assert "
"""How pytest begins the message of an assertion that has none, with the values; Python shows no message."""
_QUOTED = r"['\"`‘“]([^'\"`’”]+)"
_DECISIVE = re.compile(
    rf"(?:no attribute|no module named|cannot import name|unexpected keyword argument|required positional argument:"
    rf"|could not locate (?:class|function)|unknown \w+:?|(?<!\w)name) {_QUOTED}|undefined symbol: (\S+)",
    re.IGNORECASE,
)


class Shows(str, Enum):
    """The result of an attempt, compared with the reported problem."""

    BUG = "this bug"
    PASSES = "passes"
    OTHER = "another failure"
    NOT_APPLICABLE = "not applicable"
    NOT_TESTED = "not tested"

    def __str__(self) -> str:
        return self.value

    @property
    def conclusive(self) -> bool:
        """Return whether the script itself was seen to pass or to fail."""
        return self in (Shows.BUG, Shows.PASSES, Shows.OTHER)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One cell, with the versions in its environment and what it shows."""

    cell: str
    environment: str
    family: str
    versions: Mapping[NormalizedName, str]
    variables: tuple[tuple[str, str], ...] = ()
    """The variables that not every environment has."""
    shows: Shows
    error: str = ""
    """`Type: message` of a failure, or the text of an observation."""
    reason: str = ""
    """The reason why it is not tested or not applicable."""
    writer: str = ""
    """Of two steps: the environment that wrote the file. `environment` and `versions` are the reader's."""
    written_with: Mapping[NormalizedName, str] = field(default_factory=dict)
    """The versions in the writer."""
    started: bool = False
    """Whether the script was started there, also if that showed nothing of the versions."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A failure to recognise: exception type, and message or a part of it."""

    type: str
    message: str = ""
    any: bool = False
    """True if every failure counts."""

    @classmethod
    def in_one_line(cls, error: str) -> Failure:
        """Read an observed `Type: message`, and keep the line that says what happened."""
        whole = cls.parse(error)
        return cls(type=whole.type, message=_first_line(whole.message))

    @classmethod
    def parse(cls, text: str) -> Failure:
        """Read `Type: message`."""
        type, colon, message = text.partition(":")
        return cls(type=type.strip(), message=message.strip()) if colon else cls(type=text.strip())

    def matches(self, error: str) -> bool:
        """Return whether an observed `Type: message` is this failure.

        The types agree, without their modules, and so do most words of the first lines. Paths, numbers and addresses do
        not count. A name that is missing, unknown or unexpected must be the same: the words around it are those of
        every such message. A message that the report does not have matches every message of the type.
        """
        if self.any:
            return True
        other = Failure.parse(error)
        names, their_names = _decisive_names(self), _decisive_names(other)
        if _last(self.type) != _last(other.type) or (names and their_names and not names & their_names):
            return False
        if _last(self.type) == "AssertionError" and self.message.startswith(_ASSERTED):
            return not other.message or other.message.startswith(_ASSERTED)
        words, their_words = _words(self.message), _words(other.message)
        mine, theirs = set(words), set(their_words)
        if not mine or mine <= theirs:
            return True
        # A report's message is one line, also where the exception has several: they begin alike.
        if len(their_words) >= _FEWEST and words[: len(their_words)] == their_words:
            return True
        return len(mine & theirs) / len(mine | theirs) >= _SIMILAR


def _decisive_names(failure: Failure) -> set[str]:
    """Return the names that a standard message is about: the attribute, module, argument, symbol or key."""
    line = _first_line(failure.message)
    if _last(failure.type) == "KeyError":
        return {line.strip("'\"")} if line else set()
    return {match[1] or match[2] for match in _DECISIVE.finditer(line)}


def _last(type: str) -> str:
    return type.rpartition(".")[2]


def _words(message: str) -> list[str]:
    line = re.sub(r"(?:[A-Za-z]:)?(?:[\\/][\w.@+~-]+){2,}|0x[0-9a-fA-F]+|<[^>]*>", " ", _first_line(message))
    # The counter in `dense_1` depends on what was built before in the same process.
    line = re.sub(r"\b([A-Za-z]\w*?)_\d+\b", r"\1", line.lower())
    return [word for word in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", line) if len(word) > 1]


def _first_line(message: str) -> str:
    """Return the line of a message that says what happened.

    It is the first one with text, unless that only says which layer was called (the next one, too) or that AutoGraph
    called the code (the last one, without the exception's type).
    """
    lines = [each.strip() for each in message.splitlines() if each.strip()]
    if len(lines) > 1 and lines[0].startswith(_USER_CODE):
        return _TYPE.sub("", lines[-1])[:_LONGEST]
    return " ".join(lines[: 2 if lines and _WRAPPER.match(lines[0]) else 1])[:_LONGEST]
