"""Owns what is said of the two isolations: where a fork and a process of its own showed different things of a cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from harness.errors import counted
from harness.model import Attempt, Cell, CellResult, Outcome
from harness.report.results import Results
from harness.report.transitions import histories

FORK, PROCESS = "fork", "process"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The newest attempt of a cell in a fork, and the newest in a process of its own."""

    fork: Attempt
    process: Attempt

    @property
    def same(self) -> bool:
        """Whether both show the same: outcome, stage, signature."""
        return _shown(self.fork) == _shown(self.process)

    def __str__(self) -> str:
        return f"{self.fork.cell}: in a fork {_words(self.fork)}, in a process of its own {_words(self.process)}"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is known of a selection's cells under both isolations."""

    pairs: tuple[Pair, ...]
    own_process: int
    """Cells whose scripts are never forked, or whose fork did not end by itself: only their own process counts."""
    not_compared: int
    """Cells with attempts of one isolation only so far, or of none."""

    @property
    def different(self) -> tuple[Pair, ...]:
        """The cells of which the two show different things."""
        return tuple(pair for pair in self.pairs if not pair.same)


def without_process(cells: Iterable[CellResult]) -> tuple[Cell, ...]:
    """Give the cells of which something was shown, but in forks only."""
    return tuple(each.cell for each in cells if _newest(each, FORK) is not None and _newest(each, PROCESS) is None)


def compare(cells: Iterable[CellResult]) -> Comparison:
    """Compare what forks and processes showed of cells."""
    pairs, own_process, not_compared = [], 0, 0
    for each in cells:
        fork, process = _newest(each, FORK), _newest(each, PROCESS)
        if fork is not None and process is not None:
            pairs.append(Pair(fork=fork, process=process))
        elif process is not None:
            own_process += 1
        elif fork is not None or each.current is None or not each.current.settled:
            not_compared += 1
    return Comparison(pairs=tuple(pairs), own_process=own_process, not_compared=not_compared)


def unconfirmed(results: Results) -> tuple[Cell, ...]:
    """Give the cells at borders that no process of its own has confirmed."""
    sides = {
        step.record.cell
        for history in histories(results)
        for transition in history.transitions
        for step in (transition.last, transition.first)
    }
    return without_process(each for each in results.cells if str(each.cell) in sides)


def render(comparison: Comparison) -> str:
    """Say in Markdown what was compared, and what differs."""
    environments = Counter(pair.fork.cell.environment for pair in comparison.pairs)
    scenarios = {pair.fork.cell.case.scenario for pair in comparison.pairs}
    different = comparison.different
    same = len(comparison.pairs) - len(different)
    lines = [
        f"{counted(len(comparison.pairs), 'cell')} of {counted(len(scenarios), 'scenario')} in "
        f"{counted(len(environments), 'environment')} were run "
        f"both ways: outcome, stage and signature are the same in {same}, and differ in {len(different)}. "
        f"{comparison.own_process} more have no fork's verdict, since their scripts are never forked or did not end "
        f"by themselves in one; {comparison.not_compared} were not compared.",
    ]
    if environments:
        lines += ["", "| environment | compared |", "| --- | --- |"]
        lines += [f"| `{environment}` | {count} |" for environment, count in environments.items()]
    if different:
        lines += ["", "What differs:", "", *(f"* {pair}" for pair in different)]
    return "\n".join(lines) + "\n"


def _newest(result: CellResult, isolation: str) -> Attempt | None:
    """Give the newest attempt in which the script passed or failed, or said that the cell is not applicable."""
    settled = (each for each in reversed(result.attempts) if each.settled and each.isolation == isolation)
    return next((each for each in settled if each.outcome.shown_by_scenario or _says_not_applicable(each)), None)


def _says_not_applicable(attempt: Attempt) -> bool:
    """Whether the script said so, which took it some time, and not the plan."""
    return attempt.outcome is Outcome.NOT_APPLICABLE and attempt.duration_s > 0


def _shown(attempt: Attempt) -> tuple[object, ...]:
    return attempt.outcome, attempt.stage, attempt.signature


def _words(attempt: Attempt) -> str:
    at = f" at {attempt.stage}" if attempt.stage else ""
    return f"{attempt.outcome.value}{at}" + (f" ({' '.join(attempt.error.split())[:120]})" if attempt.error else "")
