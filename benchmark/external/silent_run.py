"""Run the silent bugs through the harness, and write their figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark.external.judging import version_of
from benchmark.external.runs import Harness
from benchmark.external.silent import (
    PRINTS_NOTHING,
    Judged,
    SilentBug,
    Verdict,
    environments_of,
    judge,
    judge_warnings,
    read_silent_bugs,
)
from harness.errors import HarnessError
from harness.filesystem.folders import OwnedFolder
from harness.model import matches_globs
from harness.rendering.markdown import escaped, table
from harness.reports.report import Report
from harness.triage.added_packages import imported_packages
from harness.triage.project_vocabulary import vocabulary_of

OLDEST = (2, 2)
_OBSERVED = ("--watch", "output", "--repeat", "2", "--timeout", "60")
_WARNED = ("--watch", "warning", "--timeout", "60")


def run_silent(harness: Harness, root: Path, globs: Sequence[str], environments: str) -> list[Judged]:
    """Run the selected bugs, and return their verdicts. Raises HarnessError."""
    project = harness.session.project

    def packages(report: Report) -> list[str]:
        return [each.package for each in imported_packages(report, project.matrix, project.environments)[0]]

    bugs = read_silent_bugs(root, vocabulary_of(project), oldest=OLDEST, packages=packages)
    if globs:
        bugs = tuple(each for each in bugs if matches_globs(each.id, tuple(globs)))
        if not bugs:
            raise HarnessError(f"--only: {','.join(globs)} matches no bug", next_step="Name ids such as tf-44178")
    wanted = tuple(environments.split(","))
    names = [each.id for each in project.environments if matches_globs(each.id, wanted)]
    return list(_judged(harness, bugs, names))


def _judged(harness: Harness, bugs: Sequence[SilentBug], names: Sequence[str]) -> Iterator[Judged]:
    """Run each script in the buggy version and in those that may be fixed, twice each."""
    with OwnedFolder(harness.session.cache, "external-") as folder:
        scripts = {each.id: folder / f"{each.id}-silent.py" for each in bugs if each.source}
        due: dict[str, list[Path]] = {}
        for bug in bugs:
            buggy, later = environments_of(bug, names)
            if bug.id in scripts:
                scripts[bug.id].write_text(bug.source, encoding="utf-8")
                for environment in (buggy, *later) if buggy else ():
                    due.setdefault(environment, []).append(scripts[bug.id])
        for environment in sorted(due, key=version_of):
            harness.run(due[environment], environment, *_OBSERVED)
        for bug in bugs:
            buggy, later = environments_of(bug, names)
            cells: Sequence[Mapping[str, Any]] = ()
            if bug.id in scripts and buggy:
                cells = harness.run([scripts[bug.id]], ",".join((buggy, *later)), *_OBSERVED)
            judged = judge(bug, cells, names)
            if judged.reason == PRINTS_NOTHING:
                cells = harness.run([scripts[bug.id]], ",".join((buggy, *later)), *_WARNED)
                judged = judge_warnings(bug, cells, names) or judged
            yield judged


def document(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return the figures as plain values."""
    bugs = [asdict(each) | {"verdict": each.verdict.value} for each in judged]
    return {"schema": 1, "counts": {"bugs": len(judged), **_counts(judged)}, "bugs": bugs}


def _counts(judged: Sequence[Judged]) -> dict[str, int]:
    counted = Counter(each.verdict for each in judged)
    return {each.value.replace(" ", "_"): counted[each] for each in Verdict}


def markdown(judged: Sequence[Judged]) -> str:
    """Return the totals, and a row for each bug."""
    counts = _counts(judged)
    totals = [[name.replace("_", " "), f"{count} of {len(judged)}"] for name, count in counts.items()]
    rows = [
        [each.id, each.scenario, each.verdict.value + (f" ({escaped(each.reason)})" if each.reason else ""), each.buggy,
         each.fixed]
        for each in judged
    ]  # fmt: skip
    titles = ["bug", "kind", "verdict", "buggy", "compared with"]
    return f"{table(['verdict', 'bugs'], totals)}\n\n{table(titles, rows)}\n"
