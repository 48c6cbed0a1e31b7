"""Run the environments between two of a family that show different things, halving, until they are neighbours."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence

from packaging.utils import canonicalize_name

from harness.model import Environment
from harness.project.matrix import Matrix
from harness.triage.environments import middle
from harness.triage.evidence import Evidence
from harness.triage.nightly import releases_only
from harness.triage.observed_runs import evidence_of
from harness.triage.output_differences import Differences, between_groups
from harness.triage.runs import Runs

_log = logging.getLogger(__name__)
MOST_ROUNDS = 8
"""Rounds in which environments between two that differ are run."""


def narrow(
    runs: Runs, environments: Sequence[Environment], families: Iterable[str], evidence: Callable[[], Sequence[Evidence]]
) -> None:
    """Run environments of these families, as long as neighbours that were run differ by the evidence."""
    families = tuple(families)
    for _ in range(MOST_ROUNDS):
        wanted = middle(evidence(), environments, families)
        if not wanted or runs.session.stop.is_set():
            return
        _log.info("running between environments that differ: %s", ", ".join(wanted))
        runs.run(wanted)


def narrow_differences(runs: Runs, environments: Sequence[Environment], matrix: Matrix, found: Differences) -> None:
    """Run environments between versions that show different things, of the package that tells them apart."""
    if not found.groups:
        return
    between = between_groups(runs.all, found)
    families = [
        each.name
        for each in matrix.families
        if each.variables == matrix.variables and canonicalize_name(each.package) == found.package
    ]
    narrow(runs, environments, families, lambda: releases_only(evidence_of(runs.all, between), matrix))
