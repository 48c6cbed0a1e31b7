"""The files that code writes and reads, by the strings in its calls."""

from __future__ import annotations

import ast
import re

from harness.project.syntax import tree_of

READERS = {
    "load_model", "load", "read_csv", "imread", "load_weights", "load_img", "loadtxt", "genfromtxt", "open",
    "read_parquet", "read_json", "from_file", "read_file", "load_npz", "read_pickle", "File",
    "image_dataset_from_directory", "listdir", "flow_from_directory", "Interpreter",
}  # fmt: skip
_WRITERS = re.compile(
    r"save|write|dump|export|to_csv|to_json|mkdir|makedirs|savetxt|convert|copy|get_file|extract", re.IGNORECASE
)


def written_files(text: str) -> set[str]:
    """Return the strings in calls that write: some of them name files."""
    tree = tree_of(text)
    return {
        each.value
        for call in (ast.walk(tree) if tree is not None else ())
        if isinstance(call, ast.Call) and (_WRITERS.search(called_name(call.func)) or opens_to_write(call))
        for each in ast.walk(call)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    } | {
        known[each.id]
        for known in [_constants(tree)]
        for call in (ast.walk(tree) if tree is not None else ())
        if isinstance(call, ast.Call) and _WRITERS.search(called_name(call.func))
        for each in call.args
        if isinstance(each, ast.Name) and each.id in known
    }


def read_files(text: str) -> set[str]:
    """Return the strings that name a file to read: the first argument of a call that reads."""
    tree = tree_of(text)
    known = _constants(tree)
    found = set()
    for call in ast.walk(tree) if tree is not None else ():
        if isinstance(call, ast.Call) and called_name(call.func) in READERS and call.args and not opens_to_write(call):
            first = call.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add(first.value)
            elif isinstance(first, ast.Name) and first.id in known:
                found.add(known[first.id])
    return found


def _constants(tree: ast.Module | None) -> dict[str, str]:
    """Return the strings that a script gives names to: `path = "model.keras"`."""
    return {
        target.id: node.value.value
        for node in (tree.body if tree is not None else ())
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def opens_to_write(call: ast.Call) -> bool:
    """Return whether a call of `open` has a mode that writes."""
    modes = [each.value for each in (*call.args[1:], *(word.value for word in call.keywords if word.arg == "mode"))
             if isinstance(each, ast.Constant) and isinstance(each.value, str)]  # fmt: skip
    return any(set(mode) & set("wax") and len(mode) <= 3 for mode in modes)


def called_name(node: ast.expr) -> str:
    """Return the last name of what is called: `save` of `model.save`."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
