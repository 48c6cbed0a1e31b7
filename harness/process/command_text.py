"""Commands as they are logged: on one line, shortened, and without values of environment variables."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

_LONGEST = 1500
_LONGEST_PART = 300


def command_text(command: Sequence[str | Path]) -> str:
    """Return a command on one line, at most 1500 characters: without its middle, which is the options of a sandbox.

    Values after `--setenv NAME` are left out, and JSON documents, which have the variables of the other sandbox.
    """
    text = shlex.join(_parts(command))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} [...] {text[-_LONGEST // 2 :]}"


def _parts(command: Sequence[str | Path]) -> Iterator[str]:
    values: set[int] = set()
    for place, part in enumerate(command):
        text = os.fspath(part)
        if text == "--setenv":
            values.add(place + 2)
        if place in values:
            yield "..."
        elif text.startswith("{"):
            yield "{...}"
        else:
            line = " ".join(text.split())
            yield line if len(line) <= _LONGEST_PART else f"{line[:_LONGEST_PART]}..."
