"""Arguments in, one call out. The only place that prints errors and sets the exit status.

What an exit status means stands in `--help`, as _STATUS has it.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import io
import logging
import os
import shlex
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness import __version__
from harness.commands.arguments import (
    add_command,
    add_condition,
    add_json,
    add_paths,
    add_sandbox,
    add_timeout,
    add_verbose,
    positive_count,
)
from harness.commands.choose import add_selection
from harness.commands.defaults import FORMATS, INTERRUPTED_STATUS, default_jobs
from harness.commands.triage_arguments import add_triage
from harness.errors import HarnessError, first_line, near_misses
from harness.report.foreign_text import plain
from harness.run_log import RunLog, recording
from harness.session import Session, cache_folder

_log = logging.getLogger(__name__)
_SELDOM = 500_000
_RUN_SCRIPTS = frozenset({"run", "replay", "pinpoint", "blame", "triage"})
"""Commands that may restart themselves where limits can be enforced."""
_CELL = "scenario[name=value]@environment or PATH@environment; for two steps: scenario@writer -> reader; in quotes"
_STATUS = (
    "Exit status: 0 finished, also if cells failed; 1 a cell has no result, or compare-isolation found a difference; "
    "2 wrong usage, or an error in a file of the project; 3 internal error, which is a bug; 130 stopped."
)
_INTERNAL_ERROR = 3


def main(typed: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit status."""
    from_command_line = typed is None
    typed = list(sys.argv[1:] if typed is None else typed)
    _write_whatever_it_is()
    arguments, unknown = build_parser().parse_known_args(typed)
    if unknown:
        arguments.parser.error(_unknown(unknown, arguments.parser))
    arguments.typed = typed
    with recording(cache_folder(os.environ) / "logs", typed, verbose=arguments.verbose + arguments.more_verbose) as log:
        if from_command_line and arguments.command.partition(":")[2] in _RUN_SCRIPTS:
            from harness.process.systemd_scope import enter_scope

            enter_scope(os.environ)
        status, error = _run(arguments)
        if status in (1, _INTERNAL_ERROR):
            log.open()
        if error is not None and status == _INTERNAL_ERROR:
            _report_bug(error, log)
        elif status not in (0, INTERRUPTED_STATUS) and log.exists:
            _say(f"The log is in {log.path}")
    return status


def _run(arguments: argparse.Namespace) -> tuple[int, Exception | None]:
    """Run a command and print its error. Return the exit status and the error."""
    module, _, function = arguments.command.partition(":")
    try:
        if arguments.project is None:
            session = Session.here(Path.cwd(), os.environ, _say)
        else:
            session = Session.at(Path(arguments.project).absolute(), os.environ, _say)
        session.containing = getattr(arguments, "sandbox", session.containing)
        session.timeout_s = getattr(arguments, "timeout", None)
        command = getattr(importlib.import_module(f"harness.commands.{module}"), function)
        with _stopped_by_signals(session), _collecting_seldom():
            return int(command(session, arguments)), None
    except HarnessError as error:
        _log.debug("the command failed", exc_info=True)
        _say(str(error))
        return error.exit_status, error
    except BrokenPipeError:
        # Whoever read our output has had enough, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0, None
    except KeyboardInterrupt:
        _say("Stopped at once. What was recorded is safe; the same command goes on.")
        return INTERRUPTED_STATUS, None
    except Exception as error:
        _log.critical("unexpected error", exc_info=True)
        return _INTERNAL_ERROR, error


def _report_bug(error: Exception, log: RunLog) -> None:
    """Print that an unexpected error is a bug, and where its traceback is."""
    _say(f"Internal error: {type(error).__name__}: {first_line(error)}\nThis is a bug of repro-matrix {__version__}.")
    if log.exists:
        _say(f"The log with the traceback is in {log.path}\nReport the bug, and attach the log.")
    else:
        _say("The log cannot be written. Report the bug with this traceback:")
        _say("".join(traceback.format_exception(error)).rstrip())


def _write_whatever_it_is() -> None:
    """Let no mark of ours, nor what a script printed, be an error where the terminal or the locale cannot show it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # What goes to a file or a program is UTF-8, as with --output, whatever the locale of Windows is.
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty() and "PYTHONIOENCODING" not in os.environ:
        sys.stdout.reconfigure(encoding="utf-8")


def _unknown(found: list[str], parser: argparse.ArgumentParser) -> str:
    """Return the error for arguments that a command does not take, with near misses."""
    first = found[0].partition("=")[0]
    if first == "--project":
        return "--project DIR stands before the command"
    options = [option for action in parser._actions for option in action.option_strings]
    hint = near_misses(first, options) if first.startswith("-") else ""
    return f"unrecognized arguments: {shlex.join(found)}. {hint}".rstrip(". ")


def _say(line: str) -> None:
    _log.debug("message: %s", line)
    # Reasons and errors may quote what a script or an index said: it moves no cursor here either.
    print(plain(line), file=sys.stderr, flush=True)  # noqa: T201 - this is where printing happens


@contextlib.contextmanager
def _stopped_by_signals(session: Session) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM asks for a clean stop, the second ends it at once."""

    def ask(number: int, frame: object) -> None:
        if session.stop.is_set():
            raise KeyboardInterrupt
        session.stop.set()
        _say("Stopping: what has finished is being recorded. Again to stop at once.")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _collecting_seldom() -> Iterator[None]:
    """What is read lives until the end: the garbage collector would walk through all of it again and again."""
    before = gc.get_threshold()
    gc.set_threshold(_SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="harness",
        description="Find out which versions have a bug, and which can read a saved model.",
        epilog=_STATUS,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"repro-matrix {__version__}")
    parser.add_argument("--project", metavar="DIR", help="the folder of matrix.toml (default: here or above)")
    add_verbose(parser, dest="verbose")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    plan = add_command(
        commands, "plan", "planning:plan", "show what would run, what would not and why, and what it needs"
    )
    add_paths(plan)
    add_selection(plan)
    add_condition(plan)
    add_json(plan)

    run = add_command(commands, "run", "run:run", "run the cells without a valid attempt, and print the table")
    add_paths(run)
    add_selection(run)
    run.add_argument(
        "--jobs", metavar="N", type=positive_count, default=default_jobs(), help="parallel attempts (default: cores)"
    )
    run.add_argument("--fresh", action="store_true", help="run cells again that have a valid attempt")
    run.add_argument(
        "--isolation",
        choices=("fork", "process"),
        default="fork",
        help="fork a process that has finished the imports, if this is safe; or always start a new process",
    )
    add_condition(run)
    run.add_argument(
        "--repeat", metavar="N", type=positive_count, default=1, help="run each cell until it has N attempts"
    )
    run.add_argument(
        "--confirm",
        action="store_true",
        help="then run the cells next to each transition in separate processes; required before publishing",
    )
    add_json(run)

    table = add_command(commands, "table", "tables:table", "print the table of recorded results; run nothing")
    add_paths(table)
    add_selection(table)
    add_condition(table)
    table.add_argument("--format", choices=FORMATS, default=FORMATS[0], help=f"default: {FORMATS[0]}")
    table.add_argument("--output", metavar="FILE", help="write to a file instead of stdout")
    table.add_argument("--differing", action="store_true", help="only rows whose columns differ")

    show = add_command(commands, "show", "evidence:show", "show the evidence for a cell")
    show.add_argument("cell", metavar="CELL", help=_CELL)
    add_condition(show)
    add_json(show)

    replay = add_command(commands, "replay", "evidence:replay", "run a cell again in its environment, and compare")
    replay.add_argument("cell", metavar="CELL", help=_CELL)
    add_condition(replay)
    replay.add_argument("--shell", action="store_true", help="open a shell in the environment instead")

    _add_searches(commands)
    add_triage(commands, parser)

    _add_reports(commands)
    _add_environments(commands)
    return parser


def _add_reports(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    report = add_command(commands, "report", "tables:report", "write the published files")
    add_selection(report)
    report.add_argument("--unconfirmed", action="store_true", help="also transitions that only forks have shown")
    report.add_argument("--folder", metavar="DIR", help="write to this folder instead of results/")

    isolation = add_command(
        commands, "compare-isolation", "isolation:compare_isolation", "compare forks with separate processes"
    )
    add_selection(isolation)
    isolation.add_argument(
        "--cases", metavar="N", type=positive_count, help="only N cases of each scenario, evenly spread"
    )
    isolation.add_argument(
        "--jobs", metavar="N", type=positive_count, default=default_jobs(), help="parallel attempts (default: cores)"
    )
    isolation.add_argument("--document", metavar="FILE", help="also write between the markers of a Markdown file")

    diff = add_command(commands, "diff", "tables:diff", "show what changed between two published results")
    diff.add_argument("old", metavar="OLD", help="a results.json or its folder")
    diff.add_argument("new", metavar="NEW", help="the newer results.json or its folder")
    add_json(diff)


def _add_environments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    lock = add_command(commands, "lock", "locks:lock", "create the lockfiles of matrix.toml")
    lock.add_argument("environments", metavar="GLOB", nargs="*", help="only these environments (default: all)")
    lock.add_argument("--upgrade", action="store_true", help="also resolve lockfiles that are up to date")
    add_sandbox(lock)

    provision = add_command(commands, "provision", "locks:provision", "create environments without running anything")
    add_selection(provision)
    add_sandbox(provision)

    prune = add_command(commands, "prune", "locks:prune", "remove unused environments")
    prune.add_argument("--days", metavar="N", type=positive_count, default=30, help="not used for N days (default: 30)")


def _add_searches(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    pinpoint = add_command(
        commands, "pinpoint", "pinpoint:pinpoint", "find the release and commit that introduced or fixed a failure"
    )
    _add_search(pinpoint)
    pinpoint.add_argument("--package", metavar="NAME", required=True, help="the package whose releases are searched")
    pinpoint.add_argument(
        "--in", metavar="ENVIRONMENT", dest="environment", help="an id, or an inline one in quotes; not with --both"
    )
    pinpoint.add_argument(
        "--both",
        action="store_true",
        help="two steps: search which side of a failing pair changed, --writer or --reader",
    )
    what = pinpoint.add_mutually_exclusive_group()
    what.add_argument("--versions", metavar="FIRST..LAST", help="only these releases, including both ends")
    what.add_argument(
        "--commits",
        metavar="FIRST..LAST",
        help="search these commits instead of releases; ends are releases, tags, branches or hashes",
    )
    pinpoint.add_argument("--pre", action="store_true", help="include pre-releases")
    pinpoint.add_argument("--yanked", action="store_true", help="include yanked releases")
    pinpoint.add_argument("--repository", metavar="DIR", help="a clone of the package's repository, to find the commit")
    how = pinpoint.add_mutually_exclusive_group()
    how.add_argument("--every", action="store_true", help="run every release (the default if that takes few minutes)")
    how.add_argument(
        "--grid", action="store_true", help="run the first and the last release of each minor, then bisect"
    )
    how.add_argument("--quick", action="store_true", help="bisect between the two ends only")

    blame = add_command(commands, "blame", "blame:blame", "find the package that makes a bad environment fail")
    _add_search(blame)
    blame.add_argument("--good", metavar="ENVIRONMENT", required=True, help="the environment where the scenario passes")
    blame.add_argument("--bad", metavar="ENVIRONMENT", required=True, help="the environment where the scenario fails")


def _add_search(parser: argparse.ArgumentParser) -> None:
    """Add what every search takes."""
    parser.add_argument(
        "scenario",
        metavar="SCENARIO|PATH|CELL",
        help="a scenario of this project, the path of a script, or the id of a cell",
    )
    # With a default, it is not said to be required where something else is missing.
    parser.add_argument("parameters", metavar="name=value", nargs="*", default=[], help="values of its parameters")
    parser.add_argument(
        "--follow", metavar="REGEX", help="follow failures in which this is found: `stage: Type: message`, all lines"
    )
    parser.add_argument("--writer", metavar="ENVIRONMENT", help="two steps: always write in this environment")
    parser.add_argument("--reader", metavar="ENVIRONMENT", help="two steps: always read in this environment")
    parser.add_argument("--repeat", metavar="N", type=positive_count, default=1, help="run each probe N times")
    parser.add_argument(
        "--jobs", metavar="N", type=positive_count, default=default_jobs(), help="parallel probes (default: cores)"
    )
    parser.add_argument("--markdown", action="store_true", help="print Markdown, to paste into the report")
    add_sandbox(parser)
    add_timeout(parser)
    add_json(parser)
