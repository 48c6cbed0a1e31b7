"""Convert code of reports to plain Python: remove prompts, magics and output, and list them."""

from __future__ import annotations

import ast
import builtins
import re
import symtable
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from harness.project.syntax import UNREADABLE, last_name, tree_of
from harness.reports.common_margin import below_imports, without_margin
from harness.reports.exported import with_magics
from harness.reports.marked_output import marks_output
from harness.reports.not_python import (
    IPYTHON_OUTPUT,
    IPYTHON_PROMPT,
    MAGIC,
    PROMPT,
    outside_strings,
)
from harness.reports.pip_lines import INSTALL, installed_by
from harness.reports.report import Dropped, Output, Place
from harness.reports.typography import with_plain_characters

_CONTINUED = re.compile(r"\s*\.\.\.(?: |$)|\s*\.\.\.:\s?")
_IPYTHON_CONTINUED = re.compile(r"\s*\.{3,}: ?")
_QUOTED_ERROR = re.compile(r"\s*>>> (?:\w+\.)*[A-Z]\w*(?:Error|Exception|Warning): ")
_ENV = re.compile(r"\s*%(?:env|set_env)\s+(?P<name>\w+)(?:\s*=\s*|\s+)(?P<value>\S.*?)\s*$")
_RUNS_LINE = re.compile(r"\s*%(?:time|timeit|prun|memit)\s+(?:-\w+\s*\d*\s+)*(?P<code>\S.*)$")
_CELL_MAGIC = re.compile(r"\s*%%(?P<name>\w+)(?P<rest>.*)")
_CELL_STAYS = {"capture", "time", "timeit", "prun", "memit", "wandb", "python", "python3", "py"}
_ASSIGNED_SHELL = re.compile(r"(?P<indent>\s*)(?P<name>[A-Za-z_]\w*)\s*=\s*[!%]")
# Calls that return None or an unread value: a prompt shows nothing for them.
_SHOWS_NOTHING = {
    "print", "display", "exit", "quit", "help", "input", "compile", "save", "summary", "build", "add", "append", "show",
    "seed", "fit", "save_model", "save_weights", "load_weights", "clear_session", "plot_model", "extend", "mkdir",
}  # fmt: skip
_SETS = ("assert_", "set_", "enable_", "disable_")
_INTERPRETER = re.compile(r"^[ \t]*[$%>]? ?i?python[\d.]*[ \t]*$", re.MULTILINE)
"""A line that only starts Python: what follows is typed there."""
_MOST_STATEMENTS = 500
_MOST_DROPPED = 1000
SHELL = "a shell command: nothing is installed or started by the scenario"


@dataclass(frozen=True, kw_only=True)
class Code:
    """Python that was found, and what was removed from it."""

    place: Place
    text: str
    section: str = ""
    name: str = ""
    """The file that it is, if the report says so."""
    whole: bool = False
    """Whether the words before it say that it is the whole code."""
    dropped: tuple[Dropped, ...] = ()
    outputs: tuple[Output, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    requirements: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    """Files that a cell writes by `%%writefile`, and here documents that the code imports."""
    decisions: tuple[str, ...] = ()


@dataclass
class _Notes:
    """Notes that are collected while a block is read line by line."""

    place: Place
    dropped: list[Dropped] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    variables: list[tuple[str, str]] = field(default_factory=list)
    requirements: list[str] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)

    def at(self, offset: int) -> Place:
        return Place(file=self.place.file, line=self.place.line + offset)

    def drop(self, offset: int, text: str, why: str) -> None:
        if len(self.dropped) < _MOST_DROPPED:
            self.dropped.append(Dropped(place=self.at(offset), text=text.strip("\n"), why=why))

    def code(self, text: str, section: str = "", decisions: tuple[str, ...] = ()) -> Code:
        return Code(
            place=self.place, text=text, section=section, dropped=tuple(self.dropped), outputs=tuple(self.outputs),
            variables=tuple(self.variables), requirements=tuple(self.requirements), files=tuple(self.files),
            decisions=decisions,
        )  # fmt: skip


def is_transcript(text: str) -> bool:
    """Return whether a block has the prompts of Python or IPython; those in docstrings do not count."""
    lines = [line for _, line in outside_strings(text.split("\n")) if not _QUOTED_ERROR.match(line)]
    return any(PROMPT.match(line) or IPYTHON_PROMPT.match(line) for line in lines) and not marks_output(text)


def read_transcript(text: str, place: Place, section: str = "") -> Code:
    """Extract the input of a transcript. An expression prints its value, as at the prompt."""
    notes = _Notes(place=place)
    statements: list[list[str]] = []
    output: list[tuple[int, str]] = []

    def end_output() -> None:
        if shown := "\n".join(line for _, line in output).strip("\n"):
            notes.outputs.append(Output(place=notes.at(output[0][0]), text=shown, role="actual"))
            notes.drop(output[0][0], shown, "output of the session")
        output.clear()

    inside = ipython = False
    for offset, line in enumerate(text.split("\n")):
        if len(statements) >= _MOST_STATEMENTS:
            notes.drop(offset, "", f"the session continues after {_MOST_STATEMENTS} inputs: the rest is not read")
            break
        if found := (IPYTHON_PROMPT.match(line) or PROMPT.match(line)):
            end_output()
            inside, ipython = True, "In" in found.group()
            statements.append([line[found.end() :]])
        elif inside and (found := (_IPYTHON_CONTINUED if ipython else _CONTINUED).match(line)):
            statements[-1].append(line[found.end() :])
        else:
            inside = False
            if statements and (line.strip() or output):  # what stands before the first prompt is the banner of Python
                output.append((offset, IPYTHON_OUTPUT.sub("", line)))
    end_output()
    parts = []
    for lines in statements:
        cleaned = _without_magics("\n".join(lines), notes, 0)
        parts.append(displaying(cleaned, everything=not ipython))
    return notes.code("\n".join(part.rstrip() for part in parts if part.strip()) + "\n", section)


def read_cell(text: str, place: Place, section: str = "", *, shows_last: bool = False) -> Code:
    """Convert a cell or a block to plain Python: dedent it, remove magics and shell lines."""
    notes = _Notes(place=place)
    decisions: tuple[str, ...] = ()
    cleaned = with_magics(without_margin(text.expandtabs(8) if _mixes_tabs(text) else text))
    if tree_of(cleaned) is None or _INTERPRETER.search(cleaned):
        cleaned = _without_magics(cleaned, notes, 0)
    if tree_of(cleaned) is None and (shifted := below_imports(cleaned)) is not None:
        cleaned = shifted
        decisions = (f"line {place.line}: the code below its first statements is set in; this margin is removed",)
    if tree_of(cleaned) is None and (plain := with_plain_characters(cleaned)) is not None:
        cleaned = plain
        decisions = (f"line {place.line}: typographic quotes, dashes and blanks are replaced by plain ones",)
    if shows_last:
        cleaned = displaying(cleaned, everything=False)
    return notes.code(cleaned.strip("\n") + "\n" if cleaned.strip() else "", section, decisions)


def _mixes_tabs(text: str) -> bool:
    starts = {line[:1] for line in text.split("\n") if line[:1] in (" ", "\t")}
    return len(starts) > 1


def _without_magics(text: str, notes: _Notes, start: int) -> str:
    """Remove the lines that only IPython understands, and list them."""
    notes.requirements.extend(installed_by(re.sub(r"\\\n\s*", " ", text)))
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if found := _CELL_MAGIC.match(lines[first]):
        if found["name"] not in _CELL_STAYS:
            return _drop_cell(found, lines, first, notes=notes, start=start)
        notes.drop(start + first, lines[first], "a magic of IPython")
        lines[first] = ""
    outside = {number for number, _ in outside_strings(lines)}
    continued = False
    for number, line in enumerate(lines):
        if continued:
            continued = line.rstrip().endswith("\\")
            notes.drop(start + number, line, SHELL)
            lines[number] = ""
        elif number + 1 in outside and line.strip():
            lines[number] = _plain_line(line, notes, start + number)
            continued = not lines[number].strip() and line.rstrip().endswith("\\")
    return "\n".join(lines)


def _plain_line(line: str, notes: _Notes, offset: int) -> str:
    """Return the Python of a line that may be one of IPython's."""
    indent = line[: len(line) - len(line.lstrip())]
    if found := _ENV.match(line):
        value = found["value"].strip("\"'")
        if "$" not in value and "{" not in value:
            notes.variables.append((found["name"], value))
            notes.drop(offset, line, f"set as an environment variable: {found['name']}={value}")
            return ""
    if found := _RUNS_LINE.match(line):
        notes.drop(offset, line, "the magic is removed, what it runs stays")
        return indent + found["code"]
    if found := _ASSIGNED_SHELL.match(line):
        notes.drop(offset, line, f"{SHELL}; {found['name']} is empty")
        return f"{indent}{found['name']} = []"
    starts = _INTERPRETER.match(line) is not None
    if not MAGIC.match(line) and not INSTALL.match(line) and not starts:
        return line
    shell = line.lstrip()[:1] == "!" or INSTALL.search(line) or starts
    notes.drop(offset, line, SHELL if shell else "a magic of IPython")
    return f"{indent}pass" if indent else ""


def _drop_cell(found: re.Match[str], lines: list[str], first: int, *, notes: _Notes, start: int) -> str:
    name, rest = found["name"], found["rest"].strip()
    body = "\n".join(lines[first + 1 :])
    if name in ("writefile", "file") and rest and re.fullmatch(r"[\w.-]+", rest.rsplit(maxsplit=1)[-1]):
        file = rest.rsplit(maxsplit=1)[-1]
        notes.files.append((file, body.rstrip("\n") + "\n"))
        notes.drop(start + first, lines[first], f"the cell is written to {file}")
        return ""
    notes.drop(start + first, "\n".join(lines[first:]), f"a cell of %%{name}, which is not Python")
    return ""


def displaying(text: str, *, everything: bool) -> str:
    """Print the value of expressions with sys.displayhook, as a prompt does: of all, or of the last in a cell.

    `text` may need `import sys`, which is the caller's: see DISPLAYHOOK.
    """
    tree = tree_of(text)
    if tree is None or not tree.body:
        return text
    if everything:
        shown = list(_shown(tree.body))
    else:
        last = tree.body[-1]
        quiet = text.rstrip().endswith(";")
        shown = [last] if isinstance(last, ast.Expr) and not quiet else []
    lines = [line.encode() for line in text.split("\n")]
    for node in sorted(shown, key=lambda each: (each.lineno, each.col_offset), reverse=True):
        if isinstance(node.value, ast.Call) and not everything:
            name = last_name(node.value.func)
            if name in _SHOWS_NOTHING or name.startswith(_SETS):
                continue
        elif isinstance(node.value, ast.Call) and last_name(node.value.func) == "print":
            continue
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        last_line, first_line = node.end_lineno - 1, node.lineno - 1
        lines[last_line] = lines[last_line][: node.end_col_offset] + b")" + lines[last_line][node.end_col_offset :]
        begun = lines[first_line]
        lines[first_line] = begun[: node.col_offset] + f"{DISPLAYHOOK}(".encode() + begun[node.col_offset :]
    return b"\n".join(lines).decode()


DISPLAYHOOK = "sys.displayhook"


def _shown(body: Iterable[ast.stmt], depth: int = 0) -> Iterator[ast.Expr]:
    for node in body:
        if isinstance(node, ast.Expr):
            yield node
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and depth < 20:
            for name in ("body", "orelse", "finalbody"):
                inner = getattr(node, name, None)
                yield from _shown(inner if isinstance(inner, list) else [], depth + 1)


@dataclass(frozen=True, kw_only=True)
class Names:
    """The global names of a piece of code."""

    defined: frozenset[str]
    needed: frozenset[str]
    """Used, and neither defined in it nor built in."""


def names_of(text: str) -> Names:
    """Return the global names that code defines and needs; none if it cannot be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            top = symtable.symtable(text, "code", "exec")
    except UNREADABLE:
        return Names(defined=frozenset(), needed=frozenset())
    defined: set[str] = set()
    used: set[str] = set()
    left = [top]
    while left:
        table = left.pop()
        left.extend(table.get_children())
        for symbol in table.get_symbols():
            ours = table is top or symbol.is_global() or symbol.is_declared_global()
            if not ours:
                continue
            if (table is top or symbol.is_declared_global()) and (
                symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
            ):
                defined.add(symbol.get_name())
            if symbol.is_referenced():
                used.add(symbol.get_name())
    known = defined | set(dir(builtins)) | {"__file__", "__annotations__"}
    star = bool(re.search(r"^[ \t]*from [\w.]+ import \*", text, re.MULTILINE))
    return Names(defined=frozenset(defined), needed=frozenset() if star else frozenset(used - known))


def has_placeholder(text: str) -> bool:
    """Return whether `...` stands where code should be."""
    tree = tree_of(text)
    if tree is None:
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and (_is_ellipsis(node.value) or _is_listed_ellipsis(node.value)):
            return True
        if isinstance(node, ast.Call) and any(_is_ellipsis(each) for each in node.args):
            return True
    return False


def _is_listed_ellipsis(node: ast.expr) -> bool:
    """Return whether an expression is `[...]`, as people mark what they left out of a quotation."""
    return isinstance(node, ast.List) and len(node.elts) == 1 and _is_ellipsis(node.elts[0])


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...
