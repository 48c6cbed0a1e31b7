"""The chosen environments with more packages in them: those of `--with`, and those that a script declares."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness.errors import UsageError
from harness.locking.package_index import ReleaseIndex
from harness.model import Cell, Environment, Outcome, Scenario
from harness.pinpoint.environments.derived import DerivedEnvironments, DerivedId, Untestable, exact_version, read_extra
from harness.project.matrix import Exclusion
from harness.project.plan import Absence, Plan, PlannedCell, plan_cell
from harness.project.selection import CHANGE_SEPARATOR
from harness.rendering.foreign_text import one_line
from harness.session import Session

_LONGEST_REASON = 120


def read_extras(packages: Iterable[str]) -> list[Requirement]:
    """Read the packages of --with. Raises UsageError for text that is not a requirement, and if nothing is named."""
    requirements = [read_extra(each, where="--with") for text in packages for each in text.split()]
    if not requirements:
        raise UsageError("--with: no package is named", next_step="Write --with pandas")
    return requirements


def with_packages(
    session: Session, plan: Plan, extras: Sequence[Requirement] = (), *, optional: Collection[str] = ()
) -> Plan:
    """Return a plan in whose environments more packages are installed: the extras, and what a script's header declares.

    An environment that already satisfies a requirement keeps its id for that package. Where a package cannot be added,
    the cells are unavailable, with the resolver's reason; an `optional` one is left out there.
    """
    declared = {scenario.name: declared_packages(session, scenario) for scenario in plan.scenarios}
    if not extras and not any(declared.values()):
        return plan
    groups: dict[tuple[str, ...], list[PlannedCell]] = {}
    for planned in plan.cells:
        groups.setdefault(tuple(map(str, declared[planned.scenario.name])), []).append(planned)
    moved: dict[Cell, PlannedCell] = {}
    environments: dict[str, dict[str, Environment]] = {each.id: {} for each in plan.environments}
    exclusions = session.project.matrix.exclusions
    derived = DerivedEnvironments(session, ReleaseIndex.configured(session.variables))
    for group in groups.values():
        needs = declared[group[0].scenario.name]
        made = _Made(session=session, derived=derived, extras=extras, declared=needs, optional=optional)
        involved = {id for planned in group for id in (planned.cell.environment, planned.cell.writer)}
        for environment in plan.environments:
            if environment.id in involved:
                each = made.of(environment)
                environments[environment.id][each.id] = each
        moved |= {planned.cell: _moved(planned, made, exclusions) for planned in group}
    return replace(
        plan,
        cells=tuple(moved[planned.cell] for planned in plan.cells),
        environments=tuple(each for group in environments.values() for each in group.values()),
    )


def declared_packages(session: Session, scenario: Scenario) -> tuple[Requirement, ...]:
    """Return the packages that a script from outside declares in its header, without those that matrix.toml names.

    Of a scenario of the project it is none: it is not applicable where one is missing.
    """
    if not scenario.external:
        return ()
    decided = session.project.matrix.packages
    return tuple(
        requirement
        for script in (scenario.write, scenario.script)
        if script is not None
        for requirement in script.header.dependencies
        if canonicalize_name(requirement.name) not in decided and requirement.url is None
    )


@dataclass(frozen=True, kw_only=True)
class _Made:
    """The environments with these packages, by the ids of their bases."""

    session: Session
    derived: DerivedEnvironments
    extras: Sequence[Requirement]
    declared: Sequence[Requirement]
    optional: Collection[str]
    reasons: dict[str, str] = field(default_factory=dict)
    """By the id of the environment: why it cannot be made."""
    _known: dict[str, Environment] = field(default_factory=dict)

    def of(self, base: Environment) -> Environment:
        """Return the environment that is made from a base, also if that cannot be done."""
        if base.id not in self._known:
            self._known[base.id] = self._extended(base)
        return self._known[base.id]

    def _extended(self, base: Environment) -> Environment:
        """Return a base with all packages that it lacks; with fewer, if only those can be added."""
        absent = [_plain(each) for each in self.declared if _is_absent(base, each)]
        wanted = [*self.extras, *absent]
        made = self._with(base, wanted)
        if made.id in self.reasons and self.optional:
            kept = [each for each in wanted if each.name not in self.optional]
            if kept != wanted:
                reason = one_line(self.reasons.pop(made.id), longest=_LONGEST_REASON)
                self.session.notify(f"{base.id}: {reason}: left out")
                made = self._with(base, kept)
        return made

    def _with(self, base: Environment, requirements: Sequence[Requirement]) -> Environment:
        missing = [each for each in requirements if base.lacks(each)]
        if not missing:
            return base
        # An exact version overrides requirements of other packages, so it is named also if it is installed.
        exact = {canonicalize_name(each.name): version for each in requirements if (version := exact_version(each))}
        added = tuple(str(each) for each in missing if canonicalize_name(each.name) not in exact)
        id = DerivedId(base=base.id, versions=tuple(exact.items()), added=added)
        self.session.notify(f"{base.id}: adding {str(id).rpartition(CHANGE_SEPARATOR)[2]}")
        try:
            made = self.derived.derive(base, exact, added)
        except Untestable as error:
            made = replace(base, id=str(id))
            self.reasons[made.id] = f"cannot add {' '.join((*map('=='.join, exact.items()), *added))}: {error.reason}"
        return _in_family_of(base, made)


def _is_absent(environment: Environment, requirement: Requirement) -> bool:
    """Return whether an environment needs a package and has no version of it: another version is not replaced."""
    return canonicalize_name(requirement.name) not in environment.packages and bool(environment.lacks(requirement))


def _plain(requirement: Requirement) -> Requirement:
    """Return a requirement without its marker, which holds where it is asked for."""
    plain = Requirement(str(requirement))
    plain.marker = None
    return plain


def _in_family_of(base: Environment, made: Environment) -> Environment:
    """Return an environment that tables place, and compare with its neighbours, where its base stands."""
    origin = replace(made.lock.origin, package=base.lock.origin.package, version=base.lock.origin.version)
    return replace(made, family=base.family, tiers=base.tiers, lock=replace(made.lock, origin=origin))


def _moved(planned: PlannedCell, made: _Made, exclusions: tuple[Exclusion, ...]) -> PlannedCell:
    environment = made.of(planned.environment)
    writer = made.of(planned.writer) if planned.writer else None
    moved = plan_cell(planned.cell.case, planned.scenario, environment, writer, exclusions)
    reason = made.reasons.get(environment.id) or (made.reasons.get(writer.id) if writer else None)
    if reason is None:
        return moved
    return replace(moved, absence=Absence(outcome=Outcome.UNAVAILABLE, reason=reason))
