"""Run the bugs of Defects4DLL: what each version shows, and the rank of the faulty file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.external.dataset import Bug
from benchmark.external.figures import BugFigures, versions_of
from benchmark.external.frameworks import Framework
from benchmark.external.judging import Result, judge, version_of
from benchmark.external.localising import rank_of, ranked_files
from benchmark.external.runs import Harness
from benchmark.external.scripts import added_packages, placed_script, placed_traced_script
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

    The bugs that none shows are also run in the first releases, if `environments` are those of the framework.

    With `one_at_a_time`, an environment is created, used and removed before the next one. The newest is first: when
    the last bad version of a bug is there, the first good one was there before, and its Python files are kept.
    """
    run = _Run(harness=harness, framework=framework, rank=rank, one_at_a_time=one_at_a_time)
    run.run(bugs, harness.environments(environments) if one_at_a_time else [environments])
    if environments == framework.environments:
        missed = [each for each in bugs if not run.result(each).reproduced]
        run.run(missed, sorted(framework.first_releases, key=version_of, reverse=True), add=True)
    figures = (BugFigures.of(run.result(each), symptom=each.symptom, rank=run.ranks.get(each.id)) for each in bugs)
    return Found(figures=tuple(figures), versions=versions_of(map(run.result, bugs)))


@dataclass(kw_only=True)
class _Run:
    """The cells and ranks so far."""

    harness: Harness
    framework: Framework
    rank: bool
    one_at_a_time: bool
    cells: list[Mapping[str, Any]] = field(default_factory=list)
    ranks: dict[str, Rank] = field(default_factory=dict)

    def run(self, bugs: Sequence[Bug], selections: Sequence[str], *, add: bool = False) -> None:
        """Run the scripts of bugs in each selection of environments, with the packages that they lack if `add`."""
        with OwnedFolder(self.harness.session.cache, "external-") as folder:
            scripts = [
                placed_script(each, self.framework, folder, added_packages(each, self.framework) if add else ())
                for each in bugs
            ]
            for selection, following in zip(selections, [*selections[1:], None], strict=False):
                new = self.harness.run(scripts, selection) if scripts else []
                self.cells += new
                used = sorted({str(each["environment"]) for each in new}) if self.one_at_a_time else []
                if self.rank:
                    for environment in used:
                        self.harness.keep_python_files(environment, self.framework)
                    self._rank(bugs, folder)
                for environment in used:
                    self.harness.remove(environment, following)

    def result(self, bug: Bug) -> Result:
        """Return what a bug shows in the environments so far."""
        # Scripts of one name that differ, such as in a header, are told apart by `name~digest`.
        mine = [each for each in self.cells if each["scenario"].partition("~")[0] == bug.script.stem]
        return judge(bug.id, mine, bug.failure)

    def _rank(self, bugs: Iterable[Bug], folder: Path) -> None:
        """Trace the scripts of fixed bugs in the last bad version, and rank the files that the next one changes."""
        places: dict[str, list[tuple[Bug, str, Path]]] = {}
        for bug in bugs:
            result = self.result(bug)
            if bug.id not in self.ranks and result.last_bad is not None and result.first_good is not None:
                traced = placed_traced_script(bug, self.framework, folder)
                places.setdefault(result.last_bad, []).append((bug, result.first_good, traced))
        for environment, members in places.items():
            self.harness.run([traced for _, _, traced in members], environment)
            for bug, first_good, traced in members:
                trace = read_trace(self.harness.show(traced, environment)["stdout"])
                if trace is not None:
                    bad, good = map(self.harness.site_packages, (environment, first_good))
                    ranked = ranked_files(self.framework, bad, good, trace)
                    self.ranks[bug.id] = rank_of(bug.faulty, ranked), len(ranked)
