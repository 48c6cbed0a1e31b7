"""The second half of `harness refresh`: run what is new, and search for the releases and commits of new failures."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from harness.commands import pinpoint
from harness.commands.confirm import run_alone
from harness.commands.published_results import own_published, with_published
from harness.commands.results import results_of
from harness.commands.run_tasks import run_tasks
from harness.errors import HarnessError, counted
from harness.model import Cell
from harness.pinpoint.answers.texts import markdown
from harness.pinpoint.prober import SearchStopped
from harness.pipeline import prepare
from harness.project.plan import PlannedCell, make_plan
from harness.project.selection import Selection
from harness.rendering.isolation_comparison import unconfirmed
from harness.rendering.refresh_texts import Regression
from harness.rendering.results import Results, records
from harness.rendering.transitions import History, Transition, histories
from harness.session import Session


class NewCells:
    """The cells of environments that a refresh added and of which nothing is published yet."""

    def __init__(
        self, session: Session, added: Collection[str], before: Collection[str], scenarios: tuple[str, ...]
    ) -> None:
        """Take the environments that were added now, and those of earlier refreshes."""
        self._session = session
        plan = make_plan(session.project, Selection(environments=("*",), scenarios=scenarios))
        self._published = own_published(session)
        covered = {str(each.values["environment"]) for each in self._published.cells.values()}
        self.environments = tuple(
            each.id for each in plan.environments if each.id in added or (each.id in before and each.id not in covered)
        )
        self._work = prepare(session, plan, fetch=bool(self.environments))

    def run(self, *, jobs: int) -> int:
        """Run the new cells that are due, and those next to new transitions in separate processes.

        Return the number of attempts.
        """
        if not self.environments:
            return 0
        store = self._session.read_store()
        try:
            due = [task for task in self._work.due(store) if self._is_needed(task.cell)]
        finally:
            store.close()
        count = run_tasks(self._session, self._work, due, jobs=jobs)
        while not self._session.stop.is_set():
            beside = {each for pair in self.transitions() for each in _cells(pair[1])}
            cells = [each for each in unconfirmed(self.results()) if str(each) in beside]
            recorded = run_alone(self._session, self._work, cells, jobs=jobs) if cells else 0
            if not recorded:
                break
            self._session.notify(f"Confirmed {counted(len(cells), 'cell')} next to new transitions.")
            count += recorded
        return count

    def _is_new(self, cell: Cell) -> bool:
        return cell.environment in self.environments or cell.writer in self.environments

    def _is_needed(self, cell: Cell) -> bool:
        """Return True for a new cell, and for the first step of one: a writer in an old environment."""
        if self._is_new(cell):
            return True
        planned = self._planned[cell]
        return planned.writes and planned.cell in self._writers

    @functools.cached_property
    def _planned(self) -> Mapping[Cell, PlannedCell]:
        return {each.cell: each for each in self._work.plan.cells}

    @functools.cached_property
    def _writers(self) -> set[Cell]:
        """The first steps of new cells that can run."""
        return {
            Cell(case=each.case, environment=each.writer)
            for each in self._work.tasks
            if each.writer is not None and self._is_new(each)
        }

    def results(self) -> Results:
        """Return all results: attempts of this clone, and published results of the same platform."""
        results = results_of(self._session, self._work)
        cells, _ = with_published(
            self._session, self._work, results.cells, same_platform=True, published=self._published
        )
        return replace(results, cells=cells)

    def counts(self) -> dict[str, int]:
        """Return the number of new cells by state."""
        new = (each for each in records(self.results()) if each.environment.id in self.environments)
        return dict(sorted(Counter(each.state for each in new).items()))

    def transitions(self) -> tuple[tuple[History, Transition], ...]:
        """Return the transitions that a new environment shows."""
        return tuple(
            (history, transition)
            for history in histories(self.results())
            for transition in history.transitions
            if {transition.last.column.id, transition.first.column.id} & set(self.environments)
        )


def _cells(transition: Transition) -> tuple[str, str]:
    return transition.last.record.cell, transition.first.record.cell


def search_regression(
    session: Session, regression: Regression, *, repositories: Mapping[str, str], jobs: int
) -> Regression:
    """Return a regression with the release and the commit that introduced it, or with the reason why not."""
    history, transition = regression.members[0]
    repository = repositories.get(regression.package)
    if transition.adjacent and not transition.between and repository is None:
        return regression  # the release is known, and there is nothing to search commits in
    last, first = transition.last.column.version, transition.first.column.version
    command = ["pinpoint", transition.first.record.cell, "--package", regression.package, "--versions"]
    command += [f"{last}..{first}", "--pre", "--jobs", str(jobs)]
    command += ["--repository", repository] if repository is not None else []
    held, _, where = history.held.partition(" in ")
    if held:
        command += ["--writer" if held == "written" else "--reader", where]
    command += ["--in", transition.first.column.id]
    session.notify(f"Searching: {' '.join(command)}")
    try:
        answer = pinpoint.answer_of(session, pinpoint.Options.parse(pinpoint.add_arguments, command))
    except SearchStopped:
        return regression
    except HarnessError as error:
        return replace(regression, search=f"The search failed: {' '.join(str(error).split())}")
    return replace(regression, search=markdown(answer))


def split(
    found: Iterable[tuple[History, Transition]],
) -> tuple[list[tuple[History, Transition]], list[tuple[History, Transition]]]:
    """Return introduced failures, and the other transitions."""
    found = list(found)
    return [each for each in found if each[1].kind == "introduced"], [
        each for each in found if each[1].kind != "introduced"
    ]
