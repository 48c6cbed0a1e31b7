"""The step of a two-step scenario that stays in one environment while a search changes the other. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from harness.model import Environment


class Side(str, Enum):
    """One of the two steps of a scenario."""

    WRITER = "writer"
    READER = "reader"

    def __str__(self) -> str:
        return self.value

    @property
    def other(self) -> Side:
        """The other step."""
        return Side.READER if self is Side.WRITER else Side.WRITER


@dataclass(frozen=True, kw_only=True)
class Held:
    """The step that stays in one environment."""

    side: Side
    environment: Environment

    @property
    def writer(self) -> Environment | None:
        """The environment of the writer, if the writer is held."""
        return self.environment if self.side is Side.WRITER else None

    @property
    def reader(self) -> Environment | None:
        """The environment of the reader, if the reader is held."""
        return self.environment if self.side is Side.READER else None

    def pair(self, stepped: str) -> str:
        """Return writer and reader as text, with this environment as the other step."""
        ends = (self.environment.id, stepped) if self.side is Side.WRITER else (stepped, self.environment.id)
        return " -> ".join(ends)

    @property
    def role(self) -> str:
        """The role of the stepped releases, as a phrase after their versions."""
        if self.side is Side.WRITER:
            return f", reading the files of {self.environment.id}"
        return f", writing files for {self.environment.id}"
