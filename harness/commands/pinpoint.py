"""`harness pinpoint`: since which release, until which, and by which commit."""

from __future__ import annotations

import json
import shlex
import sys

from packaging.utils import canonicalize_name

from harness.commands.choose import environment_named
from harness.commands.defaults import INTERRUPTED_STATUS
from harness.commands.pinpoint_options import Options, add_arguments
from harness.commands.searching import search_in
from harness.commands.sides import held_of, pair_of
from harness.commands.subject import subject_of
from harness.errors import UsageError
from harness.pinpoint.answer import Answer
from harness.pinpoint.both import PairAnswer, Searched, pair_document, pair_markdown, pair_terminal
from harness.pinpoint.documents import document
from harness.pinpoint.prober import SearchStopped
from harness.pinpoint.prose import markdown, terminal
from harness.session import Session

__all__ = ["Options", "add_arguments", "execute", "search", "search_pair"]


def execute(session: Session, options: Options) -> int:
    """Search and print the answer; exit status 1 if nothing could be judged."""
    try:
        if options.both:
            return _print_pair(session, options)
        answer = _answer(session, options)
    except SearchStopped:
        session.notify("Stopped. Results until now are recorded. To continue:")
        session.notify(f"  {session.command} {shlex.join(options.typed)}")
        return INTERRUPTED_STATUS
    if options.json:
        sys.stdout.write(json.dumps(document(answer), indent=1) + "\n")
    else:
        sys.stdout.write(markdown(answer) if options.markdown else terminal(answer))
    if answer.undecided:
        session.notify(f"No result: no {answer.unit} could be tested. See the reasons above.")
    return 1 if answer.undecided else 0


def search(session: Session, options: Options) -> dict[str, object]:
    """Search, and return the document of `--json`. Raises SearchStopped and HarnessError."""
    return document(_answer(session, options))


def search_pair(session: Session, options: Options) -> PairAnswer:
    """Search both sides of a failing pair. Raises SearchStopped and HarnessError."""
    scenario, case, pair = pair_of(session, options)
    sides = []
    for held, base in pair:
        side = held.side.other
        session.notify(f"Stepping the {side}, {held.pair(base.id)}")
        if canonicalize_name(options.package) not in base.lock.versions:
            sides.append(Searched(side=side, answer=None, why_not=f"{base.id} has no package {options.package}"))
            continue
        sides.append(
            Searched(side=side, answer=search_in(session, options, (scenario, case), base, held=held, failing=True))
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


def _answer(session: Session, options: Options) -> Answer:
    scenario, case = subject_of(session, options.scenario, options.parameters)
    held = held_of(session, options, scenario)
    if options.environment is None:
        raise UsageError(
            "--in: no environment is named",
            next_step="Name an environment whose releases are stepped: --in ENVIRONMENT",
        )
    return search_in(session, options, (scenario, case), environment_named(session, options.environment), held=held)
