"""`harness table`: print what is known; run nothing."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.commands.arguments import add_choice, add_condition, add_factor, add_watch
from harness.commands.observations import with_observations
from harness.commands.output_files import write_file, write_parquet
from harness.commands.published_results import is_ordinary
from harness.commands.results import TableFormat, render, results_of, with_condition
from harness.commands.selected_plan import overlay_of, plan_of
from harness.commands.selection_options import ScriptOptions, add_paths, add_selection
from harness.errors import UsageError
from harness.pipeline import prepare
from harness.rendering.results import to_frame
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Options(ScriptOptions):
    """The options of `harness table`."""

    format: TableFormat
    output: str | None
    """A file; None for stdout."""
    differing: bool
    watch: str | None
    factor: float | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness table`."""
    add_paths(parser)
    add_selection(parser)
    add_condition(parser)
    add_watch(parser, "compare printed text, warnings, durations or time-outs")
    add_factor(parser)
    add_choice(parser, "--format", TableFormat.TERMINAL, help="default: terminal")
    parser.add_argument(
        "--json", dest="format", action="store_const", const=TableFormat.JSON, help="the same as --format json"
    )
    parser.add_argument("--output", metavar="FILE", help="write to a file instead of stdout")
    parser.add_argument("--differing", action="store_true", help="only rows whose columns differ")


def execute(session: Session, options: Options) -> int:
    """Print the table of what is known; runs nothing."""
    if options.differing and options.format.has_every_cell:
        raise UsageError(
            f"--differing leaves out rows, and --format {options.format.value} has every cell",
            next_step="Take --format terminal, markdown, html or svg",
        )
    work = prepare(session, plan_of(session, options), overlay=overlay_of(session, options.overlay))
    ordinary = options.overlay is None and is_ordinary(session)
    results = with_condition(session, work, results_of(session, work, published=ordinary), options)
    results = with_observations(session, work, results, options.watch, factor=options.factor)
    if options.format is TableFormat.PARQUET and options.output is not None:
        write_parquet(to_frame(results), Path(options.output))
        return 0
    to_terminal = options.output is None and sys.stdout.isatty()
    text = render(results, options.format, only_differing=options.differing, terminal=to_terminal)
    if options.output is None:
        sys.stdout.write(text)
    else:
        write_file(Path(options.output), text)
    return 0
