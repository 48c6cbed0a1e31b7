"""Read --writer, --reader and --both: the step that stays in one environment, and the step that is searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.commands.search_options import SearchOptions
from harness.commands.search_subject import subject_of
from harness.commands.selected_plan import find_environment
from harness.errors import UsageError
from harness.model import Case, Cell, Environment, Scenario
from harness.pinpoint.held_step import Held, Side
from harness.session import Session

if TYPE_CHECKING:
    from harness.commands.pinpoint import Options

_EXAMPLE = "harness pinpoint SCENARIO --both --writer ENVIRONMENT --reader ENVIRONMENT --package NAME"


def held_of(session: Session, options: SearchOptions, scenario: Scenario) -> Held | None:
    """Return the step that --writer or --reader holds. Raises UsageError."""
    named = [(Side.WRITER, options.writer), (Side.READER, options.reader)]
    given = [(side, text) for side, text in named if text is not None]
    if not given:
        return None
    _require_two_steps(scenario, f"--{given[0][0]}")
    if len(given) == 2:
        raise UsageError(
            "--writer and --reader hold both steps, so that nothing is left to step",
            next_step="Leave out one of them and name its environment with --in, or add --both",
        )
    ((side, text),) = given
    return Held(side=side, environment=find_environment(session, text))


def pair_of(
    session: Session, options: Options
) -> tuple[Scenario, Case, tuple[tuple[Held, Environment], tuple[Held, Environment]]]:
    """Return the sides of --both: the held writer with the stepped reader, and the held reader with the stepped writer.

    The pair is that of --writer and --reader; --in stands for the one that is missing. The id of a cell with a writer
    names both.
    """
    scenario, case = subject_of(session, options.scenario, options.parameters)
    _require_two_steps(scenario, "--both")
    if options.commits is not None:
        raise UsageError("--both searches releases", why="--commits names commits", next_step="Hold one side instead")
    writer, reader = options.writer, options.reader
    if writer is None and reader is None:
        writer, reader = _of_cell(options.scenario)
    elif options.environment is not None:
        writer, reader = writer or options.environment, reader or options.environment
    if writer is None or reader is None:
        raise UsageError("--both: a pair of environments is needed", next_step=f"Write {_EXAMPLE}")
    write, read = find_environment(session, writer), find_environment(session, reader)
    return (
        scenario,
        case,
        ((Held(side=Side.WRITER, environment=write), read), (Held(side=Side.READER, environment=read), write)),
    )


def _of_cell(text: str) -> tuple[str | None, str | None]:
    try:
        cell = Cell.parse(text)
    except UsageError:
        return None, None
    return (cell.writer, cell.environment) if cell.writer is not None else (None, None)


def _require_two_steps(scenario: Scenario, option: str) -> None:
    if scenario.write is None:
        raise UsageError(
            f"{option}: {scenario.name} has one step",
            why="Only a folder with write.py and read.py has a writer and a reader",
            next_step=f"Leave {option} out, or name such a folder",
        )
