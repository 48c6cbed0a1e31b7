"""`harness lock`: create the lockfiles of matrix.toml."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from dataclasses import dataclass

from harness.commands.arguments import CommandOptions, add_sandbox
from harness.locking.matrix_locks import Locking
from harness.locking.package_index import ReleaseIndex
from harness.project.matrix import FILE
from harness.project.matrix_file import read_matrix
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Options(CommandOptions):
    """The options of `harness lock`."""

    environments: tuple[str, ...]
    """Globs; empty for all environments."""
    upgrade: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness lock`."""
    parser.add_argument("environments", metavar="GLOB", nargs="*", help="only these environments (default: all)")
    parser.add_argument("--upgrade", action="store_true", help="also resolve lockfiles that are up to date")
    add_sandbox(parser)


def execute(session: Session, options: Options) -> int:
    """Create the lockfiles that are missing or out of date; exit status 1 if one could not be created."""
    session.require_clone("harness lock", "Change into a clone, or write --project DIR before the command")
    report = Locking(
        matrix=read_matrix(session.root / FILE),
        folder=session.root / "locks",
        index=ReleaseIndex.configured(session.variables),
        builds=session.builds,
        now=dt.datetime.now(dt.timezone.utc),
        notify=session.notify,
        upgrade=options.upgrade,
        stop=session.stop,
    ).run(options.environments)
    for path in report.gone:
        session.notify(
            f"{path.relative_to(session.root)}: the package index no longer offers this build. The lock is kept."
        )
    for path in report.obsolete:
        session.notify(
            f"{path.relative_to(session.root)}: {FILE} does not ask for it any more. Delete it, or change {FILE}."
        )
    sys.stdout.write(f"{len(report.written)} written, {len(report.kept)} kept, {len(report.failed)} failed\n")
    return 1 if report.failed or session.stop.is_set() else 0
