"""Headers of scripts that would not be read: a misspelt beginning, or a misspelt table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from harness.errors import Problems, near_misses

_TABLE = re.compile(r"^#\s*\[{1,2}tool\.harness[\].]", re.MULTILINE)


def report_lost_table(text: str, path: Path, problems: Problems) -> None:
    """Report a table of the harness in a text without a block."""
    found = _TABLE.search(text)
    if found is not None:
        line = text[: found.start()].count("\n") + 1
        what = f"line {line}: [tool.harness] is not inside a '# /// script' block, and would not be read"
        problems.add(str(path), what, "Begin the block with the line '# /// script', and end it with '# ///'")


def report_misspelt_tool(tools: Iterable[str], path: Path, problems: Problems) -> None:
    """Report a tool of a block whose name is almost that of the harness."""
    tools = list(tools)
    if "harness" in tools:
        return
    for each in tools:
        if near_misses(each, ["harness"]):
            problems.add(f"{path}: tool.{each}", "unknown table. Did you mean harness?", "Write [tool.harness]")
