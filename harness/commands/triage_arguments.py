"""The arguments of `harness triage` and `harness answer`."""

from __future__ import annotations

import argparse

from harness.commands.arguments import add_command, add_json, add_sandbox, positive_count
from harness.commands.defaults import default_jobs


def add_triage(commands: argparse._SubParsersAction[argparse.ArgumentParser], parser: argparse.ArgumentParser) -> None:
    """Add both commands; `parser` reads the commands that triage runs."""
    triage = add_command(commands, "triage", "triage:triage", "read a bug report, run it, and write the reply")
    triage.add_argument("report", metavar="REPORT|-", help="an issue, a notebook, a script, a folder; - for stdin")
    triage.add_argument("--tier", metavar="NAME", help="the environments to compare (default: the default tier)")
    triage.add_argument("--environments", metavar="GLOBS", action="append", default=[], help="these instead of a tier")
    triage.add_argument(
        "--with", metavar="PACKAGE", dest="extras", action="append", default=[], help="install this package, too"
    )
    triage.add_argument("--repository", metavar="DIR", help="a clone of the responsible package, for the commit")
    triage.add_argument("--output", metavar="DIR", help="write the answer there (default: next to the attempts)")
    triage.add_argument(
        "--jobs", metavar="N", type=positive_count, default=default_jobs(), help="processes at a time (default: cores)"
    )
    add_sandbox(triage)
    add_json(triage)
    triage.set_defaults(parse=parser.parse_args)

    answer = add_command(commands, "answer", "triage:answer", "print the reply to a report again")
    answer.add_argument("name", metavar="NAME", help="the name under which triage kept it")
    answer.add_argument(
        "--format", choices=("markdown", "json", "notebook"), default="markdown", help="default: markdown"
    )
