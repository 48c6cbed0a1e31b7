"""What passing cells print, read from the store: for scripts that are watched, and for scripts named by their path."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from harness.model import CellResult
from harness.model.observation import Observed, Watch
from harness.pipeline import Work
from harness.record.store import Store
from harness.report.printed import grouped
from harness.report.results import Results
from harness.session import Session

_MOST_ATTEMPTS = 5
"""How many repeats of a cell are compared."""


def with_observations(session: Session, work: Work, results: Results, typed: str | None) -> Results:
    """Add what passing cells print: where it is watched, and where a script from outside passes everywhere.

    `typed` is what --watch says. The scenarios of the project have assertions; they are only read if watched.
    """
    watched = {each.name: typed or each.header.watch for each in results.scenarios}
    external = {each.name for each in results.scenarios if each.external}
    found: dict[str, Observed] = {}
    store = session.read_store()
    try:
        by_case = sorted(results.cells, key=lambda each: str(each.cell.case))
        for _, members in itertools.groupby(by_case, key=lambda each: str(each.cell.case)):
            cells = list(members)
            scenario = cells[0].cell.case.scenario
            text = watched[scenario]
            if text is None and not (scenario in external and _pass_everywhere(cells)):
                continue
            watch = Watch.parse(text) if text is not None else Watch()
            texts = {str(each.cell): _texts(store, work, each, watch) for each in cells}
            found |= grouped(texts, watched=text is not None)
    finally:
        store.close()
    return replace(results, observed=found)


def _pass_everywhere(cells: Sequence[CellResult]) -> bool:
    judged = [each for each in cells if each.verdicts]
    return len(judged) > 1 and all(each.passes == len(each.verdicts) for each in judged)


def _texts(store: Store, work: Work, result: CellResult, watch: Watch) -> list[str]:
    """Return what the newest attempts of a cell printed; nothing if one of them did not pass."""
    task = work.tasks.get(result.cell)
    if task is None or not result.verdicts:
        return []
    attempts = (each for each in store.all_with_evidence(task.key) if each.is_verdict)
    texts = [watch.text_of(each) for each in itertools.islice(attempts, _MOST_ATTEMPTS)]
    return [] if None in texts else [each for each in texts if each is not None]
