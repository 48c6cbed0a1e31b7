"""Whether this machine has the memory for one more process, so that it need not swap."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.cgroups.groups import available_mib

_KEPT_FREE_MIB = 512
_SETTLES_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The memory of a machine, and a clock to tell what has just been started, and so has not taken its memory yet."""

    available_mib: Callable[[], int] = available_mib
    clock: Callable[[], float] = time.monotonic

    def takes(self, needs_mib: int, running: Iterable[tuple[float, int]]) -> bool:
        """Whether a process that needs so much may start beside those that run: when each was started, and its need."""
        just_started = self.clock() - _SETTLES_S
        promised_mib = sum(mib for started, mib in running if started > just_started)
        return self.available_mib() - promised_mib - _KEPT_FREE_MIB >= needs_mib
