"""The condition of a command, and results under other conditions: the two are never mixed."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from harness.commands.selection_options import ScriptOptions
from harness.errors import counted
from harness.model import Cell, Condition, Data
from harness.pipeline import Work, prepare
from harness.record.store import Store
from harness.rendering.results import Results
from harness.sandbox.policy import SandboxMode
from harness.session import Session


def asked_condition(session: Session, overlay: str | None, data: Data | None = None) -> Condition:
    """Return the condition that was asked for, without its time limit, which concerns only some outcomes.

    `data` is what the script sees.
    """
    package = overlay.partition("=")[0].strip().replace("-", "_") if overlay is not None else None
    return Condition(sandboxed=session.sandboxed, overlay=package, data=data.digest if data is not None else "")


def condition_options(session: Session, overlay: str | None) -> list[str]:
    """Return the options of the condition that was asked for, as they are typed."""
    options: list[str] = []
    if session.sandbox_mode is not SandboxMode.AUTO:
        options += ["--sandbox", session.sandbox_mode.value]
    if overlay is not None:
        options += ["--overlay", overlay]
    if session.timeout_s is not None:
        options += ["--timeout", f"{session.timeout_s:.12g}"]
    return [*options, *data_options(session)]


def data_options(session: Session) -> list[str]:
    """Return the options for downloaded data, as they are typed."""
    if session.data_folder is not None:
        return ["--data", str(session.data_folder)]
    return ["--fetch"] if session.fetch_data else []


def known_under(session: Session, work: Work, store: Store, condition: Condition) -> set[Cell]:
    """Return the cells that have a valid attempt under another condition."""
    other = prepare(session, work.plan, condition=condition)
    found = other.attempts(store)
    return {
        cell
        for cell, task in other.tasks.items()
        if not task.writes and any(each.condition == str(condition) for each in found.get(task.key, ()))
    }


def other_conditions(
    session: Session, work: Work, results: Results, options: ScriptOptions
) -> tuple[tuple[Condition, set[Cell]], ...]:
    """Return under which other conditions cells have results that are not shown, and which cells."""
    tasks = [(each, work.tasks[each.cell]) for each in results.cells if each.cell in work.tasks]
    conditions = {
        data: str(asked_condition(session, options.overlay, data)) for data in {task.data for _, task in tasks}
    }
    store = session.read_store()
    try:
        # Most stores have one condition only.
        if len(set(conditions.values())) == 1 and not store.has_other_condition(next(iter(conditions.values()))):
            return ()
        shown = {task.recorded_as: {one.condition for one in each.attempts} for each, task in tasks}
        asked = {task.recorded_as: conditions[task.data] for _, task in tasks}
        candidates: set[str] = set()
        for recorded, other in store.conditions(shown).items():
            candidates |= other - shown[recorded] - {asked[recorded]}
        found = []
        for text in sorted(candidates):
            condition = Condition.parse(text)
            # Which sources an overlay held is not recorded in a way that could be read again from here.
            if condition.overlay is None:
                found.append((condition, known_under(session, work, store, condition)))
    finally:
        store.close()
    return tuple((condition, cells) for condition, cells in found if cells)


def other_conditions_notes(session: Session, work: Work, results: Results, options: ScriptOptions) -> Iterable[str]:
    """Report in one line for each other condition how many cells have results under it, with the command for those."""
    for condition, cells in other_conditions(session, work, results, options):
        typed = shlex.join(["table", *options.retyped, *condition.options])
        have = "has a result" if len(cells) == 1 else "have results"
        yield (
            f"{counted(len(cells), 'cell')} {have} under another condition ({str(condition) or 'the ordinary one'}), "
            f"not shown here: {session.command} {typed}"
        )
