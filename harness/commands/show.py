"""`harness show`: the evidence for a cell."""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from harness.commands.arguments import add_cell, add_condition, add_json, add_watch
from harness.commands.cell_evidence import (
    CellEvidence,
    CellOptions,
    condition_of,
    find_label,
    observed_of,
    replay_command,
    text_of,
    work_of,
)
from harness.commands.conditions import asked_condition, condition_options
from harness.commands.published_results import is_ordinary, published_evidence
from harness.errors import HarnessError, UsageError
from harness.execute.task import Task
from harness.model import Attempt, Condition
from harness.model.watch import Observed, Watch
from harness.record.store import Store
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Options(CellOptions):
    """The options of `harness show`."""

    watch: str | None
    json: bool
    artifacts: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness show`."""
    add_cell(parser)
    add_condition(parser)
    add_watch(parser, "also show what is observed of the attempt")
    add_json(parser)
    parser.add_argument(
        "--artifacts", metavar="DIR", help="two-step scenario: also copy the files of the writer to this new folder"
    )


def execute(session: Session, options: Options) -> int:
    """Print what an attempt showed and the evidence for it; of repeats that differ, the newest that did not pass."""
    work = work_of(session, options, "show")
    task = work.tasks[work.plan.cells[0].cell]
    with contextlib.closing(session.read_store()) as store:
        seen = _seen(session, store, task, options)
    why = ""
    if seen is None and options.overlay is None and is_ordinary(session):
        seen, why = published_evidence(session, work)
    if seen is None:
        raise _never_run(session, task, options, why)
    if options.artifacts is not None:
        _copy_artifacts(session, task, Path(options.artifacts))
    again = replay_command(session, task.cell, options)
    watched = options.watch or work.plan.scenarios[0].header.watch
    observed = observed_of(seen, Watch.parse(watched)) if watched is not None else None
    if options.json:
        sys.stdout.write(json.dumps(_document(session, seen, again, observed), indent=1) + "\n")
    else:
        sys.stdout.write(text_of(session, seen, again, observed))
    return 0


def _copy_artifacts(session: Session, task: Task, folder: Path) -> None:
    """Copy what the writer of a cell left to a new folder."""
    key = task.key if task.writes else task.reads
    if key is None:
        raise UsageError(
            f"--artifacts: {task.cell} has no writer", why="Only a folder with write.py and read.py has files to copy"
        )
    sha256, size = session.artifacts.digest(key)
    if sha256 is None:
        raise HarnessError(
            f"--artifacts: the files of {task.cell} are not in the cache",
            next_step=f"`{session.command} {shlex.join(['replay', str(task.cell)])}` writes them again",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"--artifacts {folder} is not empty", next_step="Name a new folder")
    try:
        session.artifacts.copy_to(key, folder)
    except OSError as error:
        raise HarnessError(f"--artifacts {folder}: could not be written", why=str(error)) from error
    session.notify(f"{folder}: {size} bytes, sha256 {sha256}")


def _never_run(session: Session, task: Task, options: Options, published: str) -> HarnessError:
    """Return the error for a cell without a result.

    It names the other conditions under which there is one, and why what is published is none.
    """
    cell, condition = task.cell, condition_options(session, options.overlay)
    with contextlib.closing(session.read_store()) as store:
        known_under = store.conditions({task.recorded_as}).get(task.recorded_as, set())
        others = sorted(known_under - {str(asked_condition(session, options.overlay, task.data))})
    commands = (shlex.join(["show", str(cell), *Condition.parse(each).options]) for each in others)
    known = "; ".join(f"`{session.command} {each}`" for each in commands)
    run = shlex.join(["run", "--cells", str(cell), *condition])
    return HarnessError(
        f"{cell}: never run" + (" under this condition" if others else ""),
        why=f"Results under another condition are shown by {known}" if others else published,
        next_step=f"`{session.command} {run}` runs it",
    )


def _seen(session: Session, store: Store, task: Task, options: Options) -> CellEvidence | None:
    """Find the attempts of a cell, under today's conditions if there are such, or else under its last."""
    cell, identity = task.cell, task.identity if task.external else ""
    seen = CellEvidence.read(store, cell, task.key, task.limit_s)
    if seen is None and options.overlay is None:
        asked = asked_condition(session, options.overlay, task.data)
        last = next((each for each in store.of_cell(cell, identity) if _is_under(each, asked, task.limit_s)), None)
        if last is not None:
            seen = CellEvidence.read(store, cell, last.key, task.limit_s, current=False)
    return seen.failing if seen is not None else None


def _is_under(attempt: Attempt, asked: Condition, limit_s: float) -> bool:
    return replace(Condition.parse(attempt.condition), timeout_s=None) == asked and attempt.holds_within(limit_s)


def _document(session: Session, seen: CellEvidence, again: str, observed: Observed | None) -> dict[str, object]:
    attempt = seen.attempt
    label = find_label(session, attempt)
    publication = attempt.publication
    ran = publication is None
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
        "cause": attempt.cause.value if attempt.cause else None,
        "published": publication.source if publication else None,
        "started": attempt.started.isoformat() if ran else None,
        "duration_s": attempt.duration_s if ran else None,
        "script_s": attempt.script_s if ran else None,
        "peak_mib": attempt.peak_mib if ran else None,
        "current": seen.current,
        "flaky": {"passes": seen.result.passes, "of": len(seen.result.verdicts)} if seen.result.flaky else None,
        "attempts": [
            {
                "started": each.started.isoformat(),
                "outcome": each.outcome.value,
                "stage": each.stage,
                "signature": each.signature,
                "error": each.error,
                "isolation": each.isolation,
            }
            for each in seen.result.attempts
            if each.publication is None
        ],
        "observation": {"kind": observed.kind, "group": None, "text": observed.text} if observed is not None else None,
        "interpreter": attempt.interpreter,
        "platform": attempt.platform,
        "lock": attempt.lock,
        "isolation": attempt.isolation if ran else "",
        "sandbox": attempt.sandbox if ran else "",
        "limits": attempt.limits if ran else "",
        "condition": condition_of(session, attempt) or None,
        "layer": attempt.layer,
        "variables": dict(attempt.variables),
        "versions": dict(attempt.versions),
        "stdout": attempt.evidence.stdout,
        "stderr": attempt.evidence.stderr,
        "traceback": attempt.evidence.traceback,
        "dump": attempt.evidence.dump,
        "script": attempt.evidence.script,
        "replay": again,
    }
