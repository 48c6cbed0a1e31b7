"""Remove the margin of code that is set in from the left."""

from __future__ import annotations

import textwrap

from harness.project.syntax import tree_of


def without_margin(text: str) -> str:
    """Return code without the blanks that all its lines begin with.

    Comments count only if Python can read the result: people indent them less than the code below.
    """
    plain = textwrap.dedent(text)
    if tree_of(plain) is not None:
        return plain
    lines = text.split("\n")
    code = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    margin = min((len(line) - len(line.lstrip(" ")) for line in code), default=0)
    shifted = "\n".join(line[min(margin, len(line) - len(line.lstrip(" "))) :] for line in lines)
    return shifted if margin and tree_of(shifted) is not None else plain
