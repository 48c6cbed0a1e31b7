"""Recognise a block of a report (Python, transcript, output or other), and extract its code."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from harness.project.syntax import tree_of
from harness.reports.code import Code, is_transcript, names_of, read_cell, read_transcript
from harness.reports.executed_code import imported_packages
from harness.reports.marked_output import without_marked_output
from harness.reports.named_blocks import as_files
from harness.reports.pieces import Piece
from harness.reports.report import Dropped, Place
from harness.reports.scripts import find_fault
from harness.reports.shell_blocks import files_of_shell, scripts_in_shell
from harness.reports.signatures import is_signature
from harness.reports.usual_imports import usual_import
from harness.reports.values_below_code import without_value

# Languages that issue forms and people write for Python, too: such blocks are checked.
_ANYTHING = {"shell", "bash", "sh", "text", "txt", "plain", "plaintext", "console", "code", "log", "none", "zsh"}
_PYTHON = {"python", "py", "python3", "py3", "ipython", "pycon", "pycon3", "python-repl", "ipython3"}
_NO_PYTHON = {"starlark", "bazel", "bzl", "cython", "mojo", "diff", "json", "yaml", "toml"}
"""Languages whose text Python can read, too."""
_OUTPUTS = re.compile(r"\boutput|\blog\b|traceback|stack ?trace|\bprints\b|error message", re.IGNORECASE)
_SESSION = re.compile(
    r"\A\s*(?:\([\w.-]+\) )?(?:\S+@\S+[:~]\S*\s*)?[$] \w|^={5,} (?:test session starts|FAILURES|ERRORS)", re.MULTILINE
)
_DATA_ONLY = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.Name, ast.UnaryOp, ast.BinOp, ast.Compare)
_FIRST_LINE = re.compile(
    r"(?:import|from) \w|(?:try|(?:with|for|if|while) .+):\s*(?:#.*)?$|[#@]|(?:def|class) \w|[A-Za-z_][\w.]*(?: *=|\()"
)
_SENTENCE = re.compile(
    r"\s*(?:[-*] |\d+[.)] )?[A-Za-z][\w'`-]*[,:]?(?: \S+){2,}\s*$|\s*(?:\S+ ){0,3}\S+:\s*$|\s*(?:[A-Za-z]\w*:? ){0,4}https?://\S+\s*$"
)
_MOST_SENTENCES = 20
_LONGEST_HEADING = 5
"""Words of a heading such as `Relevant log output`: a title may speak of an output, too."""
# `x = f(a b)` is code with a slip, and no output.
_LOOKS_LIKE_CODE = re.compile(
    r"\s*(?:(?:with|for|if|def|class|return|assert) )?[A-Za-z_][\w.]*\s*(?:=(?!=)\s*[A-Za-z_][\w.]*)?\(.*\w.*\)?:?\s*$"
)
_TRACEBACK = re.compile(r"-{20,}\s*$|Traceback \(most recent|\w+(?:Error|Exception)\s+Traceback \(most")
_FRAME = re.compile(r"\s*(?:Traceback \(most recent call last\):\s*)?File \"[^\"\n]{1,300}\", line \d")
# The beginning of a log, and of a traceback of pytest
_LOGGED = re.compile(r"\s*(?:\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[\d.,]*:? [IWEF] |\S+\.py:\d+: in \S)")
_NUMBERED = re.compile(r"[ \t]*(?P<number>\d{1,4})[.:|)]?(?P<rest>(?:[ \t].*)?)$")
_FEWEST_NUMBERED = 3
_EXCEPTION_LINE = re.compile(r"(?:[A-Za-z_]\w*\.){0,6}[A-Z]\w*(?:Error|Exception): \S")
_SHOWN_VALUE = re.compile(r"\s*(?:tf\.Tensor|array|<|tensor|Array)\(")


def is_code_block(piece: Piece) -> bool:
    """Return whether a block is Python, and neither a transcript nor output."""
    found = read_block(piece, Place(line=piece.line, file=piece.file))
    return not is_transcript(piece.text) and (not isinstance(found, str) or piece.language in _PYTHON)


def read_block(piece: Piece, place: Place) -> Code | str:
    """Return the code of a block, or the reason why it has none."""
    if is_transcript(piece.text) and (not piece.language or piece.language in _PYTHON | _ANYTHING):
        code = read_transcript(piece.text, place, piece.section)
        return code if code.text.strip() else "a transcript without input"
    if piece.language not in _PYTHON and (scripts := scripts_in_shell(piece.text)):
        kept, files, decisions = as_files(Code(place=place, name=name, text=text) for name, text in scripts)
        text = "\n".join(each.text for each in kept)
        return Code(place=place, text=text, section=piece.section, files=tuple(files), decisions=tuple(decisions))
    if piece.language not in _PYTHON and (made := files_of_shell(piece.text)):
        why = tuple(f"the shell makes {name}: it belongs to the code" for name, _ in made)
        return Code(place=place, text="", section=piece.section, files=made, decisions=why)
    if _SESSION.search(piece.text[:2000]):
        return "a shell session or the output of a test run, not Python"
    return _read_python(piece, place)


def _read_python(piece: Piece, place: Place) -> Code | str:
    """Return the code of a block without prompts, or the reason why it has none."""
    if _FRAME.match(piece.text):
        return "output, not code"  # also where it is marked as Python
    text, shown, outputs = without_marked_output(_without_numbers(piece.text), place)
    code = read_cell(text, place, piece.section)
    code = _without_sentences(replace(code, dropped=(*code.dropped, *shown), outputs=(*code.outputs, *outputs)))
    code = without_value(_without_exceptions(code))
    other = piece.language in _NO_PYTHON or (piece.language not in _PYTHON and not _is_meant(code.text))
    if piece.language and other:
        return f"a block of {piece.language}, not Python"
    if not code.text.strip() and code.dropped:
        return code  # nothing but shell lines: what they install counts
    fault = find_fault(code.text)
    if fault is not None:
        return _repaired(code, piece, fault.line, fault.message)
    if is_signature(code.text):
        return "the signature of a function, not a call of it"
    return "output, not code" if _is_output(code, piece) else code


def _is_output(code: Code, piece: Piece) -> bool:
    tree = tree_of(code.text)
    tagged = piece.language in _PYTHON
    if tree is None or not _is_code(tree, tagged):
        return True
    below_output = _OUTPUTS.search(piece.section) and len(piece.section.split()) <= _LONGEST_HEADING
    defines = any(isinstance(node, (ast.FunctionDef, ast.ClassDef)) for node in tree.body)
    shown = (below_output and not defines) or _SHOWN_VALUE.match(piece.text)
    return bool(not tagged and shown and not imported_packages(tree))


def _is_meant(text: str) -> bool:
    """Return whether a block that is marked as another language is Python: it imports, or calls what `np` names."""
    tree = tree_of(text)
    if tree is None:
        return re.search(r"^[ \t]*(?:import|from) \w", text, re.MULTILINE) is not None
    calls = any(isinstance(node, ast.Call) for node in ast.walk(tree))
    defines = any(isinstance(node, (ast.FunctionDef, ast.ClassDef)) for node in tree.body)
    return bool(imported_packages(tree)) or (calls and (defines or any(map(usual_import, names_of(text).needed))))


def _without_numbers(text: str) -> str:
    """Return code without the line numbers that an editor or a page put before it."""
    found = [_NUMBERED.match(line) for line in text.split("\n")]
    numbers = [int(each["number"]) for each in found if each is not None]
    if (
        len(numbers) < _FEWEST_NUMBERED
        or len(numbers) < len(found)
        or numbers != list(range(numbers[0], numbers[0] + len(numbers)))
    ):
        return text
    rests = [each["rest"] for each in found if each is not None]
    margin = min((len(rest) - len(rest.lstrip()) for rest in rests if rest.strip()), default=0)
    return "\n".join(rest[margin:] for rest in rests)


def _without_sentences(code: Code) -> Code:
    """Remove the sentences before the code in a block."""
    lines = code.text.split("\n")
    fault = find_fault(code.text)
    start = next((at for at, line in enumerate(lines[:_MOST_SENTENCES]) if _FIRST_LINE.match(line)), 0)
    before = [line for line in lines[:start] if line.strip()]
    if fault is None or not before or fault.line > start or not all(map(_SENTENCE.match, before)):
        return code
    place = replace(code.place, line=code.place.line + start)
    dropped = Dropped(place=code.place, text="\n".join(before), why="a sentence in front of the code")
    return replace(code, text="\n".join(lines[start:]), place=place, dropped=(*code.dropped, dropped))


def _without_exceptions(code: Code) -> Code:
    """Remove the lines `Type: message` that people write below the statements that raise them."""
    if find_fault(code.text) is None:
        return code
    lines = code.text.split("\n")
    found = [at for at, line in enumerate(lines) if _EXCEPTION_LINE.match(line)]
    text = "\n".join("" if at in found else line for at, line in enumerate(lines))
    if not found or not text.strip() or find_fault(text) is not None:
        return code
    dropped = (
        Dropped(place=replace(code.place, line=code.place.line + at), text=lines[at], why="output, not code")
        for at in found
    )
    return replace(code, text=text.rstrip("\n") + "\n", dropped=(*code.dropped, *dropped))


def _is_code(tree: ast.Module, tagged: bool) -> bool:
    """Return whether text that Python can read is meant as code: numbers and words are valid Python, too."""
    telling = [
        node for node in tree.body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, _DATA_ONLY))
        and not (isinstance(node, ast.AnnAssign) and node.value is None)
    ]  # fmt: skip
    if tagged:
        return bool(tree.body) and (bool(telling) or any(isinstance(node, ast.Expr) for node in tree.body))
    return bool(telling)


def _repaired(code: Code, piece: Piece, line: int, message: str) -> Code | str:
    """Cut off the output that follows code in one block; what is left must be code."""
    lines = code.text.split("\n")
    shown = next((at for at, text in enumerate(lines) if _TRACEBACK.match(text)), line - 1)
    for end in dict.fromkeys((line - 1, line - 2, shown)):
        head = "\n".join(lines[: max(0, end)])
        tree = tree_of(head)
        if tree is not None and _is_code(tree, False) and imported_packages(tree) and end >= 1:
            rest = "\n".join(lines[end:]).strip("\n")
            if _is_open(message) or _is_slip(lines[line - 1]):
                break
            place = Place(file=code.place.file, line=code.place.line + end)
            why = "it follows the code and is not Python: output"
            return replace(code, text=head + "\n", dropped=(*code.dropped, Dropped(place=place, text=rest, why=why)))
    if _LOGGED.match(piece.text):
        return "output, not code"
    if piece.language in _PYTHON or re.search(r"^[ \t]*(?:import|from) \w|^[ \t]*def \w+\(", code.text, re.MULTILINE):
        at = code.place.line + line - 1
        return (
            f"incomplete or wrong at line {at} ({message})"
            if _is_open(message) or _is_slip(lines[min(line, len(lines)) - 1])
            else f"not valid Python at line {at} ({message})"
        )
    return "output, not code"


def _is_slip(line: str) -> bool:
    """Return whether a line that Python cannot read is code all the same."""
    return not any(each.match(line) for each in (_SHOWN_VALUE, _TRACEBACK)) and _LOOKS_LIKE_CODE.match(line) is not None


def _is_open(message: str) -> bool:
    return bool(re.search(r"never closed|unexpected EOF|expected an indented block|unterminated triple|EOF", message))
