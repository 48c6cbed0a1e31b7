"""`harness diff`: what changed between two published results."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass

from harness.commands.arguments import CommandOptions, add_json
from harness.commands.published_source import read_named
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Options(CommandOptions):
    """The options of `harness diff`."""

    old: str
    new: str
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness diff`."""
    parser.add_argument("old", metavar="OLD", help="a results.json, its folder, or the https address of either")
    parser.add_argument("new", metavar="NEW", help="the newer results, in the same forms")
    add_json(parser)


def execute(session: Session, options: Options) -> int:
    """Print what changed between two published results."""
    from harness.rendering.difference import changes, lines_of

    found = changes(read_named(options.old), read_named(options.new))
    if options.json:
        rows = [{"cell": each.cell, "kind": each.kind, "old": each.old, "new": each.new} for each in found]
        sys.stdout.write(json.dumps({"schema": 1, "changes": rows}, indent=1) + "\n")
    else:
        kinds = Counter(each.kind for each in found)
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        sys.stdout.write("".join(f"{line}\n" for line in lines_of(found)) + f"{counts or 'nothing differs'}\n")
    return 0
