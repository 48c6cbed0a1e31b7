"""Decide whether the machine has free memory for one more process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.cgroups.groups import available_mib

_KEPT_FREE_MIB = 512
_SETTLES_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The memory of a machine, and a clock: a process that has just started has not used its memory yet."""

    available_mib: Callable[[], int] = available_mib
    clock: Callable[[], float] = time.monotonic

    def takes(self, needs_mib: int, running: Iterable[tuple[float, int]]) -> bool:
        """Return True if a process may start next to the running ones (start time, needed MiB)."""
        just_started = self.clock() - _SETTLES_S
        promised_mib = sum(mib for started, mib in running if started > just_started)
        return self.available_mib() - promised_mib - _KEPT_FREE_MIB >= needs_mib
