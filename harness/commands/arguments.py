"""Arguments that several commands share, and the base of their options. Light to import: --help starts at once."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, TypeVar

from harness.commands.defaults import default_jobs
from harness.model.scenario import LONGEST_TIMEOUT_S
from harness.sandbox.policy import SandboxMode

Read = TypeVar("Read", bound="CommandOptions")


@dataclass(frozen=True, kw_only=True)
class CommandOptions:
    """The options of a command: what was typed, read once. A subclass has a field for each argument, by its name."""

    typed: tuple[str, ...] = ()
    """The whole command line."""

    @classmethod
    def of(cls: type[Read], namespace: argparse.Namespace) -> Read:
        """Return the options that were parsed. Lists become tuples."""
        values = {each.name: getattr(namespace, each.name) for each in fields(cls)}
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})

    @classmethod
    def parse(cls: type[Read], add_arguments: Callable[[argparse.ArgumentParser], None], typed: Sequence[str]) -> Read:
        """Return the options of a command line that another command makes: `[command, argument, ...]`."""
        parser = argparse.ArgumentParser(prog=typed[0], allow_abbrev=False)
        add_arguments(parser)
        return cls.of(parser.parse_args(typed[1:], argparse.Namespace(typed=tuple(typed))))


class CommandParser(argparse.ArgumentParser):
    """The parser of a command. Its arguments are those of the module of the command, which is imported when needed."""

    def __init__(self, *, module: str = "", **settings: Any) -> None:  # noqa: ANN401 - of ArgumentParser
        super().__init__(**settings)
        self._module = module

    def complete(self) -> CommandParser:
        """Add the arguments of the command."""
        if self._module:
            module, self._module = self._module, ""
            add_verbose(self, dest="more_verbose")
            importlib.import_module(module).add_arguments(self)
        return self

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401 - as it is overloaded
        """Parse arguments, after the arguments of the command were added."""
        return argparse.ArgumentParser.parse_known_args(self.complete(), args, namespace)


class _StoreChoice(argparse.Action):
    """Store the member of an enumeration that has the typed value."""

    def __init__(self, *, enumeration: type[Enum], **settings: Any) -> None:  # noqa: ANN401 - of Action
        super().__init__(choices=[each.value for each in enumeration], **settings)
        self._enumeration = enumeration

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Store the member."""
        setattr(namespace, self.dest, self._enumeration(values))


def add_choice(parser: argparse.ArgumentParser, option: str, default: Enum, *, help: str) -> None:
    """Add an option with the values of an enumeration, that of its default."""
    parser.add_argument(option, action=_StoreChoice, enumeration=type(default), default=default, help=help)


def add_verbose(parser: argparse.ArgumentParser, *, dest: str) -> None:
    """Add -v before and after the command, under two names: otherwise the second one would replace the first."""
    parser.add_argument(
        "-v", "--verbose", dest=dest, action="count", default=0, help="print the log to stderr; -vv with details"
    )


def add_overlay(parser: argparse.ArgumentParser) -> None:
    """Add --overlay."""
    parser.add_argument(
        "--overlay", metavar="PACKAGE=DIR", help="use the source tree DIR instead of the installed package"
    )


def add_sandbox(parser: argparse.ArgumentParser) -> None:
    """Add --sandbox. The command line sets it in the session."""
    add_choice(
        parser,
        "--sandbox",
        SandboxMode.AUTO,
        help="auto: use a sandbox if there is one; required: run nothing without; off: use none (docs/security.md)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def add_jobs(parser: argparse.ArgumentParser, what: str = "parallel attempts") -> None:
    """Add --jobs."""
    parser.add_argument(
        "--jobs", metavar="N", type=positive_count, default=default_jobs(), help=f"{what} (default: cores)"
    )


def add_cell(parser: argparse.ArgumentParser) -> None:
    """Add the id of one cell."""
    parser.add_argument(
        "cell",
        metavar="CELL",
        help="scenario[name=value]@environment or PATH@environment; for two steps: scenario@writer -> reader; "
        "in quotes",
    )


def add_watch(parser: argparse._ActionsContainer, what: str) -> None:
    """Add --watch."""
    parser.add_argument("--watch", metavar="KIND", type=_watch, help=f"{what}: output[=REGEX], warning[=REGEX], "
                        "time[=STAGE] or hang")  # fmt: skip


def add_factor(parser: argparse._ActionsContainer) -> None:
    """Add --factor."""
    parser.add_argument(
        "--factor",
        metavar="N",
        type=_factor,
        help="with --watch time: durations differ if one is N times the other (default: the header's, or 2)",
    )


def _factor(text: str) -> float:
    """Read a factor above 1."""
    from harness.model.watch import LARGEST_FACTOR  # with the expressions of RE2, which --help does without

    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 < value <= LARGEST_FACTOR:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 1, at most {LARGEST_FACTOR}")
    return value


def _watch(text: str) -> str:
    """Check what is to be watched. It stays a text, as it is typed again in commands."""
    from harness.model.watch import Watch  # with the expressions of RE2, which --help does without

    try:
        return str(Watch.parse(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


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
    add_data(parser)


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add --data and --fetch. The command line sets them in the session."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--data", metavar="DIR", type=_folder, help="show each script the downloads in DIR, read-only (docs/data.md)"
    )
    group.add_argument(
        "--fetch",
        action="store_true",
        help="run each script once WITH network access, then show it what was downloaded",
    )


def _folder(text: str) -> str:
    """Refuse an empty path, as of a shell variable that is not set: it would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("no folder is named")
    return text


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Add --timeout. The command line sets it in the session."""
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=positive_seconds,
        help="time limit of each script, instead of its own (default: 120)",
    )
