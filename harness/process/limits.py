"""Values of child processes: their limits, the interface of a running one, and the way it ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of a process with its descendants; None is no limit."""

    timeout_s: float
    memory_mib: int | None = None
    processes: int | None = None
    disk_mib: int | None = None
    folder: Path | None = None
    """The folder whose disk use counts."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process ended, and what it wrote: the first and the last part of each stream, if it was much."""

    status: int
    """The exit status; minus the signal's number if a signal ended it."""
    stdout: bytes
    stderr: bytes
    duration_s: float
    timed_out: bool = False
    over_memory: bool = False
    over_processes: bool = False
    over_disk: bool = False
    stopped: bool = False
    peak_mib: int = 0
    busy: bool = False
    """True if it reached its time limit and used the processor in the last quarter of its time."""
    machine_out_of_memory: bool = False
    """True if the kernel killed one of its processes although it was within its own memory limit."""
    lost: bool = False
    """True if its sandbox was killed: its own end is unknown."""

    @property
    def text(self) -> str:
        """How it ended, for the log."""
        reasons = {
            "timed out": self.timed_out,
            "over its memory limit": self.over_memory,
            "over its limit of processes": self.over_processes,
            "over its disk limit": self.over_disk,
            "stopped": self.stopped,
            "the machine was out of memory": self.machine_out_of_memory,
            "its sandbox was killed": self.lost,
        }
        return ", ".join([f"status {self.status}", *(reason for reason, applies in reasons.items() if applies)])


class Running(Protocol):
    """A process that has been started, wherever it was: the leader of a group of its own."""

    @property
    def contained(self) -> bool:
        """Return whether it is the init process of a sandbox, or waits for one; all processes there end with it."""

    @property
    def attendants(self) -> int:
        """The number of processes, itself included, that only supervise the script's process."""

    @property
    def pid(self) -> int:
        """Its process id, which is also the id of its group."""

    def wait(self, timeout_s: float) -> int | None:
        """Wait for its end, at most this long; return its status (minus the signal's number), or None."""

    @property
    def lost(self) -> bool:
        """Return whether its sandbox was killed. No process inside the sandbox can do that."""

    def is_stray(self, process: psutil.Process) -> bool:
        """Return whether another process descends from it and has left its group."""
