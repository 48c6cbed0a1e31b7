"""Read the subject of a search from the command line: the case, and the failure that is followed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from harness.commands.outside_scripts import split_path
from harness.commands.script_checks import require_runnable
from harness.commands.search_options import SearchOptions
from harness.commands.selected_plan import find_script, scripts_at
from harness.errors import UsageError, near_misses, some_of
from harness.model import Case, Cell, Environment, Scenario, Value
from harness.model.case import read_value, write_value
from harness.model.durations import Measured
from harness.model.watch import Watch, WatchKind
from harness.pinpoint.candidates import Candidate
from harness.pinpoint.followed_failure import Following
from harness.pinpoint.prober import Prober
from harness.project.script import parameter_defaults
from harness.session import Session


def pattern_of(text: str | None) -> re.Pattern[str] | None:
    """Read the pattern of --follow; raises UsageError."""
    try:
        return None if text is None else re.compile(text, re.MULTILINE)
    except re.error as error:
        raise UsageError(
            f"--follow {text!r} is not a regular expression",
            why=str(error).capitalize(),
            next_step="Write a backslash before ( [ . * + ? that stand for themselves",
        ) from None


def watch_of(options: SearchOptions, scenario: Scenario) -> Watch | None:
    """Return the watch: the typed one, otherwise that of the header; None if --follow names failures."""
    if options.watch is None and options.follow is not None:
        return None
    return Watch.chosen(scenario.header, options.watch, options.factor)


def with_reference(following: Following, prober: Prober, environment: Environment, *, right: bool) -> Following:
    """Return what is followed, with the duration in an environment as the reference of a followed duration.

    `right`: what takes no longer passes. Raises UsageError if the script does not pass there.
    """
    watch = following.watch
    if watch is None or watch.kind is not WatchKind.TIME:
        return following
    result = prober.result_of(Candidate(name=environment.id, make=lambda: environment))
    observation = following.observe(result.attempts, result.reason)
    counted = [each for each in result.attempts if each.is_verdict]
    measured = Measured.of(counted, stage=watch.stage) if observation.printed is not None else None
    if measured is None:
        why = observation.reason or (result.attempt.error if result.attempt else "")
        raise UsageError(f"{environment.id}: no duration could be measured to compare with", why=why)
    return replace(following, reference_s=measured.median_s, reference_expected=right)


def subject_of(session: Session, named: str, assignments: Iterable[str]) -> tuple[Scenario, Case]:
    """Find the scenario that was named, and the values of its parameters.

    A name is that of a scenario, the path or the label of a script, or the id of a case or a cell; of a cell the
    environment does not count.
    """
    scenario, values = _named(session, named)
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"{assignment!r} is not a parameter", next_step="Write name=value")
        values[name] = read_value(value)
    return scenario, case_of(scenario, values)


def _named(session: Session, named: str) -> tuple[Scenario, dict[str, Value]]:
    by_name = {scenario.name: scenario for scenario in session.project.scenarios}
    if named in by_name:
        require_runnable(session, [by_name[named]])
        return by_name[named], {}
    if Path(named).exists():
        (scenario,) = scripts_at(session, [Path(named)])
        return scenario, {}
    found = split_path(named)
    if found is not None:
        (scenario,) = scripts_at(session, [found[0]])
        return scenario, dict(_case_of_id(f"{scenario.name}{found[1]}").parameters)
    try:
        case = _case_of_id(named)
    except UsageError:
        case = None
    known = find_script(session, case.scenario, command=lambda name: ["pinpoint", name]) if case is not None else None
    if known is None or case is None:
        hint = near_misses(named, by_name) or f"Valid names: {some_of(by_name)}"
        raise UsageError(f"{named!r} is neither a scenario nor a path, nor a script that was run here. {hint}")
    require_runnable(session, [known])
    return known, dict(case.parameters)


def _case_of_id(text: str) -> Case:
    try:
        return Case.parse(text)
    except UsageError:
        return Cell.parse(text).case


def case_of(scenario: Scenario, values: dict[str, Value]) -> Case:
    """Return the case with these values; a parameter without one has the script's own. Raises UsageError."""
    defaults = parameter_defaults(scenario.script.text)
    declared = dict(scenario.header.parameters)
    settable = {*declared, *(defaults.names if defaults else ())}
    unknown = [name for name in values if name not in settable]
    if unknown:
        has = f"It has {', '.join(sorted(settable))}" if settable else "It has none"
        raise UsageError(f"{scenario.name} has no parameter {', '.join(unknown)}", why=has)
    given = defaults.values if defaults else {}
    parameters: list[tuple[str, Value]] = []
    for name, allowed in declared.items():
        if name in values and values[name] not in allowed:
            shown = ", ".join(write_value(each) for each in allowed)
            raise UsageError(f"{scenario.name}: {name}={write_value(values[name])} is not declared. It takes {shown}")
        value = values.get(name, given.get(name, allowed[0]))
        parameters.append((name, value if value in allowed else allowed[0]))
    parameters += [(name, value) for name, value in values.items() if name not in declared]
    return Case(scenario=scenario.name, parameters=tuple(parameters))
