"""The input of `harness triage`: a report from a file, a folder or standard input."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.errors import UsageError
from harness.pinpoint.commits.repository import Repository
from harness.pinpoint.environments.derived import read_extra
from harness.reports.report import Report
from harness.session import Session

LARGEST_INPUT = 1 << 26
"""Bytes of standard input that are read."""
_NO_CODE = re.compile(r"\boutput\b|\b(?:a block|a cell) of\b|without input|a shell command|a magic of|\bexample\b")
"""Reasons of parts that are no code: they say nothing of the code of a report."""
_ISSUE = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+/(?P<kind>issues|pull)/\d+", re.ASCII)


def check_late_options(session: Session, *, extras: Sequence[str], repository: str | None) -> None:
    """Raise UsageError for wrong options that are used only after minutes of runs."""
    for text in extras:
        for each in text.split():
            read_extra(each, where="--with")
    if repository is not None:
        Repository(Path(repository).absolute(), environ=session.variables, cache=session.cache, built={})


def report_source(argument: str) -> str | Path:
    """Return the text of standard input for `-`, else the path. Raises UsageError if the input is empty."""
    if argument == "-":
        text = sys.stdin.buffer.read(LARGEST_INPUT).decode("utf-8", "replace")
        if not text.strip():
            raise UsageError(
                "Standard input is empty: there is no report",
                next_step="Check the command before the pipe, or name the file of the report",
            )
        return text
    if "://" in argument:
        raise UsageError(
            f"{argument}: is an address; the report must be a file, a folder or -", next_step=_fetching(argument)
        )
    path = Path(argument)
    if path.is_file() and path.stat().st_size == 0:
        raise UsageError(
            f"{path}: the file is empty: there is no report", next_step="Save the text of the report in it"
        )
    return path


def _fetching(address: str) -> str:
    """Return the next step for a report that is named by its address."""
    issue = _ISSUE.match(address)
    if issue is None:
        return "Download it, and name the file"
    kind = "pr" if issue["kind"] == "pull" else "issue"
    return f"`gh {kind} view {issue[0]} --json title,body,createdAt | harness triage -` reads it"


def reason_without_code(report: Report) -> str:
    """Return why a report has nothing to run; parts without text are notes about its length."""
    parts = [each.why for each in report.dropped if each.text.strip()]
    shown = "no code was found, only output and other text" if parts else "no code was found"
    if any(each.startswith("The code defines ") for each in report.questions):
        shown, parts = "its code only defines, and calls nothing", []
    code = [each for each in parts if not _NO_CODE.search(each)] or [shown]
    notes = [each.why for each in report.dropped if not each.text.strip()]
    return "; ".join(dict.fromkeys([*code, *notes]))
