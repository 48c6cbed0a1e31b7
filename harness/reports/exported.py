"""Notebooks that were exported as scripts: their cells, and the calls that stand for magics and shell lines. Pure."""

from __future__ import annotations

import ast
import json
import re

from harness.project.syntax import tree_of

_CELL = re.compile(r"^# In ?\[[ \d]*\]:[ \t]*$", re.MULTILINE)
_HEAD = re.compile(r"#!.*|# *-\*-.*|# coding[:=].*")
_TEXT_BELOW = re.compile(r"\n\n\n+(?P<text>(?:#.*(?:\n|\Z)|\s*\n)+)\s*\Z")
_LONGEST = 1_000_000


def as_notebook(text: str) -> str | None:
    """Return the notebook that a script was exported from, as JSON; None if it is no such script.

    The cells begin at comments such as `# In[3]:`. Comments between them are the text of the notebook.
    """
    if len(text) > _LONGEST or not _CELL.search(text):
        return None
    head, *cells = _CELL.split(text)
    if any(line.strip() and not line.startswith("#") for line in head.split("\n")):
        return None
    found = [_text_cell(head)]
    for cell in cells:
        below = _TEXT_BELOW.search(cell)
        code = (cell[: below.start()] if below else cell).strip("\n")
        found.append({"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": code})
        if below:
            found.append(_text_cell(below["text"]))
    return json.dumps({"cells": found, "metadata": {}, "nbformat": 4, "nbformat_minor": 0})


def _text_cell(comments: str) -> dict[str, object]:
    lines = [re.sub(r"^# ?", "", line) for line in comments.split("\n") if not _HEAD.fullmatch(line)]
    return {"cell_type": "markdown", "metadata": {}, "source": "\n".join(lines).strip("\n")}


def with_magics(text: str) -> str:
    """Return code with magics and shell lines in place of the calls that an export writes for them.

    `get_ipython().system('pip install keras')` becomes `!pip install keras`.
    """
    tree = tree_of(text) if "get_ipython()" in text else None
    lines = text.split("\n")
    for node in reversed(tree.body if tree is not None else []):
        value = node.value if isinstance(node, (ast.Expr, ast.Assign)) else None
        written = _magic(value) if value is not None else None
        if written is None or node.end_lineno is None:
            continue
        if isinstance(node, ast.Assign):
            written = f"{ast.unparse(node.targets[0])} = {written}"
        lines[node.lineno - 1 : node.end_lineno] = written.split("\n")
    return "\n".join(lines)


def _magic(node: ast.expr) -> str | None:
    """Return the magic or the shell line that a call stands for."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    written: str | None = None
    words = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if ast.unparse(node.func.value) != "get_ipython()" or len(words) < len(node.args):
        return None
    match node.func.attr, words:
        case "system" | "getoutput", [command]:
            written = f"!{command.strip()}"
        case "magic", [line]:
            written = f"%{line.strip()}"
        case "run_line_magic", [name, line]:
            written = f"%{name} {line}".rstrip()
        case "run_cell_magic", [name, line, body]:
            written = f"{f'%%{name} {line}'.rstrip()}\n{body}".rstrip("\n")
    return written
