"""Split code into a part that writes a file and a part that reads it: two versions may run them. Pure."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Sequence

from harness.project.syntax import tree_of
from harness.reports.code import names_of
from harness.reports.files_of_code import read_files, written_files
from harness.reports.usual_imports import usual_import

_LONGEST = 50_000
_MOST_WORDS = 6
"""Lines before and after code in a comment that may be words."""
RESTARTED = re.compile(
    r"\brestart(?:ed|ing)?\b[^.\n]{0,30}\b(?:session|kernel|runtime|notebook|python|interpreter|process|colab)\b"
    r"|\b(?:in|from|with) an?(?:other| new| fresh| separate| different| clean)(?: python)? "
    r"(?:session|kernel|process|interpreter|runtime)\b",
    re.IGNORECASE,
)
"""Words that say that what follows runs in a new process."""
_SHARED = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


def halves_of(blocks: Sequence[str]) -> tuple[str, str] | None:
    """Return the blocks that write a file and those that read it, if neither needs the other's names."""
    whole = "\n".join(blocks)
    if len(whole) > _LONGEST or not written_files(whole) & read_files(whole):
        return None
    for at in range(1, len(blocks)):
        first, second = "\n".join(blocks[:at]), "\n".join(blocks[at:])
        if _hands_on(first, second):
            return first, second
    return halves_of_script(whole)


def halves_of_script(text: str) -> tuple[str, str] | None:
    """Return the statements that write a file and those that read it; both have the imports and definitions."""
    tree = tree_of(text)
    if tree is None:
        return None
    parts = _statements(tree, text)
    shared = [_without_comments(part) for part, node in zip(parts, tree.body, strict=True) if _is_shared(node)]
    places = [place for place, node in enumerate(tree.body) if _is_shared(node)]
    for at in range(1, len(parts)):
        start = at
        while start and isinstance(tree.body[start - 1], (ast.Import, ast.ImportFrom)):
            start -= 1  # they belong to what follows
        first = "\n".join(parts[:start])
        before = [part for part, place in zip(shared, places, strict=True) if place < start]
        second = "\n".join([*before, *parts[start:]])
        if _hands_on(first, second):
            return f"{first}\n", f"{second}\n"
    return None


def halves_after_restart(text: str) -> tuple[str, str] | None:
    """Return the code before and after a comment such as `# I restart the kernel and run:`; both have the imports.

    What the first part defines is gone in the new process, so the second part gets none of it.
    """
    lines = text.split("\n")
    for at, line in enumerate(lines[: _LONGEST // 10]):
        if not line.startswith("#") or not RESTARTED.search(line):
            continue
        first, second = "\n".join(lines[:at]), "\n".join(lines[at + 1 :])
        tree = tree_of(first)
        if tree is None or tree_of(second) is None:
            continue
        imports = [ast.unparse(each) for each in tree.body if isinstance(each, (ast.Import, ast.ImportFrom))]
        second = "\n".join([*imports, second])
        if _hands_on(first, second):
            return f"{first.strip()}\n", f"{second.strip()}\n"
    return None


def commented_writer(text: str) -> tuple[str, str] | None:
    """Return the code in a comment that writes the file which the rest reads, and the rest."""
    lines = text.split("\n")
    if len(text) > _LONGEST or not read_files(text) - written_files(text):
        return None
    start = next((at for at, line in enumerate(lines) if line.startswith("#")), None)
    if start is None:
        return None
    end = next((at for at in range(start, len(lines)) if lines[at].strip() and not lines[at].startswith("#")), start)
    rest = "\n".join([*lines[:start], *lines[end:]])
    inside = [re.sub(r"^# ?", "", line) for line in lines[start:end]]
    for first in range(min(_MOST_WORDS, len(inside))):
        for last in range(len(inside), max(first, len(inside) - _MOST_WORDS), -1):
            half = "\n".join(inside[first:last])
            if tree_of(half) is not None and all(map(usual_import, names_of(half).needed)) and _hands_on(half, rest):
                return f"{half.strip()}\n", f"{rest.strip()}\n"
    return None


def _without_comments(part: str) -> str:
    """Return a statement without the comments and blank lines before it."""
    lines = part.split("\n")
    start = next((at for at, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), 0)
    return "\n".join(lines[start:])


def _statements(tree: ast.Module, text: str) -> list[str]:
    """Return the source of each statement, with its decorators and the comments before it."""
    lines = text.split("\n")
    ends = [0, *(each.end_lineno or 0 for each in tree.body)]
    return ["\n".join(lines[start:end]) for start, end in itertools.pairwise(ends)]


def _hands_on(first: str, second: str) -> bool:
    """Return whether the second part reads a file of the first, writes it not again, and needs none of its names."""
    handed = written_files(first) & read_files(second)
    needed = names_of(second).needed & names_of(first).defined
    return bool(handed) and not needed and not handed & written_files(second)


def _is_shared(node: ast.stmt) -> bool:
    """Return whether both parts need a statement: imports, definitions, constants, settings of the environment."""
    if isinstance(node, ast.Assign):
        fixed = isinstance(node.value, ast.JoinedStr) and all(
            isinstance(each, ast.Constant) for each in node.value.values
        )
        return fixed or isinstance(node.value, ast.Constant)
    if isinstance(node, (ast.If, ast.Try)):
        return all(map(_is_shared, node.body))
    return isinstance(node, _SHARED)
