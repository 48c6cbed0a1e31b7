"""The options that `harness pinpoint` and `harness blame` share."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from harness.commands.arguments import (
    CommandOptions,
    add_data,
    add_factor,
    add_jobs,
    add_json,
    add_sandbox,
    add_timeout,
    add_watch,
    positive_count,
)
from harness.commands.shard_options import add_cluster


@dataclass(frozen=True, kw_only=True)
class SearchOptions(CommandOptions):
    """The options of every search."""

    scenario: str
    """A scenario, a path, or the id of a cell."""
    parameters: tuple[str, ...]
    """name=value."""
    follow: str | None
    watch: str | None
    factor: float | None
    writer: str | None
    reader: str | None
    repeat: int
    jobs: int
    cluster: str | None
    markdown: bool
    json: bool


def add_search(parser: argparse.ArgumentParser) -> None:
    """Add what every search takes."""
    parser.add_argument(
        "scenario",
        metavar="SCENARIO|PATH|CELL",
        help="a scenario of this project, the path of a script, or the id of a cell",
    )
    # With a default, it is not said to be required where something else is missing.
    parser.add_argument("parameters", metavar="name=value", nargs="*", default=[], help="values of its parameters")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--follow", metavar="REGEX", help="follow failures whose `stage: Type: message` matches, in any line"
    )
    add_watch(what, "follow printed text, warnings, durations or time-outs instead of failures")
    add_factor(parser)
    parser.add_argument("--writer", metavar="ENVIRONMENT", help="two-step scenario: write in this environment only")
    parser.add_argument("--reader", metavar="ENVIRONMENT", help="two-step scenario: read in this environment only")
    parser.add_argument("--repeat", metavar="N", type=positive_count, default=1, help="run each probe N times")
    add_jobs(parser, "parallel probes")
    add_cluster(parser, "run the probes of releases and packages on a Dask cluster, all of a grid at once")
    parser.add_argument("--markdown", action="store_true", help="print Markdown for an issue")
    add_sandbox(parser)
    add_timeout(parser)
    add_data(parser)
    add_json(parser)
