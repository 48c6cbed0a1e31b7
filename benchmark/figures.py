"""Figures with their goals, as a Markdown table and as JSON. Parts may be measured on different days."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table: what was measured, the result, and its goal, if any."""

    what: str
    measured: str
    goal: str = ""
    met: bool = True

    def __str__(self) -> str:
        verdict = f"{self.goal}: {'met' if self.met else 'MISSED'}" if self.goal else ""
        return f"| {self.what} | {self.measured} | {verdict} |"


@dataclass(frozen=True, kw_only=True)
class Part:
    """The figures of one part of the benchmark, and how they were measured."""

    day: str
    options: str
    """What was typed after `nox -s benchmark --`."""
    minutes: int
    machine: str
    load: float
    """The load of the machine before."""
    figures: tuple[Figure, ...]

    @property
    def how(self) -> str:
        """How it was measured, without the machine."""
        return f"{self.day}, `{self.options}`, {self.minutes} min, load {self.load:.1f}"


def read_parts(path: Path) -> dict[str, Part]:
    """Read the parts that were measured before."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Part(**{**each, "figures": tuple(Figure(**figure) for figure in each["figures"])})
        for name, each in document.items()
    }


def write_parts(path: Path, parts: Mapping[str, Part]) -> None:
    """Write the parts as JSON."""
    document = {name: asdict(each) for name, each in parts.items()}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def text_of(parts: Mapping[str, Part]) -> str:
    """Return the table of all parts, and how each part was measured."""
    lines = [table_of(figure for each in parts.values() for figure in each.figures)]
    for machine in dict.fromkeys(each.machine for each in parts.values()):
        measured = [f"{name} {each.how}" for name, each in parts.items() if each.machine == machine]
        lines.append(f"On {machine}: {'; '.join(measured)}.\n")
    return "\n".join(lines)


def table_of(figures: Iterable[Figure]) -> str:
    """Return the table, followed by the missed goals."""
    rows = list(figures)
    goals = [each for each in rows if each.goal]
    missed = [f"* {each.goal}: {each.what}" for each in goals if not each.met]
    if missed:
        judged = [f"Of {len(goals)} goals, {len(missed)} missed:", "", *missed]
    else:
        judged = [f"All {len(goals)} goals are met."] if goals else []
    return "\n".join(["| what | measured | goal |", "| --- | --- | --- |", *map(str, rows), "", *judged]) + "\n"
