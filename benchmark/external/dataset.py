"""Read a clone of Defects4DLL: its bugs, with scripts, stack traces and the faulty files. Nothing is copied from it."""

from __future__ import annotations

import ast
import itertools
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from benchmark.external.frameworks import Framework
from harness.errors import UsageError
from harness.triage.evidence import Failure

ADDRESS = "https://github.com/Jacob-yen/Defects4DLL-Study"
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
# A type with a module, such as `capi.InvalidGraph`, may have any name.
_HEADER = re.compile(
    r"(?:\w+\.)*[A-Z]\w*(?:Error|Exception|Warning|Failure|Interrupt|Exit|Iteration)(?::.*)?|(?:\w+\.)+[A-Z]\w*: .*"
)
_TITLE = "Traceback (most recent call last):"
_COLUMNS = ("pr_id", "fault_ground_truth_file", "symptom")


@dataclass(frozen=True, kw_only=True)
class Bug:
    """One bug of the data set."""

    id: str
    script: Path
    imports: frozenset[str]
    """The modules that it imports."""
    helpers: tuple[Path, ...]
    """Those that are next to it."""
    failure: Failure | None
    """The last exception of its stack trace; None if there is none."""
    faulty: tuple[str, ...]
    """The faulty files, such as `tensorflow/python/ops/math_ops.py`."""
    symptom: str


def read_bugs(root: Path, framework: Framework) -> tuple[Bug, ...]:
    """Return the bugs of a framework in a clone, in ascending order. Raises UsageError for another folder."""
    table, results = root / "data" / f"{framework.name}-release.xlsx", root / "data" / framework.name / "Result"
    if not table.is_file() or not results.is_dir():
        raise UsageError(
            f"{root}: not a clone of Defects4DLL",
            why=f"it has no {table.relative_to(root)} or no {results.relative_to(root)}",
            next_step=f"Clone {ADDRESS} and name its folder",
        )
    bugs = []
    for row in read_table(table):
        id = f"{framework.prefix}-{row['pr_id']}"
        script, trace = results / id / f"{id}-original.py", results / id / "stack_trace.txt"
        if script.is_file() and trace.is_file():
            bugs.append(
                Bug(
                    id=id,
                    script=script,
                    imports=(imports := _imports(script)),
                    helpers=tuple(sorted(each for each in script.parent.glob("*.py") if each.stem in imports)),
                    failure=last_exception(trace.read_text(encoding="utf-8", errors="replace")),
                    faulty=tuple(map(plain_path, re.findall(r"[^\s,;+]+", row["fault_ground_truth_file"]))),
                    symptom=" ".join(row["symptom"].split()),
                )
            )
    if not bugs:
        raise UsageError(f"{results}: no bug has a script and a stack trace", next_step=f"Clone {ADDRESS} again")
    return tuple(sorted(bugs, key=lambda each: int(each.id.rpartition("-")[2])))


def _imports(script: Path) -> frozenset[str]:
    tree = ast.parse(script.read_bytes(), script)
    names = {each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    names |= {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
    return frozenset(each.partition(".")[0] for each in names)


def plain_path(path: str) -> str:
    """Return the path of a module in the wheel since TensorFlow 2.2: earlier wheels have it in `tensorflow_core`."""
    text = path.strip().replace("\\", "/")
    return f"tensorflow/{text.removeprefix('tensorflow_core/')}" if text.startswith("tensorflow_core/") else text


def last_exception(trace: str) -> Failure | None:
    """Return the exception that ended a script: the first line with a type after the last traceback.

    A message can quote another traceback. Such a one has an empty line below its title.
    """
    lines = trace.splitlines()
    pairs = enumerate(itertools.pairwise(lines))
    tracebacks = [number for number, (line, below) in pairs if line == _TITLE and below.startswith("  ")]
    for number in range(tracebacks[-1] if tracebacks else 0, len(lines)):
        line = lines[number].rstrip()
        if _HEADER.fullmatch(line):
            return Failure.parse("\n".join(lines[number:])) if ":" in line else Failure(type=line)
    return None


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of the first sheet of an .xlsx file, by the names in its first row. Raises UsageError."""
    try:
        with zipfile.ZipFile(path) as archive:
            shared = [
                "".join(text.text or "" for text in item.iter(f"{_SHEET}t"))
                for item in ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
            ]
            sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError) as error:
        raise UsageError(f"{path}: cannot be read as a table", why=str(error), next_step="Clone it again") from error
    rows = [{_column(cell): _text(cell, shared) for cell in row} for row in sheet.iter(f"{_SHEET}row")]
    titles = {column: title for column, title in rows[0].items() if title} if rows else {}
    missing = [each for each in _COLUMNS if each not in titles.values()]
    if missing:
        raise UsageError(f"{path}: no column {', '.join(missing)}", next_step=f"Compare with {ADDRESS}")
    named = ({title: row.get(column, "") for column, title in titles.items()} for row in rows[1:])
    return [row for row in named if row["pr_id"].strip()]


def _column(cell: ElementTree.Element) -> str:
    return re.sub(r"\d", "", cell.get("r", ""))


def _text(cell: ElementTree.Element, shared: list[str]) -> str:
    value = cell.findtext(f"{_SHEET}v") or ""
    if cell.get("t") == "s" and value:
        return shared[int(value)]
    return value or "".join(each.text or "" for each in cell.iter(f"{_SHEET}t"))
