"""Reports and scripts that users send. Reads files, starts no process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from harness.reports.report import Report

__all__ = ["read_report"]


def read_report(source: Path | str, *, name: str = "report") -> Report:
    """Read a report: a file or folder by its Path, or text as it came from standard input. Raises UsageError."""
    # Imported when it is used: every command imports this package, and few read reports.
    from harness.reports import reader

    return reader.read_report(source, name=name)
