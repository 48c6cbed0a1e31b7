"""Check whether a text is a Python script that does something. Starts no other Python."""

from __future__ import annotations

import json
import warnings

from harness.filesystem.reading import describe_bytes
from harness.project.syntax import UNREADABLE, tree_of
from harness.reports.executed_code import check_executed, is_one_expression
from harness.reports.kinds import Fault, Kind, Refusal, shortened
from harness.reports.not_python import SHELL_SHEBANG, recognise

_TOO_DEEP = "it is nested too deep to be read"


def check_script(text: str, *, name: str = "", fault: Fault | None = None) -> Refusal | None:
    """Return why a script must not be run, or None if it may.

    `fault` is what `find_fault` returned, or None if another Python can read the script.
    `name` is the file's.
    """
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        why, how = describe_bytes(text.encode("utf-8", "replace"))
        return Refusal(kind=Kind.BINARY, line=line, why=why, next_step=how)
    if fault is not None or SHELL_SHEBANG.match(text):
        return recognise(text, fault or Fault(line=1, message=""))
    tree = tree_of(text)
    if tree is None:
        return None  # another Python reads it: the Python of each environment decides
    if is_one_expression(tree) and (data := _read_json(text)) is not None:
        return data
    return check_executed(tree, text, name=name)


def find_fault(text: str) -> Fault | None:
    """Return the position at which this Python stops reading a script, or None if it can compile all of it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The tree alone does not show a `return` outside a function, or `await` at the top level.
            compile(tree_of(text) or text, "script", "exec", dont_inherit=True)
    except SyntaxError as error:
        return Fault(line=error.lineno or 1, message=error.msg or "invalid syntax")
    except UNREADABLE as error:
        return Fault(line=1, message=_TOO_DEEP if isinstance(error, (RecursionError, MemoryError)) else str(error))
    return None


def _read_json(text: str) -> Refusal | None:
    """Return the refusal of JSON that is also a Python expression."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    return recognise(text, Fault(line=1, message=""))


__all__ = ["Fault", "Kind", "Refusal", "check_script", "find_fault", "shortened"]
