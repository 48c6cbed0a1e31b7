"""The options that choose cells."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass

from harness.commands.arguments import CommandOptions


@dataclass(frozen=True, kw_only=True)
class SelectionOptions(CommandOptions):
    """The options of a selection as they were typed: each list is one or more comma-separated globs."""

    environments: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    tier: str | None = None
    extras: tuple[str, ...] = ()
    """The packages of --with."""
    writers: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()

    @property
    def script_paths(self) -> tuple[str, ...]:
        """The paths of scripts. Only some commands take them."""
        return ()

    @property
    def script_input(self) -> dict[str, str]:
        """The options --args and --stdin that were typed. Only commands that take paths have them."""
        return {}

    @property
    def retyped(self) -> list[str]:
        """The selection as it can be typed again."""
        lists: Iterable[tuple[str, tuple[str, ...]]] = (
            ("--environments", self.environments),
            ("--scenarios", self.scenarios),
            ("--cells", self.cells),
            ("--writers", self.writers),
            ("--readers", self.readers),
            ("--with", self.extras),
        )
        options = [
            *self.script_paths,
            *(f"--{name}={value}" for name, value in self.script_input.items()),
            *(part for option, values in lists for each in values for part in (option, each)),
        ]
        return options if self.tier is None else [*options, "--tier", self.tier]


@dataclass(frozen=True, kw_only=True)
class ScriptOptions(SelectionOptions):
    """A selection, with the paths of scripts."""

    paths: tuple[str, ...] = ()
    args: str | None = None
    stdin: str | None = None
    """A file."""
    overlay: str | None = None
    """PACKAGE=DIR."""

    @property
    def script_paths(self) -> tuple[str, ...]:
        """The paths of scripts."""
        return self.paths

    @property
    def script_input(self) -> dict[str, str]:
        """The options --args and --stdin that were typed."""
        typed = {"args": self.args, "stdin": self.stdin}
        return {name: value for name, value in typed.items() if value is not None}


def add_paths(parser: argparse.ArgumentParser) -> None:
    """Add the paths of scripts."""
    parser.add_argument("paths", metavar="PATH", nargs="*", help="a script, or a folder with write.py and read.py")
    parser.add_argument(
        "--args", metavar="TEXT", help='arguments of the named script, in quotes: --args="load data.csv"'
    )
    parser.add_argument("--stdin", metavar="FILE", help="standard input of the named script (default: empty)")


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the options of a SELECTION."""
    group = parser.add_argument_group("selection", "comma-separated globs; `!glob` excludes; default: the default tier")
    group.add_argument(
        "--environments", metavar="GLOBS", action="append", default=[], help="ids, or an inline environment in quotes"
    )
    group.add_argument("--scenarios", metavar="GLOBS", action="append", default=[], help="names of scenarios or cases")
    group.add_argument(
        "--cells", metavar="IDS", action="append", default=[], help="cells: scenario[name=value]@environment"
    )
    group.add_argument("--tier", metavar="NAME", help="a tier of matrix.toml")
    group.add_argument(
        "--with",
        metavar="PACKAGE",
        dest="extras",
        action="append",
        default=[],
        help="add this package to each environment; NAME==VERSION is installed even if pip would refuse it",
    )
    group.add_argument(
        "--writers",
        metavar="GLOBS",
        action="append",
        default=[],
        help="two-step scenarios only: environments that write the file",
    )
    group.add_argument(
        "--readers",
        metavar="GLOBS",
        action="append",
        default=[],
        help="two-step scenarios only: environments that read the file",
    )
