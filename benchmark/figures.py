"""Figures with their goals, as a Markdown table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


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
