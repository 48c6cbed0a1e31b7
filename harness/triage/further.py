"""Run environments that the reporter may have had, if the one that the report names does not show the failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from packaging.version import Version

from harness.model import Environment
from harness.project.matrix import Matrix
from harness.project.selection import CHANGE_SEPARATOR
from harness.reports.report import Report
from harness.triage.evidence import Failure
from harness.triage.releases import earlier_releases, packages_of_failure, packages_of_families
from harness.triage.reporters_python import neighbours, with_reporters_python
from harness.triage.reproduction import reported_failure
from harness.triage.runs import Runs


def run_further(
    own: Sequence[str],
    *,
    report: Report,
    runs: Runs,
    matrix: Matrix,
    environments: Sequence[Environment],
    releases: Callable[[str], Sequence[Version]],
    notify: Callable[[str], None],
) -> tuple[str, ...]:
    """Run the reporter's environments `own` with other packages and another Python; return what was run.

    Nothing is run if they show the failure of the report, or if the report shows none.
    """
    reported = reported_failure(report)
    if reported is None or not own or is_raised(reported, own, runs):
        return ()
    further = _with_earlier_releases(reported, own, runs, matrix, releases)
    if runs.session.stop.is_set() or is_raised(reported, further, runs):
        return further
    start = f"{own[0]}{CHANGE_SEPARATOR}"
    replaced = own[1].removeprefix(start) if len(own) > 1 and own[1].startswith(start) else ""
    id = with_reporters_python(report, runs.environments.get(own[0]), matrix, replaced=replaced)
    if id is None:
        return further
    notify(f"The failure does not show there. With the Python of the report: {id}")
    runs.run([id])
    if is_raised(reported, [id], runs):
        said = [each.version for each in report.claims]
        bases = neighbours(runs.environments[own[0]], [*environments, *runs.environments.values()], said, matrix)
        more = (with_reporters_python(report, each, matrix) for each in bases)
        runs.run([each for each in more if each is not None])
    return (*further, id)


def is_raised(reported: Failure, ids: Iterable[str], runs: Runs) -> bool:
    """Return whether one of some environments, in which the script was run, raises the failure of the report."""
    return any(runs.ran[id].failed and reported.matches(runs.ran[id].error) for id in ids)


def _with_earlier_releases(
    reported: Failure, own: Sequence[str], runs: Runs, matrix: Matrix, releases: Callable[[str], Sequence[Version]]
) -> tuple[str, ...]:
    """Run earlier releases of a package that the reported failure names.

    The reporter may have an older one than the newest that fits, of which the report says nothing.
    """
    base = next((id for id in reversed(own) if runs.ran[id].conclusive), None)
    if base is None:
        return ()
    installed = runs.ran[base].versions
    families = packages_of_families(matrix)
    ids = tuple(
        f"{base}{CHANGE_SEPARATOR}{name}=={version}"
        for name in packages_of_failure(reported.message, installed)
        if name not in families
        for version in earlier_releases(releases(name), installed[name])
    )
    runs.run(ids)
    return ids
