"""`harness prune`: remove environments, builds, source trees, releases and downloaded data that nobody uses."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from dataclasses import dataclass

from harness.commands.arguments import CommandOptions, positive_count
from harness.pinpoint.commits.tree_pruning import prune_trees
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Options(CommandOptions):
    """The options of `harness prune`."""

    days: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness prune`."""
    parser.add_argument(
        "--days",
        metavar="N",
        type=positive_count,
        default=30,
        help="remove environments that were not used for N days (default: 30)",
    )


def execute(session: Session, options: Options) -> int:
    """Remove what no lock asks for, what was not used for long, and what dead builds left."""
    unused_for = dt.timedelta(days=options.days)
    freed = session.environments.prune(
        keep=[environment.lock for environment in session.project.environments], unused_for=unused_for
    )
    session.builds.prune(unused_for=unused_for)
    prune_trees(session.cache, session.bytecode, unused_for=unused_for)
    session.unpacked.prune(unused_for=unused_for)  # and bytecode that no tree has any more
    session.fetched.prune(unused_for=unused_for)
    sys.stdout.write(f"{freed}\n")
    return 0
