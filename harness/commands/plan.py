"""`harness plan`: what would run, what would not and why, and what it needs."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from harness.commands.arguments import add_condition, add_json
from harness.commands.selected_plan import overlay_of, plan_of
from harness.commands.selection_options import ScriptOptions, add_paths, add_selection
from harness.commands.shard_options import shard_count
from harness.environments.size_estimate import Needs
from harness.errors import UsageError, counted
from harness.execute.task import Task
from harness.model import Cell
from harness.pipeline import Work, prepare
from harness.record.store import Cost
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Options(ScriptOptions):
    """The options of `harness plan`."""

    shards: int | None = None
    output: str | None = None
    """A folder for the shards."""
    json: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness plan`."""
    add_paths(parser)
    add_selection(parser)
    add_condition(parser)
    parser.add_argument(
        "--shards", metavar="N", type=shard_count, help="split the cells to run into N shards of similar duration"
    )
    parser.add_argument("--output", metavar="DIR", help="write the shards to files in DIR, for `harness work`")
    add_json(parser)


def execute(session: Session, options: Options) -> int:
    """Print the plan of a selection."""
    if options.output is not None and options.shards is None:
        raise UsageError("--output is for shards", next_step="Add --shards N")
    # Other machines must come to the same keys: the version of each Python is part of them.
    fetch = options.shards is not None
    work = prepare(session, plan_of(session, options), fetch=fetch, overlay=overlay_of(session, options.overlay))
    store = session.read_store()
    try:
        due = work.due(store)
        costs = store.costs()
    finally:
        store.close()
    needs = session.needs([each for each in work.plan.environments if each.id not in work.missing])
    seconds = _seconds(due, costs)
    shards = None
    if options.shards is not None:
        from harness.commands.shards import PlannedShards

        shards = PlannedShards.plan(session, work, due, options.shards)
        if options.output is not None:
            shards.write(session, work, Path(options.output))
    if options.json:
        document = _document(work, due, needs, seconds)
        sys.stdout.write(json.dumps({**document, **(shards.document if shards else {})}, indent=1) + "\n")
    elif shards is not None:
        sys.stdout.write(shards.text)
    else:
        for notice in session.project.notices:
            session.notify(notice)
        sys.stdout.write(_text(work, due, needs, seconds))
    return 0


def _state(work: Work, cell: Cell, due: set[Cell]) -> str:
    if cell not in work.tasks:
        return "absent"
    return "due" if cell in due else "done"


def _seconds(due: list[Task], costs: dict[tuple[str, str], Cost]) -> float | None:
    """Estimate the processor time of what is due from what cells took before; None if nothing is known."""
    known = [costs[task.recorded_as].duration_s for task in due if task.recorded_as in costs]
    if not known and costs:
        known = [cost.duration_s for cost in costs.values()]
    return sum(known) / len(known) * len(due) if known else None


def _document(work: Work, due: list[Task], needs: Needs, seconds: float | None) -> dict[str, object]:
    due_cells = {task.cell for task in due}
    return {
        "schema": 1,
        "download_bytes": needs.download_bytes,
        "disk_bytes": needs.disk_bytes,
        "estimated_s": round(seconds, 1) if seconds is not None else None,
        "environments": [
            {
                "environment": environment.id,
                "family": environment.family,
                "python": environment.python,
                "tiers": sorted(environment.tiers),
                "missing": work.missing.get(environment.id),
            }
            for environment in work.plan.environments
        ],
        "cells": [
            {
                "cell": str(planned.cell),
                "scenario": planned.scenario.name,
                "parameters": dict(planned.cell.case.parameters),
                "environment": planned.cell.environment,
                "writer": planned.cell.writer,
                "state": _state(work, planned.cell, due_cells),
                "outcome": planned.absence.outcome.value if planned.absence else None,
                "reason": planned.absence.reason if planned.absence else work.missing.get(planned.environment.id),
            }
            for planned in work.plan.cells
        ],
    }


def _text(work: Work, due: list[Task], needs: Needs, seconds: float | None) -> str:
    due_cells = {task.cell for task in due}
    states: dict[str, Counter[str]] = {}
    for planned in work.plan.cells:
        states.setdefault(planned.environment.id, Counter())[_state(work, planned.cell, due_cells)] += 1
    rows = [
        [each.id, each.python, *(states.get(each.id, Counter())[state] for state in ("due", "done", "absent"))]
        for each in work.plan.environments
    ]
    reasons = Counter(
        (planned.absence.outcome.value, planned.absence.reason)
        for planned in work.plan.cells
        if planned.absence is not None
    )
    lines = [tabulate(rows, headers=["environment", "python", "to run", "done", "not run"], disable_numparse=True), ""]
    if reasons:
        lines += [
            "Not run, and why:",
            *(f"  {count} {outcome}: {why}" for (outcome, why), count in reasons.items()),
            "",
        ]
    for id, why in work.missing.items():
        lines.append(f"{id}: {why}.")
    time = f"; about {seconds / 60:.0f} minutes of processor time" if seconds is not None and due else ""
    lines.append(f"{counted(len(due), 'cell')} to run; {needs.summary}{time}.")
    return "\n".join(lines) + "\n"
