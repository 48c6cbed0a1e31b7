"""Requests to the scheduler: their urgency, and the results that were not taken yet."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum

from harness.environments.store import Provided
from harness.environments.unavailable import Unavailable
from harness.model import Attempt

_numbers = itertools.count()


class Priority(IntEnum):
    """The urgency of work; lower values come first."""

    AWAITED = 0
    """Somebody waits for it."""
    EXPECTED = 1
    """It will be asked for."""
    POSSIBLE = 2
    """It may be asked for."""


@dataclass(kw_only=True, eq=False)
class Claim:
    """The urgency of work that belongs together. It can change while the work waits."""

    priority: Priority = Priority.AWAITED
    number: int = field(default_factory=lambda: next(_numbers))
    """The order of arrival: of equally urgent work, the first comes first."""

    @property
    def rank(self) -> tuple[Priority, int]:
        """The sort key."""
        return self.priority, self.number


@dataclass(kw_only=True, eq=False)
class Request:
    """Tasks that were handed in together. The scheduler's lock guards all fields."""

    claim: Claim
    changed: threading.Condition
    """Notified when a result is added or taken."""
    left: int
    """The number of tasks that have not ended."""
    running: int = 0
    results: deque[Attempt] = field(default_factory=deque)
    error: BaseException | None = None
    """A bug in the code that created an environment or ran a task."""
    provided: dict[str, Provided | Unavailable] = field(default_factory=dict)
    """The environments that were created for it, or why they could not be, by their ids."""
    abandoned: bool = False
    """True if nobody takes results any more."""
