"""`harness show` and `harness replay`: the evidence for a cell, and the same again."""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import sys
from collections import Counter
from dataclasses import dataclass, replace

from harness.commands.choose import overlay_of, plan_of_cell
from harness.commands.conditions import asked_condition, condition_options
from harness.commands.defaults import INTERRUPTED_STATUS
from harness.commands.shell import open_shell
from harness.errors import HarnessError
from harness.execute.task import Task
from harness.model import Attempt, Cell, CellResult, Condition, Label, Outcome, label_of
from harness.pipeline import Work, prepare, run_due
from harness.progress import progress_for
from harness.project.selection import changes_of
from harness.record.store import Store, Writer
from harness.report.foreign_text import one_line, plain
from harness.report.results import condition_text
from harness.session import Session


def show(session: Session, arguments: argparse.Namespace) -> int:
    """Print what an attempt showed and the evidence for it; of repeats that differ, the newest that did not pass."""
    work = _work_of(session, arguments)
    task = work.tasks[work.plan.cells[0].cell]
    with contextlib.closing(session.read_store()) as store:
        seen = _seen(session, store, task, arguments)
    if seen is None:
        raise _never_run(session, task, arguments)
    again = _replay_command(session, task.cell, arguments)
    if arguments.json:
        sys.stdout.write(json.dumps(_document(session, seen, again), indent=1) + "\n")
    else:
        sys.stdout.write(_text(session, seen, again))
    return 0


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What is known of a cell, and the attempt to show for it."""

    attempt: Attempt
    result: CellResult
    """All attempts under the same conditions."""
    current: bool = True
    """True if these are today's."""

    @classmethod
    def read(cls, store: Store, cell: Cell, key: str, limit_s: float, *, current: bool = True) -> _Seen | None:
        """Read the attempts under a key that hold within a time limit, and choose the newest that counts, if any."""
        found = (replace(each, cell=cell) for each in store.all_with_evidence(key))
        holding = [each for each in found if each.holds_within(limit_s)]
        result = CellResult(cell=cell, attempts=tuple(holding[::-1]))
        return cls(attempt=result.current, result=result, current=current) if result.current is not None else None

    @property
    def newest(self) -> _Seen:
        """The same, with the newest attempt, whether it counts or not."""
        return replace(self, attempt=self.result.attempts[-1])

    @property
    def failing(self) -> _Seen:
        """The same, with the newest that did not pass, if repeats differ."""
        failing = (each for each in reversed(self.result.verdicts) if each.outcome is not Outcome.PASSED)
        return replace(self, attempt=next(failing, self.attempt)) if self.result.flaky else self

    @property
    def repeats(self) -> str:
        """What the repeats showed, the most frequent first; empty if there was but one."""
        verdicts = self.result.verdicts
        if len(verdicts) < 2:
            return ""
        if not self.result.flaky:
            return f"{len(verdicts)}, all alike"
        # By signature, since the words of one failure may differ in each repeat; said in the words of the newest.
        newest = {each.signature: each for each in verdicts}
        kinds = [(count, newest[kind]) for kind, count in Counter(each.signature for each in verdicts).most_common()]
        shown = "; ".join(
            f"{count} {each.outcome} {one_line(each.error, longest=100)}".rstrip() for count, each in kinds
        )
        return f"flaky, {self.result.passes} of {len(verdicts)} passed: {shown}"


def _never_run(session: Session, task: Task, arguments: argparse.Namespace) -> HarnessError:
    """Return the error for a cell without a result; it names the other conditions under which there is one."""
    cell, options = task.cell, condition_options(session, arguments)
    with contextlib.closing(session.read_store()) as store:
        known_under = store.conditions({task.recorded_as}).get(task.recorded_as, set())
        others = sorted(known_under - {str(asked_condition(session, arguments))})
    commands = (shlex.join(["show", str(cell), *Condition.parse(each).options]) for each in others)
    known = "; ".join(f"`{session.command} {each}`" for each in commands)
    run = shlex.join(["run", "--cells", str(cell), *options])
    return HarnessError(
        f"{cell}: never run" + (" under this condition" if others else ""),
        why=f"results under another condition are shown by {known}" if others else "",
        next_step=f"`{session.command} {run}` runs it",
    )


def _seen(session: Session, store: Store, task: Task, arguments: argparse.Namespace) -> _Seen | None:
    """Find the attempts of a cell, under today's conditions if there are such, or else under its last."""
    cell, identity = task.cell, task.identity if task.external else ""
    seen = _Seen.read(store, cell, task.key, task.limit_s)
    if seen is None and arguments.overlay is None:
        asked = asked_condition(session, arguments)
        last = next((each for each in store.of_cell(cell, identity) if _is_under(each, asked, task.limit_s)), None)
        if last is not None:
            seen = _Seen.read(store, cell, last.key, task.limit_s, current=False)
    return seen.failing if seen is not None else None


def _is_under(attempt: Attempt, asked: Condition, limit_s: float) -> bool:
    return replace(Condition.parse(attempt.condition), timeout_s=None) == asked and attempt.holds_within(limit_s)


def _work_of(session: Session, arguments: argparse.Namespace, *, fetch: bool = False) -> Work:
    """Plan one cell, named by its id or by PATH@ENVIRONMENT. Raises HarnessError if it is known not to run."""
    plan = plan_of_cell(session, arguments.cell, command=arguments.parser.prog.rpartition(" ")[2])
    planned = plan.cells[0]
    if planned.absence is not None:
        raise HarnessError(f"{planned.cell}: {planned.absence.outcome}", why=planned.absence.reason)
    return prepare(session, plan, fetch=fetch, overlay=overlay_of(session, arguments))


def _replay_command(session: Session, cell: Cell, arguments: argparse.Namespace) -> str:
    return f"{session.command} {shlex.join(['replay', str(cell), *condition_options(session, arguments)])}"


def _document(session: Session, seen: _Seen, again: str) -> dict[str, object]:
    attempt = seen.attempt
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
        "cause": attempt.cause.value if attempt.cause else None,
        "started": attempt.started.isoformat(),
        "duration_s": attempt.duration_s,
        "script_s": attempt.script_s,
        "peak_mib": attempt.peak_mib,
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
        ],
        "interpreter": attempt.interpreter,
        "platform": attempt.platform,
        "lock": attempt.lock,
        "isolation": attempt.isolation,
        "sandbox": attempt.sandbox,
        "limits": attempt.limits,
        "condition": _condition(session, attempt) or None,
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


def _condition(session: Session, attempt: Attempt) -> str:
    """Return what differed from the ordinary condition, with the packages that were added to the environments."""
    families = [each.name for each in session.project.matrix.families]
    environments = filter(None, (attempt.cell.environment, attempt.cell.writer))
    return condition_text(attempt.condition, *(changes_of(each, families) for each in environments))


def _label(session: Session, attempt: Attempt) -> Label | None:
    scenarios = {scenario.name: scenario for scenario in session.project.scenarios}
    scenario = scenarios.get(attempt.cell.case.scenario)
    return label_of(attempt, scenario.header.labels) if scenario else None


def _text(session: Session, seen: _Seen, again: str) -> str:
    attempt = seen.attempt
    label = _label(session, attempt)
    facts = [
        ("cell", str(attempt.cell)),
        ("outcome", attempt.outcome.value + ("" if seen.current else "  (under other conditions than today's)")),
        ("condition", attempt.condition),
        ("repeats", seen.repeats),
        ("stage", attempt.stage or ""),
        ("error", attempt.error),
        ("cause", attempt.cause.value if attempt.cause else ""),
        ("reason", attempt.reason),
        ("signature", attempt.signature or ""),
        ("label", f"{label.label}: {label.note}" + (f" {label.link}" if label.link else "") if label else ""),
        (
            "run",
            f"{attempt.started:%Y-%m-%d %H:%M:%S} UTC, {attempt.duration_s:.1f} s, "
            f"isolation {attempt.isolation}, sandbox {attempt.sandbox}, limits {attempt.limits}",
        ),
        ("overlay", attempt.layer),
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
    lines += ["", f"To run it again: {again}", ""]
    return "\n".join(lines)


def replay(session: Session, arguments: argparse.Namespace) -> int:
    """Rebuild a cell's environment if need be, run the cell again, and compare with what is recorded."""
    work = _work_of(session, arguments, fetch=True)
    cell = work.plan.cells[0].cell
    task = work.tasks[cell]
    with contextlib.closing(session.read_store()) as store:
        known = _Seen.read(store, cell, task.key, task.limit_s)
        before = known.attempt if known is not None else None
    if arguments.shell:
        return open_shell(session, task)
    with (
        Writer(session.store_path, [task.environment.id], scripts=work.plan.scenarios) as writer,
        progress_for(sys.stderr, total=1, jobs=1) as progress,
    ):
        run_due(session, work, [task], writer, jobs=1, watcher=progress)
    with contextlib.closing(session.read_store()) as store:
        seen = _Seen.read(store, cell, task.key, task.limit_s)
    if seen is None or session.stop.is_set():
        return INTERRUPTED_STATUS
    after = seen.newest.attempt
    sys.stdout.write(_text(session, seen.newest, _replay_command(session, cell, arguments)))
    sys.stdout.write(_comparison(before, after))
    return 0 if after.conclusive else 1


def _comparison(before: Attempt | None, after: Attempt) -> str:
    if before is None:
        return "It was never run before under these conditions.\n"
    was = (before.outcome, before.stage, before.signature)
    if was == (after.outcome, after.stage, after.signature):
        return f"The same as on {before.started:%Y-%m-%d}: {after.outcome}.\n"
    where = f" at {one_line(before.stage)}" if before.stage else ""
    said = f": {one_line(before.error or before.reason)}" if before.error or before.reason else ""
    return f"Differs from {before.started:%Y-%m-%d}: it was {before.outcome}{where}{said}\n"
