"""A script that runs another one and prints which functions of TensorFlow it calls. It runs in the sandbox."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import dataclass

_PRINTED = re.compile(r"^EXECUTED (\S+)$", re.MULTILINE)

# It is run by the Python under test, so it is written for Python 3.6.
_TEMPLATE = """\
# /// script
# [tool.harness]
# isolation = "process"
# timeout = 300
# ///
import ast
import base64
import json
import os
import sys
import traceback
import zlib

SOURCE = {source!r}
NAME = "traced.py"
FOLDERS = ("/tensorflow_core/", "/tensorflow/")

with open(NAME, "w") as stream:
    stream.write(SOURCE)
NAME = os.path.abspath(NAME)
IMPORTS = [node for node in ast.parse(SOURCE).body if isinstance(node, (ast.Import, ast.ImportFrom))]
for node in IMPORTS:
    exec(compile(ast.Module([node], []) if sys.version_info >= (3, 8) else ast.Module([node]), NAME, "exec"), {{}})

found = {{}}
depths = []


def watch(frame, event, argument):
    if event == "call":
        name = frame.f_code.co_filename
        depth = 0 if name == NAME else (depths[-1] if depths else 0) + 1
        depths.append(depth)
        if any(folder in name for folder in FOLDERS):
            place = (name, frame.f_code.co_firstlineno)
            calls, least = found.get(place, (0, depth))
            found[place] = (calls + 1, min(least, depth))
    elif event == "return" and depths:
        depths.pop()


error = ""
frames = []
code = compile(SOURCE, NAME, "exec")
sys.setprofile(watch)
try:
    exec(code, {{"__name__": "__main__", "__file__": NAME, "__builtins__": __builtins__}})
except BaseException as exception:
    sys.setprofile(None)
    error = type(exception).__name__
    frames = [[each.filename, each.lineno] for each in traceback.extract_tb(exception.__traceback__)]
sys.setprofile(None)


def short(name):
    for folder in FOLDERS:
        place = name.rfind("site-packages" + folder)
        if place >= 0:
            return name[place + len("site-packages/"):]
    return ""


executed = {{}}
for (name, line), (calls, depth) in found.items():
    if short(name):
        executed.setdefault(short(name), []).append([line, calls, depth])
told = {{"error": error, "frames": [[short(name), line] for name, line in frames if short(name)], "executed": executed}}
print("EXECUTED " + base64.b64encode(zlib.compress(json.dumps(told).encode(), 9)).decode())
"""


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What a script executed of a package, after its imports."""

    error: str
    """The type of the exception that ended it; empty if it passed."""
    frames: tuple[tuple[str, int], ...]
    """File and line of each frame of its traceback, the outermost first."""
    executed: dict[str, tuple[tuple[int, int, int], ...]]
    """By file: first line of each function, how often it was called, and the calls between it and the script."""


def traced(source: str) -> str:
    """Return a script that runs a source and prints what it executes."""
    return _TEMPLATE.format(source=source)


def read_trace(stdout: str) -> Trace | None:
    """Return the trace in the output of a traced script; None if it printed none."""
    found = _PRINTED.search(stdout)
    if found is None:
        return None
    told = json.loads(zlib.decompress(base64.b64decode(found[1])))
    return Trace(
        error=told["error"],
        frames=tuple((name, line) for name, line in told["frames"]),
        executed={name: tuple(map(tuple, functions)) for name, functions in told["executed"].items()},
    )
