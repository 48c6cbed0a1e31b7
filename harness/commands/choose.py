"""From what was typed to a plan: the options that choose cells, and scripts and environments from outside."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from harness.commands.runnable import require_runnable
from harness.errors import Problems, UsageError, near_misses, some_of
from harness.model import Cell, Environment, Overlay, Scenario
from harness.model.case import split_ids
from harness.plan.plan import Plan, make_plan
from harness.plan.project import environment_of
from harness.plan.script import read_scenario
from harness.plan.selection import SWAPPED_SEPARATOR, Selection, is_written_out
from harness.session import Session


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the options of a SELECTION."""
    group = parser.add_argument_group("selection", "comma-separated globs; `!glob` excludes; default: the default tier")
    group.add_argument(
        "--environments", metavar="GLOBS", action="append", default=[], help="ids, or an inline environment in quotes"
    )
    group.add_argument("--scenarios", metavar="GLOBS", action="append", default=[], help="names of scenarios or cases")
    group.add_argument(
        "--cells", metavar="IDS", action="append", default=[], help="cells: scenario[name=value]@environment"
    )
    group.add_argument("--tier", metavar="NAME", help="a tier of matrix.toml")
    group.add_argument(
        "--with",
        metavar="PACKAGE",
        dest="extras",
        action="append",
        default=[],
        help="add this package to each environment; NAME==VERSION even if pip would refuse it",
    )
    group.add_argument(
        "--writers",
        metavar="GLOBS",
        action="append",
        default=[],
        help="two-step scenarios only: environments that save",
    )
    group.add_argument(
        "--readers",
        metavar="GLOBS",
        action="append",
        default=[],
        help="two-step scenarios only: environments that load",
    )


def plan_of(session: Session, arguments: argparse.Namespace) -> Plan:
    """Make the plan that was asked for."""
    # Before an environment is resolved: that takes long, and is for nothing if the scripts cannot be used.
    scripts = scripts_at(session, [Path(path) for path in getattr(arguments, "paths", [])])
    cells = tuple(Cell.parse(id) for id in _listed("--cells", arguments.cells))
    environments = _listed("--environments", arguments.environments)
    writers, readers = _listed("--writers", arguments.writers), _listed("--readers", arguments.readers)
    texts = [*environments, *writers, *readers, *(id for cell in cells for id in (cell.environment, cell.writer) if id)]
    written_out = {
        text: written_out_environment(session, text) for text in dict.fromkeys(texts) if is_written_out(text)
    }
    ids = {text: environment.id for text, environment in written_out.items()}
    selection = Selection(
        environments=tuple(ids.get(each, each) for each in environments),
        scenarios=_listed("--scenarios", arguments.scenarios),
        cells=cells,
        tier=arguments.tier,
        writers=tuple(ids.get(each, each) for each in writers),
        readers=tuple(ids.get(each, each) for each in readers),
    )
    unique = tuple({environment.id: environment for environment in written_out.values()}.values())
    plan = make_plan(session.project, selection, scripts=scripts, written_out=unique)
    if not scripts:
        require_runnable(session, plan.scenarios)
    extras = getattr(arguments, "extras", [])
    if not extras:
        return plan
    from harness.commands.extras import with_extras

    return with_extras(session, plan, extras)


def overlay_of(session: Session, arguments: argparse.Namespace) -> Overlay | None:
    """Read the working tree that --overlay names."""
    if getattr(arguments, "overlay", None) is None:
        return None
    from harness.pinpoint.working_tree import read_overlay

    return read_overlay(arguments.overlay, session.cache, dict(session.project.matrix.package_dirs))


def _listed(option: str, values: list[str]) -> tuple[str, ...]:
    """Split what an option lists. An empty value, as of a shell variable that is not set, does not mean everything."""
    lists = [split_ids(value) for value in values]
    if not all(lists):
        raise UsageError(f"{option}: nothing is named", next_step=f"Name something, or leave {option} out")
    return tuple(each for names in lists for each in names)


def environment_named(session: Session, text: str) -> Environment:
    """Give the environment of an id, or one that is written out."""
    if is_written_out(text):
        return written_out_environment(session, text)
    environment = session.project.environment(text)
    if environment is None:
        known = [each.id for each in session.project.environments]
        raise UsageError(
            f"there is no environment {text!r}. {near_misses(text, known)}".rstrip(),
            next_step=f"Known here: {some_of(known)}",
        )
    return environment


def written_out_environment(session: Session, text: str) -> Environment:
    """Read and resolve an environment that is written out; what was resolved once stays as it was."""
    matrix = session.project.matrix
    if SWAPPED_SEPARATOR in text:
        from harness.pinpoint.swapped import read_swapped

        base = text.rpartition(SWAPPED_SEPARATOR)[0].strip()
        known = base in {each.name for each in matrix.families}
        return read_swapped(session, text, None if known else environment_named(session, base))
    from harness.plan.written_out import parse_written_out
    from harness.provision.written_out import resolve_written_out

    written = parse_written_out(text, matrix)
    lock = resolve_written_out(written, cache=session.cache, builds=session.builds, stop=session.stop)
    return environment_of(lock, matrix, variables=written.variables)


def scripts_at(session: Session, paths: list[Path]) -> tuple[Scenario, ...]:
    """Read scripts, or folders with write.py and read.py. One of the project's own is known under its own name."""
    problems = Problems()
    own = {_same(scenario.path): scenario for scenario in session.project.scenarios} if paths else {}
    named = {scenario.name: scenario for scenario in own.values()}
    scenarios: dict[str, Scenario] = {}
    for path in {_same(path): path for path in paths}.values():
        known = own.get(_same(path))
        scenario = known or read_scenario(path, subject="", problems=problems)
        if scenario is not None and scenario.name in scenarios:
            problems.add(
                str(path), f"{scenarios[scenario.name].path} has the same name", "Run them one after the other"
            )
        elif scenario is not None and _texts(scenario) != _texts(named.get(scenario.name, scenario)):
            # The ids of its cells would be those of the other's, and `show` and `replay` take that.
            problems.add(
                str(path), f"{scenario.name} is a scenario of this project, with other contents", "Rename the file"
            )
        elif scenario is not None:
            scenarios[scenario.name] = scenario
    problems.raise_if_any("The scripts cannot be used")
    require_runnable(session, scenarios.values())
    for notice in problems.deprecations:
        session.say(notice)
    return tuple(scenarios.values())


def _texts(scenario: Scenario) -> list[str]:
    return [step.text for step in (scenario.script, scenario.write) if step is not None]


def _same(path: Path) -> str:
    return os.path.realpath(path)
