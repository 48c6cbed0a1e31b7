"""`harness lock`, `harness provision` and `harness prune`: environments, without running anything in them."""

from __future__ import annotations

import argparse
import datetime as dt
import sys

from harness.commands.choose import plan_of
from harness.errors import HarnessError, counted
from harness.locking.matrix_locks import Locking
from harness.locking.package_index import ReleaseIndex
from harness.pipeline import prepare
from harness.project.matrix import FILE
from harness.project.matrix_file import read_matrix
from harness.report.foreign_text import one_line
from harness.session import Session


def lock(session: Session, arguments: argparse.Namespace) -> int:
    """Create the lockfiles that are missing or out of date; exit status 1 if one could not be created."""
    session.require_clone("harness lock", "Change into a clone, or write --project DIR before the command")
    report = Locking(
        matrix=read_matrix(session.root / FILE),
        folder=session.root / "locks",
        index=ReleaseIndex.configured(session.variables),
        builds=session.builds,
        now=dt.datetime.now(dt.timezone.utc),
        say=session.say,
        upgrade=arguments.upgrade,
        stop=session.stop,
    ).run(tuple(arguments.environments))
    for path in report.obsolete:
        session.say(
            f"{path.relative_to(session.root)}: {FILE} does not ask for it any more. Delete it, or change {FILE}."
        )
    sys.stdout.write(f"{len(report.written)} written, {len(report.kept)} kept, {len(report.failed)} failed\n")
    return 1 if report.failed or session.stop.is_set() else 0


def provision(session: Session, arguments: argparse.Namespace) -> int:
    """Create the environments of a selection; exit status 1 if one is unavailable."""
    work = prepare(session, plan_of(session, arguments), fetch=True)
    environments = work.plan.environments
    needs = session.needs([each for each in environments if each.id not in work.missing])
    session.say(f"{counted(len(environments), 'environment')}: {needs.summary}.")
    lost = 0
    for environment in environments:
        if session.stop.is_set():
            return 130
        try:
            interpreter = session.interpreters.find(environment.python, stop=session.stop)
            provided = session.environments.provide(environment, interpreter, stop=session.stop)
        except HarnessError as error:
            lost += 1
            session.say(f"{environment.id}: {' '.join(str(error).split())}")
            continue
        state = "made" if provided.built else "there"
        imports = f"; does not import: {one_line(provided.import_error)}" if provided.import_error else ""
        sys.stdout.write(f"{environment.id}: {state}: {provided.python}{imports}\n")
    return 1 if lost else 0


def prune(session: Session, arguments: argparse.Namespace) -> int:
    """Remove what no lock asks for, what was not used for long, and what dead builds left."""
    unused_for = dt.timedelta(days=arguments.days)
    freed = session.environments.prune(
        keep=[environment.lock for environment in session.project.environments], unused_for=unused_for
    )
    session.builds.prune(unused_for=unused_for)
    session.unpacked.prune(unused_for=unused_for)
    sys.stdout.write(f"{freed}\n")
    return 0
