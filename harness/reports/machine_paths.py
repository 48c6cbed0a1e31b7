"""Paths of the reporter's machine at which a script writes its files: they become paths in the folder of the script."""

from __future__ import annotations

import ast
import posixpath
import re

from harness.project.syntax import tree_of
from harness.reports.files_of_code import written_files

MACHINE_PATH = re.compile(r"^(?:/content/|/kaggle/|/home/|/Users/|/mnt/|/data/|[A-Z]:[\\/]|~/)")
_MOST = 50


def with_own_paths(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a script that writes `/content/model.h5` as `model.h5`, and the decisions.

    The folder that its paths have in common is removed from all of them. Nothing is changed if one of them is not
    written: a file that only the reporter has, or a folder of modules.
    """
    tree = tree_of(text)
    found = ast.walk(tree) if tree is not None else ()
    nodes = [each for each in found if isinstance(each, ast.Constant) and _is_path(each.value)]
    paths = {str(each.value) for each in nodes}
    if not nodes or tree is None or len(nodes) > _MOST or not paths <= written_files(text):
        return text, ()
    inside = {id(part) for each in ast.walk(tree) if isinstance(each, ast.JoinedStr) for part in ast.walk(each)}
    if any(id(each) in inside or each.lineno != each.end_lineno for each in nodes):
        return text, ()
    plain = {path: path.replace("\\", "/").rstrip("/") for path in paths}
    if len({path.partition("/")[0] for path in plain.values()}) > 1:
        return text, ()
    root = posixpath.commonpath([posixpath.dirname(path) for path in plain.values()])
    lines = [line.encode() for line in text.split("\n")]
    for each in sorted(nodes, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        new = repr(posixpath.relpath(plain[str(each.value)], root)).encode()
        line = lines[each.lineno - 1]
        lines[each.lineno - 1] = line[: each.col_offset] + new + line[each.end_col_offset or 0 :]
    changed = b"\n".join(lines).decode()
    why = tuple(
        f"`{path}` is `{posixpath.relpath(plain[path], root)}` in the folder of the script" for path in sorted(paths)
    )
    return (changed, why) if tree_of(changed) is not None else (text, ())


def _is_path(value: object) -> bool:
    return isinstance(value, str) and MACHINE_PATH.match(value) is not None
