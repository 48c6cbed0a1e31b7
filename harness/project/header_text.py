"""Set keys of `[tool.harness]` in the text of a script. Without a header, the lines of its code keep their numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from harness.project.inline_metadata import find_block

_TABLE = "# [tool.harness]"


def with_keys(text: str, values: Mapping[str, str | list[str] | bool]) -> str:
    """Return a script whose header has these values. Its own values of these keys are replaced.

    Raises ValueError if its header cannot be read, or has one of these keys in several lines.
    """
    if not values:
        return text
    lines = [f"# {key} = {json.dumps(value)}" for key, value in values.items()]
    block = find_block(text, "script")
    if block is None:
        return "\n".join([text.rstrip("\n"), "", "# /// script", _TABLE, *lines, "# ///", ""])
    parsed, (start, end) = block
    known = parsed.get("tool", {}).get("harness", {})
    header = text[start:end].split("\n")
    for key in values:
        if key in known:
            place = next((at for at, line in enumerate(header) if line.startswith((f"# {key} =", f"# {key}="))), None)
            if place is None or find_block(_without(header, place), "script") is None:
                raise ValueError(f"its header sets {key} in a form that cannot be replaced")
            del header[place]
    if _TABLE in header:
        place = header.index(_TABLE) + 1
        header[place:place] = lines
    else:
        header[-1:-1] = [_TABLE, *lines]
    return text[:start] + "\n".join(header) + text[end:]


def with_dependencies(text: str, requirements: Sequence[str]) -> str:
    """Return a script whose header declares requirements; one that declares others is left as it is.

    Raises ValueError if its header cannot be read.
    """
    if not requirements:
        return text
    block = find_block(text, "script")
    line = f"# dependencies = {json.dumps(list(requirements))}"
    if block is None:
        return "\n".join([text.rstrip("\n"), "", "# /// script", line, "# ///", ""])
    parsed, (start, end) = block
    if "dependencies" in parsed:
        return text
    first, *others = text[start:end].split("\n")
    return text[:start] + "\n".join([first, line, *others]) + text[end:]


def _without(lines: list[str], place: int) -> str:
    """Return a block without a line."""
    return "\n".join([*lines[:place], *lines[place + 1 :]])
