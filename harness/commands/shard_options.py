"""The values of options about shards. Light to import: --help starts at once."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass

MOST_SHARDS = 256
"""The most jobs of a matrix that GitHub runs."""
_PLACE = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which of several shards: 3/8 is the third of eight."""

    number: int
    shards: int

    def __str__(self) -> str:
        return f"{self.number}/{self.shards}"


def place(text: str) -> Place:
    """Read `3/8`."""
    match = _PLACE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a shard. Write I/N, such as 3/8: the third of eight")
    number, shards = int(match[1]), shard_count(match[2])
    if not 1 <= number <= shards:
        raise argparse.ArgumentTypeError(f"{text!r}: there is no shard {number}; the first is 1/{shards}")
    return Place(number=number, shards=shards)


def shard_count(text: str) -> int:
    """Read a number of shards."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_SHARDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of shards from 1 to {MOST_SHARDS}, which is what GitHub runs at most"
        )
    return int(text)


def cluster(text: str) -> str:
    """Check the address of a cluster. It stays a text."""
    from harness.cluster.connection import check_address

    try:
        return check_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_cluster(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the option for a cluster; `what` says what runs there."""
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        type=cluster,
        help=f"{what}: tcp://HOST:8786, or local:N for N worker processes on this machine",
    )
