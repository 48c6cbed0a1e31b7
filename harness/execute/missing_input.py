"""Scripts that failed because they were given no arguments, standard input or environment variables. Pure."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator

from harness.execute.failure_facts import Failure
from harness.execute.missing_files import is_inside
from harness.execute.no_verdict_reason import NoVerdictReason, short
from harness.execute.script_frames import frames, is_own, own_line, statements_at
from harness.model import NoVerdict
from harness.project.syntax import tree_of

NO_ARGUMENTS = "the script reads command-line arguments, and it was run without any"
NAME_THEM = "Name them with --args, or set them in the script"
READS_ARGUMENTS = re.compile(r"\b(?:argv|argparse|optparse|getopt|docopt|click)\b")
_NO_INPUT = "the script reads standard input, which is empty. Name a file with --stdin, or set the value in the script"
_ARGUMENTS = re.compile(r"\bargv\b|\.parse_(?:known_)?args\(")
_VARIABLES = re.compile(r"\bgetenv\(|\benviron\.get\(")
_INPUT = re.compile(r"\bstdin\b")
_EMPTY = re.compile(
    r"expected str, bytes or os\.PathLike object, not NoneType|argument must be .*NoneType|: ''$"
    r"|^Expecting value: line 1 column 1 \(char 0\)$"
)
_TOO_SHORT = re.compile(r"list index out of range|not enough values to unpack")
_TYPES = frozenset({"IndexError", "ValueError", "TypeError"})
_PACKAGES = re.compile(r"\b(?:site|dist)-packages\b")
_NAME = re.compile(r"[A-Za-z_]\w*")
_QUOTES = "'\""


def lacks_arguments(failure: Failure) -> NoVerdictReason | None:
    """Return why there is no verdict for a script that was run without the arguments that it reads."""
    if not failure.chain:
        return None
    outermost = failure.chain[0]
    ended = "SystemExit" in outermost.bases
    reads = outermost.bases & {"IndexError", "ValueError"} and "argv" in outermost.line_text
    usage = ended and failure.context.reads_arguments and re.search(r"(?i)\busage\b", failure.context.output)
    absent = failure.context.reads_arguments and fails_for_nothing(failure, _ARGUMENTS)
    if (ended and failure.parser is not None) or reads or usage or absent:
        return NoVerdictReason(cause=NoVerdict.NO_ARGUMENTS, reason=f"{NO_ARGUMENTS}. {NAME_THEM}")
    return None


def lacks_input(failure: Failure) -> NoVerdictReason | None:
    """Return why there is no verdict for a script that reads an empty standard input."""
    asked = any(
        "EOFError" in raised.bases
        and ("reading a line" in raised.message or posixpath.basename(raised.file) == "getpass.py")
        for raised in failure.chain
    )
    if asked or (not failure.context.has_input and fails_for_nothing(failure, _INPUT)):
        return NoVerdictReason(cause=NoVerdict.NO_INPUT, reason=_NO_INPUT)
    return None


def lacks_variable(failure: Failure) -> NoVerdictReason | None:
    """Return why there is no verdict if the script itself reads a variable that is not set.

    A package that reads such a variable is a failure.
    """
    last = failure.chain[-1] if failure.chain else None
    if last is None:
        return None
    if last.type != "KeyError" or not re.search(r"(?:^|[/\\])os\.py$|^<frozen os>$", last.file):
        if fails_for_nothing(failure, _VARIABLES):
            reason = "the script reads an environment variable, which is not set. Set the value in the script"
            return NoVerdictReason(cause=NoVerdict.NO_INPUT, reason=reason)
        return None
    files = [file for file, _ in frames(failure)]
    if len(files) < 2 or any(is_inside(files[-2], each) for each in failure.prefixes):
        return None
    how = f'Set it in the script: os.environ[{short(last.message)}] = "VALUE"'
    reason = f"the script reads the environment variable {short(last.message).strip(_QUOTES)}, which is not set. {how}"
    return NoVerdictReason(cause=NoVerdict.NO_INPUT, reason=reason)


def fails_for_nothing(failure: Failure, source: re.Pattern[str]) -> bool:
    """Return whether a statement of the script fails because what it took from a source is missing or empty.

    The statement has the source itself, or a variable that was set from it. No package may be involved.
    """
    raised = failure.chain[0] if failure.chain else None
    if raised is None or not raised.bases & _TYPES:
        return False
    if any(_PACKAGES.search(file) for file, _ in frames(failure) if not is_own(file, failure)):
        return False
    line = own_line(failure)
    around = statements_at(failure, line) if line is not None else ()
    if not around:
        return False
    names = _set_from(failure.context.text, source)
    if _EMPTY.search(raised.message):
        taken = _arguments_in(around[-1])
    else:
        taken = _taken_apart_in(around[-1]) if _TOO_SHORT.search(raised.message) else iter(())
    return any(source.search(each) or names & set(_NAME.findall(each)) for each in map(ast.unparse, taken))


def _arguments_in(statement: ast.stmt) -> Iterator[ast.expr]:
    """Yield the arguments of the calls in a statement: of a compound one, those before its block."""
    for each in ast.iter_child_nodes(statement):
        if isinstance(each, (ast.expr, ast.withitem)):
            yield from (given for node in ast.walk(each) if isinstance(node, ast.Call) for given in node.args)


def _taken_apart_in(statement: ast.stmt) -> Iterator[ast.expr]:
    """Yield the expressions that a statement subscripts or unpacks."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], (ast.Tuple, ast.List)):
        yield statement.value
    for each in ast.iter_child_nodes(statement):
        if isinstance(each, (ast.expr, ast.withitem)):
            yield from (node.value for node in ast.walk(each) if isinstance(node, ast.Subscript))


def _set_from(text: str, source: re.Pattern[str]) -> set[str]:
    """Return the variables that are only set from a source."""
    tree = tree_of(text)
    names: dict[str, bool] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            of_source = source.search(ast.unparse(node.value)) is not None
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for each in ast.walk(target):
                    if isinstance(each, ast.Name):
                        names[each.id] = names.get(each.id, True) and of_source
    return {name for name, of_source in names.items() if of_source}
