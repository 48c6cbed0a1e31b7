"""What the command line offers when nothing is said; apart from the commands, so that --help starts at once."""

from __future__ import annotations

import os

FORMATS = ("terminal", "markdown", "csv", "json", "html")


def default_jobs() -> int:
    """Give the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
