"""`harness blame`: which of the packages in which two environments differ is to blame."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from dataclasses import dataclass
from typing import Any

from harness.commands.defaults import INTERRUPTED_STATUS
from harness.commands.held_step import held_of
from harness.commands.search_options import SearchOptions, add_search
from harness.commands.search_subject import pattern_of, subject_of, watch_of, with_reference
from harness.commands.selected_plan import find_environment
from harness.errors import UsageError
from harness.locking.package_index import ReleaseIndex
from harness.pinpoint.answers.packages import BlameAnswer, document, markdown, terminal
from harness.pinpoint.candidates import Subject
from harness.pinpoint.environments.derived import DerivedEnvironments
from harness.pinpoint.followed_failure import Following
from harness.pinpoint.judge import Judge
from harness.pinpoint.packages.differences import MixedEnvironments
from harness.pinpoint.packages.search import Blame
from harness.pinpoint.prober import Prober, SearchStopped
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Options(SearchOptions):
    """The options of `harness blame`."""

    good: str
    bad: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness blame`."""
    add_search(parser)
    parser.add_argument(
        "--good", metavar="ENVIRONMENT", required=True, help="the environment where the scenario passes"
    )
    parser.add_argument("--bad", metavar="ENVIRONMENT", required=True, help="the environment where the scenario fails")


def execute(session: Session, options: Options) -> int:
    """Search and print the answer."""
    try:
        answer = _answer(session, options)
    except SearchStopped:
        session.notify("Stopped. Results until now are recorded. To continue:")
        session.notify(f"  {session.command} {shlex.join(options.typed)}")
        return INTERRUPTED_STATUS
    if options.json:
        sys.stdout.write(json.dumps(document(answer), indent=1) + "\n")
    else:
        sys.stdout.write(markdown(answer) if options.markdown else terminal(answer))
    return 0


def search(session: Session, options: Options, *, releases: bool = True) -> dict[str, Any]:
    """Search, and return the document of `--json`. Raises SearchStopped and HarnessError.

    Without `releases`, only the packages are searched, and not their releases.
    """
    return document(_answer(session, options, releases=releases))


def _answer(session: Session, options: Options, *, releases: bool = True) -> BlameAnswer:
    pattern = pattern_of(options.follow)
    scenario, case = subject_of(session, options.scenario, options.parameters)
    watch = watch_of(options, scenario)
    good, bad = find_environment(session, options.good), find_environment(session, options.bad)
    mixed = MixedEnvironments(session, good, bad)
    if not mixed.differences:
        raise UsageError(f"{good.id} and {bad.id} do not differ", next_step="Name two environments that do")
    session.notify(f"{case}: {good.id} and {bad.id} differ in {', '.join(each.name for each in mixed.differences)}")
    index = ReleaseIndex.configured(session.variables)
    held = held_of(session, options, scenario)
    subject = Subject.of(scenario, case, writer=held.writer if held else None, reader=held.reader if held else None)
    prober = Prober(session, subject, jobs=options.jobs, repeat=options.repeat, watch=watch, cluster=options.cluster)
    with prober.open():
        following = with_reference(Following(pattern=pattern, watch=watch), prober, good, right=True)
        judge = Judge(prober, following, None)
        derived = DerivedEnvironments(session, index)
        blame = Blame(
            prober,
            judge,
            mixed,
            derived=derived,
            index=index if releases else None,
            families=[each.package for each in session.project.matrix.families],
            notify=session.notify,
        )
        blamed = blame.run()
    return BlameAnswer(
        case=str(case),
        issue=scenario.header.issue,
        good=good,
        bad=bad,
        differences=mixed.differences,
        blamed=blamed,
        probes=len(prober.ran),
        runs=prober.runs,
        command=f"{session.command} {shlex.join(options.typed)}",
    )
