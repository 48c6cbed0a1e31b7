"""`harness run`: run what has no valid attempt, then print the table."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.commands.arguments import (
    add_choice,
    add_condition,
    add_factor,
    add_jobs,
    add_json,
    add_watch,
    positive_count,
)
from harness.commands.defaults import INTERRUPTED_STATUS
from harness.commands.observations import with_observations
from harness.commands.results import TableFormat, render, results_of, with_condition
from harness.commands.selected_plan import overlay_of, plan_of
from harness.commands.selection_options import ScriptOptions, add_paths, add_selection
from harness.commands.shard_options import Place, add_cluster, place
from harness.commands.watched_tasks import Due, Manner, due_by_manner, run_by_manner
from harness.errors import UsageError, counted
from harness.execute.task import Task
from harness.model import Attempt, Isolation, Scenario
from harness.model.watch import Watch
from harness.pipeline import Work, prepare, undecided, with_costs
from harness.project.plan import Plan
from harness.record.opening import DamagedStore, move_aside
from harness.record.splits import ShardRun
from harness.session import RunFolder, Session

_MOST_REASONS = 3


@dataclass(frozen=True, kw_only=True)
class Options(ScriptOptions):
    """The options of `harness run`."""

    jobs: int
    fresh: bool
    isolation: Isolation
    repeat: int
    confirm: bool
    shard: Place | None
    cluster: str | None
    watch: str | None
    factor: float | None
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness run`."""
    add_paths(parser)
    add_selection(parser)
    add_jobs(parser)
    parser.add_argument("--fresh", action="store_true", help="run cells again that have a valid attempt")
    add_choice(
        parser,
        "--isolation",
        Isolation.FORK,
        help="fork: fork a process that has done the imports, where this is safe; process: always start a new process",
    )
    add_condition(parser)
    add_watch(parser, "compare printed text, warnings, durations or time-outs")
    add_factor(parser)
    parser.add_argument(
        "--repeat", metavar="N", type=positive_count, default=1, help="run each cell until it has N attempts"
    )
    parser.add_argument(
        "--confirm",
        action="store_true",
        help="also run the cells next to each transition in separate processes; `harness report` requires this",
    )
    parser.add_argument(
        "--shard",
        metavar="I/N",
        type=place,
        help="run shard I of the N shards of the cells to run; `harness merge` merges the results",
    )
    add_cluster(parser, "run on a Dask cluster")
    add_json(parser)


def execute(session: Session, options: Options) -> int:
    """Run the cells that are due and print the results; exit status 1 if a cell has no result."""
    if options.shard is not None and options.confirm:
        raise UsageError(
            "--confirm does not work with --shard",
            why="It repeats cells next to transitions, which are known when all shards are merged",
            next_step="Run all shards, merge them, and then use `harness run --confirm`",
        )
    if options.shard is not None and options.cluster is not None:
        raise UsageError("--shard and --cluster exclude each other", next_step="A cluster splits the plan by itself")
    for notice in session.project.notices:
        session.notify(notice)
    work = prepare(session, plan_of(session, options), fetch=True, overlay=overlay_of(session, options.overlay))
    due = _find_due(session, work, options)
    run = None
    if options.shard is not None:
        work, due, run = _in_shard(session, work, due, options.shard)
        if not work.plan.cells:
            session.notify(f"Nothing to run: shard {options.shard} has no cells. There is less to run than shards.")
            return 0
    if not due.tasks:
        _say_nothing_to_run(session, work)
    count = _run_due(session, work, due, options, run)
    # If nothing was run, the attempts that were read are current.
    results = results_of(session, work, due.found if not due.tasks and not options.confirm else None)
    results = with_condition(session, work, results, options)
    results = with_observations(session, work, results, options.watch, factor=options.factor)
    if session.stop.is_set():
        session.notify(f"Stopped. {counted(count, 'attempt')} recorded. To continue:")
        session.notify(f"  {session.command} {shlex.join(options.typed)}")
        return INTERRUPTED_STATUS
    to_terminal = sys.stdout.isatty()
    sys.stdout.write(render(results, TableFormat.JSON if options.json else TableFormat.TERMINAL, terminal=to_terminal))
    open_cells = undecided(results.cells)
    if open_cells:
        cells = counted(len(open_cells), "cell")
        session.notify(f"{cells} without a result; run the same command again to retry. The first:")
        for result in open_cells[:3]:
            session.notify(f"  {result.cell}: {result.current.reason if result.current else 'never run'}")
    return 1 if open_cells else 0


# Modules that run cells are imported only if cells are due: a run with nothing to do starts faster.


def _run_due(session: Session, work: Work, due: _Due, options: Options, shard: ShardRun | None) -> int:
    count = 0
    if due.tasks:
        count += run_by_manner(session, work, due.by_manner, jobs=options.jobs, shard=shard, cluster=options.cluster)
    if options.confirm:
        from harness.commands.confirm import confirm_borders

        count += confirm_borders(session, work, jobs=options.jobs)
    return count


@dataclass(frozen=True, kw_only=True)
class _Due:
    """The due tasks, and the attempts by which that was decided."""

    by_manner: tuple[Due, ...]
    found: Mapping[str, list[Attempt]]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All of them."""
        return tuple(task for each in self.by_manner for task in each.tasks)


def _find_due(session: Session, work: Work, options: Options) -> _Due:
    try:
        return _read_due(session, work, options)
    except DamagedStore as error:
        session.notify(move_aside(session.store_path, error.why))
        return _read_due(session, work, options)


def _say_nothing_to_run(session: Session, work: Work) -> None:
    session.notify(nothing_to_run(work.plan))
    with contextlib.suppress(OSError):
        RunFolder(session.cache / "runs").clean()  # of a run that was killed when all was recorded


def _in_shard(session: Session, work: Work, due: _Due, place: Place) -> tuple[Work, _Due, ShardRun]:
    """Return the part of the work, and of what is due, that is in a shard."""
    from harness.commands.shards import due_in, split_for, work_in
    from harness.shards.document import shard_run

    split = split_for(session, work, due.tasks, place.shards)
    tasks = split.shards[place.number - 1]
    run = shard_run(split.id, place.number, split.filled, place.shards)
    by_manner = (replace(each, tasks=tuple(due_in(tasks, each.tasks))) for each in due.by_manner)
    return work_in(work, tasks), replace(due, by_manner=tuple(by_manner)), run


def nothing_to_run(plan: Plan) -> str:
    """Return why a plan without due cells has none: they have results, or reasons against running them."""
    if plan.runnable or not plan.cells:
        return "Nothing to run: every cell has a valid attempt."
    reasons = Counter(planned.absence.reason for planned in plan.cells if planned.absence is not None)
    named = "; ".join(f"{counted(count, 'cell')}: {reason}" for reason, count in reasons.most_common(_MOST_REASONS))
    more = f"; and {len(reasons) - _MOST_REASONS} more reasons" if len(reasons) > _MOST_REASONS else ""
    return f"Nothing to run: no selected cell can run. {named}{more}."


def _read_due(session: Session, work: Work, options: Options) -> _Due:
    store = session.read_store()
    try:
        found = work.attempts(store)
        watched = {each.name: _watch_of(options, each) for each in work.plan.scenarios}
        manner = Manner(isolation=options.isolation, repeat=options.repeat)
        due = due_by_manner(work, found, watched, manner, fresh=options.fresh)
        priced = (replace(each, tasks=tuple(with_costs(list(each.tasks), store))) for each in due)
        return _Due(by_manner=tuple(priced), found=found)
    finally:
        store.close()


def _watch_of(options: Options, scenario: Scenario) -> Watch | None:
    return Watch.chosen(scenario.header, options.watch, options.factor)
