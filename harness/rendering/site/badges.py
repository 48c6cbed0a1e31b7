"""Badges of cases, environments and cells. Those of cases and environments are files of the site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

from harness.model import Outcome
from harness.rendering import badge
from harness.rendering.badge import Part
from harness.rendering.foreign_text import one_line
from harness.rendering.results import FLAKY_WORD, EnvironmentColumn, Record
from harness.rendering.site.content import Content, file_name
from harness.rendering.site.marks import MARKS
from harness.rendering.status import Status, Support, statuses

_UNKNOWN = Part(text="? unknown", style="none")
_STYLES = {
    Support.WORKS: ("✓", "pass"),
    Support.WORKS_WITH: ("✓", "partly"),
    Support.BROKEN: ("✗", "fail"),
    Support.NOT_APPLICABLE: ("–", "none"),
    Support.UNKNOWN: ("?", "none"),
}
_FAILURES = ("fail", "crash", "limit")
_PART_OF_STYLE = {"pass": "pass", "flaky": "partly", **dict.fromkeys(_FAILURES, "fail")}


@dataclass(frozen=True, kw_only=True)
class Badge:
    """A badge, and where it leads."""

    label: str
    parts: tuple[Part, ...]
    title: str
    view: str
    """The part of the address of the site that names the view: `#/case/NAME`."""
    file: str | None
    """The path of the picture in the site; None for a cell, which has no picture there."""

    @property
    def text(self) -> str:
        """The text of the badge."""
        return f"{one_line(self.label)}: {', '.join(part.text for part in self.parts)}"

    def svg(self) -> str:
        """Return the picture."""
        return badge.render(self.label, self.parts, title=self.title)


def case_badge(content: Content, found: Sequence[Record]) -> Badge:
    """Return the badge of a case: its status in the newest minor version of each package that has one."""
    name = str(found[0].case)
    return Badge(
        label=name,
        parts=tuple(_case_parts(content, found)) or (_UNKNOWN,),
        title=found[0].scenario.title or name,
        view=f"#/case/{_encoded(name)}",
        file=f"cases/{file_name(name)}.svg",
    )


def environment_badge(content: Content, column: EnvironmentColumn, found: Iterable[Record]) -> Badge:
    """Return the badge of an environment: how many of its cells pass, and how many fail."""
    return Badge(
        label=version_name(content, column),
        parts=tuple(_counts(found)) or (_UNKNOWN,),
        title=column.id,
        view=f"#/environment/{_encoded(column.id)}",
        file=f"environments/{file_name(column.id)}.svg",
    )


def cell_badge(content: Content, record: Record) -> Badge:
    """Return the badge of a cell: what it shows."""
    columns = {column.id: column for column in content.results.environments}
    where = version_name(content, record.environment)
    if record.writer is not None:
        where = f"{where}, written in {version_name(content, columns[record.writer])}"
    mark = MARKS[record.state]
    text = f"{mark.mark} {_meaning(content, record)}"
    return Badge(
        label=f"{record.case} in {where}",
        parts=(Part(text=text, style=_PART_OF_STYLE.get(mark.style, "none")),),
        title=record.scenario.title or record.cell,
        view=f"#/cell/{_encoded(record.cell)}",
        file=None,
    )


def version_name(content: Content, column: EnvironmentColumn) -> str:
    """Return an environment by its package and version: `Keras 3.4.1`, `TensorFlow 2.16.2 (legacy)`."""
    if column.version is None:
        return column.id
    first = next(each for each in content.results.environments if each.package == column.package)
    name = content.text.name_of(column.package) or column.family
    return f"{name} {column.version}{'' if first.family == column.family else f' ({column.family})'}"


def _case_parts(content: Content, found: Sequence[Record]) -> Iterable[Part]:
    if found[0].writer is not None:
        yield from _counts(found)
        return
    for status in _newest(found):
        mark, style = _STYLES[status.support]
        name = content.text.name_of(status.package)
        yield Part(text=f"{name} {status.minor} {mark} {status.text}", style=style)


def _counts(found: Iterable[Record]) -> Iterable[Part]:
    """Yield the numbers of passed, failed and flaky cells that are not 0."""
    styles = Counter(MARKS[record.state].style for record in found)
    failed = sum(styles[style] for style in _FAILURES)
    for number, text, style in (
        (styles["pass"], "✓ {} passed", "pass"),
        (failed, "✗ {} failed", "fail"),
        (styles["flaky"], "≈ {} flaky", "partly"),
    ):
        if number:
            yield Part(text=text.format(number), style=style)


def _newest(found: Sequence[Record]) -> Iterable[Status]:
    """Yield the status in the newest minor version of each package for which there is a verdict."""
    for _, members in groupby(statuses(found).get(str(found[0].case), ()), key=lambda status: status.package):
        known = [each for each in members if each.support is not Support.UNKNOWN]
        yield from known[-1:]


def _meaning(content: Content, record: Record) -> str:
    """Return the result of a cell in the words of the page."""
    if record.state == Outcome.PASSED.value:
        return "works"
    if record.state == Outcome.FAILED.value:
        return content.text.meaning_of(record.stage)
    if record.state == Outcome.CRASHED.value:
        return f"crashes{f' at {record.stage}' if record.stage else ''}"
    if record.state == FLAKY_WORD:
        return f"flaky: {record.passes}/{record.verdicts} repeats passed"
    return record.state


def _encoded(text: str) -> str:
    """Return a part of an address as the page writes it, safe in Markdown."""
    return quote(text, safe="=,@+", errors="replace")
