"""A task becomes an attempt: a folder of its own, the worker in a process of its own, the verdict."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from harness.containment.sandbox import Means, Sandbox
from harness.execute.artifacts import Artifacts
from harness.execute.conversation import ParentLost
from harness.execute.failure_facts import Places, Scene
from harness.execute.folder import Folder
from harness.execute.leavings import make_harmless
from harness.execute.no_verdict import companions
from harness.execute.order import WORTH_PREPARING
from harness.execute.parent import CAN_FORK, ParentKind, RootKind
from harness.execute.parents import Parents
from harness.execute.task import Task, this_platform
from harness.execute.verdict import LOST, Seen, Verdict, judge
from harness.execute.ways import InFork, InProcess, Way, fixed_variables, new_folder
from harness.model import Attempt, Condition, Environment, Evidence, Outcome
from harness.plan.preload import find_preload
from harness.running import Ended

_MOST = 1e9
_TRIES = 3
# A fork that did not end by itself may have met a state of its parent's: it is asked again without one.
_TO_CONFIRM = frozenset({Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY, Outcome.ERROR})


class Interrupted(Exception):
    """The attempt was stopped from outside: nothing can be said of it."""


def run_task(
    task: Task,
    *,
    python: Path,
    runs: Path,
    artifacts: Artifacts,
    stop: threading.Event,
    sandbox: Sandbox,
    hidden: Sequence[Path] = (),
    parents: Parents | None = None,
) -> Attempt:
    """Execute a task in a new folder under `runs`, which is gone afterwards. Raises Interrupted if it was stopped.

    With `parents`, in a fork of a process that has done the script's imports, if the script allows it, and if forks
    can be contained where others are. What did not end by itself there is confirmed in a process of its own, and that
    attempt counts. `hidden` are folders that are not to be seen even where they lie among the system's.
    """
    alone = InProcess(python=python, runs=runs, sandbox=sandbox, hidden=hidden)
    once = partial(_run_once, task, artifacts=artifacts, stop=stop)
    kind = parent_kind(task, python) if parents is not None and sandbox.forks else None
    if parents is not None and kind is not None:
        with contextlib.suppress(ParentLost):
            with parents.lend(kind) as parent:
                attempt = once(InFork(python=python, parent=parent))
            if attempt.outcome not in _TO_CONFIRM:
                return attempt
    return _not_ended_by_others(partial(once, alone))


def _not_ended_by_others(once: Callable[[], Attempt]) -> Attempt:
    """Execute until an attempt has ended as the script has it.

    Who sent a script a SIGKILL cannot be seen. The system's, or anyone's, does not come again; the script's own does.
    So one counts when it was seen twice; and if what contained it was killed, nothing was seen at all.
    """
    killed = False
    for _ in range(_TRIES):
        attempt = once()
        if attempt.error.startswith("SIGKILL:"):
            if killed:
                return attempt
            killed = True
        elif attempt.reason.startswith(LOST):
            lost = attempt
        else:
            return attempt
    return lost  # of three, two were, or a SIGKILL would have been seen twice


def parent_kind(task: Task, python: Path) -> ParentKind | None:
    """Say in a fork of what a task may run; None if it needs a process of its own."""
    if not CAN_FORK or task.script.header.own_process:
        return None
    preload = find_preload(task.script.text, task.environment.preload, task.environment.touch)
    if preload is None:
        return None
    modules, touched, absent = preload.modules, preload.touched, tuple[str, ...]()
    if task.overlay is not None:
        if _goes_through_another(task.script.text, task.environment.imports, task.overlay.package):
            return None
        # What the overlay stands in front of must be imported from it, by each attempt.
        others = (each for each in task.environment.imports if each != task.overlay.package)
        modules = ("harness_holds_back", *others, "harness_lets_go")
        touched, absent = (), (task.overlay.package,)
    fixed = fixed_variables(python)
    variables = {**dict(preload.defaults), **fixed, **dict(task.variables), **dict(preload.variables)}
    root = RootKind(
        python=python,
        module=modules[0],
        variables=tuple(sorted(variables.items())),
        scripts=() if task.overlay else _scripts(task.environment, variables),
        trees=task.overlay.folder.parent if task.overlay else None,
        held_back=task.overlay.package if task.overlay else None,
    )
    return ParentKind(root=root, modules=modules[1:], touched=touched, absent=absent)


def _goes_through_another(source: str, imports: Iterable[str], package: str) -> bool:
    """Whether a script may import a package as a part of one that has noted, as it was imported, where that lies.

    `import tensorflow.keras` looks where TensorFlow found Keras; in a parent that is what is installed.
    """
    return any(re.search(rf"(?<![\w.]){re.escape(each)}\.{re.escape(package)}\b", source) for each in imports)


def _scripts(environment: Environment, variables: Mapping[str, str]) -> tuple[tuple[str, Path], ...]:
    """Say which scripts prepare a process that has these variables, and after the import of what."""
    return tuple(
        (each.module, each.script) for each in environment.prepare if dict(each.where).items() <= variables.items()
    )


@dataclass(frozen=True)
class ForkImports:
    """The imports that are done before tasks ask for them: each kind in a parent that forks."""

    parents: Parents
    note: Callable[[str], None]
    """Told what people should know and no attempt says."""
    _needed: dict[RootKind, set[ParentKind]] = field(default_factory=dict)
    """The parents of each root that tasks have been said to need, and not been released of."""

    def kind_of(self, task: Task, python: Path) -> ParentKind | None:
        """Say which parent serves a task."""
        kind = parent_kind(task, python)
        if kind is not None:
            self._needed.setdefault(kind.root, set()).add(kind)
        return kind

    def prepare(self, task: Task, python: Path, *, tasks: int) -> None:
        """Have the parent of so many tasks ready."""
        if (kind := parent_kind(task, python)) is not None:
            failed = self.parents.prepare(kind, thoroughly=tasks >= WORTH_PREPARING)
            if failed is not None:
                self.note(f"{task.environment.id}: its scripts run slower, for what prepares them fails: {failed}")

    def release(self, task: Task, python: Path) -> None:
        """End the parent of a task, if nobody uses it, and its root if that is needed for no other."""
        if (kind := parent_kind(task, python)) is not None:
            self.parents.release(kind)
            needed = self._needed.get(kind.root, set())
            needed.discard(kind)
            if not needed:
                self.parents.release_root(kind.root)


def _run_once(task: Task, way: Way, *, artifacts: Artifacts, stop: threading.Event) -> Attempt:
    started = dt.datetime.now(dt.timezone.utc)
    try:
        folder = new_folder(way)
    except OSError as error:
        return failed_to_run(task, f"could not be started: {error}", started)
    try:
        folder.make()
        if task.reads is not None:
            artifacts.copy_to(task.reads, folder.work)
        ended = way.run(task, folder, stop)
        if ended.stopped:
            raise Interrupted
        attempt = attempt_of(task, folder, ended, started, way)
        if task.writes and attempt.outcome is Outcome.PASSED:
            attempt = _keep(task, attempt, folder, artifacts)
        return attempt
    except OSError as error:
        return failed_to_run(task, f"could not be started: {error}", started)
    finally:
        folder.remove()


def _keep(task: Task, attempt: Attempt, folder: Folder, artifacts: Artifacts) -> Attempt:
    """Keep what was written, as far as it does no harm; give the attempt that says so."""
    left = make_harmless(folder.work)
    if left.bytes > task.script.header.disk_mib << 20:
        error = f"TooMuchDisk: what is to be read is larger than {task.script.header.disk_mib} MiB"
        return replace(attempt, outcome=Outcome.FAILED, stage="exit", error=error)
    artifacts.keep(task.key, folder.work)
    if not left.removed:
        return attempt
    note = f"\n[not kept, being neither files nor folders nor links inside: {', '.join(left.removed[:20])}]\n"
    return replace(attempt, evidence=replace(attempt.evidence, stderr=attempt.evidence.stderr + note))


def failed_to_run(task: Task, reason: str, started: dt.datetime) -> Attempt:
    """Give the attempt of a task that the harness could not carry out."""
    return _record(task, Verdict(outcome=Outcome.ERROR, reason=reason, settled=False), started)


def unavailable(task: Task, reason: str, *, settled: bool) -> Attempt:
    """Give the attempt of a task whose environment could not be had."""
    now = dt.datetime.now(dt.timezone.utc)
    return _record(task, Verdict(outcome=Outcome.UNAVAILABLE, reason=reason, settled=settled), now)


def attempt_of(task: Task, folder: Folder, ended: Ended, started: dt.datetime, way: Way) -> Attempt:
    """Give the attempt that an ended process has made, by what it left: all of that may be forged."""
    report = folder.report()
    scene = _scene(task, folder, ended, report or {}, sandboxed=way.means is not Means.NONE)
    seen = Seen(ended=ended, report=report, trail=folder.trail(), header=task.script.header, scene=scene)
    report = report or {}
    evidence = Evidence(
        stdout=folder.tidy(ended.stdout.decode("utf-8", "replace")),
        stderr=folder.tidy(ended.stderr.decode("utf-8", "replace")),
        traceback=folder.tidy(str(report.get("traceback", ""))),
        dump=folder.tidy(folder.text("dump")),
        script=task.script.text,
    )
    return _record(
        task,
        judge(seen),
        started,
        duration_s=ended.duration_s,
        script_s=_number(report.get("duration_s")),
        # What ended without a report, for its memory perhaps, was seen from outside only.
        peak_mib=int(_number(report.get("peak_mib"))) or ended.peak_mib,
        versions=_versions_of(report, task),
        evidence=evidence,
        isolation=way.isolation,
        sandbox=str(way.means),
        tidy_with=folder,
    )


def _scene(task: Task, folder: Folder, ended: Ended, report: Mapping[str, Any], *, sandboxed: bool) -> Scene:
    """Return what is known of an attempt besides its report, and which files that it lacked lie beside the script."""
    places = Places(
        script=folder.seen(folder.script),
        work=folder.seen(folder.work),
        home=folder.places["HOME"],
        temporary=folder.places["TMPDIR"],
    )
    original = task.script.path
    wanted = companions(report, places) if original is not None and report.get("outcome") == "failed" else ()
    return Scene(
        places=places,
        sandboxed=sandboxed,
        packages=task.environment.packages,
        beside=frozenset(each for each in wanted if original is not None and _exists(original.parent / each)),
        reads_artifact=task.reads is not None,
        reads_arguments="argv" in task.script.text,
        output=(ended.stdout + ended.stderr).decode("utf-8", "replace"),
    )


def _exists(path: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return path.exists()
    return False


def _record(
    task: Task,
    verdict: Verdict,
    started: dt.datetime,
    *,
    duration_s: float = 0.0,
    script_s: float = 0.0,
    peak_mib: int = 0,
    versions: tuple[tuple[str, str], ...] = (),
    evidence: Evidence | None = None,
    isolation: str = "process",
    sandbox: str = str(Means.NONE),
    tidy_with: Folder | None = None,
) -> Attempt:
    attempt = Attempt(
        cell=task.cell,
        key=task.key,
        outcome=verdict.outcome,
        stage=verdict.stage,
        error=tidy_with.tidy(verdict.error) if tidy_with else verdict.error,
        reason=tidy_with.tidy(verdict.reason) if tidy_with else verdict.reason,
        cause=verdict.cause,
        settled=verdict.settled,
        started=started,
        duration_s=round(duration_s, 3),
        script_s=script_s,
        peak_mib=peak_mib,
        interpreter=task.interpreter,
        platform=this_platform(),
        lock=task.environment.lock.fingerprint,
        versions=versions,
        variables=task.variables,
        isolation=isolation,
        sandbox=sandbox,
        limit_s=task.limit_s,
        evidence=evidence or Evidence(script=task.script.text),
    )
    return replace(attempt, condition=str(_condition_of(task, attempt)))


def _condition_of(task: Task, attempt: Attempt) -> Condition:
    """Return the condition of an attempt; the time limit is part of it only if the script's own would show another."""
    return Condition(
        sandboxed=task.sandboxed,
        overlay=task.overlay.package if task.overlay is not None else None,
        timeout_s=None if attempt.holds_within(task.own_limit_s) else task.limit_s,
    )


def _number(seen: object) -> float:
    """Give a number of a report, which may hold anything, or 0."""
    return float(seen) if isinstance(seen, (int, float)) and 0 <= seen < _MOST else 0.0


def _versions_of(report: Mapping[str, Any], task: Task) -> tuple[tuple[str, str], ...]:
    """Give the versions that the worker saw of what the lock names.

    What packages carry along inside themselves is seen too, once they have put it on the path, and left out.
    """
    seen = report.get("versions")
    if not isinstance(seen, Mapping):
        return ()
    locked = task.environment.lock.versions
    return tuple(sorted((str(name), str(version)) for name, version in seen.items() if name in locked))
