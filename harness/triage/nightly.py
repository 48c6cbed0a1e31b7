"""The results of nightly builds. They are a part of the answer of their own, and decide nothing else. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from harness.model.nightly import built_on, is_nightly
from harness.project.matrix import Matrix
from harness.project.selection import CHANGE_SEPARATOR
from harness.triage.evidence import Evidence, Shows

_REQUIREMENT = re.compile(r"(?<![\w.-])([A-Za-z][\w.-]*)==")
"""A package in the id of an environment: `tf2.18.1 + keras-nightly==3.16.0.dev0`."""

_VERBS = {
    Shows.BUG: ("shows {problem}", "show {problem}"),
    Shows.PASSES: ("passes", "pass"),
    Shows.OTHER: ("fails differently", "fail differently"),
    Shows.NOT_APPLICABLE: ("is not applicable", "are not applicable"),
    Shows.NOT_TESTED: ("was not tested", "were not tested"),
}
"""The words for one build, and for several."""


@dataclass(frozen=True, kw_only=True)
class NightlyResult:
    """A nightly build that was run, and what it shows."""

    package: str
    version: str
    evidence: Evidence
    commit: str | None = None
    """The commit that it was built from, if the wheel says so."""

    @property
    def built(self) -> dt.date | None:
        """The day of the build; None if its version does not have it."""
        return built_on(self.version)


def nightly_package(evidence: Evidence, matrix: Matrix) -> str | None:
    """Return the package of a family that is a nightly build in an environment, otherwise None."""
    return _nightly_in(evidence.environment, evidence.versions, matrix, family=evidence.family)


def _nightly_in(
    environment: str, versions: Mapping[NormalizedName, str], matrix: Matrix, *, family: str = ""
) -> str | None:
    """Return the package of the environment's own family, or one that its id names, if it is a nightly build.

    Others came as dependencies: TensorFlow 2.5.0, a release, requires keras-nightly.
    """
    base = environment.partition(CHANGE_SEPARATOR)[0]
    named = {canonicalize_name(each) for each in _REQUIREMENT.findall(environment)}
    for each in sorted(matrix.families, key=lambda each: each.name != family):
        package = canonicalize_name(each.package)
        version = versions.get(package)
        if version is None or not is_nightly(version):
            continue
        if each.name == family or package in named or each.environment_id(Version(version)) == base:
            return each.package
    return None


def releases_only(evidence: Iterable[Evidence], matrix: Matrix) -> tuple[Evidence, ...]:
    """Return the evidence without that of nightly builds.

    A nightly build is installed under another name than the release, and a release follows it: it bounds no range.
    """
    return tuple(
        each
        for each in evidence
        if nightly_package(each, matrix) is None
        and not (each.writer and _nightly_in(each.writer, each.written_with, matrix) is not None)
    )


def nightly_results(evidence: Iterable[Evidence], matrix: Matrix, *, writer: str = "") -> tuple[NightlyResult, ...]:
    """Return the result of each nightly build; of a report with two steps, as reader of the files of `writer`.

    Without a writer, a nightly build reads its own files.
    """
    found = []
    for each in evidence:
        package = nightly_package(each, matrix)
        if package is None or (each.writer and each.writer != (writer or each.environment)):
            continue
        version = each.versions[canonicalize_name(package)]
        found.append(NightlyResult(package=package, version=version, evidence=each))
    return tuple(found)


def nightly_sentence(results: Sequence[NightlyResult], *, is_reported: bool = True) -> str:
    """Return in one sentence whether the problem shows in the nightly builds; empty if none was run.

    `is_reported` is False if the problem is another failure than that of the report.
    """
    problem = "the problem" if is_reported else "the same failure"
    names: dict[Shows, list[str]] = {}
    for each in results:
        names.setdefault(each.evidence.shows, []).append(f"{each.package} {each.version}")
    parts = [
        f"{' and '.join(group)} {_VERBS[shows][len(group) > 1].format(problem=problem)}"
        for shows, group in names.items()
    ]
    return f"Nightly builds: {'; '.join(parts)}." if parts else ""
