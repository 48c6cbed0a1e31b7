"""Parse scripts: the PEP 723 header, the title, the `# %%` markers. All of them are optional."""

from __future__ import annotations

import ast
import contextlib
import datetime as dt
import functools
import io
import re
import shlex
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from harness.errors import Problems
from harness.filesystem.reading import describe_bytes, read_text
from harness.model import Header, Label, Mark, Pattern, Scenario, Script
from harness.model.case import as_label
from harness.model.scenario import DEFAULT_DISK_MIB, DEFAULT_MEMORY_MIB, DEFAULT_PROCESSES, DEFAULT_TIMEOUT_S
from harness.model.watch import LARGEST_FACTOR, Watch
from harness.project.inline_metadata import TOMLDecodeError, find_block
from harness.project.lost_header import report_lost_table, report_misspelt_tool
from harness.project.parameters import read_parameters, read_skip
from harness.project.script_files import find_files, is_below
from harness.project.syntax import literal, tree_of
from harness.project.toml_table import Table

LABELS = ("bug", "removed", "by design", "dependency")
PARAMETERS_STAGE = "parameters"
_LARGEST = 10_000_000  # seconds or MiB: more than anyone means, less than what a timer takes
_LABEL = re.compile(rf"{'|'.join(LABELS)}|fixed in .+")
_MARKER = re.compile(r"#\s*%%+\s*(?P<rest>.*)")
# Lines that hold one string in triple quotes, and no other. Where, without these, none is left, and no line is
# continued, a string ends in its line, and every `#` at the margin begins a comment: no need for tokens.
_LONG_STRING = re.compile(r'''(?m)^[^"'#\n\\]*"""(?:[^"\\]|"(?!""))*"""[^"'\n\\]*$''')
_UNCLEAR = re.compile(r'''"""|\'\'\'|\\$|[\r\f\0]''', re.MULTILINE)
_TAGS = re.compile(r"""tags\s*=\s*\[(?P<tags>[^]]*)\]""")


def read_scenario(path: Path, *, subject: str, problems: Problems, files_in: Path | None = None) -> Scenario | None:
    """Read a script, or a folder with `write.py` and `read.py`; what is wrong is noted in problems.

    The files that it needs are next to it, or in `files_in`.
    """
    if path.is_dir():
        if not any((path / name).exists() for name in ("read.py", "write.py")):
            problems.add(
                str(path),
                "a folder that is a scenario has write.py and read.py",
                "For one step, name the script itself",
            )
            return None
        script = read_script(path / "read.py", problems=problems, files_in=files_in)
        write = read_script(path / "write.py", problems=problems, files_in=files_in)
        if script is None or write is None:
            return None
        if any(each not in script.header.parameters for each in write.header.parameters):
            problems.add(
                f"{path / 'write.py'}: tool.harness.parameters",
                "differs from that of read.py",
                "Declare the same values in both, fewer parameters in write.py, or none there",
            )
        declares = write if write.header.parameters else script
        _check_parameters(write.code, declares.header, path / "write.py", problems)
    else:
        script, write = read_script(path, problems=problems, files_in=files_in), None
        if script is None:
            return None
    name = path.name if path.is_dir() else path.stem
    return Scenario(
        name=as_label(name), subject=subject, path=path, title=_title(script.text) or name, script=script, write=write
    )


def read_script(path: Path, *, problems: Problems, files_in: Path | None = None) -> Script | None:
    """Read one Python file; None if it cannot be read at all."""
    try:
        text = read_text(path)
    except FileNotFoundError:
        problems.add(str(path), "there is no such file")
        return None
    except OSError as error:
        problems.add(str(path), f"cannot be read: {error.strerror or error}")
        return None
    except UnicodeDecodeError as error:
        what, fix = describe_bytes(error.object, error.start)
        problems.add(str(path), f"cannot be read: {what}", fix)
        return None
    return parse_script(text, path, problems=problems, files_in=files_in)


def parse_script(text: str, path: Path, *, problems: Problems, files_in: Path | None = None) -> Script:
    """Read the text of a script as that of a file; what is wrong is noted in problems."""
    header, code = read_header(text, path, problems)
    marks, parameters_from = find_marks(text)
    _check_parameters(text, header, path, problems)
    return Script(
        file_name=path.name,
        text=text,
        code=code,
        header=header,
        marks=marks,
        parameters_from=parameters_from,
        path=path,
        files=find_files(files_in or path.parent, header.files, where=f"{path}: tool.harness.files", problems=problems),
    )


def read_header(text: str, path: Path, problems: Problems) -> tuple[Header, str]:
    """Read the PEP 723 block, and give the text without it. A script without a block has the defaults."""
    try:
        block = find_block(text, "script")
    except (TOMLDecodeError, ValueError) as error:
        problems.add(str(path), f"its '# /// script' block is malformed: {error}", "See docs/writing_a_scenario.md")
        return Header(), text
    if block is None:
        report_lost_table(text, path, problems)
        return Header(), text
    values, (start, end) = block
    script = Table(values, where=f"{path}: script", problems=problems)
    tools = dict(script.take("tool", dict, {}, what="a table"))
    harness = tools.get("harness", {})
    report_misspelt_tool(tools, path, problems)
    if not isinstance(harness, dict):
        problems.add(f"{path}: tool.harness", f"{harness!r} is not a table", "Write [tool.harness]")
        harness = {}
    table = Table(harness, where=f"{path}: tool.harness", problems=problems)
    table.rename("known", "label")
    requires_python = script.text("requires-python")
    dependencies = [script.parsed("dependencies", each, Requirement) for each in script.texts("dependencies")]
    header = Header(
        requires_python=script.parsed("requires-python", requires_python, SpecifierSet) or SpecifierSet(),
        dependencies=tuple(each for each in dependencies if each is not None),
        issue=table.optional_text("issue"),
        timeout_s=_positive(table, "timeout", DEFAULT_TIMEOUT_S),
        memory_mib=int(_positive(table, "memory", DEFAULT_MEMORY_MIB)),
        disk_mib=int(_positive(table, "disk", DEFAULT_DISK_MIB)),
        processes=int(_positive(table, "processes", DEFAULT_PROCESSES)),
        requires_import=table.take("requires-import", bool, True, what="true or false"),
        own_process=_read_isolation(table),
        variables=table.texts("variables"),
        files=table.texts("files"),
        data=_read_data(table),
        args=_read_args(table),
        stdin=table.optional_text("stdin"),
        watch=_read_watch(table),
        factor=_read_factor(table),
        parameters=(parameters := read_parameters(table.table("parameters"))),
        skips=tuple(read_skip(each, dict(parameters)) for each in table.tables("skip")),
        on_request=table.take("on-request", bool, False, what="true or false"),
        labels=tuple(map(_read_label, table.tables("label"))),
    )
    table.end()
    script.end()
    return header, text[:start] + text[end:]


def _positive(table: Table, key: str, default: float) -> float:
    value = table.take(key, (int, float), default, what="a number above 0")
    if not 0 < value <= _LARGEST:
        table.problems.add(table.place(key), f"{value!r} is not a number above 0 and at most {_LARGEST}")
        return default
    return float(value)


def _read_args(table: Table) -> tuple[str, ...]:
    """Read arguments: a list of words, or one text that is split as a shell does."""
    value: list[Any] | str = table.take("args", (list, str), [], what="a list of texts, or a text")
    try:
        words = shlex.split(value) if isinstance(value, str) else value
    except ValueError as error:
        table.problems.add(table.place("args"), f"{value!r} cannot be split: {error}", "Write a list")
        return ()
    if not all(isinstance(each, str) and "\0" not in each for each in words):
        table.problems.add(table.place("args"), f"{value!r} is not a list of texts", 'Write args = ["--epochs", "3"]')
        return ()
    return tuple(words)


def _read_data(table: Table) -> str | None:
    """Read the folder of data, a path below the script's folder: others could show a script what it must not see."""
    text = table.optional_text("data")
    if text is not None and not is_below(text):
        table.problems.add(table.place("data"), f"{text!r} is not a path below the script's folder", 'Write "data"')
        return None
    return text


def _read_isolation(table: Table) -> bool:
    value = table.text("isolation", "fork")
    if value not in ("fork", "process"):
        table.problems.add(table.place("isolation"), f"{value!r} is not known", 'Write "fork" or "process"')
    return value == "process"


def _read_watch(table: Table) -> str | None:
    """Read the watch: `output` or `output=REGEX`."""
    text = table.optional_text("watch")
    watch = table.parsed("watch", text, Watch.parse) if text is not None else None
    return str(watch) if watch is not None else None


def _read_factor(table: Table) -> float | None:
    """Read by which factor watched durations differ."""
    value = table.take("factor", (int, float), None, what="a number above 1")
    if value is not None and not 1 < value <= LARGEST_FACTOR:
        table.problems.add(table.place("factor"), f"{value!r} is not a number above 1 and at most {LARGEST_FACTOR}")
        return None
    return float(value) if value is not None else None


def _read_label(table: Table) -> Label:
    pattern = table.parsed("error", table.required_text("error", "Write a regular expression for the error"), Pattern)
    name = table.text("label")
    if not _LABEL.fullmatch(name):
        table.problems.add(
            table.place("label"), f"{name!r} is not a label", f'Write one of: {", ".join(LABELS)}, or "fixed in ..."'
        )
    label = Label(
        stage=table.optional_text("stage"),
        error=pattern or Pattern(""),
        label=name,
        note=table.required_text("note", "Write why this fails, in one sentence"),
        link=table.optional_text("link"),
        environments=_read_globs(table, "environments"),
        cases=_read_globs(table, "cases"),
        expires=_read_date(table, "expires"),
    )
    table.end()
    return label


def _read_globs(table: Table, key: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in table.text(key).split(",") if each.strip())


def _read_date(table: Table, key: str) -> dt.date | None:
    value = table.take(key, (dt.date, type(None)), None, what="a date such as 2027-03-31, without quotes")
    return value.date() if isinstance(value, dt.datetime) else value


@functools.lru_cache(maxsize=64)
def find_marks(text: str) -> tuple[tuple[Mark, ...], int | None]:
    """Find the `# %%` markers at the margin, outside strings, and the line of the parameters cell's.

    A text that is not Python (of this version) has the markers before the place where reading it failed.
    """
    marks: list[Mark] = []
    parameters_from = None
    for line, comment in _comments(text):
        marker = _MARKER.fullmatch(comment)
        if marker is None:
            continue
        is_parameters, stage = _read_marker(marker["rest"])
        if is_parameters and parameters_from is None:
            parameters_from = line
        marks.append(Mark(line=line, stage=stage))
    return tuple(marks), parameters_from


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield comments at the margin with their lines, at least those that look like a marker."""
    outside = _LONG_STRING.sub(lambda found: "\n" * found.group().count("\n"), text)
    if tree_of(text) is not None and not _UNCLEAR.search(outside):
        for number, line in enumerate(outside.split("\n"), start=1):
            if line.startswith("#"):
                yield number, line
        return
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        # The worker reports the error, as the environment's Python sees it.
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT and token.start[1] == 0:
                yield token.start[0], token.string


def _read_marker(rest: str) -> tuple[bool, str]:
    """Return whether a marker starts the parameters cell, and its stage: its name without cell type and tags."""
    tags = _TAGS.search(rest)
    if tags and PARAMETERS_STAGE in re.findall(r"[\w-]+", tags["tags"]):
        return True, PARAMETERS_STAGE
    name = re.sub(r"\[\w+\]|\w+\s*=\s*\S+", "", _TAGS.sub("", rest)).strip()
    return False, name or "cell"


def _check_parameters(text: str, header: Header, path: Path, problems: Problems) -> None:
    """Report declared parameters that the parameters cell does not set."""
    if not header.parameters:
        return
    declared = [name for name, _ in header.parameters]
    defaults = parameter_defaults(text)
    where = f"{path}: tool.harness.parameters"
    if defaults is None:
        problems.add(
            where,
            f"the script has no parameters cell for {', '.join(declared)}",
            'Set their defaults under a line `# %% tags=["parameters"]`',
        )
        return
    for name in declared:
        if name not in defaults.names:
            known = ", ".join(sorted(defaults.names)) or "nothing"
            problems.add(f"{where}.{name}", f"the parameters cell does not set {name!r}", f"It sets {known}")


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """The names that a script's parameters cell sets, and the values that are plain literals."""

    names: frozenset[str]
    values: dict[str, Any]


def parameter_defaults(text: str) -> Defaults | None:
    """Read the parameters cell; None if the script has none, or is no Python of this version."""
    marks, start = find_marks(text)
    if start is None:
        return None
    end = min((mark.line for mark in marks if mark.line > start), default=len(text) + 2)
    tree = tree_of(text)
    if tree is None:
        return None
    names: set[str] = set()
    values: dict[str, Any] = {}
    for statement in tree.body:
        if not start < statement.lineno < end or not isinstance(statement, (ast.Assign, ast.AnnAssign)):
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            if isinstance(target, ast.Name):
                names.add(target.id)
                try:
                    values[target.id] = literal(statement.value) if statement.value else None
                except ValueError:
                    continue
    return Defaults(names=frozenset(names), values=values)


def _title(text: str) -> str | None:
    """Return the first line of the docstring, or None."""
    tree = tree_of(text)
    docstring = ast.get_docstring(tree) if tree is not None else None
    return docstring.strip().splitlines()[0] if docstring and docstring.strip() else None
