"""`harness pinpoint`: since which release, until which, and by which commit."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from harness.commands.defaults import INTERRUPTED_STATUS
from harness.commands.held_step import held_of, pair_of
from harness.commands.package_search import search_in
from harness.commands.recorded_searches import record, require_recordable
from harness.commands.search_options import SearchOptions, add_search
from harness.commands.search_subject import subject_of
from harness.commands.selected_plan import find_environment
from harness.errors import UsageError
from harness.pinpoint.answers.documents import document
from harness.pinpoint.answers.pair import PairAnswer, SideSearch, pair_document, pair_markdown, pair_terminal
from harness.pinpoint.answers.texts import markdown, terminal
from harness.pinpoint.answers.values import Answer
from harness.pinpoint.prober import SearchStopped
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Options(SearchOptions):
    """The options of `harness pinpoint`."""

    package: str
    environment: str | None
    expected_in: str | None
    both: bool
    versions: str | None
    """FIRST..LAST; excludes `commits`."""
    commits: str | None
    """FIRST..LAST."""
    pre: bool
    yanked: bool
    repository: str | None
    every: bool
    """At most one of `every`, `grid` and `quick`."""
    grid: bool
    quick: bool
    record: bool

    @property
    def mode(self) -> str:
        """The search mode: `every`, `grid`, `quick`, or `auto`."""
        named = {"every": self.every, "quick": self.quick, "grid": self.grid}
        return next((name for name, given in named.items() if given), "auto")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness pinpoint`."""
    add_search(parser)
    parser.add_argument("--package", metavar="NAME", required=True, help="the package whose releases are searched")
    parser.add_argument(
        "--in",
        metavar="ENVIRONMENT",
        dest="environment",
        help="an environment id, or an inline environment in quotes; not with --both",
    )
    parser.add_argument(
        "--expected-in", metavar="ENVIRONMENT", help="with --watch: what this environment shows is right"
    )
    parser.add_argument(
        "--both",
        action="store_true",
        help="two-step scenario: find the responsible side of a failing pair of --writer and --reader",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--versions", metavar="FIRST..LAST", help="only these releases, including both ends")
    what.add_argument(
        "--commits",
        metavar="FIRST..LAST",
        help="search these commits instead of releases; an end is a release, a tag, a branch or a sha",
    )
    parser.add_argument("--pre", action="store_true", help="include pre-releases")
    parser.add_argument("--yanked", action="store_true", help="include yanked releases")
    parser.add_argument("--repository", metavar="DIR", help="a clone of the package's repository, to find the commit")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--every", action="store_true", help="run every release (the default if it takes about 3 minutes or less)"
    )
    how.add_argument(
        "--grid", action="store_true", help="run the first and the last release of each minor, then bisect"
    )
    how.add_argument("--quick", action="store_true", help="bisect between the two ends only")
    parser.add_argument(
        "--record", action="store_true", help="keep releases and commits in results/pinpoint/, for `harness report`"
    )


def execute(session: Session, options: Options) -> int:
    """Search and print the answer; exit status 1 if nothing could be judged."""
    if options.record:
        _require_recordable(session, options)
    try:
        if options.both:
            return _print_pair(session, options)
        answer = answer_of(session, options)
    except SearchStopped:
        session.notify("Stopped. Results until now are recorded. To continue:")
        session.notify(f"  {session.command} {shlex.join(options.typed)}")
        return INTERRUPTED_STATUS
    if options.json:
        sys.stdout.write(json.dumps(document(answer), indent=1) + "\n")
    else:
        sys.stdout.write(markdown(answer) if options.markdown else terminal(answer))
    if options.record and not answer.undecided:
        record(session, answer)
    if answer.undecided:
        session.notify(f"No result: no {answer.unit} could be tested. See the reasons above.")
    return 1 if answer.undecided else 0


def _require_recordable(session: Session, options: Options) -> None:
    if options.both:
        raise UsageError("--record: --both is two searches", next_step="Record one of them, with --writer or --reader")
    require_recordable(session, commits=options.commits)


def search(session: Session, options: Options) -> dict[str, object]:
    """Search, and return the document of `--json`. Raises SearchStopped and HarnessError."""
    return document(answer_of(session, options))


def search_pair(session: Session, options: Options) -> PairAnswer:
    """Search both sides of a failing pair. Raises SearchStopped and HarnessError."""
    scenario, case, pair = pair_of(session, options)
    sides = []
    for held, base in pair:
        side = held.side.other
        session.notify(f"Stepping the {side}, {held.pair(base.id)}")
        if canonicalize_name(options.package) not in base.lock.versions:
            sides.append(SideSearch(side=side, answer=None, why_not=f"{base.id} has no package {options.package}"))
            continue
        sides.append(
            SideSearch(side=side, answer=search_in(session, options, (scenario, case), base, held=held, failing=True))
        )
    (_, reader), (_, writer) = pair
    if all(each.answer is None for each in sides):
        raise UsageError(f"--package {options.package}: neither {writer.id} nor {reader.id} has such a package")
    return PairAnswer(
        case=str(case),
        package=options.package,
        writer=writer.id,
        reader=reader.id,
        sides=tuple(sides),
        command=f"{session.command} {shlex.join(options.typed)}",
    )


def _print_pair(session: Session, options: Options) -> int:
    found = search_pair(session, options)
    if options.json:
        sys.stdout.write(json.dumps(pair_document(found), indent=1) + "\n")
    else:
        sys.stdout.write(pair_markdown(found) if options.markdown else pair_terminal(found))
    return 1 if found.undecided else 0


def answer_of(session: Session, options: Options) -> Answer:
    """Search, and return the answer. Raises SearchStopped and HarnessError."""
    scenario, case = subject_of(session, options.scenario, options.parameters)
    held = held_of(session, options, scenario)
    if options.environment is None:
        raise UsageError(
            "--in: no environment is named",
            next_step="Name an environment whose releases are stepped: --in ENVIRONMENT",
        )
    return search_in(session, options, (scenario, case), find_environment(session, options.environment), held=held)
