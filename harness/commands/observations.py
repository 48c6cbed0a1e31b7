"""Observations of cells, read from the store: of watched scripts, and of scripts named by path."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.model import Attempt, Cell, CellResult, Isolation
from harness.model.durations import LEAST_REPEATS, Measured, session_to_compare
from harness.model.watch import Observed, Watch, WatchKind
from harness.pipeline import Work
from harness.record.store import Store
from harness.rendering.observed import grouped, grouped_by_time
from harness.rendering.printed_errors import note, printed_error
from harness.rendering.results import Results
from harness.reports.caught_exceptions import caught_and_printed
from harness.session import Session

_MOST_ATTEMPTS = 5
"""How many repeats of a cell are compared."""
_UNASKED = (WatchKind.OUTPUT, WatchKind.WARNING)
"""The observations that are compared without a watch."""


def with_observations(
    session: Session, work: Work, results: Results, typed: str | None, *, factor: float | None = None
) -> Results:
    """Add what cells show: where it is watched, and where a script from outside passes everywhere.

    `typed` is what --watch says. The scenarios of the project have assertions; they are only read if watched.
    """
    watched = {each.name: Watch.chosen(each.header, typed, factor) for each in results.scenarios}
    external = {each.name for each in results.scenarios if each.external}
    found: dict[str, tuple[Observed, ...]] = {}
    notes: dict[str, None] = {}
    store = session.read_store()
    try:
        by_case = sorted(results.cells, key=lambda each: str(each.cell.case))
        for _, members in itertools.groupby(by_case, key=lambda each: str(each.cell.case)):
            cells = list(members)
            scenario = cells[0].cell.case.scenario
            reading, watch = _Reading(store=store, work=work, cells=cells), watched[scenario]
            if scenario in external and (printed := note(str(cells[0].cell.case), reading.printed_errors())):
                notes[printed] = None
            if watch is not None:
                found |= {cell: (each,) for cell, each in reading.observed(watch).items()}
                notes |= dict.fromkeys(_notes(watch))
            elif scenario in external and _pass_everywhere(cells):
                for kind in _UNASKED:
                    for cell, each in reading.differing(kind).items():
                        found[cell] = (*found.get(cell, ()), each)
    finally:
        store.close()
    return replace(results, observed=found, notes=(*results.notes, *notes))


def _notes(watch: Watch) -> Iterator[str]:
    if watch.kind is WatchKind.TIME:
        yield (
            f"Durations are medians of runs in processes of their own, one at a time, on one machine. A group is at "
            f"least {watch.factor:g} times slower than the one before."
        )


def _pass_everywhere(cells: Sequence[CellResult]) -> bool:
    judged = [each for each in cells if each.verdicts]
    return len(judged) > 1 and all(each.passes == len(each.verdicts) for each in judged)


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """The cells of a case, and where their attempts are."""

    store: Store
    work: Work
    cells: Sequence[CellResult]

    def observed(self, watch: Watch) -> dict[str, Observed]:
        """Return the watched observation of each cell that has one."""
        if watch.kind is WatchKind.TIME:
            return grouped_by_time(self._measured(watch), watch.factor)
        isolation = Isolation.PROCESS if watch.own_process else None
        return grouped(self._texts(watch, isolation), watched=True, kind=watch.kind)

    def differing(self, kind: WatchKind) -> dict[str, Observed]:
        """Return the observations of cells, if cells differ.

        Warnings are compared only between attempts of one isolation: those of imports are not seen in a fork.
        """
        watch = Watch(kind=kind)
        if not watch.own_process:
            return grouped(self._texts(watch, None), watched=False, kind=kind)
        for isolation in (Isolation.PROCESS, Isolation.FORK):
            texts = self._texts(watch, isolation)
            if all(texts[str(each.cell)] for each in self.cells if each.verdicts):
                return grouped(texts, watched=False, kind=kind)
        return {}

    def printed_errors(self) -> Iterator[tuple[str, str]]:
        """Yield the environments in which a pass printed an error, and that error."""
        for each in self.cells:
            if each.verdicts and each.passes == len(each.verdicts):
                evidence = next((attempt.evidence for attempt in self._attempts(each.cell)), None)
                if evidence is None:
                    continue
                error = printed_error(evidence.stdout, evidence.stderr)
                error = error or caught_and_printed(evidence.script, evidence.stdout)
                if error is not None:
                    yield str(each.cell).rpartition("@")[2], error

    def _texts(self, watch: Watch, isolation: Isolation | None) -> dict[str, list[str]]:
        return {str(each.cell): self._texts_of(each, watch, isolation) for each in self.cells}

    def _texts_of(self, result: CellResult, watch: Watch, isolation: Isolation | None) -> list[str]:
        """Return the texts of the newest attempts of a cell; none if one attempt has no text."""
        if not result.verdicts:
            return []
        attempts = (each for each in self._attempts(result.cell) if isolation in (None, each.isolation))
        texts = [watch.text_of(each) for each in itertools.islice(attempts, _MOST_ATTEMPTS)]
        return [] if None in texts else [each for each in texts if each is not None]

    def _attempts(self, cell: Cell) -> Iterator[Attempt]:
        """Yield the attempts of a cell that count, newest first, with their evidence."""
        task = self.work.tasks.get(cell)
        if task is not None:
            found = self.store.all_with_evidence(task.key)
            yield from (each for each in found if each.is_verdict and each.holds_within(task.limit_s))

    def _measured(self, watch: Watch) -> Mapping[str, Measured]:
        """Return the durations of the cells that passed, of the session that measured most of them."""
        attempts = {
            str(each.cell): [one for one in each.verdicts if one.isolation == Isolation.PROCESS.value]
            for each in self.cells
        }
        session = session_to_compare(attempts, least=LEAST_REPEATS)
        found: dict[str, Measured] = {}
        for cell, its in attempts.items():
            mine = [each for each in its if each.session == session]
            passed = all(each.outcome.value == "passed" for each in mine)
            measured = Measured.of(mine, stage=watch.stage) if passed and len(mine) >= LEAST_REPEATS else None
            if measured is not None and session is not None:
                found[cell] = measured
        return found
