"""`harness show` and `harness replay`: the evidence for a cell, and the same again."""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import sys

from harness.commands.choose import plan_of
from harness.commands.defaults import INTERRUPTED_STATUS
from harness.commands.shell import open_shell
from harness.errors import HarnessError
from harness.model import Attempt, Cell, Known, label_of
from harness.pipeline import Work, prepare, run_due
from harness.progress import progress_for
from harness.record.store import Store, Writer
from harness.report.foreign_text import one_line, plain
from harness.session import RunFolder, Session


def show(session: Session, arguments: argparse.Namespace) -> int:
    """Print what an attempt showed and the evidence for it."""
    cell = Cell.parse(arguments.cell)
    with contextlib.closing(session.read_store()) as store:
        attempt, current = _newest(session, store, cell)
    if attempt is None:
        raise HarnessError(f"{cell}: never run", next_step=f"{session.command} run --cells {shlex.quote(str(cell))}")
    if arguments.json:
        sys.stdout.write(json.dumps(_document(session, attempt, current=current), indent=1) + "\n")
    else:
        sys.stdout.write(_text(session, attempt, current=current))
    return 0


def _newest(session: Session, store: Store, cell: Cell) -> tuple[Attempt | None, bool]:
    """Give the newest attempt of a cell, and whether it was made under today's conditions."""
    work = _work_of(session, store, cell)
    planned = work.plan.cells[0]
    if planned.absence is not None:
        raise HarnessError(f"{cell}: {planned.absence.outcome}", why=planned.absence.reason)
    attempt = store.latest_with_evidence(work.tasks[cell].key)
    return (attempt, True) if attempt is not None else (store.latest_of_cell(str(cell)), False)


def _work_of(session: Session, store: Store, cell: Cell, *, fetch: bool = False) -> Work:
    """Plan one cell. A script from outside is no scenario of the project: it is taken from its last attempt."""
    selection = argparse.Namespace(
        cells=[str(cell)], environments=[], scenarios=[], writers=[], readers=[], tier=None, paths=[]
    )
    known = {scenario.name for scenario in session.project.scenarios}
    attempt = None if cell.case.scenario in known else store.latest_of_cell(str(cell))
    if attempt is None:
        return prepare(session, plan_of(session, selection), fetch=fetch)
    with RunFolder(session.cache / "runs") as folder:
        script = folder / f"{cell.case.scenario}.py"
        script.write_text(attempt.evidence.script, encoding="utf-8", newline="")
        selection.paths = [script]
        return prepare(session, plan_of(session, selection), fetch=fetch)


def _replay_command(session: Session, attempt: Attempt) -> str:
    return f"{session.command} replay {shlex.quote(str(attempt.cell))}"


def _document(session: Session, attempt: Attempt, *, current: bool) -> dict[str, object]:
    label = _label(session, attempt)
    return {
        "schema": 1,
        "cell": str(attempt.cell),
        "outcome": attempt.outcome.value,
        "stage": attempt.stage,
        "error": attempt.error,
        "signature": attempt.signature,
        "label": label.label if label else None,
        "note": label.note if label else None,
        "link": label.link if label else None,
        "reason": attempt.reason,
        "started": attempt.started.isoformat(),
        "duration_s": attempt.duration_s,
        "script_s": attempt.script_s,
        "peak_mib": attempt.peak_mib,
        "current": current,
        "interpreter": attempt.interpreter,
        "platform": attempt.platform,
        "lock": attempt.lock,
        "isolation": attempt.isolation,
        "sandbox": attempt.sandbox,
        "variables": dict(attempt.variables),
        "versions": dict(attempt.versions),
        "stdout": attempt.evidence.stdout,
        "stderr": attempt.evidence.stderr,
        "traceback": attempt.evidence.traceback,
        "dump": attempt.evidence.dump,
        "script": attempt.evidence.script,
        "replay": _replay_command(session, attempt),
    }


def _label(session: Session, attempt: Attempt) -> Known | None:
    scenarios = {scenario.name: scenario for scenario in session.project.scenarios}
    scenario = scenarios.get(attempt.cell.case.scenario)
    return label_of(attempt, scenario.header.known) if scenario else None


def _text(session: Session, attempt: Attempt, *, current: bool) -> str:
    label = _label(session, attempt)
    facts = [
        ("cell", str(attempt.cell)),
        ("outcome", attempt.outcome.value + ("" if current else "  (under other conditions than today's)")),
        ("stage", attempt.stage or ""),
        ("error", attempt.error),
        ("reason", attempt.reason),
        ("signature", attempt.signature or ""),
        ("label", f"{label.label}: {label.note}" + (f" {label.link}" if label.link else "") if label else ""),
        (
            "run",
            f"{attempt.started:%Y-%m-%d %H:%M:%S} UTC, {attempt.duration_s:.1f} s, "
            f"isolation {attempt.isolation}, sandbox {attempt.sandbox}",
        ),
        ("python", f"{attempt.interpreter} on {attempt.platform}"),
        ("variables", " ".join(f"{name}={value}" for name, value in attempt.variables)),
        ("versions", " ".join(f"{name}=={version}" for name, version in attempt.versions)),
    ]
    # Indented, no line of a script's looks like one of ours.
    lines = [f"{name:>10}  {plain(value)}".replace("\n", "\n" + " " * 12) for name, value in facts if value]
    for name in ("traceback", "dump", "stdout", "stderr"):
        text = getattr(attempt.evidence, name)
        if text.strip():
            lines += ["", f"--- {name}", *(f"  {plain(line)}" for line in plain(text).rstrip().split("\n"))]
    lines += ["", f"To run it again: {_replay_command(session, attempt)}", ""]
    return "\n".join(lines)


def replay(session: Session, arguments: argparse.Namespace) -> int:
    """Rebuild a cell's environment if need be, run the cell again, and compare with what is recorded."""
    cell = Cell.parse(arguments.cell)
    with contextlib.closing(session.read_store()) as store:
        work = _work_of(session, store, cell, fetch=True)
        planned = work.plan.cells[0]
        if planned.absence is not None:
            raise HarnessError(f"{cell}: {planned.absence.outcome}", why=planned.absence.reason)
        task = work.tasks[cell]
        before = store.latest_with_evidence(task.key)
    if arguments.shell:
        return open_shell(session, task)
    with (
        Writer(session.store_path, [task.environment.id]) as writer,
        progress_for(sys.stderr, total=1, jobs=1) as progress,
    ):
        run_due(session, work, [task], writer, jobs=1, watcher=progress)
    with contextlib.closing(session.read_store()) as store:
        after = store.latest_with_evidence(task.key)
    if after is None or session.stop.is_set():
        return INTERRUPTED_STATUS
    sys.stdout.write(_text(session, after, current=True))
    sys.stdout.write(_comparison(before, after))
    return 0 if after.settled else 1


def _comparison(before: Attempt | None, after: Attempt) -> str:
    if before is None:
        return "It was never run before under these conditions.\n"
    was = (before.outcome, before.stage, before.signature)
    if was == (after.outcome, after.stage, after.signature):
        return f"The same as on {before.started:%Y-%m-%d}: {after.outcome}.\n"
    then = f"{before.outcome} at {one_line(before.stage or '')}: {one_line(before.error)}"
    return f"Differs from {before.started:%Y-%m-%d}: it was {then}\n"
