"""Two runs of one script that a report describes: `run it with "save", then without`. Pure."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterable

from harness.project.syntax import last_name, tree_of
from harness.reports.command_line import command_lines
from harness.reports.executed_code import reached

_ARGUMENT = (
    r"\bwith (?:the |an? )?(?:\w{1,20} )?(?:argument |option |flag |parameter |switch )?"
    r"[`'\"](?P<arguments>[^`'\"\n]{1,100})[`'\"]"
)
_FIRST = re.compile(r"\b(?:run|ran|call|execut|start|launch|invok)\w{0,4}\b[^.\n]{0,60}?" + _ARGUMENT, re.IGNORECASE)
_SECOND = re.compile(
    r"\b(?:then|afterwards?|again|second|next)\b[^.\n]{0,80}?(?:\bwithout\b|" + _ARGUMENT + ")",
    re.IGNORECASE,
)
_NEAR = 300
"""Characters after the first run in which the text describes the second one."""
_WRITES = re.compile(r"save\w*|export\w*|dump|write\w*|to_csv|to_json")
_READS = re.compile(r"load\w*|restore\w*|read\w*|TFSMLayer")
_OF_ARGUMENTS = re.compile(r"arg|opt|mode|flag|sys\.", re.IGNORECASE)
_LONGEST = 100_000


def described_runs(report: str, script: str, *, name: str, attached: bool) -> tuple[str, str] | None:
    """Return the arguments of the run that writes files and of the run that reads them; None if there are not two.

    `name` is the file of an attached script. The script must save or load only with some of its arguments.
    """
    if not _is_divided(script):
        return None
    typed = command_lines(report[:_LONGEST], script=name, attached=attached)
    if len(typed) == 2:
        first, second = typed
        return shlex.join(first), shlex.join(second)
    for found in _FIRST.finditer(report[:_LONGEST]):
        other = _SECOND.search(report[found.end() : found.end() + _NEAR])
        if other is None or not _is_known(found["arguments"], script):
            continue
        second_arguments = other["arguments"] or ""
        if not second_arguments or _is_known(second_arguments, script):
            return found["arguments"], second_arguments
    return None


def _is_known(arguments: str, script: str) -> bool:
    """Return whether a script speaks of the first of some arguments: other words between quotes are none."""
    words = arguments.split()
    return bool(words) and words[0].partition("=")[0].lstrip("-") in script


def _is_divided(script: str) -> bool:
    """Return whether the arguments of a script decide whether it writes or reads files."""
    tree = tree_of(script)
    if tree is None or not (_calls(tree, tree.body, _WRITES) and _calls(tree, tree.body, _READS)):
        return False
    choices = (
        node for node in ast.walk(tree) if isinstance(node, ast.If) and _OF_ARGUMENTS.search(ast.unparse(node.test))
    )
    return any(
        _calls(tree, node.body, kind) is not _calls(tree, node.orelse, kind)
        for node in choices
        for kind in (_WRITES, _READS)
    )


def _calls(tree: ast.Module, body: Iterable[ast.stmt], kind: re.Pattern[str]) -> bool:
    """Return whether statements, or the functions that they call, call something of a kind."""
    _, nodes = reached(tree, list(body))
    return any(isinstance(node, ast.Call) and kind.fullmatch(last_name(node.func)) for node in nodes)
