"""The packages that a report can be about: those of the project that reads it. The usual ones are always known."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

_SHORT = re.compile(r"(?<![\w-])tf(?![\w-])")
"""How TensorFlow is called in code: `tf.constant`. tf-keras is another package."""


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The packages that a project covers."""

    subjects: tuple[str, ...] = ("tensorflow", "keras")
    """Their usual names. A version without a package belongs to the first that the report names, or to the first."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Other names that people write, such as sklearn, with the usual one."""
    majors: dict[str, frozenset[int]] = field(default_factory=dict)
    """The first numbers that a version of a package can have."""

    @property
    def names(self) -> tuple[str, ...]:
        """All names that people write."""
        return tuple(dict.fromkeys((*self.subjects, *self.aliases)))

    def subjects_of(self, text: str) -> tuple[str, ...]:
        """Return the packages that a text names, the most likely subject first; at least one."""
        words = _SHORT.sub("tensorflow", text.lower().replace("_", "-")).replace("tensorflow backend", "")  # of Keras
        named = (self.aliases.get(name, name) for name in self.names if name in words)
        return tuple(dict.fromkeys(named)) or self.subjects[:1]


_USUAL = Vocabulary()
_CURRENT: ContextVar[Vocabulary | None] = ContextVar("vocabulary", default=None)


def vocabulary() -> Vocabulary:
    """Return the vocabulary of the report that is being read."""
    return _CURRENT.get() or _USUAL


@contextlib.contextmanager
def reading_with(words: Vocabulary) -> Iterator[None]:
    """Use a vocabulary for the reports that are read in the block."""
    token = _CURRENT.set(words)
    try:
        yield
    finally:
        _CURRENT.reset(token)
