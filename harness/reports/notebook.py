"""Read a Jupyter notebook from JSON as code and text. Invalid parts are skipped."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from harness.reports.code import Code, read_cell
from harness.reports.pieces import Piece, Shape, clip, read_pieces
from harness.reports.report import Failure, Output, Place

_MOST_CELLS = 2000
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


@dataclass(frozen=True, kw_only=True)
class Notebook:
    """The cells of a notebook, in their order in the file."""

    cells: tuple[Cell, ...]
    pieces: tuple[Piece, ...]
    """Its text cells. Their lines count from the first line of the cell: a notebook's own have none."""
    failures: tuple[Failure, ...]
    decisions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A code cell: `number` counts code cells from 1, as the lines of its places count within it."""

    number: int
    source: str
    code: Code
    output: str
    ran: bool


def is_notebook(text: str) -> bool:
    """Return whether a text is meant as a notebook, even one that is damaged."""
    start = text.lstrip()
    return start.startswith("{") and '"cells"' in start and '"cell_type"' in start


def read_notebook(text: str, file: str) -> Notebook | str:
    """Read a notebook, or return why it cannot be read. Places are the lines within the cell that `file#n` names."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return "it is not valid JSON"
    found = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(found, list):
        return "it has no cells"
    cells: list[Cell] = []
    pieces: list[Piece] = []
    failures: list[Failure] = []
    for position, each in enumerate(found[:_MOST_CELLS], start=1):
        if not isinstance(each, dict):
            continue
        source, _ = clip(_text(each.get("source")))
        place = Place(file=f"{file}#{position}", line=1)
        if each.get("cell_type") == "code":
            cell, seen = _code_cell(each, source, place, len(cells) + 1)
            cells.append(cell)
            failures += seen
        elif each.get("cell_type") in ("markdown", "raw", "heading"):
            pieces += [piece for piece in read_pieces(source, file=place.file) if piece.shape is not Shape.BLOCK]
    return Notebook(
        cells=tuple(cells), pieces=tuple(pieces), failures=tuple(failures), decisions=tuple(_decisions(cells))
    )


def _code_cell(cell: dict[str, Any], source: str, place: Place, number: int) -> tuple[Cell, list[Failure]]:
    outputs = cell.get("outputs")
    texts: list[str] = []
    failures: list[Failure] = []
    for output in outputs[:100] if isinstance(outputs, list) else []:
        if not isinstance(output, dict):
            continue
        if output.get("output_type") == "error":
            name, message = (str(output.get(key) or "")[:4000] for key in ("ename", "evalue"))
            failures.append(Failure(place=place, type=name, message=_ANSI.sub("", message)))
            continue
        data = output.get("data")
        value = output.get("text") or (data.get("text/plain") if isinstance(data, dict) else None)
        texts.append(_ANSI.sub("", _text(value))[:4000])
    code = read_cell(source, place, shows_last=True)
    shown = "\n".join(text for text in texts if text)
    return Cell(
        number=number, source=source, code=code, output=shown, ran=cell.get("execution_count") is not None
    ), failures


def _text(value: object) -> str:
    if isinstance(value, list):
        return "".join(each for each in value if isinstance(each, str))
    return value if isinstance(value, str) else ""


def _decisions(cells: list[Cell]) -> list[str]:
    filled = [cell for cell in cells if cell.source.strip()]
    decisions = []
    if any(cell.ran for cell in filled):
        decisions += [f"cell {cell.number} was not run by the reporter; it is kept" for cell in filled if not cell.ran]
    return decisions


def script_of(notebook: Notebook) -> str:
    """Return the code cells as one script, each behind a marker."""
    parts = [
        f"# %% cell {cell.number}\n{cell.code.text.strip(chr(10))}\n"
        for cell in notebook.cells
        if cell.code.text.strip()
    ]
    return "\n".join(parts)


def outputs_of(notebook: Notebook) -> list[Output]:
    """Return the output of the cells."""
    return [
        Output(place=cell.code.place, text=cell.output, role="actual") for cell in notebook.cells if cell.output.strip()
    ]
