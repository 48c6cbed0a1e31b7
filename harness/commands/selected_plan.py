"""Make a plan from the options of a command: chosen cells, and scripts and environments from outside."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.commands.outside_scripts import name_scripts, recall, split_path, unknown_script
from harness.commands.script_checks import require_runnable
from harness.commands.script_input import read_input, with_input
from harness.commands.script_tests import with_tests
from harness.commands.selection_options import SelectionOptions
from harness.errors import Problems, UsageError, near_misses, some_of
from harness.model import Cell, Environment, Overlay, Scenario
from harness.model.case import split_ids
from harness.project.plan import Plan, make_plan
from harness.project.project import environment_of
from harness.project.script import parameter_defaults, read_scenario
from harness.project.selection import CHANGE_SEPARATOR, Selection, is_inline
from harness.session import Session


def plan_of(session: Session, selection: SelectionOptions) -> Plan:
    """Return the selected plan."""
    return _plan_of(session, selection, listed("--cells", selection.cells), command=["run", "--cells"])


def plan_of_cell(session: Session, text: str, *, command: str) -> Plan:
    """Plan one cell, named by its id or by PATH@ENVIRONMENT."""
    return _plan_of(session, SelectionOptions(), [text], command=[command])


def _plan_of(session: Session, options: SelectionOptions, ids: Sequence[str], *, command: Sequence[str]) -> Plan:
    # Before an environment is resolved: that takes long, and is for nothing if the scripts cannot be used.
    scripts = scripts_at(
        session, [Path(path) for path in options.script_paths], values=read_input(options.script_input)
    )
    named = find_cells(session, ids, scripts, command=command)
    cells = named.cells
    environments = listed("--environments", options.environments)
    writers, readers = listed("--writers", options.writers), listed("--readers", options.readers)
    texts = [*environments, *writers, *readers, *(id for cell in cells for id in (cell.environment, cell.writer) if id)]
    inline = {text: resolved_inline_environment(session, text) for text in dict.fromkeys(texts) if is_inline(text)}
    ids_of = {text: environment.id for text, environment in inline.items()}
    selection = Selection(
        environments=tuple(ids_of.get(each, each) for each in environments),
        scenarios=listed("--scenarios", options.scenarios),
        cells=cells,
        tier=options.tier,
        writers=tuple(ids_of.get(each, each) for each in writers),
        readers=tuple(ids_of.get(each, each) for each in readers),
    )
    unique = tuple({environment.id: environment for environment in inline.values()}.values())
    plan = make_plan(session.project, selection, scripts=scripts, recalled=named.scripts, inline=unique)
    if not scripts:
        require_runnable(session, plan.scenarios)
    if not options.extras and not any(each.external for each in plan.scenarios):
        return plan
    from harness.commands.added_packages import read_extras, with_packages

    return with_packages(session, plan, read_extras(options.extras) if options.extras else ())


def overlay_of(session: Session, named: str | None) -> Overlay | None:
    """Read the working tree that --overlay names."""
    if named is None:
        return None
    from harness.pinpoint.commits.working_tree import read_overlay

    return read_overlay(named, session.cache, dict(session.project.matrix.package_dirs))


def listed(option: str, values: Iterable[str]) -> tuple[str, ...]:
    """Split what an option lists. An empty value, as of a shell variable that is not set, does not mean everything."""
    lists = [split_ids(value) for value in values]
    if not all(lists):
        raise UsageError(f"{option}: nothing is named", next_step=f"Name something, or leave {option} out")
    return tuple(each for names in lists for each in names)


def find_environment(session: Session, text: str) -> Environment:
    """Return the environment of an id, or an inline environment."""
    if is_inline(text):
        return resolved_inline_environment(session, text)
    environment = session.project.environment(text)
    if environment is None:
        known = [each.id for each in session.project.environments]
        raise UsageError(
            f"There is no environment {text!r}. {near_misses(text, known)}".rstrip(),
            next_step=f"Valid names: {some_of(known)}",
        )
    return environment


def resolved_inline_environment(session: Session, text: str) -> Environment:
    """Return the environment of an inline text: of requirements, or of a base with changes. It is resolved once."""
    matrix = session.project.matrix
    if CHANGE_SEPARATOR in text:
        from harness.pinpoint.commits.environment import at_commit, commit_in
        from harness.pinpoint.environments.derived import read_derived

        if commit_in(text):
            base = text.rpartition(CHANGE_SEPARATOR)[0].strip()
            return at_commit(find_environment(session, base), text, session.cache / "trees")
        base = text.rpartition(CHANGE_SEPARATOR)[0].strip()
        known = base in {each.name for each in matrix.families}
        return read_derived(session, text, None if known else find_environment(session, base))
    from harness.locking.inline_locks import resolve_inline_environment
    from harness.project.inline_environment import parse_inline_environment

    inline = parse_inline_environment(text, matrix)
    lock = resolve_inline_environment(inline, locks=session.locks, builds=session.builds, stop=session.stop)
    return environment_of(lock, matrix, variables=inline.variables)


def scripts_at(
    session: Session, paths: list[Path], *, values: Mapping[str, str | list[str]] | None = None
) -> tuple[Scenario, ...]:
    """Read scripts, or folders with write.py and read.py, with the names that their ids have.

    A file of the project, or a copy of one under its name, is that scenario. All others are scripts from outside; in a
    test file, each test is a case.
    `values` are keys of their headers that replace their own.
    """
    if not paths:
        if values:
            raise UsageError(f"--{', --'.join(values)}: no script is named", next_step="Name it by its path")
        return ()
    problems = Problems()
    own = {_same(scenario.path): scenario for scenario in session.project.scenarios}
    named = {scenario.name: scenario for scenario in own.values()}
    scenarios: dict[str, Scenario] = {}
    outside: list[Scenario] = []
    for path in {_same(path): path for path in paths}.values():
        scenario = own.get(_same(path)) or read_scenario(path, subject="", problems=problems)
        if scenario is None:
            continue
        if _same(scenario.path) not in own:
            scenario = with_tests(scenario, problems, notify=session.notify)
        scenario = with_input(scenario, values or {}, own=_same(scenario.path) in own)
        twin = named.get(scenario.name)
        if twin is not None and twin.identity == scenario.identity:
            scenarios[scenario.name] = twin
        else:
            outside.append(replace(scenario, external=True))
    problems.raise_if_any("The scripts cannot be used")
    require_runnable(session, [*scenarios.values(), *outside])
    for notice in problems.deprecations:
        session.notify(notice)
    return (*scenarios.values(), *name_scripts(session, outside))


@dataclass(frozen=True, kw_only=True)
class NamedCells:
    """Cells that were named by id or by PATH@ENVIRONMENT, and the scripts from outside that some of them are of."""

    cells: tuple[Cell, ...]
    scripts: tuple[Scenario, ...]


def find_cells(
    session: Session, texts: Iterable[str], scripts: Iterable[Scenario], *, command: Sequence[str]
) -> NamedCells:
    """Find the cells that were named; `command` is what an error suggests to type before the id of one of them."""
    given = tuple(scripts)
    recalled: dict[str, Scenario] = {}
    cells = []
    for text in texts:
        scenario, cell = _find_cell(session, text, given, command)
        declared = _with_case(scenario, cell)
        if declared.external or declared is not scenario:
            recalled[declared.name] = declared
        cells.append(cell.named(scenario.name))
    return NamedCells(cells=tuple(cells), scripts=tuple(recalled.values()))


def _find_cell(session: Session, text: str, given: Sequence[Scenario], command: Sequence[str]) -> tuple[Scenario, Cell]:
    try:
        cell = Cell.parse(text)
    except UsageError:
        cell = None
    if cell is not None:
        rest = text[len(cell.case.scenario) :] if text.startswith(cell.case.scenario) else str(cell.named("x"))[1:]
        scenario = find_script(session, cell.case.scenario, given, command=lambda name: [*command, f"{name}{rest}"])
        if scenario is not None:
            return scenario, cell
    found = split_path(text)
    if found is not None:
        (scenario,) = scripts_at(session, [found[0]])
        return scenario, Cell.parse(f"{scenario.name}{found[1]}")
    if cell is None:
        head = text.partition("@")[0]
        if "/" in head or os.sep in head:
            raise UsageError(f"{text}: there is no file {head.partition('[')[0]!r}", next_step="Check the path")
        cell = Cell.parse(text)
    error = unknown_script(session, cell.case.scenario)
    raise UsageError(f"{text}: {error.what}", next_step=error.next_step)


def find_script(
    session: Session, name: str, given: Sequence[Scenario] = (), *, command: Callable[[str], Sequence[str]]
) -> Scenario | None:
    """Find the scenario or script that a name in an id means: of the project, among those given, or known from before.

    Raises UsageError for a label that several scripts have; None if nothing has that name.
    """
    label, _, digest = name.partition("~")
    for each in (*session.project.scenarios, *given):
        if each.name == name:
            return each
    among = [each for each in given if each.external and each.label == label and each.identity.startswith(digest)]
    return among[0] if len(among) == 1 else recall(session, name, command)


def _with_case(scenario: Scenario, cell: Cell) -> Scenario:
    """Return a scenario that also has this case, if its parameters can be set so: searches run cases of that kind."""
    declared = dict(scenario.header.parameters)
    extra = [(name, value) for name, value in cell.case.parameters if name not in declared]
    defaults = parameter_defaults(scenario.script.text) if extra else None
    if defaults is None or any(name not in defaults.names for name, _ in extra):
        return scenario
    parameters = tuple((name, (value,)) for name, value in cell.case.parameters)
    header = replace(scenario.header, parameters=parameters)
    return replace(scenario, script=replace(scenario.script, header=header))


def _same(path: Path) -> str:
    return os.path.realpath(path)
