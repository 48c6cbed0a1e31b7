"""Observations of cells: cells of a case that show the same are a group. No verdict. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from harness.model.durations import Measured, seconds_text, speed_groups
from harness.model.watch import DIFFERS, WORDS, Observed, WatchKind, group_letters
from harness.rendering.foreign_text import one_line
from harness.rendering.results import Results

_LONGEST_TEXT = 2_000
_MOST_GROUPS = 6
_LONGEST_LINE = 200
_LONGEST_SHORT = 80


def grouped(
    texts: Mapping[str, Sequence[str]], *, watched: bool, kind: WatchKind = WatchKind.OUTPUT
) -> dict[str, Observed]:
    """Return the observation of each cell of one case, given what its attempts showed.

    Unless it is watched, what is the same in all cells is no observation.
    """
    shown = {cell: tuple(dict.fromkeys(each)) for cell, each in texts.items() if each}
    groups = list(dict.fromkeys(each[0] for each in shown.values() if len(each) == 1))
    if not watched and len(groups) < 2:
        return {}
    common = _common_lines(groups)
    return {
        cell: Observed(
            kind=kind.value,
            group=group_letters(groups.index(each[0])) if len(each) == 1 else DIFFERS,
            text=each[0][:_LONGEST_TEXT],
            short=one_line(_own_line(each[0], common), longest=_LONGEST_SHORT),
        )
        for cell, each in shown.items()
    }


def grouped_by_time(measured: Mapping[str, Measured], factor: float) -> dict[str, Observed]:
    """Return the observation of each measured cell of one case. Group A is the fastest."""
    steady = {cell: each.median_s for cell, each in measured.items() if each.is_steady(factor)}
    letters = {cell: group_letters(place) for place, group in enumerate(speed_groups(steady, factor)) for cell in group}
    return {
        cell: Observed(
            kind=WatchKind.TIME.value,
            group=letters.get(cell, DIFFERS),
            text=each.text if cell in steady else f"{each.text}, {each.range_text}",
            short=each.text,
        )
        for cell, each in measured.items()
    }


def section(results: Results, *, width: int) -> str:
    """Return the groups of each case with what only they show, for a terminal; empty if there are none."""
    lines: list[str] = []
    for (case, kind), groups in _groups_of(results).items():
        heading, rows = _rows(WatchKind(kind), groups)
        lines.append(f"{case}: {heading}")
        for row in rows:
            lines += textwrap.wrap(row, max(width, 40), initial_indent="  ", subsequent_indent="     ",
                                   break_long_words=False, break_on_hyphens=False)  # fmt: skip
    return "\n".join(lines)


_Groups = Mapping[str, Sequence[tuple[str, Observed]]]
"""The places and their observations by group."""


def _groups_of(results: Results) -> dict[tuple[str, str], dict[str, list[tuple[str, Observed]]]]:
    cases: dict[tuple[str, str], dict[str, list[tuple[str, Observed]]]] = {}
    for record in results.records:
        place = record.cell.rpartition("@")[2]
        for each in record.observations:
            groups = cases.setdefault((str(record.case), each.kind), {})
            groups.setdefault(each.group, []).append((place, each))
    return cases


def _rows(kind: WatchKind, groups: _Groups) -> tuple[str, list[str]]:
    """Return the sentence about a case, and a row for each group."""
    words = WORDS[kind]
    same = len(groups) == 1 and DIFFERS not in groups
    heading = f"{words.same}." if same else f"{words.differs}. This is a difference, not a verdict."
    common = _common_lines([members[0][1].text for members in groups.values()])
    rows = []
    for group in sorted(groups, key=lambda each: (each == DIFFERS, len(each), each))[:_MOST_GROUPS]:
        members = groups[group]
        if group == DIFFERS:
            said = words.repeats
        elif kind is WatchKind.TIME:
            said = _time_range([each.text for _, each in members])
        else:
            own = [line for line in members[0][1].text.splitlines() if line not in common]
            said = one_line(" | ".join(own), longest=_LONGEST_LINE) or _nothing(kind, groups)
        rows.append(f"{group}: {said} ({one_line(', '.join(place for place, _ in members), longest=_LONGEST_LINE)})")
    if len(groups) > _MOST_GROUPS:
        rows.append(f"and {len(groups) - _MOST_GROUPS} more groups")
    return heading, rows


def _nothing(kind: WatchKind, groups: _Groups) -> str:
    return "no warning" if kind is WatchKind.WARNING and not _any_common(groups) else "(nothing more)"


def _any_common(groups: _Groups) -> bool:
    return any(_common_lines([members[0][1].text for members in groups.values()]))


def _time_range(texts: Sequence[str]) -> str:
    """Return the durations of a group: the only one, or the shortest and the longest median."""
    if len(set(texts)) == 1:
        return texts[0]
    medians = sorted(float(text.partition(" s")[0]) for text in texts)
    return f"{seconds_text(medians[0])} to {seconds_text(medians[-1])} (medians)"


def _common_lines(texts: Sequence[str]) -> frozenset[str]:
    """Return the lines that all texts have; none if there is only one text."""
    if len(texts) < 2:
        return frozenset()
    return frozenset(set.intersection(*(set(text.splitlines()) for text in texts)))


def _own_line(text: str, common: Iterable[str]) -> str:
    """Return the first line that not all texts have, otherwise the first line."""
    lines, known = text.splitlines(), set(common)
    return next((line for line in lines if line not in known), lines[0] if lines else "")
