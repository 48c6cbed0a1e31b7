"""Compare two published results. Pure: documents in, lines out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError, some_of
from harness.filesystem.reading import read_text
from harness.rendering.foreign_text import one_line

SCHEMA = 1
_COMPARED = ("outcome", "stage", "signature")
LONGEST = 1 << 28
"""The most bytes of a results.json."""
_WRITTEN_BY = "Use a results.json of `harness report`, or the output of `harness table --format json`"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A cell that differs between two results. `old` or `new` is None if that result does not have the cell."""

    cell: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None

    @property
    def kind(self) -> str:
        """One of: added, removed, fixed, broken, changed."""
        if self.old is None:
            return "added"
        if self.new is None:
            return "removed"
        if self.new["outcome"] == "passed":
            return "fixed"
        return "broken" if self.old["outcome"] == "passed" else "changed"

    @property
    def text(self) -> str:
        """Both results, in words."""
        old, new = _shown(self.old), _shown(self.new)
        if old != new:
            return f"{old} -> {new}"
        error = (each.get("error") if each is not None else None for each in (self.old, self.new))
        return f"{old}, {'with the same message' if len(set(error)) == 1 else 'with another message'}"

    def __str__(self) -> str:
        return f"{self.kind:8} {one_line(self.cell)}: {self.text}"


def _shown(cell: Mapping[str, Any] | None) -> str:
    if cell is None:
        return "missing"
    stage = f" at {cell['stage']}" if cell.get("stage") else ""
    return one_line(f"{cell['outcome']}{stage}")


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Compare two documents of `harness table --format json` by cell."""
    before = {cell["cell"]: cell for cell in old["cells"]}
    after = {cell["cell"]: cell for cell in new["cells"]}
    found = []
    for id in sorted({*before, *after}):
        one, other = before.get(id), after.get(id)
        if one is None or other is None or any(one.get(key) != other.get(key) for key in _COMPARED):
            found.append(Change(cell=id, old=one, new=other))
    return found


def lines_of(found: Sequence[Change]) -> list[str]:
    """Return a line for each case and each kind of change, with its environments."""
    groups: dict[tuple[str, str, str], list[Change]] = {}
    for each in found:
        case = each.cell.rpartition("@")[0]
        groups.setdefault((case, each.kind, each.text), []).append(each)
    return [str(group[0]) if len(group) == 1 else _group_line(*key, group) for key, group in groups.items()]


def _group_line(case: str, kind: str, text: str, group: Sequence[Change]) -> str:
    environments = [one_line(each.cell.rpartition("@")[2]) for each in group]
    return f"{kind:8} {one_line(case)}: {text}, in {len(group)} environments: {some_of(environments)}"


def read_results(path: Path) -> Mapping[str, Any]:
    """Read a published results.json, or the one in a folder. Raises UsageError."""
    path = path / "results.json" if path.is_dir() else path
    try:
        text = read_text(path, longest=LONGEST)
    except FileNotFoundError:
        raise UsageError(f"{path}: file not found", next_step=_WRITTEN_BY) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: invalid JSON", why=str(error), next_step=_WRITTEN_BY) from None
    return parse_results(text, str(path))


def parse_results(text: str, where: str) -> Mapping[str, Any]:
    """Parse the text of a results.json. Raises UsageError."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where}: invalid JSON", why=str(error), next_step=_WRITTEN_BY) from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or not _are_cells(document.get("cells")):
        raise UsageError(f"{where}: not a results file of schema {SCHEMA}", next_step=_WRITTEN_BY)
    return document


def _are_cells(cells: object) -> bool:
    """Return True if each cell has the required keys."""
    return isinstance(cells, list) and all(
        isinstance(cell, dict) and isinstance(cell.get("cell"), str) and isinstance(cell.get("outcome"), str)
        for cell in cells
    )
