"""Paths of the reporter's machine at which a script writes its files: they become paths in the folder of the script."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.project.syntax import tree_of
from harness.reports.files_of_code import written_files

MACHINE_PATH = re.compile(r"^(?:/content/|/path/|/kaggle/|/home/|/Users/|/mnt/|/data/|[A-Z]:[\\/]|~/)")
_MOST = 50


@dataclass(frozen=True, kw_only=True)
class _Path:
    """A string of the code that is such a path; of an f-string, the text before its first value."""

    node: ast.Constant | ast.JoinedStr
    text: str

    @property
    def plain(self) -> str:
        """The path with plain slashes, without one at its end; of an f-string, as it is: a value follows."""
        plain = self.text.replace("\\", "/")
        return plain if isinstance(self.node, ast.JoinedStr) else plain.rstrip("/")

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.plain)

    def below(self, root: str) -> str:
        """Return the path as it is in the folder of the script."""
        if isinstance(self.node, ast.JoinedStr):
            return self.plain.removeprefix(root).lstrip("/")
        return posixpath.relpath(self.plain, root)

    def source(self, written: str, root: str) -> str | None:
        """Return the source of the string with the new path; None if its text does not stand in it as it is."""
        if isinstance(self.node, ast.Constant):
            return repr(self.below(root))
        return written.replace(self.text, self.below(root), 1) if self.text in written else None


def with_own_paths(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a script that writes `/content/model.h5` as `model.h5`, and the decisions.

    The folder that its paths have in common is removed from all of them. Nothing is changed if one of them is not
    written: a file that only the reporter has, or a folder of modules.
    """
    tree = tree_of(text)
    found = list(_paths(tree)) if tree is not None else []
    if not found or len(found) > _MOST or not {each.text for each in found} <= written_files(text):
        return text, ()
    if any(each.node.lineno != each.node.end_lineno for each in found):
        return text, ()
    if len({each.plain.partition("/")[0] for each in found}) > 1:
        return text, ()
    root = posixpath.commonpath([each.folder for each in found])
    lines = [line.encode() for line in text.split("\n")]
    names: dict[str, str] = {}
    for each in sorted(found, key=lambda path: (path.node.lineno, path.node.col_offset), reverse=True):
        line, start, end = lines[each.node.lineno - 1], each.node.col_offset, each.node.end_col_offset or 0
        written = line[start:end].decode()
        new = each.source(written, root)
        if new is None:
            return text, ()
        constant = isinstance(each.node, ast.Constant)
        names |= {each.text: each.below(root)} if constant else {written: new}
        lines[each.node.lineno - 1] = line[:start] + new.encode() + line[end:]
    changed = b"\n".join(lines).decode()
    why = tuple(f"`{path}` is `{name}` in the folder of the script" for path, name in sorted(names.items()))
    return (changed, why) if tree_of(changed) is not None else (text, ())


def _paths(tree: ast.Module) -> Iterator[_Path]:
    inside: set[int] = set()
    for node in ast.walk(tree):  # f-strings come before their parts
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in ast.walk(node)} - {id(node)}
            first = node.values[0] if node.values else None
            if isinstance(first, ast.Constant) and _is_path(first.value):
                yield _Path(node=node, text=str(first.value))
        elif isinstance(node, ast.Constant) and id(node) not in inside and _is_path(node.value):
            yield _Path(node=node, text=str(node.value))


def _is_path(value: object) -> bool:
    return isinstance(value, str) and MACHINE_PATH.match(value) is not None
