"""`harness pinpoint`: since which release, until which, and by which commit."""

from __future__ import annotations

import argparse
import json
import shlex
import sys

from packaging.utils import canonicalize_name

from harness.commands.choose import environment_named
from harness.commands.defaults import INTERRUPTED_STATUS
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


def pinpoint(session: Session, arguments: argparse.Namespace) -> int:
    """Search and print the answer; exit status 1 if nothing could be judged."""
    try:
        if arguments.both:
            return _print_pair(session, arguments)
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
        session.say(f"Nothing could be judged: not one {answer.unit} could be tested. The reasons stand above.")
    return 1 if answer.undecided else 0


def search(session: Session, arguments: argparse.Namespace) -> dict[str, object]:
    """Search, and return the document of `--json`. Raises SearchStopped and HarnessError."""
    return document(_answer(session, arguments))


def search_pair(session: Session, arguments: argparse.Namespace) -> PairAnswer:
    """Search both sides of a failing pair. Raises SearchStopped and HarnessError."""
    scenario, case, pair = pair_of(session, arguments)
    sides = []
    for held, base in pair:
        side = held.side.other
        session.say(f"Stepping the {side}, {held.pair(base.id)}")
        if canonicalize_name(arguments.package) not in base.lock.versions:
            sides.append(Searched(side=side, answer=None, why_not=f"{base.id} has no package {arguments.package}"))
            continue
        sides.append(
            Searched(side=side, answer=search_in(session, arguments, (scenario, case), base, held=held, failing=True))
        )
    (_, reader), (_, writer) = pair
    if all(each.answer is None for each in sides):
        raise UsageError(f"--package {arguments.package}: neither {writer.id} nor {reader.id} has such a package")
    return PairAnswer(
        case=str(case),
        package=arguments.package,
        writer=writer.id,
        reader=reader.id,
        sides=tuple(sides),
        command=f"{session.command} {shlex.join(arguments.typed)}",
    )


def _print_pair(session: Session, arguments: argparse.Namespace) -> int:
    found = search_pair(session, arguments)
    if arguments.json:
        sys.stdout.write(json.dumps(pair_document(found), indent=1) + "\n")
    else:
        sys.stdout.write(pair_markdown(found) if arguments.markdown else pair_terminal(found))
    return 1 if found.undecided else 0


def _answer(session: Session, arguments: argparse.Namespace) -> Answer:
    scenario, case = subject_of(session, arguments.scenario, arguments.parameters)
    held = held_of(session, arguments, scenario)
    if arguments.environment is None:
        raise UsageError(
            "--in: no environment is named",
            next_step="Name an environment whose releases are stepped: --in ENVIRONMENT",
        )
    return search_in(session, arguments, (scenario, case), environment_named(session, arguments.environment), held=held)
