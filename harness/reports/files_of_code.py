"""The files that code writes and reads, by the strings in its calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from harness.project.syntax import last_name, tree_of

READERS = {
    "load_model", "load", "read_csv", "imread", "load_weights", "load_img", "loadtxt", "genfromtxt", "open",
    "read_parquet", "read_json", "from_file", "read_file", "load_npz", "read_pickle", "File",
    "image_dataset_from_directory", "listdir", "flow_from_directory", "Interpreter",
}  # fmt: skip
_WRITERS = re.compile(
    r"save|write|dump|export|to_csv|to_json|mkdir|makedirs|savetxt|convert|copy|get_file|extract|BackupAndRestore"
    r"|ModelCheckpoint|CSVLogger|TensorBoard",
    re.IGNORECASE,
)


def written_files(text: str) -> set[str]:
    """Return the strings in calls that write: some of them name files."""
    tree = tree_of(text)
    return {
        each.value
        for call in (ast.walk(tree) if tree is not None else ())
        if isinstance(call, ast.Call) and (_WRITERS.search(last_name(call.func)) or opens_to_write(call))
        for each in ast.walk(call)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    } | {
        known[each.id]
        for known in [constants_of(tree)]
        for call in (ast.walk(tree) if tree is not None else ())
        if isinstance(call, ast.Call) and _WRITERS.search(last_name(call.func))
        for each in call.args
        if isinstance(each, ast.Name) and each.id in known
    }


def read_files(text: str) -> set[str]:
    """Return the strings that name a file to read: the first argument of a call that reads."""
    tree = tree_of(text)
    known = constants_of(tree)
    found: set[str | None] = set()
    for call in ast.walk(tree) if tree is not None else ():
        if isinstance(call, ast.Call) and last_name(call.func) in READERS and call.args and not opens_to_write(call):
            found.add(path_of(call.args[0], known))
    return {path for path in found if path is not None}


def path_of(node: ast.expr, known: Mapping[str, str]) -> str | None:
    """Return the path that an argument is, if it consists of strings: also `os.path.join("a", "b")`."""
    if (text := _text_of(node)) is not None:
        return text
    if isinstance(node, ast.Name):
        return known.get(node.id)
    parts: list[ast.expr] = []
    if isinstance(node, ast.Call) and last_name(node.func) in ("join", "Path", "str"):
        parts = node.args
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        parts = [node.left, node.right]
    paths = [path_of(each, known) for each in parts]
    return "/".join(each for each in paths if each is not None) if paths and None not in paths else None


def constants_of(tree: ast.Module | None) -> dict[str, str]:
    """Return the strings that a script gives names to: `path = "model.keras"`."""
    return {
        target.id: text
        for node in (tree.body if tree is not None else ())
        if isinstance(node, ast.Assign) and (text := _text_of(node.value)) is not None
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _text_of(node: ast.expr) -> str | None:
    """Return the text of a string; also of an f-string in which no value stands."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = [each.value for each in node.values if isinstance(each, ast.Constant)]
        return "".join(map(str, parts)) if len(parts) == len(node.values) else None
    return None


def opens_to_write(call: ast.Call) -> bool:
    """Return whether a call of `open` has a mode that writes."""
    modes = [each.value for each in (*call.args[1:], *(word.value for word in call.keywords if word.arg == "mode"))
             if isinstance(each, ast.Constant) and isinstance(each.value, str)]  # fmt: skip
    return any(set(mode) & set("wax") and len(mode) <= 3 for mode in modes)
