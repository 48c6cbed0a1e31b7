"""Run the bugs of Defects4DLL: what each version shows, and the rank of the faulty file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.external.dataset import Bug
from benchmark.external.figures import BugFigures, versions_of
from benchmark.external.frameworks import Framework
from benchmark.external.judging import Result, judge
from benchmark.external.localising import rank_of, ranked_files
from benchmark.external.runs import Harness
from benchmark.external.scripts import placed_script, placed_traced_script
from harness.filesystem.folders import OwnedFolder
from harness.pinpoint.suspicious_files.tracing import read_trace

Rank = tuple[int | None, int]
"""The rank of the faulty file, or None; and the number of files that were ranked."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found of all bugs."""

    figures: tuple[BugFigures, ...]
    versions: tuple[str, ...]
    """The versions in which a script showed something."""


def run_defects(
    harness: Harness, framework: Framework, bugs: Sequence[Bug], environments: str, *, rank: bool, one_at_a_time: bool
) -> Found:
    """Run each script in each environment, and rank the files of the bugs that are fixed. Raises HarnessError.

    With `one_at_a_time`, an environment is created, used and removed before the next one. The newest is first: when
    the last bad version of a bug is there, the first good one was there before, and its Python files are kept.
    """
    cells: list[Mapping[str, Any]] = []
    ranks: dict[str, Rank] = {}
    selections = harness.environments(environments) if one_at_a_time else [environments]
    with OwnedFolder(harness.session.cache, "external-") as folder:
        scripts = [placed_script(each, framework, folder) for each in bugs]
        for selection, following in zip(selections, [*selections[1:], None], strict=True):
            cells += harness.run(scripts, selection)
            results = _judged(bugs, cells)
            if one_at_a_time and rank:
                harness.keep_python_files(selection, framework)
            due = (each for each in bugs if rank and each.id not in ranks and results[each.id].first_good is not None)
            ranks.update(_ranks(harness, framework, list(due), results, folder))
            if one_at_a_time:
                harness.remove(selection, following)
    figures = (BugFigures.of(results[each.id], symptom=each.symptom, rank=ranks.get(each.id)) for each in bugs)
    return Found(figures=tuple(figures), versions=versions_of(results.values()))


def _judged(bugs: Iterable[Bug], cells: Sequence[Mapping[str, Any]]) -> dict[str, Result]:
    return {
        bug.id: judge(bug.id, [each for each in cells if each["scenario"] == bug.script.stem], bug.failure)
        for bug in bugs
    }


def _ranks(
    harness: Harness, framework: Framework, fixed: Sequence[Bug], results: Mapping[str, Result], folder: Path
) -> Iterator[tuple[str, Rank]]:
    """Trace the script of each fixed bug in the last bad version, and rank the files that the next one changes."""
    scripts = {each.id: placed_traced_script(each, framework, folder) for each in fixed}
    places: dict[str, list[Bug]] = {}
    for bug in fixed:
        places.setdefault(str(results[bug.id].last_bad), []).append(bug)
    for environment, members in places.items():
        harness.run([scripts[each.id] for each in members], environment)
        for bug in members:
            trace = read_trace(harness.show(scripts[bug.id], environment)["stdout"])
            if trace is not None:
                good = harness.site_packages(str(results[bug.id].first_good))
                ranked = ranked_files(framework, harness.site_packages(environment), good, trace)
                yield bug.id, (rank_of(bug.faulty, ranked), len(ranked))
