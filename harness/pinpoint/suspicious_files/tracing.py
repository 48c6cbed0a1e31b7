"""A script that runs another one and prints which functions of a package it calls. It runs in the sandbox."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from harness.filesystem.reading import parse_json
from harness.model.case import Value

_PRINTED = re.compile(r"^EXECUTED (\S+)$", re.MULTILINE)
_LONGEST = 1 << 24

# It is run by the Python under test, so it is written for Python 3.6. Imports are not traced.
_TEMPLATE = r"""def _run_traced():
    import ast
    import base64
    import json
    import os
    import re
    import sys
    import traceback
    import zlib

    source = {source!r}
    parameters = {parameters!r}
    parameters_end = {parameters_end!r}
    modules = {modules!r}

    def first_line(node):
        return min([node.lineno] + [each.lineno for each in getattr(node, "decorator_list", [])])

    path = os.path.abspath("traced.py")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(source)
    sys.argv[0] = path
    tree = ast.parse(source, path)
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    if parameters:
        place = sum(first_line(node) < parameters_end for node in tree.body)
        tree.body[place:place] = ast.parse("globals().update(%r)" % (parameters,)).body
    roots = sorted((os.path.abspath(each or ".") for each in sys.path), key=len, reverse=True)
    here = os.getcwd()
    mine = {{path: True}}

    def is_mine(name):
        # Next to the script, or in no folder of modules: AutoGraph writes functions to a temporary folder.
        known = mine.get(name)
        if known is None:
            inside = any(name.startswith(root + os.sep) for root in roots if root != here)
            known = mine[name] = os.path.isabs(name) and not inside
        return known

    found = {{}}
    stack = []
    importing = [0]

    def watch(frame, event, argument):
        if event == "call":
            code = frame.f_code
            depth = 0 if is_mine(code.co_filename) else (stack[-1] if stack else 0) + 1
            stack.append(depth)
            if code.co_name == "<module>" and depth:
                importing[0] += 1
            if not importing[0]:
                known = found.get(id(code))
                if known is None:
                    found[id(code)] = [code, 1, depth]
                else:
                    known[1] += 1
                    known[2] = min(known[2], depth)
        elif event == "return" and stack:
            depth = stack.pop()
            if frame.f_code.co_name == "<module>" and depth and importing[0]:
                importing[0] -= 1

    error = ""
    frames = []
    script = globals()
    script["__file__"] = path
    try:
        for node in imports:
            alone = ast.parse("")
            alone.body = [node]
            exec(compile(alone, path, "exec"), {{"__name__": "__main__"}})
        code = compile(tree, path, "exec", 0, True)
        sys.setprofile(watch)
        exec(code, script)
    except BaseException as exception:
        sys.setprofile(None)
        error = type(exception).__name__
        frames = [[each.filename, each.lineno] for each in traceback.extract_tb(exception.__traceback__)]
        # A message can quote frames of code that was called in another way: `in user code:`.
        quoted = re.findall(r'File "([^"\n]+)", line (\d+)|(/[^\s:"]+\.py):(\d+)', str(exception)[:100000])
        frames += [[one or other, int(line or number)] for one, line, other, number in quoted]
    sys.setprofile(None)

    def short(name):
        for root in roots:
            if name.startswith(root + os.sep):
                inside = name[len(root) + 1:].replace(os.sep, "/")
                top = inside.split("/")[0]
                return inside if (top[:-3] if top.endswith(".py") else top) in modules else ""
        return ""

    executed = {{}}
    names = {{}}
    for code, calls, depth in found.values():
        name = names.get(code.co_filename)
        if name is None:
            name = names[code.co_filename] = short(code.co_filename)
        if name:
            executed.setdefault(name, []).append([code.co_firstlineno, calls, depth])
    frames = [[short(name), line] for name, line in frames if short(name)]
    text = json.dumps({{"error": error, "frames": frames, "executed": executed}}).encode()
    sys.__stdout__.write("\nEXECUTED " + base64.b64encode(zlib.compress(text, 9)).decode() + "\n")
    sys.__stdout__.flush()


_run_traced()
"""


@dataclass(frozen=True, kw_only=True)
class Trace:
    """The functions of a package that a script executed after its imports."""

    error: str
    """The type of the exception that ended it; empty if it passed."""
    frames: tuple[tuple[str, int], ...]
    """File and line of each frame of its traceback, the outermost first."""
    executed: dict[str, tuple[tuple[int, int, int], ...]]
    """By file: first line of each function, how often it was called, and the calls between it and the script."""


def traced(
    source: str,
    modules: Collection[str],
    *,
    parameters: Mapping[str, Value] | None = None,
    parameters_end: int = 0,
) -> str:
    """Return a script that runs a source and prints what it executes of some top-level modules.

    The parameters are set before the statement at the line `parameters_end` (1-based), or after it.
    """
    return _TEMPLATE.format(
        source=source,
        parameters=dict(parameters or {}),
        parameters_end=parameters_end,
        modules=tuple(sorted(modules)),
    )


def read_trace(stdout: str) -> Trace | None:
    """Return the trace in the output of a traced script; None if it printed none that can be read."""
    found = _PRINTED.findall(stdout)
    if not found:
        return None
    try:
        text = zlib.decompressobj().decompress(base64.b64decode(found[-1], validate=True), _LONGEST)
        return _parse(parse_json(text))
    except (ValueError, TypeError, KeyError, AttributeError, zlib.error):
        return None  # the script printed a line that looks like a trace


def _parse(document: Any) -> Trace:  # noqa: ANN401  # whatever a script printed
    return Trace(
        error=str(document["error"]),
        frames=tuple((str(name), int(line)) for name, line in document["frames"]),
        executed={
            str(name): tuple((int(line), int(calls), int(depth)) for line, calls, depth in functions)
            for name, functions in document["executed"].items()
        },
    )
