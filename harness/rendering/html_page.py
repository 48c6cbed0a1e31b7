"""Render the table as one static HTML page: self-contained, readable without JavaScript, safe to open from a file.

The page contains shared parts (causes, environments, reproducers) once. Cells link to them.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import groupby
from typing import TYPE_CHECKING

from harness.model import Outcome, Scenario
from harness.rendering.foreign_text import one_line, plain, web_address
from harness.rendering.grid import (
    NOT_ASKED,
    STATES,
    Counts,
    Grid,
    GridCell,
    Row,
    Square,
    build_grid,
    cells_text,
    parameter_texts,
)
from harness.rendering.results import FLAKY_WORD, NEVER_RUN_WORD, NO_VERDICT_WORD, EnvironmentColumn, Results

if TYPE_CHECKING:
    from jinja2 import Environment

# Short, because a large page has ten thousand of them.
CLASSES: Mapping[str, str] = {
    Outcome.PASSED.value: "p",
    Outcome.FAILED.value: "f",
    Outcome.CRASHED.value: "c",
    Outcome.TIMED_OUT.value: "t",
    Outcome.OUT_OF_MEMORY.value: "m",
    Outcome.NOT_APPLICABLE.value: "n",
    Outcome.UNAVAILABLE.value: "u",
    Outcome.ERROR.value: "e",
    FLAKY_WORD: "k",
    NO_VERDICT_WORD: "v",
    NEVER_RUN_WORD: "q",
    NOT_ASKED: "o",
}
_TEMPLATES = "templates"


def render(results: Results, *, command: str = "harness", published: bool = False, only_differing: bool = False) -> str:
    """Return the page. The published form omits dates and durations: equal results give equal pages."""
    grid = build_grid(results, only_differing=only_differing)
    style, script = _asset("page.css"), _asset("page.js")
    return (
        _jinja()
        .get_template("page.html.j2")
        .render(
            title=one_line(results.title),
            notes=[one_line(note) for note in results.notes],
            generated=None if published else results.generated.strftime("%Y-%m-%d %H:%M %Z").strip(),
            command=command,
            grid=grid,
            chips=list(_chips(grid.counts)),
            subjects=[(subject, list(_scenarios(rows))) for subject, rows in grid.subjects],
            squares=list(_squares(grid)),
            environments=results.environments,
            header_versions=_header_versions(results.environments),
            states=STATES,
            classes=CLASSES,
            published=published,
            style=style,
            script=script,
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
    )


@dataclass(frozen=True, kw_only=True)
class _Chip:
    """A count of the summary line with the style of its state."""

    css: str
    mark: str
    text: str
    meaning: str


@functools.cache
def _jinja() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # import only if a page is rendered

    jinja = Environment(
        loader=PackageLoader("harness.rendering", _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.filters |= {
        "line": one_line,
        "plain": plain,
        "cell": _cell,
        "slug": _slug,
        "web": web_address,
        "cells_text": cells_text,
    }
    jinja.globals["parameters"] = parameter_texts
    return jinja


def _asset(name: str) -> str:
    return resources.files("harness.rendering").joinpath(_TEMPLATES, name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return the hash of an inline style or script for the Content-Security-Policy, so that no other one can run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _slug(name: str) -> str:
    return re.sub(r"[^\w.+-]", "_", name)


def _cell(cell: GridCell, published: bool) -> str:
    from markupsafe import Markup, escape

    css = CLASSES[cell.state] + (" x" if cell.unexplained else "")
    label = cell.ratio or cell.display.plain if cell.stage is None else f"{cell.ratio} {cell.stage}".strip()
    text = cell.display.mark if label == cell.display.mark else f"{cell.display.mark} {label}"
    text = cell.display.mark if cell.state == NOT_ASKED else text
    took = "" if published or cell.verdicts == 0 else Markup(' data-s="{:.1f}"').format(cell.duration_s)
    if cell.cause is None:
        return Markup('<td class="{}"{}>{}</td>').format(css, took, text)
    return Markup('<td class="{}"{}><a href="#c-{}">{}</a></td>').format(css, took, cell.cause.key, escape(text))


def _chips(counts: Counts) -> Iterator[_Chip]:
    for state, number, label in (
        (Outcome.PASSED.value, counts.passed, "passed"),
        (Outcome.FAILED.value, counts.failed, "failed"),
        (FLAKY_WORD, counts.flaky, "flaky"),
        (Outcome.NOT_APPLICABLE.value, counts.not_applicable, "not applicable"),
        (Outcome.UNAVAILABLE.value, counts.unavailable, "unavailable"),
        (Outcome.ERROR.value, counts.error, "error"),
        (NEVER_RUN_WORD, counts.never_run, "never run"),
        *([(NO_VERDICT_WORD, counts.no_verdict, "without a verdict")] if counts.no_verdict else []),
    ):
        detail = f" ({counts.labelled} labelled, {counts.unexplained} unexplained)" if label == "failed" else ""
        display = STATES[state]
        yield _Chip(css=CLASSES[state], mark=display.mark, text=f"{number} {label}{detail}", meaning=display.meaning)


def _scenarios(rows: Sequence[Row]) -> Iterator[tuple[Scenario, list[Row]]]:
    for _, members in groupby(rows, key=lambda row: row.scenario.name):
        group = list(members)
        yield group[0].scenario, group


def _squares(grid: Grid) -> Iterator[tuple[Scenario, list[Square]]]:
    for _, members in groupby(grid.squares, key=lambda square: square.scenario.name):
        group = list(members)
        yield group[0].scenario, group


def _header_versions(environments: Sequence[EnvironmentColumn]) -> Mapping[str, tuple[str, ...]]:
    """Return, for each column, the versions that vary in its family and are not in its id."""
    chosen: dict[str, tuple[str, ...]] = {}
    for _, members in groupby(environments, key=lambda column: column.family):
        family = list(members)
        for column in family:
            chosen[column.id] = tuple(
                f"{name} {version}"
                for name, version in column.packages
                if version not in column.id and len({dict(each.packages).get(name) for each in family}) > 1
            )
    return chosen
