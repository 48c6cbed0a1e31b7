"""Execute a task: create its folder, run the worker, and judge the result."""

from __future__ import annotations

import datetime as dt
import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from harness.execute.artifacts import Artifacts
from harness.execute.attempt_context import context_of
from harness.execute.attempt_dir import Folder
from harness.execute.data_links import place_data
from harness.execute.fork_choice import fork_server_kind, fork_server_or_reason, imports_package_late
from harness.execute.fork_time_out import is_conclusive
from harness.execute.forkserver.channel import ForkServerLost
from harness.execute.forkserver.pool import ForkServers
from harness.execute.forkserver.server import ForkServerKind, ZygoteKind
from harness.execute.isolation import InFork, InProcess, IsolationMethod, new_folder
from harness.execute.sanitize import sanitize
from harness.execute.stage_durations import stage_durations
from harness.execute.task import WORTH_PREPARING, Task, this_platform
from harness.execute.verdict import LOST, Verdict, WorkerFacts, judge
from harness.model import Attempt, Condition, Evidence, Outcome
from harness.process.limits import Ended
from harness.sandbox.backends import Sandbox, SandboxBackend

_log = logging.getLogger(__name__)
_MOST = 1e9
_TRIES = 3
# The state of the fork server may have caused these outcomes: repeat them in a fresh process.
_TO_CONFIRM = frozenset({Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY, Outcome.ERROR})


_IMPORT_ERROR = re.compile(r"^(?:ImportError|ModuleNotFoundError)\b", re.MULTILINE)


class Interrupted(Exception):
    """The run was stopped during the attempt, which has no result."""


def run_task(
    task: Task,
    *,
    python: Path,
    runs: Path,
    artifacts: Artifacts,
    stop: threading.Event,
    sandbox: Sandbox,
    hidden: Sequence[Path] = (),
    fork_servers: ForkServers | None = None,
    on_output: Callable[[bytes], None] | None = None,
) -> Attempt:
    """Execute a task in a temporary folder in `runs`. Raises Interrupted if the run was stopped.

    With `fork_servers`, use a fork of a fork server if possible. Repeat a fork that crashed or hit a limit in a fresh
    process, and return that attempt. `hidden` are folders to hide, even below system folders.
    """
    in_process = InProcess(python=python, runs=runs, sandbox=sandbox, hidden=hidden, on_output=on_output)
    once = partial(_run_once, task, artifacts=artifacts, stop=stop)
    if fork_servers is None or not sandbox.forks:
        kind: ForkServerKind | str = "no forks are used"
    else:
        kind = fork_server_or_reason(task, python, contained=sandbox.contains)
    if fork_servers is not None and isinstance(kind, ForkServerKind):
        try:
            ends: list[Ended] = []
            with fork_servers.lend(kind) as server:
                attempt = once(InFork(python=python, server=server, on_output=on_output), ends=ends)
            if not _is_to_confirm(task, attempt, ends):
                return attempt
            kind = f"its fork {attempt.outcome}"
        except ForkServerLost as lost:
            kind = f"the fork server failed: {lost}"
    _log.info("%s: process of its own: %s", task.cell, kind)
    return _repeat_if_killed(partial(once, in_process))


def _is_to_confirm(task: Task, attempt: Attempt, ends: list[Ended]) -> bool:
    """Return True if the fork server may have caused the outcome of a fork."""
    if attempt.outcome is Outcome.FAILED and imports_package_late(task):
        return _failed_in_an_import(task, attempt)
    return attempt.outcome in _TO_CONFIRM and not _is_conclusive_time_out(task, attempt, ends)


def _failed_in_an_import(task: Task, attempt: Attempt) -> bool:
    """Return True if the exception comes from an import of a module. In a process of its own, it may be another one.

    There, TensorFlow tries the import first, and the script imports what that left.
    """
    other_modules = rf'File "(?!{re.escape(task.script.file_name)}")[^"]*", line \d+, in <module>'
    text = attempt.evidence.traceback
    return _IMPORT_ERROR.search(text) is not None or re.search(other_modules, text) is not None


def _is_conclusive_time_out(task: Task, attempt: Attempt, ends: list[Ended]) -> bool:
    busy = bool(ends) and ends[-1].busy
    dump, script = attempt.evidence.dump, task.script.file_name
    return attempt.outcome is Outcome.TIMED_OUT and is_conclusive(dump, script=script, busy=busy)


def _repeat_if_killed(once: Callable[[], Attempt]) -> Attempt:
    """Repeat an attempt that was killed from outside.

    The sender of a SIGKILL is unknown. One from outside does not occur again, one of the script does. So accept a
    SIGKILL that occurred twice. If the sandbox was killed, there is no result.
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
    return lost  # two of three attempts lost their sandbox, otherwise a SIGKILL would have occurred twice


@dataclass(frozen=True)
class ForkImports:
    """Creates fork servers ahead of their tasks."""

    fork_servers: ForkServers
    note: Callable[[str], None]
    """Shows a message to the user."""
    _needed: dict[ZygoteKind, set[ForkServerKind]] = field(default_factory=dict)
    """Fork servers by zygote that tasks need and have not released."""

    def kind_of(self, task: Task, python: Path) -> ForkServerKind | None:
        """Return the kind of fork server of a task, or None."""
        kind = fork_server_kind(task, python, contained=self.fork_servers.contained)
        if kind is not None:
            self._needed.setdefault(kind.zygote, set()).add(kind)
        return kind

    def prepare(self, task: Task, python: Path, *, tasks: int) -> None:
        """Create the fork server of `tasks` tasks."""
        if (kind := fork_server_kind(task, python, contained=self.fork_servers.contained)) is not None:
            failed = self.fork_servers.prepare(kind, for_many=tasks >= WORTH_PREPARING)
            if failed is not None:
                self.note(f"{task.environment.id}: the prepare script failed, so scripts run slower: {failed}")

    def release(self, task: Task, python: Path) -> None:
        """End the unused fork server of a task, and its zygote if no other task needs it."""
        if (kind := fork_server_kind(task, python, contained=self.fork_servers.contained)) is not None:
            self.fork_servers.release(kind)
            needed = self._needed.get(kind.zygote, set())
            needed.discard(kind)
            if not needed:
                self.fork_servers.release_zygote(kind.zygote)


def _run_once(
    task: Task, method: IsolationMethod, *, artifacts: Artifacts, stop: threading.Event, ends: list[Ended] | None = None
) -> Attempt:
    """Execute a task once. `ends` receives how its process ended."""
    started = dt.datetime.now(dt.timezone.utc)
    _log.debug("%s: started: %s", task.cell, method.isolation)
    try:
        folder = new_folder(method)
    except OSError as error:
        return failed_to_run(task, f"could not be started: {error}", started)
    try:
        folder.make(task.script.files)
        if task.data is not None:
            place_data(task.data, folder)
        if task.reads is not None:
            artifacts.copy_to(task.reads, folder.work)
        ended = method.run(task, folder, stop)
        if ends is not None:
            ends.append(ended)
        if ended.stopped:
            raise Interrupted
        attempt = replace(attempt_of(task, folder, ended, started, method), limits=str(method.limits))
        if task.writes and attempt.outcome is Outcome.PASSED:
            attempt = _keep_artifacts(task, attempt, folder, artifacts)
        stage = f" in stage {attempt.stage}" if attempt.stage else ""
        _log.info("%s: %s%s after %.2f s (%s)", task.cell, attempt.outcome, stage, ended.duration_s, method.isolation)
        return attempt
    except OSError as error:
        return failed_to_run(task, f"could not be started: {error}", started)
    finally:
        folder.remove()


def _keep_artifacts(task: Task, attempt: Attempt, folder: Folder, artifacts: Artifacts) -> Attempt:
    """Sanitize and keep the artifacts of a writer. Return the attempt, with a note about removed files."""
    result = sanitize(folder.work)
    if result.bytes > task.script.header.disk_mib << 20:
        error = f"TooMuchDisk: what is to be read is larger than {task.script.header.disk_mib} MiB"
        return replace(attempt, outcome=Outcome.FAILED, stage="exit", error=error)
    artifacts.keep(task.key, folder.work)
    if not result.removed:
        return attempt
    note = f"\n[not kept, because not a file, folder or link inside: {', '.join(result.removed[:20])}]\n"
    return replace(attempt, evidence=replace(attempt.evidence, stderr=attempt.evidence.stderr + note))


def failed_to_run(task: Task, reason: str, started: dt.datetime) -> Attempt:
    """Return the attempt of a task that could not be executed."""
    return _attempt(task, Verdict(outcome=Outcome.ERROR, reason=reason, conclusive=False), started)


def unavailable(task: Task, reason: str, *, conclusive: bool) -> Attempt:
    """Return the attempt of a task whose environment is unavailable."""
    now = dt.datetime.now(dt.timezone.utc)
    return _attempt(task, Verdict(outcome=Outcome.UNAVAILABLE, reason=reason, conclusive=conclusive), now)


def attempt_of(task: Task, folder: Folder, ended: Ended, started: dt.datetime, method: IsolationMethod) -> Attempt:
    """Return the attempt of an ended process. Everything that it wrote is untrusted."""
    report = folder.report()
    context = context_of(task, folder, ended, report or {}, sandboxed=method.backend is not SandboxBackend.NONE)
    facts = WorkerFacts(
        ended=ended, report=report, stage_log=folder.stage_log(), header=task.script.header, context=context
    )
    report = facts.worker_report or {}
    evidence = Evidence(
        stdout=folder.tidy(ended.stdout.decode("utf-8", "replace")),
        stderr=folder.tidy(ended.stderr.decode("utf-8", "replace")),
        traceback=folder.tidy(str(report.get("traceback", ""))),
        dump=folder.tidy(folder.text("dump")),
        script=task.script.text,
    )
    return _attempt(
        task,
        judge(facts),
        started,
        duration_s=ended.duration_s,
        script_s=_number(report.get("duration_s")),
        stage_s=stage_durations(report),
        # Without a report, only the measurement from outside is known.
        peak_mib=int(_number(report.get("peak_mib"))) or ended.peak_mib,
        versions=_versions_of(report, task),
        evidence=evidence,
        isolation=method.isolation,
        sandbox=str(method.backend),
        tidy_with=folder,
    )


def _attempt(
    task: Task,
    verdict: Verdict,
    started: dt.datetime,
    *,
    duration_s: float = 0.0,
    script_s: float = 0.0,
    stage_s: tuple[tuple[str, float], ...] = (),
    peak_mib: int = 0,
    versions: tuple[tuple[str, str], ...] = (),
    evidence: Evidence | None = None,
    isolation: str = "process",
    sandbox: str = str(SandboxBackend.NONE),
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
        conclusive=verdict.conclusive,
        started=started,
        duration_s=round(duration_s, 3),
        script_s=script_s,
        stage_s=stage_s,
        peak_mib=peak_mib,
        interpreter=task.interpreter,
        platform=this_platform(),
        lock=task.environment.lock.fingerprint,
        versions=versions,
        variables=task.variables,
        isolation=isolation,
        sandbox=sandbox,
        limit_s=task.limit_s,
        identity=task.identity,
        external=task.external,
        layer=task.layer,
        evidence=evidence or Evidence(script=task.script.text),
    )
    return replace(attempt, condition=str(_condition_of(task, attempt)))


def _condition_of(task: Task, attempt: Attempt) -> Condition:
    """Return the condition of an attempt. Include the time limit only if the script's own could change the result."""
    return Condition(
        sandboxed=task.sandboxed,
        overlay=task.overlay.package if task.overlay is not None else None,
        timeout_s=None if attempt.holds_within(task.own_limit_s) else task.limit_s,
        data=task.data.digest if task.data is not None else "",
    )


def _number(value: object) -> float:
    """Return a number of an untrusted report, or 0."""
    return float(value) if isinstance(value, (int, float)) and 0 <= value < _MOST else 0.0


def _versions_of(report: Mapping[str, Any], task: Task) -> tuple[tuple[str, str], ...]:
    """Return the reported versions of locked packages, without vendored copies inside other packages."""
    value = report.get("versions")
    if not isinstance(value, Mapping):
        return ()
    locked = task.environment.lock.versions
    return tuple(sorted((str(name), str(version)) for name, version in value.items() if name in locked))
