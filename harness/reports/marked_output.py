"""Code in which `>>>` stands before what it prints, and not before what is typed."""

from __future__ import annotations

import re

from harness.reports.not_python import PROMPT
from harness.reports.report import Dropped, Output, Place

_IMPORTS = re.compile(r"(?:import|from) [A-Za-z_]")
_VALUE = re.compile(r">>> ?[\[({\d'\"-]")


def marks_output(text: str) -> bool:
    """Return whether `>>>` stands before the values that a script prints: what imports has no prompt."""
    lines = text.split("\n")
    return any(map(_IMPORTS.match, lines)) and any(map(_VALUE.match, lines))


def without_marked_output(text: str, place: Place) -> tuple[str, tuple[Dropped, ...], tuple[Output, ...]]:
    """Return code without the lines that show what it prints, and these lines as dropped and as output."""
    if not marks_output(text):
        return text, (), ()
    lines = text.split("\n")
    found = [(at, line) for at, line in enumerate(lines) if PROMPT.match(line)]
    places = [Place(file=place.file, line=place.line + at) for at, _ in found]
    dropped = (
        Dropped(place=each, text=line, why="output, not code") for each, (_, line) in zip(places, found, strict=True)
    )
    shown = "\n".join(PROMPT.sub("", line) for _, line in found)
    output = Output(place=places[0], text=shown, role="actual")
    kept = "\n".join("" if PROMPT.match(line) else line for line in lines)
    return kept, tuple(dropped), (output,)
