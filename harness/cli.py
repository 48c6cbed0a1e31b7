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
from harness.commands.arguments import CommandParser, add_verbose
from harness.commands.defaults import INTERRUPTED_STATUS
from harness.errors import HarnessError, first_line, near_misses
from harness.rendering.foreign_text import plain
from harness.run_log import RunLog, recording
from harness.session import Session, cache_folder

_log = logging.getLogger(__name__)
_SELDOM = 500_000
COMMANDS = {
    "init": "start a project for a package in an empty folder",
    "plan": "show what would run, what would not and why, and what it needs",
    "run": "run the cells without a valid attempt, and print the table",
    "table": "print the table of recorded results; run nothing",
    "show": "show the evidence for a cell",
    "replay": "run a cell again in its environment, and compare",
    "pinpoint": "find the release and commit that introduced or fixed a failure",
    "blame": "find the package that makes a bad environment fail",
    "triage": "read a bug report, run it, and write the reply",
    "answer": "print the reply to a report again",
    "transfer": "print who can read which file, or publish it",
    "readers": "find the versions that can read a saved model",
    "merge": "add the attempts of other machines to the store of this clone",
    "work": "run a shard from a file, and write its results into a folder",
    "report": "write the published files",
    "badge": "draw a badge of a case or environment, or print how to embed it",
    "compare-isolation": "compare forks with separate processes",
    "check": "compare the results with the published ones",
    "diff": "show what changed between two published results",
    "refresh": "add new releases, run them, and write the pull request",
    "github": "read the report of an issue, post answers, issues and pull requests",
    "lock": "create the lockfiles of matrix.toml",
    "provision": "create environments without running anything",
    "archive": "keep the wheels of nightly builds",
    "prune": "remove unused environments",
}
"""The commands, each with its summary. The module of a command has its name."""
_RUN_SCRIPTS = frozenset({"run", "refresh", "replay", "pinpoint", "blame", "triage", "readers", "work"})
"""Commands that may restart themselves where limits can be enforced."""
_WITHOUT_PROJECT = frozenset({"work", "init"})
"""Commands that work in any folder."""
_STATUS = (
    "Exit status: 0 finished, also if cells failed; 1 a cell has no result, or check or compare-isolation found a "
    "difference; 2 wrong usage, or an error in a file of the project; 3 internal error, which is a bug; 130 stopped."
)
_INTERNAL_ERROR = 3
DISTRIBUTION = "repro-matrix"
"""The name of the distribution, and of its second command."""


def main(typed: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit status."""
    from_command_line = typed is None
    typed = list(sys.argv[1:] if typed is None else typed)
    _write_any_character()
    if from_command_line and Path(sys.argv[0]).stem == DISTRIBUTION:
        os.environ.setdefault("HARNESS_COMMAND", DISTRIBUTION)  # `uvx repro-matrix` puts no other name on the path
    arguments, unknown = build_parser().parse_known_args(typed)
    if unknown:
        arguments.parser.error(_unknown(unknown, arguments.parser))
    arguments.typed = tuple(typed)
    with recording(cache_folder(os.environ) / "logs", typed, verbose=arguments.verbose + arguments.more_verbose) as log:
        if from_command_line and arguments.command in _RUN_SCRIPTS:
            from harness.process.systemd_scope import enter_scope

            enter_scope(os.environ)
        status, error = _run(arguments)
        if status in (1, _INTERNAL_ERROR):
            log.open()
        if error is not None and status == _INTERNAL_ERROR:
            _report_bug(error, log)
        elif status == 1 and log.exists:  # a usage error says all that there is to know
            _notify(f"The log is in {log.path}")
    return status


def _run(arguments: argparse.Namespace) -> tuple[int, Exception | None]:
    """Run a command and print its error. Return the exit status and the error."""
    module = importlib.import_module(_module_of(arguments.command))
    try:
        if arguments.command in _WITHOUT_PROJECT:
            session = Session.anywhere(Path(arguments.project or Path.cwd()).absolute(), os.environ, _notify)
        elif arguments.project is None:
            session = Session.here(Path.cwd(), os.environ, _notify)
        else:
            session = Session.at(Path(arguments.project).absolute(), os.environ, _notify)
        session.sandbox_mode = getattr(arguments, "sandbox", session.sandbox_mode)
        session.timeout_s = getattr(arguments, "timeout", None)
        data = getattr(arguments, "data", None)
        session.data_folder = Path(data).absolute() if data is not None else None
        session.fetch_data = getattr(arguments, "fetch", False)
        with _stopped_by_signals(session), _collecting_seldom():
            return int(module.execute(session, module.Options.of(arguments))), None
    except HarnessError as error:
        _log.debug("the command failed", exc_info=True)
        _notify(str(error))
        return error.exit_status, error
    except BrokenPipeError:
        # Whoever read our output has had enough, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0, None
    except KeyboardInterrupt:
        _notify("Stopped immediately. Recorded results are kept; run the same command again to continue.")
        return INTERRUPTED_STATUS, None
    except Exception as error:
        _log.critical("unexpected error", exc_info=True)
        return _INTERNAL_ERROR, error


def _report_bug(error: Exception, log: RunLog) -> None:
    """Print that an unexpected error is a bug, and where its traceback is."""
    _notify(f"Internal error: {type(error).__name__}: {first_line(error)}")
    _notify(f"This is a bug of repro-matrix {__version__}.")
    if log.exists:
        _notify(f"The log with the traceback is in {log.path}\nReport the bug, and attach the log.")
    else:
        _notify("The log cannot be written. Report the bug with this traceback:")
        _notify("".join(traceback.format_exception(error)).rstrip())


def _write_any_character() -> None:
    """Escape characters that the terminal or the locale cannot show, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # Output to a file or a pipe is UTF-8, as with --output, on every locale of Windows.
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


def _notify(line: str) -> None:
    _log.debug("message: %s", line)
    # Reasons and errors may quote output of a script or an index: control characters are removed.
    print(plain(line), file=sys.stderr, flush=True)  # noqa: T201 - this is where printing happens


@contextlib.contextmanager
def _stopped_by_signals(session: Session) -> Iterator[None]:
    """Handle Ctrl-C and SIGTERM: the first one requests a clean stop, the second one stops immediately."""

    def ask(number: int, frame: object) -> None:
        if session.stop.is_set():
            raise KeyboardInterrupt
        session.stop.set()
        _notify("Stopping; saving finished results. Press Ctrl-C again to stop immediately.")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Collect garbage seldom: most objects live until the end, and the collector would visit them again and again."""
    before = gc.get_threshold()
    gc.set_threshold(_SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog=DISTRIBUTION if os.environ.get("HARNESS_COMMAND") == DISTRIBUTION else "harness",
        description="Find out which versions have a bug, and which can read a saved model.",
        epilog=_STATUS,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"repro-matrix {__version__}")
    parser.add_argument("--project", metavar="DIR", help="the folder of matrix.toml (default: here or above)")
    add_verbose(parser, dest="verbose")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, dest="command", parser_class=CommandParser
    )
    for name, summary in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            allow_abbrev=False,
            module=_module_of(name),
        )
        command.set_defaults(parser=command)
    return parser


def _module_of(command: str) -> str:
    """Return the module of a command: it has `add_arguments`, `Options` and `execute`."""
    return f"harness.commands.{command.replace('-', '_')}"
