"""Texts that come from GitHub or go there: the report of an event, titles, mentions. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import UsageError

_MENTION = re.compile(r"(?<![\w/.`])@(?=[A-Za-z0-9])")
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})")
# A zero-width character: the text looks the same, and notifies nobody.
_NO_MENTION = "@\u2060"


@dataclass(frozen=True, kw_only=True)
class Titled:
    """A text with its title."""

    title: str
    body: str

    @classmethod
    def parse(cls, text: str, where: str) -> Titled:
        """Parse a text whose first line is `# title`. Raises UsageError."""
        first, _, body = text.partition("\n")
        if not first.startswith("# ") or not first[2:].strip():
            raise UsageError(f"{where}: its first line is no title", next_step="Write `# title` in its first line")
        return cls(title=first[2:].strip(), body=body.lstrip("\n"))


def without_mentions(text: str) -> str:
    """Return Markdown in which nobody is mentioned. Code blocks stay as they are: nothing is mentioned there."""
    lines, fence = [], ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if found is not None and not fence:
            fence = found["fence"]
        elif found is not None and found["fence"].startswith(fence) and not line[found.end() :].strip():
            fence = ""
        elif not fence:
            line = _MENTION.sub(_NO_MENTION, line)  # noqa: PLW2901 - the same line
        lines.append(line)
    # In a block that is not closed, GitHub and this function might disagree: then all is code for neither.
    return "\n".join(lines) if not fence else _MENTION.sub(_NO_MENTION, text)


def read_event(text: str, where: str) -> Mapping[str, Any]:
    """Parse the event of a job, as GitHub writes it to GITHUB_EVENT_PATH. Raises UsageError."""
    try:
        event = json.loads(text)
        number = event["issue"]["number"]
    except (ValueError, KeyError, TypeError, RecursionError):
        number = None
    if not isinstance(number, int) or isinstance(number, bool):
        raise UsageError(f"{where}: is no event of an issue", next_step="Use it in a workflow `on: issue_comment`")
    assert isinstance(event, dict)
    return event


def report_of(event: Mapping[str, Any]) -> str:
    """Return the issue of an event as a report: its title and its text."""
    issue = event["issue"]
    title = " ".join(str(issue.get("title") or "").split())
    return f"# {title}\n\n{issue.get('body') or ''}\n"
