"""Compare attempts in forks with attempts in fresh processes, cell by cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from harness.errors import counted
from harness.model import Attempt, Cell, CellResult, Outcome
from harness.rendering.results import Results
from harness.rendering.transitions import histories

FORK, PROCESS = "fork", "process"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The newest attempt of a cell in a fork, and the newest in a fresh process."""

    fork: Attempt
    process: Attempt

    @property
    def same(self) -> bool:
        """Return True if both have the same outcome, stage and signature."""
        return _shown(self.fork) == _shown(self.process)

    def __str__(self) -> str:
        return f"{self.fork.cell}: in a fork {_describe(self.fork)}, in a fresh process {_describe(self.process)}"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The comparison of the cells of a selection."""

    pairs: tuple[Pair, ...]
    own_process: int
    """Cells with a verdict in a fresh process only: never forked, or their fork did not end normally."""
    not_compared: int
    """Cells without a verdict in a fresh process, or without any."""

    @property
    def different(self) -> tuple[Pair, ...]:
        """The pairs that differ."""
        return tuple(pair for pair in self.pairs if not pair.same)


def without_process(cells: Iterable[CellResult]) -> tuple[Cell, ...]:
    """Return the cells that have a verdict in forks only."""
    return tuple(each.cell for each in cells if _newest(each, FORK) is not None and _newest(each, PROCESS) is None)


def compare(cells: Iterable[CellResult]) -> Comparison:
    """Compare the results of forks and fresh processes."""
    pairs, own_process, not_compared = [], 0, 0
    for each in cells:
        fork, process = _newest(each, FORK), _newest(each, PROCESS)
        if fork is not None and process is not None:
            pairs.append(Pair(fork=fork, process=process))
        elif process is not None:
            own_process += 1
        elif fork is not None or each.current is None or not each.current.conclusive:
            not_compared += 1
    return Comparison(pairs=tuple(pairs), own_process=own_process, not_compared=not_compared)


def unconfirmed(results: Results) -> tuple[Cell, ...]:
    """Return the cells next to a transition that no fresh process has confirmed."""
    sides = {
        step.record.cell
        for history in histories(results)
        for transition in history.transitions
        for step in (transition.last, transition.first)
    }
    return without_process(each for each in results.cells if str(each.cell) in sides)


def render(comparison: Comparison) -> str:
    """Return the comparison in Markdown."""
    environments = Counter(pair.fork.cell.environment for pair in comparison.pairs)
    scenarios = {pair.fork.cell.case.scenario for pair in comparison.pairs}
    different = comparison.different
    same = len(comparison.pairs) - len(different)
    lines = [
        f"{counted(len(comparison.pairs), 'cell')} of {counted(len(scenarios), 'scenario')} in "
        f"{counted(len(environments), 'environment')} were run "
        f"both ways: outcome, stage and signature are the same in {same}, and differ in {len(different)}. "
        f"{comparison.own_process} more have no verdict from a fork, because their scripts are never forked or did not "
        f"end normally in one; {comparison.not_compared} were not compared.",
    ]
    if environments:
        lines += ["", "| environment | compared |", "| --- | --- |"]
        lines += [f"| `{environment}` | {count} |" for environment, count in environments.items()]
    if different:
        lines += ["", "Differences:", "", *(f"* {pair}" for pair in different)]
    return "\n".join(lines) + "\n"


def _newest(result: CellResult, isolation: str) -> Attempt | None:
    """Return the newest attempt in which the script passed, failed, or reported that the cell is not applicable."""
    conclusive = (each for each in reversed(result.attempts) if each.conclusive and each.isolation == isolation)
    return next((each for each in conclusive if each.outcome.shown_by_scenario or _script_not_applicable(each)), None)


def _script_not_applicable(attempt: Attempt) -> bool:
    """Return True if the script reported this, and not the plan. The script then has a duration."""
    return attempt.outcome is Outcome.NOT_APPLICABLE and attempt.duration_s > 0


def _shown(attempt: Attempt) -> tuple[object, ...]:
    return attempt.outcome, attempt.stage, attempt.signature


def _describe(attempt: Attempt) -> str:
    at = f" at {attempt.stage}" if attempt.stage else ""
    return f"{attempt.outcome.value}{at}" + (f" ({' '.join(attempt.error.split())[:120]})" if attempt.error else "")
