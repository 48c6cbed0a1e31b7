"""A child process in three words: what it may use, how it is spoken to while it runs, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a process may use, with all that it starts; None is no limit."""

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
    """Whether it used the processor in the last quarter of its time, if it reached its time limit."""
    machine_out_of_memory: bool = False
    """Whether the kernel killed a process of it although it was within its own memory limit."""
    lost: bool = False
    """Whether what contained it was killed: how it would have ended, nobody can tell."""


class Running(Protocol):
    """A process that has been started, wherever it was: the leader of a group of its own."""

    @property
    def contained(self) -> bool:
        """Whether it waits for contained processes, all of which end with the first of them, or is that one."""

    @property
    def attendants(self) -> int:
        """How many processes, itself among them, only stand over the one that does the work."""

    @property
    def pid(self) -> int:
        """Its number, which is that of its group too."""

    def wait(self, timeout_s: float) -> int | None:
        """Wait for its end at most so long; give its status (minus the signal's number), or None."""

    @property
    def lost(self) -> bool:
        """Whether, having ended, it was contained and what contained it was killed, which nothing inside can do."""

    def is_stray(self, process: psutil.Process) -> bool:
        """Whether another process descends from it and has left its group."""
