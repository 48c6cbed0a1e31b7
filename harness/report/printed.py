"""Owns what passing cells print: cells of a case that print the same are a group. A difference, no verdict. Pure."""

from __future__ import annotations

import string
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from harness.model.observation import Observed
from harness.report.foreign_text import one_line
from harness.report.results import Results

DIFFERS = "differs"
"""The group of a cell whose repeats print different texts."""
_LONGEST_TEXT = 2_000
_MOST_GROUPS = 6
_LONGEST_LINE = 200


def grouped(texts: Mapping[str, Sequence[str]], *, watched: bool) -> dict[str, Observed]:
    """Return the observation of each cell of one case, given what its attempts printed.

    Unless it is watched, what is the same in all cells is no observation.
    """
    told = {cell: tuple(dict.fromkeys(each)) for cell, each in texts.items() if each}
    groups = list(dict.fromkeys(each[0] for each in told.values() if len(each) == 1))
    if not watched and len(groups) < 2:
        return {}
    return {
        cell: Observed(
            kind="output",
            group=_letters(groups.index(each[0])) if len(each) == 1 else DIFFERS,
            text=each[0][:_LONGEST_TEXT],
        )
        for cell, each in told.items()
    }


def section(results: Results, *, width: int) -> str:
    """Return the groups of each case with what only they print, for a terminal; empty if there are none."""
    cases: dict[str, dict[str, list[str]]] = {}
    texts: dict[tuple[str, str], str] = {}
    for record in results.records:
        if record.observation is not None:
            place = record.cell.rpartition("@")[2]
            group = record.observation.group
            cases.setdefault(str(record.case), {}).setdefault(group, []).append(place)
            texts.setdefault((str(record.case), group), record.observation.text)
    return "\n".join(
        line
        for case, groups in cases.items()
        for line in _lines(case, groups, {group: texts[case, group] for group in groups}, width)
    )


def _lines(case: str, groups: Mapping[str, Sequence[str]], texts: Mapping[str, str], width: int) -> Iterable[str]:
    if len(groups) == 1 and DIFFERS not in groups:
        yield f"{case}: prints the same wherever it passes."
    else:
        yield f"{case}: prints different texts where it passes. This is a difference, not a verdict."
    common = set.intersection(*(set(text.splitlines()) for text in texts.values()))
    for group in sorted(groups, key=lambda each: (each == DIFFERS, len(each), each))[:_MOST_GROUPS]:
        own = [line for line in texts[group].splitlines() if line not in common or len(texts) == 1]
        said = one_line(" | ".join(own), longest=_LONGEST_LINE) or "(nothing more)"
        said = "repeats print different texts" if group == DIFFERS else said
        text = f"{group}: {said} ({one_line(', '.join(groups[group]), longest=_LONGEST_LINE)})"
        yield from textwrap.wrap(text, max(width, 40), initial_indent="  ", subsequent_indent="     ",
                                 break_long_words=False, break_on_hyphens=False)  # fmt: skip
    if len(groups) > _MOST_GROUPS:
        yield f"  and {len(groups) - _MOST_GROUPS} more texts"


def _letters(place: int) -> str:
    """Return A, B ... Z, AA, AB ..."""
    return (_letters(place // 26 - 1) if place >= 26 else "") + string.ascii_uppercase[place % 26]
