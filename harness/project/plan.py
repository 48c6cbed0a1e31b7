"""Plan the cells to run (environments x cases), with reasons for those that are not run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from harness.errors import UsageError, near_misses, some_of
from harness.model import Case, Cell, Environment, Outcome, Scenario, matches_globs
from harness.project.matrix import FILE, Exclusion, Matrix
from harness.project.project import Project
from harness.project.selection import Selection, base_of, check_globs


@dataclass(frozen=True, kw_only=True)
class Absence:
    """The reason why a cell is not run, known before the run."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, kw_only=True)
class PlannedCell:
    """A cell with its scenario and environments. In a two-step scenario, a cell without a writer is the first step."""

    cell: Cell
    scenario: Scenario
    environment: Environment
    writer: Environment | None = None
    absence: Absence | None = None

    @property
    def writes(self) -> bool:
        """True for the first of two steps."""
        return self.scenario.write is not None and self.writer is None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The selected cells, in the order of the table."""

    cells: tuple[PlannedCell, ...]
    scenarios: tuple[Scenario, ...]
    environments: tuple[Environment, ...]

    @property
    def runnable(self) -> tuple[PlannedCell, ...]:
        """The cells without a reason against running them."""
        return tuple(planned for planned in self.cells if planned.absence is None)


def make_plan(
    project: Project,
    selection: Selection,
    *,
    scripts: tuple[Scenario, ...] = (),
    recalled: tuple[Scenario, ...] = (),
    inline: tuple[Environment, ...] = (),
) -> Plan:
    """Plan a selection of the project's scenarios, or of `scripts`, in environments of matrix.toml and inline ones.

    Cells may also be those of `recalled` scripts. Raises UsageError for names and globs without a match.
    """
    scenarios = scripts or tuple(
        each for each in project.scenarios if selection.names_scenarios or not each.header.on_request
    )
    known = (*project.environments, *inline)
    environments = _choose_environments(project, selection, known, inline)
    if selection.scenarios:
        names = [scenario.name for scenario in scenarios]
        names += [name for scenario in scenarios for name in map(str, scenario.cases())]
        check_globs(selection.scenarios, names, option="--scenarios", kind="scenario or case")
    if selection.cells:
        scenarios = tuple({each.name: each for each in (*project.scenarios, *scenarios, *recalled)}.values())
        named = [_plan_named(cell, scenarios, known, project.matrix.exclusions) for cell in selection.cells]
        writing = [
            plan_cell(each.cell.case, each.scenario, each.writer, None, project.matrix.exclusions)
            for each in named
            if each.writer is not None
        ]
        cells = tuple({each.cell: each for each in [*named, *writing]}.values())
    else:
        cells = tuple(_plan_all(scenarios, environments, selection, project.matrix.exclusions))
        if not cells:
            raise _no_cell(scenarios, selection)
    used = {planned.scenario.name for planned in cells}
    _check_headers((scenario for scenario in scenarios if scenario.name in used), project.matrix)
    involved = {id for planned in cells for id in (planned.cell.environment, planned.cell.writer)}
    return Plan(
        cells=cells,
        scenarios=tuple(scenario for scenario in scenarios if scenario.name in used),
        environments=tuple(each for each in known if each.id in involved),
    )


def _check_headers(scenarios: Iterable[Scenario], matrix: Matrix) -> None:
    """Raise UsageError if a script requests variables or limits that matrix.toml does not allow."""
    for scenario in scenarios:
        for script in filter(None, (scenario.write, scenario.script)):
            denied = [name for name in script.header.variables if name not in matrix.pass_env]
            if denied:
                raise UsageError(
                    f"{scenario.name}: its header requests your environment variable {', '.join(map(repr, denied))}",
                    why=f"A script can print its variables, and {FILE} does not allow this one",
                    next_step=f"To allow it for all scripts, write in {FILE}: pass-env = {json.dumps(denied)}",
                )
            for name, most in matrix.limits:
                asked = script.header.limits[name]
                if asked > most:
                    raise UsageError(
                        f"{scenario.name}: its header requests the limit {name} = {asked:.12g}",
                        why=f"The maximum in {FILE} is {most:.12g}",
                        next_step=f"To allow it for all scripts, write in {FILE}, [limits]: {name} = {asked:.12g}",
                    )


def fewer_cases(plan: Plan, count: int) -> Plan:
    """Return a plan with at most `count` cases of each scenario, evenly spaced."""
    cases: dict[str, dict[str, None]] = {}
    for planned in plan.cells:
        cases.setdefault(planned.scenario.name, {})[str(planned.cell.case)] = None
    kept = set()
    for names in map(list, cases.values()):
        number = min(count, len(names))
        kept |= {names[place * len(names) // number] for place in range(number)}
    return replace(plan, cells=tuple(each for each in plan.cells if str(each.cell.case) in kept))


def _choose_environments(
    project: Project, selection: Selection, known: tuple[Environment, ...], inline: tuple[Environment, ...]
) -> tuple[Environment, ...]:
    ids = [environment.id for environment in known]
    chosen = known
    tiers = {tier.name: tier for tier in project.matrix.tiers}
    if selection.tier is not None and selection.tier not in tiers:
        hint = near_misses(selection.tier, tiers)
        raise UsageError(
            f"--tier: there is no tier {selection.tier!r}. {hint}", next_step=f"Valid tiers: {', '.join(tiers)}"
        )
    both = (*selection.environments, *selection.writers, *selection.readers)
    tier = selection.tier or (None if both or selection.cells else project.matrix.default_tier)
    if tier:
        globs = tiers[tier].environments
        check_globs(globs, ids, option=f"matrix.toml: tiers.{tier}.environments", kind="environment with a lock")
        chosen = tuple(each for each in known if tier in each.tiers or each in inline)
    check_globs(selection.environments, ids, option="--environments", kind="environment")
    check_globs(selection.writers, ids, option="--writers", kind="environment")
    check_globs(selection.readers, ids, option="--readers", kind="environment")
    if selection.environments:
        chosen = tuple(each for each in chosen if matches_globs(each.id, selection.environments))
    if not chosen:
        raise UsageError(
            "No environment is selected",
            why="The options exclude all environments",
            next_step=f"Valid names: {some_of(ids)}",
        )
    return chosen


def _plan_all(
    scenarios: tuple[Scenario, ...],
    environments: tuple[Environment, ...],
    selection: Selection,
    exclusions: tuple[Exclusion, ...],
) -> Iterator[PlannedCell]:
    apart = bool(selection.writers or selection.readers)
    if apart and not any(_cases(each, selection) for each in scenarios if each.write is not None):
        raise UsageError(
            "--writers, --readers: no two-step scenario is selected",
            next_step="For other scenarios use --environments",
        )
    # With --writers or --readers alone, select two-step scenarios only.
    two_steps_only = apart and not selection.environments and selection.tier is None
    writers = [each for each in environments if matches_globs(each.id, selection.writers)]
    readers = [each for each in environments if matches_globs(each.id, selection.readers)]
    for scenario in scenarios:
        cases = _cases(scenario, selection)
        if not cases or (two_steps_only and scenario.write is None):
            continue
        places: list[tuple[Environment, Environment | None]]
        if scenario.write is None:
            places = [(environment, None) for environment in environments]
        else:
            places = [(writer, None) for writer in writers]
            places += [(reader, writer) for writer in writers for reader in readers]
        # The reasons against a cell are the same for all cases of its scenario.
        absences = [plan_cell(cases[0], scenario, *place, exclusions).absence for place in places]
        for case in cases:
            for (environment, writer), absence in zip(places, absences, strict=True):
                cell = Cell(case=case, environment=environment.id, writer=writer.id if writer else None)
                yield PlannedCell(cell=cell, scenario=scenario, environment=environment, writer=writer, absence=absence)


def _cases(scenario: Scenario, selection: Selection) -> list[Case]:
    return [each for each in scenario.cases() if selection.wants_scenario(scenario.name, str(each))]


def _no_cell(scenarios: tuple[Scenario, ...], selection: Selection) -> UsageError:
    if not scenarios:
        return UsageError("scenarios/ has no scenario", next_step="Write one, see docs/writing_a_scenario.md")
    if not any(_cases(each, selection) for each in scenarios):
        why = "--scenarios excludes all scenarios"
        return UsageError(
            "No cell is selected", why=why, next_step=f"Valid names: {some_of(each.name for each in scenarios)}"
        )
    why = "no environment of --writers and --readers is in --environments or --tier"
    return UsageError(
        "No cell is selected",
        why=why,
        next_step="Remove --environments and --tier, or add the writers and readers there",
    )


def _plan_named(
    cell: Cell,
    scenarios: tuple[Scenario, ...],
    environments: tuple[Environment, ...],
    exclusions: tuple[Exclusion, ...],
) -> PlannedCell:
    scenario = next((each for each in scenarios if each.name == cell.case.scenario), None)
    if scenario is None:
        hint = near_misses(cell.case.scenario, [each.name for each in scenarios])
        known = some_of(each.name for each in scenarios)
        raise UsageError(
            f"{cell}: there is no scenario {cell.case.scenario!r}. {hint}".rstrip(),
            next_step=f"Valid names: {known}. To run another script, give its path: harness run PATH",
        )
    cases = list(scenario.cases())
    if cell.case not in cases:
        hint = near_misses(str(cell.case), map(str, cases)) or f"Its cases: {', '.join(map(str, cases))}"
        raise UsageError(f"{cell}: {cell.case.scenario} has no such case", why=hint)
    by_id = {environment.id: environment for environment in environments}
    for id in filter(None, (cell.environment, cell.writer)):
        if id not in by_id:
            close = "Write `WRITER -> READER` with spaces around the arrow" if "->" in id else near_misses(id, by_id)
            raise UsageError(
                f"{cell}: there is no environment {id!r}. {close}", next_step=f"Valid names: {some_of(by_id)}"
            )
    writer = by_id[cell.writer] if cell.writer else None
    if writer is not None and scenario.write is None:
        raise UsageError(
            f"{cell}: {scenario.name} has one step", why="Only a folder with write.py and read.py has a writer"
        )
    return plan_cell(cell.case, scenario, by_id[cell.environment], writer, exclusions)


def plan_cell(
    case: Case,
    scenario: Scenario,
    environment: Environment,
    writer: Environment | None,
    exclusions: tuple[Exclusion, ...],
) -> PlannedCell:
    """Return a cell with the reason why it is not run, if there is one."""
    cell = Cell(case=case, environment=environment.id, writer=writer.id if writer else None)
    planned = PlannedCell(cell=cell, scenario=scenario, environment=environment, writer=writer)
    absence = next(_absences(planned, exclusions), None)
    return PlannedCell(cell=cell, scenario=scenario, environment=environment, writer=writer, absence=absence)


def _absences(planned: PlannedCell, exclusions: tuple[Exclusion, ...]) -> Iterator[Absence]:
    for exclusion in exclusions:
        for environment in filter(None, (planned.environment, planned.writer)):
            if exclusion.covers(scenario=planned.cell.case.scenario, environment=base_of(environment.id)):
                yield Absence(outcome=Outcome.NOT_APPLICABLE, reason=f"excluded in matrix.toml: {exclusion.reason}")
    scenario = planned.scenario
    if planned.writes and scenario.write is not None:
        steps = [(planned.environment, scenario.write)]
    elif planned.writer is not None and scenario.write is not None:
        steps = [(planned.writer, scenario.write), (planned.environment, scenario.script)]
    else:
        steps = [(planned.environment, scenario.script)]
    for environment, script in steps:
        where = f"{environment.id}: " if planned.writer else ""
        if not script.header.requires_python.contains(environment.python):
            wanted = script.header.requires_python
            reason = f"{where}the script needs Python {wanted}, and this environment has {environment.python}"
            yield Absence(outcome=Outcome.NOT_APPLICABLE, reason=reason)
        for requirement in script.header.dependencies:
            if lack := environment.lacks(requirement):
                yield Absence(outcome=Outcome.NOT_APPLICABLE, reason=where + lack)
