"""Rank the files that differ between two releases by what a script executes of them. Reads files, starts nothing."""

from __future__ import annotations

import ast
import csv
import functools
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from harness.pinpoint.suspicious_files.tracing import Trace

_FAR = 1 << 20
_LEAST_COMMON = 2


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A file that differs between the two releases, with what speaks for it."""

    file: str
    """Its path in the wheel."""
    in_traceback: int | None = None
    """Frames between the end of the traceback and changed code of the file; None if there is none."""
    depth: int | None = None
    """The least number of calls between the script and a changed function; None if none is executed."""
    changed: tuple[str, ...] = ()
    """Changed functions that are executed, the nearest to the script first."""
    nearest: int | None = None
    """The least number of calls between the script and any function of the file; None if none is executed."""

    @property
    def runs(self) -> bool:
        """Whether the script runs something of the file."""
        return self.nearest is not None or self.in_traceback is not None

    @property
    def order(self) -> tuple[int, int, int, int, int, str]:
        """The rank: executed changes first, those of the traceback before others, then the nearest to the script."""
        return (
            self.depth is None,
            self.in_traceback if self.in_traceback is not None else _FAR,
            self.depth if self.depth is not None else _FAR,
            -len(self.changed),
            self.nearest if self.nearest is not None else _FAR,
            self.file,
        )


@dataclass(frozen=True, kw_only=True)
class SuspectFiles:
    """The files that differ between two releases and that the script runs: a hint, not a result of a search."""

    release: str
    """The release in which the script was traced."""
    differing: int
    """The number of Python files that differ."""
    files: tuple[Suspect, ...]
    """Those that the script runs, the most suspicious first."""
    note: str = ""
    """The reason why there is no list, or an explanation of a list without a trace."""


@dataclass(frozen=True, kw_only=True)
class Differing:
    """A file of a release that differs in another release."""

    file: str
    path: Path
    other: Path | None
    """The file in the other release; None if it is gone."""


def suspects(files: Iterable[Differing], trace: Trace) -> list[Suspect]:
    """Return files that differ in the order of suspicion. The trace is of a run in the release that has them."""
    frames = list(reversed(trace.frames))
    found = (_suspect(each, trace.executed.get(each.file, ()), frames) for each in files)
    return sorted(found, key=lambda each: each.order)


def differing(
    bad: Path, good: Path, package: NormalizedName, other: NormalizedName | None = None
) -> tuple[Differing, ...]:
    """Return the Python files of a package in `bad` that differ in `good`, or are gone there.

    Both are folders with installed packages; in `good` the package may have another name. A file that moved to another
    folder is compared with the file there that has most of its path.
    """
    before, after = python_files(bad, package), python_files(good, other or package)
    moved = _by_name(name for name in after if name not in before)
    found = []
    for name, digest in before.items():
        now = name if name in after else _counterpart(name, moved)
        if now is None or after[now] != digest:
            found.append(Differing(file=name, path=bad / name, other=good / now if now is not None else None))
    return tuple(found)


def python_files(folder: Path, package: NormalizedName) -> dict[str, str]:
    """Return the Python files of a package, as its wheel lists them, with their digests there."""
    found: dict[str, str] = {}
    for record in sorted(folder.glob("*.dist-info/RECORD")):
        if canonicalize_name(record.parent.name.removesuffix(".dist-info").rpartition("-")[0]) == package:
            with record.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
                rows = [row for row in csv.reader(stream) if len(row) > 1 and row[0].endswith(".py")]
            found.update((name, digest) for name, digest, *_ in rows if not name.startswith(("/", "..")))
    return found


def _by_name(files: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in files:
        found.setdefault(each.rpartition("/")[2], []).append(each)
    return found


def _counterpart(file: str, others: Mapping[str, list[str]]) -> str | None:
    """Return the file with most of the path, counted from the end; None if several have, or none has a folder of it."""
    counted = sorted((_common(file, each), each) for each in others.get(file.rpartition("/")[2], ()))
    if not counted or counted[-1][0] < _LEAST_COMMON:
        return None
    alone = len(counted) == 1 or counted[-2][0] < counted[-1][0]
    return counted[-1][1] if alone else None


def _common(one: str, other: str) -> int:
    """Return the number of equal parts at the end of two paths."""
    pairs = zip(reversed(one.split("/")), reversed(other.split("/")), strict=False)
    return next((count for count, (a, b) in enumerate(pairs) if a != b), min(one.count("/"), other.count("/")) + 1)


def _suspect(each: Differing, executed: Iterable[tuple[int, int, int]], frames: list[tuple[str, int]]) -> Suspect:
    executed = tuple(executed)
    lines = [(number, line) for number, (name, line) in enumerate(frames) if name == each.file]
    if not executed and not lines:
        return Suspect(file=each.file)
    changed, unchanged = _compare(each)
    depths: dict[str, int] = {}
    for line, _, depth in executed:
        if line in changed:
            depths[changed[line][0]] = depth
    places = [
        number
        for number, line in lines
        if _is_within(line, changed) or not _is_within(line, unchanged)  # or the body of a module or a class
    ]
    return Suspect(
        file=each.file,
        in_traceback=min(places, default=None),
        depth=min(depths.values(), default=None),
        changed=tuple(sorted(depths, key=lambda name: (depths[name], name))),
        nearest=min((depth for _, _, depth in executed), default=None),
    )


def _is_within(line: int, functions: Mapping[int, tuple[str, int]]) -> bool:
    return any(first <= line <= last for first, (_, last) in functions.items())


def _compare(each: Differing) -> tuple[dict[int, tuple[str, int]], dict[int, tuple[str, int]]]:
    """Return changed and unchanged functions by their first line: the name and the last line."""
    before, after = _functions_in(each.path), _functions_in(each.other)
    same = {(name, digest) for name, (_, _, digest) in after.items()}
    changed: dict[int, tuple[str, int]] = {}
    unchanged: dict[int, tuple[str, int]] = {}
    for name, (first, last, digest) in before.items():
        (unchanged if (name, digest) in same else changed)[first] = name, last
    return changed, unchanged


@functools.lru_cache(maxsize=512)
def _functions_in(path: Path | None) -> dict[str, tuple[int, int, str]]:
    try:
        return functions_of(path.read_text(encoding="utf-8", errors="replace")) if path is not None else {}
    except OSError:
        return {}


def functions_of(source: str) -> dict[str, tuple[int, int, str]]:
    """Return the functions of a source by their qualified name: first line with decorators, last line, digest.

    Docstrings and comments do not count. A source that this Python cannot parse has none.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[str, tuple[int, int, str]] = {}
    _collect(tree, "", found)
    return found


def _collect(node: ast.AST, prefix: str, found: dict[str, tuple[int, int, str]]) -> None:
    for each in ast.iter_child_nodes(node):
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([each.lineno, *(decorator.lineno for decorator in each.decorator_list)])
            body = each.body[1:] if ast.get_docstring(each) is not None else each.body
            text = ast.dump(each.args) + "".join(map(ast.dump, (*each.decorator_list, *body)))
            found[f"{prefix}{each.name}"] = first, each.end_lineno or first, hashlib.sha256(text.encode()).hexdigest()
            _collect(each, f"{prefix}{each.name}.", found)
        elif isinstance(each, ast.ClassDef):
            _collect(each, f"{prefix}{each.name}.", found)
        else:
            _collect(each, prefix, found)
