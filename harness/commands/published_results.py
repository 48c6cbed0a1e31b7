"""Published results of this clone for cells that were never run here, if script and locks are equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from harness.commands.cell_evidence import CellEvidence
from harness.errors import counted, some_of
from harness.execute.task import this_platform
from harness.model import Cell, CellResult, Evidence
from harness.pipeline import Work
from harness.project.plan import PlannedCell
from harness.rendering.published import Published, PublishedCell, read_published
from harness.sandbox.policy import SandboxMode
from harness.session import Session

FOLDERS = ("results", "results/full")
"""The folders of `harness report`: the default tier, and the full tier."""


def is_ordinary(session: Session) -> bool:
    """Return True if the ordinary condition was asked for: published results are those of no other."""
    with_data = session.data_folder is not None or session.fetch_data
    return session.sandbox_mode is not SandboxMode.OFF and session.timeout_s is None and not with_data


def own_published(session: Session) -> Published:
    """Read the published results of this clone."""
    names = [f"{folder}/results.json" for folder in FOLDERS]
    return read_published((session.root / name, name) for name in names)


def stale_reason(published: PublishedCell, planned: PlannedCell, *, same_platform: bool = False) -> str | None:
    """Return why a published result says nothing of a planned cell, or None if it holds."""
    reason = published.stale(planned.scenario, planned.environment, planned.writer)
    if reason is None and same_platform and published.platform != this_platform():
        return f"it was run on {published.platform or 'an unknown platform'}"
    return reason


def with_published(
    session: Session,
    work: Work,
    cells: Iterable[CellResult],
    *,
    same_platform: bool = False,
    published: Published | None = None,
) -> tuple[tuple[CellResult, ...], tuple[str, ...]]:
    """Return cells with the published results of those that were never run here, and notes on what was done.

    With `same_platform`, results of another platform do not count.
    """
    cells = tuple(cells)
    if all(each.current is not None for each in cells):
        return cells, ()
    published = own_published(session) if published is None else published
    planned = {each.cell: each for each in work.plan.cells}
    found: list[CellResult] = []
    stale: dict[Cell, str] = {}
    sources: Counter[str] = Counter()
    for each in cells:
        known = published.of(each.cell) if each.current is None else None
        reason = stale_reason(known, planned[each.cell], same_platform=same_platform) if known is not None else None
        if known is not None and reason is None:
            sources[known.source] += 1
            each = replace(each, attempts=known.attempts(each.cell))  # noqa: PLW2901 - the same cell
        elif reason is not None:
            stale[each.cell] = reason
        found.append(each)
    return tuple(found), tuple(_notes(session, sources, stale))


def published_evidence(session: Session, work: Work) -> tuple[CellEvidence | None, str]:
    """Return the published result of the one cell of a plan, or None and why there is none that holds."""
    planned = work.plan.cells[0]
    known = own_published(session).of(planned.cell)
    if known is None:
        return None, ""
    reason = stale_reason(known, planned)
    if reason is not None:
        return None, f"{known.source} has a result ({known.outcome}), but it is stale: {reason}"
    script, environment = planned.scenario.script, planned.environment
    attempts = tuple(
        replace(
            each,
            lock=environment.lock.fingerprint,
            versions=tuple(environment.lock.versions.items()),
            variables=environment.variables,
            evidence=Evidence(script=script.text),
        )
        for each in known.attempts(planned.cell)
    )
    result = CellResult(cell=planned.cell, attempts=attempts, labels=planned.scenario.header.labels)
    assert result.current is not None  # cells that were never run are not published
    return CellEvidence(attempt=result.current, result=result).failing, ""


def _notes(session: Session, sources: Mapping[str, int], stale: Mapping[Cell, str]) -> Iterable[str]:
    if sources:
        files = " and ".join(sorted(sources))
        cells = counted(sum(sources.values()), "cell")
        yield f"{cells} not run here: the results are those published in {files}. `{session.command} run` runs them."
    if stale:
        cells, first = counted(len(stale), "published result"), next(iter(stale))
        kinds = Counter(stale.values())
        reasons = some_of((f"{reason} ({counted(number, 'cell')})" for reason, number in kinds.most_common()), most=3)
        yield f"{cells} not shown, since stale: {reasons}. The first: {first}."
