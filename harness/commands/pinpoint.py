"""`harness pinpoint`: since which release, until which, and by which commit."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path

from harness.commands.choose import environment_named, scripts_at
from harness.commands.defaults import INTERRUPTED_STATUS
from harness.errors import UsageError, near_misses
from harness.model import Case, Scenario, Value
from harness.model.case import read_value, write_value
from harness.pinpoint.answer import Answer
from harness.pinpoint.bench import Bench, SearchStopped
from harness.pinpoint.commits import CommitSearch
from harness.pinpoint.documents import document
from harness.pinpoint.following import Following
from harness.pinpoint.judging import Judge
from harness.pinpoint.prose import markdown, terminal
from harness.pinpoint.releases import Releases, Stepper, look_at, releases_between
from harness.pinpoint.repository import Repository
from harness.pinpoint.stepping import Walk, Walked
from harness.pinpoint.swapped import SwappedEnvironments
from harness.pinpoint.trials import Subject
from harness.plan.script import parameter_defaults
from harness.provision.index import ReleaseIndex
from harness.session import Session


def pinpoint(session: Session, arguments: argparse.Namespace) -> int:
    """Search and print the answer; exit status 1 if nothing could be judged."""
    try:
        answer = _answer(session, arguments)
    except SearchStopped:
        session.say("Stopped. What was run is recorded. To go on:")
        session.say(f"  {session.command} {shlex.join(arguments.typed)}")
        return INTERRUPTED_STATUS
    if arguments.json:
        sys.stdout.write(json.dumps(document(answer), indent=1) + "\n")
    else:
        sys.stdout.write(markdown(answer) if arguments.markdown else terminal(answer))
    if answer.undecided:
        session.say("Nothing could be judged: not one release could be tested. The reasons stand above.")
    return 1 if answer.undecided else 0


def _answer(session: Session, arguments: argparse.Namespace) -> Answer:
    following = Following(pattern=pattern_of(arguments.follow))
    scenario, case = subject_of(session, arguments.scenario, arguments.parameters)
    base = environment_named(session, arguments.environment)
    index = ReleaseIndex.configured(session.variables)
    releases = releases_between(
        index, arguments.package, arguments.versions, pre=arguments.pre, yanked=arguments.yanked
    )
    repository = _repository(session, arguments.repository, releases)
    bounded = arguments.versions is not None
    made = SwappedEnvironments(session, index)
    stepper = Stepper(base, releases, made, session.project.matrix, bounded=bounded)
    releases = stepper.releases
    mode = "every" if arguments.every else "quick" if arguments.quick else "grid"
    look = look_at(releases, mode, known=None if bounded else stepper.version_in_base)
    session.say(f"{case}: {releases.package} in {base.id}: {look.words}, {', '.join(_ends(releases.versions))}")
    bench = Bench(session, Subject.of(scenario, case), jobs=arguments.jobs, repeat=arguments.repeat)
    with bench.open():
        judge = Judge(bench, following, releases.package)
        walk = Walk(
            bench,
            judge,
            look.course,
            trial=stepper.trial,
            name=lambda place: releases.versions[place],
            say=session.say,
            follow_ends=following.pattern is None,
        )
        walked = walk.run(releases.package)
        if repository is not None:
            commits = CommitSearch(bench, judge, repository, session.say)
            walked = replace(walked, found=tuple(commits.narrow(each) for each in walked.found))
    return Answer(
        case=str(case),
        issue=scenario.header.issue,
        package=releases.package,
        base=base,
        searched=f"{look.words} of {releases.package}, {' to '.join(_ends(releases.versions[walked.given_up :]))}",
        complete=look.complete and not walked.given_up,
        largest_gap=walked.largest_gap,
        points=walked.points,
        found=walked.found,
        probes=len(bench.ran),
        runs=bench.runs,
        followed=_followed(following, walked),
        command=f"{session.command} {shlex.join(arguments.typed)}",
        notes=(*_notes(stepper), *_given_up(walked, releases)),
    )


def _repository(session: Session, named: str | None, releases: Releases) -> Repository | None:
    if named is None:
        return None
    repository = Repository(Path(named).absolute(), environ=session.variables, cache=session.cache)
    repository.require_tags(releases.package, releases.versions)
    return repository


def _ends(versions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((versions[0], versions[-1])))


def _followed(following: Following, walked: Walked) -> str:
    if following.pattern is not None:
        return f"failures that match {following.pattern.pattern!r}"
    if walked.followed:
        return ", ".join(sorted(walked.followed))
    return "every failure"


def _notes(stepper: Stepper) -> list[str]:
    if not stepper.moves_more or stepper.family is None:
        return []
    return [
        f"More than {stepper.releases.package} moved from step to step: each release has the Python, the constraints "
        f"and the dated dependencies of families.{stepper.family.name} in matrix.toml."
    ]


def _given_up(walked: Walked, releases: Releases) -> list[str]:
    if not walked.given_up:
        return []
    tried = [each.name for each in walked.points if not each.observation.tested][:2]
    return [
        f"Releases of {releases.package} before {releases.versions[walked.given_up]} were not looked at, since neither "
        f"{' nor '.join(tried)} could be tested; --versions FIRST..LAST looks at them all the same."
    ]


def pattern_of(text: str | None) -> re.Pattern[str] | None:
    """Read the pattern of --follow; raises UsageError."""
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise UsageError(f"--follow {text!r} is no regular expression", why=str(error)) from None


def subject_of(session: Session, named: str, assignments: list[str]) -> tuple[Scenario, Case]:
    """Find the scenario that was named, by its name, an id of a case or a path, and the values of its parameters."""
    by_name = {scenario.name: scenario for scenario in session.project.scenarios}
    values: dict[str, Value] = {}
    scenario = by_name.get(named)
    if scenario is None and "[" in named and not Path(named).exists():
        parsed = Case.parse(named)
        scenario, values = by_name.get(parsed.scenario), dict(parsed.values)
    if scenario is None:
        if not Path(named).exists():
            hint = near_misses(named, by_name) or f"Known scenarios: {', '.join(by_name) or 'none'}"
            raise UsageError(f"{named!r} is neither a scenario nor a path. {hint}")
        (scenario,) = scripts_at(session, [Path(named)])
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"{assignment!r} is no parameter", next_step="Write name=value")
        values[name] = read_value(value)
    return scenario, case_of(scenario, values)


def case_of(scenario: Scenario, values: dict[str, Value]) -> Case:
    """Give the case with these values; what is not named has the script's own value. Raises UsageError."""
    defaults = parameter_defaults(scenario.script.text)
    declared = dict(scenario.header.parameters)
    settable = {*declared, *(defaults.names if defaults else ())}
    unknown = [name for name in values if name not in settable]
    if unknown:
        has = f"it has {', '.join(sorted(settable))}" if settable else "it has none"
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
