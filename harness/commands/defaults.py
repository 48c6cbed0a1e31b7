"""Defaults and exit statuses that the command line needs before a command is imported: --help starts at once."""

from __future__ import annotations

import os

# The exit status that a shell reports for a process that Ctrl-C ended.
INTERRUPTED_STATUS = 130


def default_jobs() -> int:
    """Return the cores that this process may use: one attempt more costs more than idle moments do (performance.md)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
