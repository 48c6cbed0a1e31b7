"""`--with PACKAGE`: the chosen environments, each with more packages in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from packaging.utils import canonicalize_name

from harness.errors import UsageError
from harness.locking.package_index import ReleaseIndex
from harness.model import Environment, Outcome
from harness.pinpoint.swapped import SwappedEnvironments, Swaps, Untestable, exact_version, read_extra
from harness.project.matrix import Exclusion
from harness.project.plan import Absence, Plan, PlannedCell, plan_cell
from harness.project.selection import SWAPPED_SEPARATOR
from harness.session import Session


def with_extras(session: Session, plan: Plan, packages: Sequence[str]) -> Plan:
    """Return a plan in whose environments these packages are installed as well.

    An environment that already satisfies a requirement keeps its id for that package. Where a package cannot be added,
    the cells are unavailable, with the resolver's reason. Raises UsageError for text that is not a requirement.
    """
    requirements = [read_extra(each, where="--with") for text in packages for each in text.split()]
    if not requirements:
        raise UsageError("--with: no package is named", next_step="Write --with pandas")
    derived = SwappedEnvironments(session, ReleaseIndex.configured(session.variables))
    environments: dict[str, Environment] = {}
    reasons: dict[str, str] = {}
    for environment in plan.environments:
        missing = [each for each in requirements if environment.lacks(each)]
        if not missing:
            environments[environment.id] = environment
            continue
        # An exact version counts against what other packages require, so it is named even where it is there already.
        exact = {canonicalize_name(each.name): version for each in requirements if (version := exact_version(each))}
        added = tuple(str(each) for each in missing if canonicalize_name(each.name) not in exact)
        swaps = Swaps(base=environment.id, versions=tuple(exact.items()), added=added)
        session.notify(f"{environment.id}: adding {str(swaps).rpartition(SWAPPED_SEPARATOR)[2]}")
        try:
            made = derived.swapped(environment, exact, added)
        except Untestable as error:
            made = replace(environment, id=str(swaps))
            reasons[made.id] = f"cannot add {' '.join((*map('=='.join, exact.items()), *added))}: {error.reason}"
        environments[environment.id] = _in_family_of(environment, made)
    exclusions = session.project.matrix.exclusions
    return replace(
        plan,
        cells=tuple(_moved(planned, environments, reasons, exclusions) for planned in plan.cells),
        environments=tuple(environments[each.id] for each in plan.environments),
    )


def _in_family_of(base: Environment, made: Environment) -> Environment:
    """Return an environment that tables place, and compare with its neighbours, where its base stands."""
    origin = replace(made.lock.origin, package=base.lock.origin.package, version=base.lock.origin.version)
    return replace(made, family=base.family, tiers=base.tiers, lock=replace(made.lock, origin=origin))


def _moved(
    planned: PlannedCell,
    environments: dict[str, Environment],
    reasons: dict[str, str],
    exclusions: tuple[Exclusion, ...],
) -> PlannedCell:
    environment = environments[planned.environment.id]
    writer = environments[planned.writer.id] if planned.writer else None
    moved = plan_cell(planned.cell.case, planned.scenario, environment, writer, exclusions)
    reason = reasons.get(environment.id) or (reasons.get(writer.id) if writer else None)
    if reason is None:
        return moved
    return replace(moved, absence=Absence(outcome=Outcome.UNAVAILABLE, reason=reason))
