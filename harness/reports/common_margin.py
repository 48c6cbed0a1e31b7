"""Remove the margin that all lines of some code have in common."""

from __future__ import annotations

import ast
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


def below_imports(text: str) -> str | None:
    """Return code of which all but the first statements are set in, without that margin; None if it is no such code.

    People paste the body of a function below `import tensorflow as tf`.
    """
    lines = text.split("\n")
    first = next((at for at, line in enumerate(lines) if line[:1] in (" ", "\t") and line.strip()), len(lines))
    head, rest = "\n".join(lines[:first]), textwrap.dedent("\n".join(lines[first:]))
    above, below = tree_of(head), tree_of(rest)
    if above is None or not above.body or below is None or not below.body:
        return None
    if not all(isinstance(each, (ast.Import, ast.ImportFrom, ast.Assign)) for each in above.body):
        return None  # a word is a statement, too
    return f"{head}\n{rest}"
