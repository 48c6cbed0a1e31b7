"""Blocks that are the files of a program: `utils.py` in the text before them, and another block imports it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from harness.project.syntax import tree_of
from harness.reports.code import Code

_NAME = r"(?P<name>(?:[A-Za-z_]\w*/)*[A-Za-z_]\w*\.py)"
_SAID = re.compile(rf"(?:^|[\s`*(\"'])(?:\./)?{_NAME}[`*)\"']*[ \t]*[:.]?[`*)]*\s*$")
_COMMENT = re.compile(
    rf"\A\s*#[# \t]*(?:-+[ \t]*)?(?:file(?:name)?[ \t]*:?[ \t]*)?(?:\./)?{_NAME}[ \t]*(?:-+)?[ \t]*:?[ \t]*$",
    re.MULTILINE,
)


def file_name(said: str, text: str) -> str:
    """Return the file that a block is: named at the end of the text before it, or in its first comment."""
    found = _SAID.search(said[-200:]) or _COMMENT.match(text[:200])
    return found["name"] if found else ""


def as_files(codes: Iterable[Code]) -> tuple[list[Code], list[tuple[str, str]], list[str]]:
    """Separate the blocks that other blocks import by their name; return the others, the files, and the decisions."""
    codes = list(codes)
    kept: list[Code] = []
    files: list[tuple[str, str]] = []
    decisions: list[str] = []
    for code in codes:
        module = code.name.removesuffix(".py").replace("/", ".")
        users = [each for each in codes if each is not code and module and module in set(_imported(each.text))]
        if users:
            files.append((code.name, code.text))
            decisions.append(f"the block of line {code.place.line} is {code.name}, which another block imports")
        else:
            kept.append(code)
    if not kept:
        return codes, [], []
    return kept, files, decisions


def _imported(text: str) -> Iterator[str]:
    """Yield the modules that code imports with their packages: of `from a import b`, both `a` and `a.b`."""
    tree = tree_of(text)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)
