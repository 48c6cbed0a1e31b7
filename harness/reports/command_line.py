"""The command line with which a report runs its script: the arguments, and the files that they name. Pure."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.project.header_text import with_keys
from harness.project.inline_metadata import find_block
from harness.project.syntax import tree_of
from harness.reports.executed_code import imported_packages

ASK_FOR_ARGUMENTS = "Which arguments does the script get? Please post the whole command line."
# All parts are bounded: a report can be anything.
_COMMAND = re.compile(
    r"(?m)(?:^[ \t>$%!#*-]{0,40}|`[$!]? ?)(?:[A-Z_]{1,60}=[^\s]{1,200} ){0,9}(?:[^\s]{0,200}/)?"
    r"(?:python(?:\d[\d.]{0,9})?(?:\.exe)?|py)(?: -[uBOWX]\S{0,40}){0,9} +(?P<script>[\w./\\-]{1,200}\.pyw?)\b"
    r"(?P<rest>[^\n`]{0,2000})"
)
_PARSERS = frozenset({"argparse", "click", "fire", "docopt", "typer", "optparse", "getopt"})
_ENDS = re.compile(r"(?:^|\s)(?:\d?>>?|[|;<]|&&|&>?)(?:\s|$|\S).*")
_OPEN = re.compile(r"<\w[^>\n]*>|[${}]|\.\.\.|…")
_FILE = re.compile(r"[\w./\\-]+\.(?!pyw?$)[A-Za-z][A-Za-z0-9]{1,7}")
_WRITES = re.compile(r"out|save|dest|log|result|export|write|target", re.IGNORECASE)
_LONGEST = 1000


@dataclass(frozen=True, kw_only=True)
class TypedArguments:
    """Arguments as a report types them, the first if there are several command lines."""

    arguments: tuple[str, ...]
    line: int
    others: tuple[str, ...] = ()
    """The arguments of other command lines, as text."""

    @property
    def decision(self) -> str:
        """The decision, and the command lines that were left out."""
        more = f"; not with those of other lines: {' | '.join(self.others)}" if self.others else ""
        return f"run with the arguments of line {self.line}: {shlex.join(self.arguments)}{more}"


def reads_arguments(text: str) -> bool:
    """Return whether a script reads its arguments, and its header has none."""
    tree = tree_of(text)
    if tree is None:
        return False
    return (
        any(_reads_argv(node) for node in _without_own_name(tree)) or bool(imported_packages(tree) & _PARSERS)
    ) and not _has_arguments(text)


def _reads_argv(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "argv"


def _without_own_name(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes of a script, but not `sys.argv[0]`: that is the script itself."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        own_name = isinstance(node, ast.Subscript) and _reads_argv(node.value) and ast.unparse(node.slice) == "0"
        if not own_name:
            yield node
            pending += ast.iter_child_nodes(node)


def typed_arguments(report: str, *, script: str, attached: bool) -> TypedArguments | None:
    """Return the arguments with which the text of a report runs its script; None if it does not say so.

    An attached script must have that name; code of the text has none. Lines with placeholders do not count.
    """
    found = [(words, line) for words, line in command_lines(report, script=script, attached=attached).items() if words]
    if not found:
        return None
    (arguments, line), *others = found
    return TypedArguments(arguments=arguments, line=line, others=tuple(shlex.join(each) for each, _ in others))


def command_lines(report: str, *, script: str, attached: bool) -> dict[tuple[str, ...], int]:
    """Return the arguments of each command line that runs the script, also of one without any, with its line."""
    found: dict[tuple[str, ...], int] = {}
    for match in _COMMAND.finditer(report):
        name = re.split(r"[\\/]", match["script"])[-1]
        rest = _ENDS.sub("", match["rest"])
        if (attached and name != script) or len(rest) > _LONGEST or _OPEN.search(match["rest"]):
            continue
        try:
            words = tuple(shlex.split(rest, comments=True))
        except ValueError:
            continue
        found.setdefault(words, report.count("\n", 0, match.start("script")) + 1)
    return found


def with_arguments(text: str, typed: TypedArguments) -> str:
    """Return a script whose header has these arguments; one with a header that cannot be read stays."""
    try:
        return with_keys(text, {"args": list(typed.arguments)})
    except ValueError:
        return text  # the error is reported when the header is read


def missing_files(typed: TypedArguments, names: Iterable[str]) -> Iterator[str]:
    """Yield the files that arguments name and that are not among these names; not those that an option writes."""
    known = {re.split(r"[\\/]", each)[-1] for each in names}
    before = ""
    for word in typed.arguments:
        option, equals, value = word.partition("=")
        option, path = (option, value) if word.startswith("-") and equals else (before, word)
        if _FILE.fullmatch(path) and re.split(r"[\\/]", path)[-1] not in known and not _WRITES.search(option):
            yield path
        before = word if word.startswith("-") else ""


def _has_arguments(text: str) -> bool:
    try:
        block = find_block(text, "script")
    except ValueError:
        return False
    return block is not None and "args" in block[0].get("tool", {}).get("harness", {})
