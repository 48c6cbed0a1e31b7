"""Rank the files that differ between two versions by what a script executes of them. Reads files, starts nothing."""

from __future__ import annotations

import ast
import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

from benchmark.external.dataset import plain_path
from benchmark.external.tracing import Trace

_FOLDERS = ("tensorflow_core", "tensorflow")


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A file that differs between the two versions, with what speaks for it."""

    file: str
    in_traceback: int | None
    """Frames between the end of the traceback and a changed function of the file; None if there is none."""
    depth: int | None
    """The least number of calls between the script and a changed function; None if none is executed."""
    changed: int
    """Changed functions that are executed."""

    @property
    def order(self) -> tuple[int, int, int, int, str]:
        """The rank: executed changes first, those of the traceback before others, then the nearest to the script."""
        far = 1 << 20
        return (
            self.depth is None,
            self.in_traceback if self.in_traceback is not None else far,
            self.depth if self.depth is not None else far,
            -self.changed,
            self.file,
        )


def suspects(bad: Path, good: Path, trace: Trace) -> list[Suspect]:
    """Return the Python files of `bad` that differ in `good`, or are gone, in the order of suspicion.

    `bad` and `good` are `site-packages` folders, and the trace is of a run in `bad`.
    """
    executed = {plain_path(name): functions for name, functions in trace.executed.items()}
    frames = [(plain_path(name), line) for name, line in reversed(trace.frames)]
    found = []
    for file, path, other in differing(bad, good):
        if file in executed:
            found.append(_suspect(file, path, other, executed[file], frames))
        else:
            found.append(Suspect(file=file, in_traceback=None, depth=None, changed=0))
    return sorted(found, key=lambda each: each.order)


@functools.cache
def differing(bad: Path, good: Path) -> tuple[tuple[str, Path, Path | None], ...]:
    """Return each file of `bad` that differs in `good`, with both paths; the second is None if it is gone."""
    after = {plain_path(name): path for name, path in _modules(good)}
    pairs = ((plain_path(name), path, after.get(plain_path(name))) for name, path in _modules(bad))
    return tuple((file, path, other) for file, path, other in pairs if other is None or not _same(path, other))


def _same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()


def rank_of(files: tuple[str, ...], ranked: list[Suspect]) -> int | None:
    """Return the best rank of some files, from 1; None if none of them differs."""
    return next((number for number, each in enumerate(ranked, start=1) if each.file in files), None)


def _modules(folder: Path) -> list[tuple[str, Path]]:
    return [
        (path.relative_to(folder).as_posix(), path)
        for top in _FOLDERS
        for path in sorted((folder / top).rglob("*.py"))
        if "/_api/" not in path.as_posix()
    ]


def _suspect(
    file: str, bad: Path, good: Path | None, executed: tuple[tuple[int, int, int], ...], frames: list[tuple[str, int]]
) -> Suspect:
    before = functions_of(bad.read_text(encoding="utf-8", errors="replace"))
    after = functions_of(good.read_text(encoding="utf-8", errors="replace")) if good is not None else {}
    same = {(name, digest) for name, (_, _, digest) in after.items()}
    changed = {first: last for name, (first, last, digest) in before.items() if (name, digest) not in same}
    depths = [depth for line, _, depth in executed if line in changed]
    places = [
        number
        for number, (name, line) in enumerate(frames)
        if name == file and any(first <= line <= last for first, last in changed.items())
    ]
    return Suspect(
        file=file, in_traceback=min(places, default=None), depth=min(depths, default=None), changed=len(depths)
    )


def functions_of(source: str) -> dict[str, tuple[int, int, str]]:
    """Return the functions of a source by their qualified name: first line with decorators, last line, digest.

    Docstrings and comments do not count. A source that this Python cannot parse has none.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
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
