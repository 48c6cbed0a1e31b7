"""Render the published files of `results/`. Returns text, writes nothing.

The same results give the same bytes: the files have no date, duration or number of repeats, so a git diff shows only
results that changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

from harness.errors import UsageError
from harness.rendering import csv_table, feed, html_page, json_document, markdown, picture, support
from harness.rendering.grid import STATES, count
from harness.rendering.results import (
    FLAKY_WORD,
    NEVER_RUN_WORD,
    EnvironmentColumn,
    Record,
    Results,
    by_family,
    records,
)

MOST_ROWS = 30
MOST_COLUMNS = 12
_PASSED = "passed"
_DETAILS = "Every case, with the reason for each cell that did not pass: [table.md](table.md).\n"
_VERDICTS = ("passed", "failed", "crashed", "timed out", "out of memory", FLAKY_WORD)


def files(results: Results, *, command: str = "harness") -> Mapping[str, str]:
    """Return the text of each published file by its name; `command` starts the line that replays a cell."""
    return {
        "index.html": html_page.render(results, command=command, published=True),
        "matrix.svg": picture.render(results),
        "results.json": json_document.render(results, published=True),
        "support.json": support.render(results),
        "summary.md": f"# Summary\n\n{summary_markdown(results)}\n{_DETAILS}",
        "table.csv": csv_table.render(results),
        "table.md": markdown.render(results),
        "transitions.atom": feed.render(results),
    }


def summary_markdown(results: Results, *, rows: int = MOST_ROWS, columns: int = MOST_COLUMNS) -> str:
    """Render the short table: one row per scenario. If there are too many columns, keep those that change most."""
    found = records(results)
    groups = _grouped(found)
    scenarios = [each for each in results.scenarios if any(name == each.name for name, _ in groups)]
    environments = _columns(found, by_family(results.environments), columns)
    # Keep rows that differ between columns. Drop the others first.
    differing = [each for each in scenarios if len({_short(groups.get((each.name, e.id))) for e in environments}) > 1]
    kept = {each.name for each in [*differing, *(each for each in scenarios if each not in differing)][:rows]}
    shown = [each for each in scenarios if each.name in kept]
    body = [
        [
            f"{markdown.code(each.name)} {markdown.escaped(each.title)}",
            *(_short(groups.get((each.name, environment.id))) for environment in environments),
        ]
        for each in shown
    ]
    head = ["scenario", *(markdown.code(environment.id) for environment in environments)]
    cut = _cut(len(scenarios) - len(shown), len(results.environments) - len(environments))
    parts = [markdown.table(head, body), _legend(body), cut, f"{count(found)}."]
    return "\n\n".join(part for part in parts if part) + "\n"


def replace_between_markers(text: str, name: str, new: str) -> str:
    """Return the text with `new` between the lines `<!-- NAME:begin -->` and `<!-- NAME:end -->`. Raises UsageError."""
    lines = text.splitlines()
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if lines.count(begin) != 1 or lines.count(end) != 1 or lines.index(begin) > lines.index(end):
        raise UsageError(
            f"the file has no place for the generated section {name!r}",
            why=f"It must contain the lines '{begin}' and '{end}' once, in this order",
            next_step="Add the two lines at the place of the section",
        )
    kept = [*lines[: lines.index(begin) + 1], *new.strip("\n").splitlines(), *lines[lines.index(end) :]]
    return "\n".join(kept) + "\n"


_Groups = Mapping[tuple[str, str], Sequence[Record]]


def _grouped(found: Sequence[Record]) -> _Groups:
    def place(record: Record) -> tuple[str, str]:
        return record.scenario.name, record.environment.id

    return {key: list(members) for key, members in groupby(sorted(found, key=place), key=place)}


def _short(group: Sequence[Record] | None) -> str:
    """Return one cell for all cases of a scenario in an environment: a mark if they agree, else `k/n` passed."""
    if not group:
        return STATES["not asked for"].mark
    states = Counter(record.state for record in group)
    if len(states) > 1:
        del states["not applicable"]
    if len(states) == 1:
        return _agreed(next(iter(states)), group)
    judged = sum(states[state] for state in _VERDICTS)
    unknown = STATES[NEVER_RUN_WORD].mark if sum(states.values()) > judged else ""
    if judged == 0:
        return unknown
    return f"{states[_PASSED]}/{judged} {unknown}".strip()


def _agreed(state: str, group: Sequence[Record]) -> str:
    stages = {record.stage for record in group if record.failure is not None}
    stage = stages.pop() if len(stages) == 1 else None
    return f"{STATES[state].mark} {markdown.escaped(stage or '')}".strip()


def _columns(
    found: Sequence[Record], environments: Sequence[EnvironmentColumn], most: int
) -> Sequence[EnvironmentColumn]:
    present = {record.environment.id for record in found}
    environments = [environment for environment in environments if environment.id in present]
    if len(environments) <= most:
        return environments
    verdicts: dict[str, dict[str, tuple[str, str | None]]] = {}
    for record in found:
        if record.verdicts:
            verdict = (record.state, record.signature)
            verdicts.setdefault(record.environment.id, {})[f"{record.case} {record.writer}"] = verdict
    changes = [0] * len(environments)
    for place in range(1, len(environments)):
        before, after = (verdicts.get(environments[at].id, {}) for at in (place - 1, place))
        if environments[place].family == environments[place - 1].family:
            changes[place] = sum(before[case] != after[case] for case in before.keys() & after.keys())
    newest = set({environment.family: place for place, environment in enumerate(environments)}.values())
    # Keep the newest environment of each family, then those that differ most from their predecessor.
    order = sorted(range(len(environments)), key=lambda place: (place not in newest, -changes[place], place))
    return [environments[place] for place in sorted(order[:most])]


def _cut(scenarios: int, environments: int) -> str:
    parts = [
        f"{number} more {name}{'' if number == 1 else 's'}"
        for number, name in ((scenarios, "scenario"), (environments, "environment"))
        if number > 0
    ]
    return f"Not shown here: {' and '.join(parts)}." if parts else ""


def _legend(body: Sequence[Sequence[str]]) -> str:
    text = " ".join(cell for line in body for cell in line[1:])
    states = [state for state, display in STATES.items() if display.mark in text]
    ratios = "k/n: k of n judged cases passed; ?: other cases are unknown" if "/" in text else ""
    return "; ".join(filter(None, [*(f"{STATES[state].mark} {state}" for state in states), ratios])) + "."
