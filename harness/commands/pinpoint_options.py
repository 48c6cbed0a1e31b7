"""The options of `harness pinpoint`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from harness.commands.search_options import SearchOptions, add_search


@dataclass(frozen=True, kw_only=True)
class Options(SearchOptions):
    """The options of `harness pinpoint`."""

    package: str
    environment: str | None
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
        "--in", metavar="ENVIRONMENT", dest="environment", help="an id, or an inline one in quotes; not with --both"
    )
    parser.add_argument(
        "--both",
        action="store_true",
        help="two steps: search which side of a failing pair changed, --writer or --reader",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--versions", metavar="FIRST..LAST", help="only these releases, including both ends")
    what.add_argument(
        "--commits",
        metavar="FIRST..LAST",
        help="search these commits instead of releases; ends are releases, tags, branches or hashes",
    )
    parser.add_argument("--pre", action="store_true", help="include pre-releases")
    parser.add_argument("--yanked", action="store_true", help="include yanked releases")
    parser.add_argument("--repository", metavar="DIR", help="a clone of the package's repository, to find the commit")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--every", action="store_true", help="run every release (the default if that takes few minutes)")
    how.add_argument(
        "--grid", action="store_true", help="run the first and the last release of each minor, then bisect"
    )
    how.add_argument("--quick", action="store_true", help="bisect between the two ends only")
