"""Arguments that several commands share. Light to import: --help starts at once."""

from __future__ import annotations

import argparse

from harness.model.scenario import LONGEST_TIMEOUT_S


def add_command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, function: str, help: str
) -> argparse.ArgumentParser:
    """Add a command; `function` is `module:function` below harness.commands."""
    parser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".", allow_abbrev=False)
    parser.set_defaults(command=function, parser=parser)
    add_verbose(parser, dest="more_verbose")
    return parser


def add_verbose(parser: argparse.ArgumentParser, *, dest: str) -> None:
    """Add -v. It stands before the command or after it, under two names: what stands after would replace the other."""
    parser.add_argument(
        "-v", "--verbose", dest=dest, action="count", default=0, help="print the log to stderr; -vv with details"
    )


def add_paths(parser: argparse.ArgumentParser) -> None:
    """Add the paths of scripts."""
    parser.add_argument("paths", metavar="PATH", nargs="*", help="a script, or a folder with write.py and read.py")


def add_overlay(parser: argparse.ArgumentParser) -> None:
    """Add --overlay."""
    parser.add_argument(
        "--overlay", metavar="PACKAGE=DIR", help="use the source tree DIR instead of the installed package"
    )


def add_sandbox(parser: argparse.ArgumentParser) -> None:
    """Add --sandbox."""
    parser.add_argument(
        "--sandbox",
        choices=("auto", "required", "off"),
        default="auto",
        help="auto: use a sandbox if there is one; required: run nothing without; off: use none (docs/security.md)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def positive_seconds(text: str) -> float:
    """Read a number of seconds above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= LONGEST_TIMEOUT_S:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0, at most {LONGEST_TIMEOUT_S}")
    return value


def positive_count(text: str) -> int:
    """Read a whole number above 0."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def add_condition(parser: argparse.ArgumentParser) -> None:
    """Add the options that can change an outcome: what they show is kept apart from the ordinary results."""
    add_sandbox(parser)
    add_overlay(parser)
    add_timeout(parser)


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Add --timeout."""
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=positive_seconds,
        help="time limit of each script, instead of its own (default: 120)",
    )
