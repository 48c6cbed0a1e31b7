"""Run the cells of a subject in the environment of a candidate, as far as the store does not have their attempts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from harness.cluster.pool import ClusterPool
from harness.execute.task import Task
from harness.model import Attempt, Environment
from harness.model.watch import Watch, WatchKind
from harness.pinpoint.candidates import Candidate, ProbeResult, Subject
from harness.pinpoint.environments.derived import Untestable
from harness.pinpoint.environments.probed import ProbedEnvironments
from harness.pipeline import Work, prepare, with_cost
from harness.project.plan import Plan, make_plan
from harness.project.selection import Selection
from harness.record.store import Cost, Store
from harness.schedule.local_pool import LocalPool
from harness.schedule.missing_attempts import conclusive_attempts, count_missing
from harness.schedule.request import Claim
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One question: a subject in the environment of a candidate."""

    subject: Subject
    candidate: Candidate
    at_least: int
    """The number of attempts that the last cell needs."""
    own_process: bool
    """True if new attempts must not be forks."""
    claim: Claim


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    environment: Environment
    plan: Plan
    work: Work | None
    reason: str = ""
    """The reason why nothing can be run."""


class Runner:
    """Answers probes, from several threads. They only wait: the threads of the pool do the work."""

    def __init__(
        self,
        session: Session,
        environments: ProbedEnvironments,
        pool: LocalPool,
        record: Callable[[Attempt], None],
        *,
        watch: Watch | None = None,
        cluster: ClusterPool | None = None,
    ) -> None:
        """With a `watch`, known attempts come with what it needs: their output, or only those of this session.

        With a `cluster`, tasks that can leave this machine run there.
        """
        self._watch = watch
        self._session = session
        self._environments = environments
        self._pool = pool
        self._record = record
        self._cluster = cluster
        self._guard = threading.Lock()
        self._writing: dict[str, threading.Lock] = {}
        self._written: dict[str, list[Attempt]] = {}
        self._known_costs: Mapping[tuple[str, str], Cost] | None = None

    def run(self, probe: Probe) -> ProbeResult:
        """Return the result of a probe. Run and record missing attempts. Raises Interrupted."""
        try:
            prepared = self._pool.call(probe.claim, partial(self._prepare, probe.subject, probe.candidate))
        except Untestable as error:
            return ProbeResult(reason=error.reason)
        if prepared.work is None:
            return ProbeResult(environment=prepared.environment, reason=prepared.reason)
        return self._run_cells(probe, prepared.environment, prepared.work)

    def _prepare(self, subject: Subject, candidate: Candidate) -> _Prepared:
        """Create the environment's description and the tasks. Raises Untestable."""
        environment = candidate.make()
        if candidate.overlay is not None:
            environment = replace(environment, overlay=candidate.overlay())
        plan = self._plan(environment, subject)
        for each in plan.cells:
            if each.absence is not None:
                reason = f"{each.absence.outcome}: {each.absence.reason}"
                return _Prepared(environment=environment, plan=plan, work=None, reason=reason)
        work = prepare(self._session, plan, fetch=True, own_limit=subject.own_limit)
        for reason in work.missing.values():
            raise Untestable(reason)
        return _Prepared(environment=environment, plan=plan, work=work)

    def _plan(self, environment: Environment, subject: Subject) -> Plan:
        project = self._session.project
        selection = Selection(cells=subject.cells(environment))
        others = [each for each in (environment, subject.writer, subject.reader) if each is not None]
        outside = {each.id: each for each in others if project.environment(each.id) is None}
        return make_plan(project, selection, scripts=(subject.scenario,), inline=tuple(outside.values()))

    def _run_cells(self, probe: Probe, environment: Environment, work: Work) -> ProbeResult:
        new: list[Attempt] = []
        attempts: list[Attempt] = []
        for cell in probe.subject.cells(environment):
            task = work.tasks[cell]
            if not task.writes:
                attempts, more = self._attempts(work, task, probe, probe.at_least)
                new += more
                continue
            attempts, more = self._written_once(work, task, probe)
            new += more
            if not self._session.artifacts.has(task.key):
                if probe.subject.writer is None and attempts and attempts[-1].outcome.is_failure:
                    break  # what it shows in this environment is that it cannot be written
                reason = f"{cell.environment} did not write"
                return ProbeResult(environment=environment, new=tuple(new), reason=reason)
        newest = attempts[-1]
        reason = "" if newest.is_verdict else f"{newest.outcome}: {newest.reason}"
        return ProbeResult(environment=environment, attempts=tuple(attempts), new=tuple(new), reason=reason)

    def _written_once(self, work: Work, task: Task, probe: Probe) -> tuple[list[Attempt], list[Attempt]]:
        """Return the attempts of a first step. Probes that run side by side share one: new ones belong to the first."""
        with self._guard:
            writing = self._writing.setdefault(task.key, threading.Lock())
        with writing:
            if task.key in self._written:
                return [replace(each, cell=task.cell) for each in self._written[task.key]], []
            attempts, new = self._attempts(work, task, probe, 1)
            if attempts and attempts[-1].conclusive:
                self._written[task.key] = attempts
            return attempts, new

    def _attempts(self, work: Work, task: Task, probe: Probe, at_least: int) -> tuple[list[Attempt], list[Attempt]]:
        """Return the conclusive attempts of a task, and the new ones among them. Run as many as are missing."""
        artifacts = self._session.artifacts
        store = self._session.read_store()
        try:
            own_process = self._watch is not None and self._watch.own_process and not task.writes
            found = [each for each in self._found(store, task) if not own_process or each.isolation == "process"]
            missing = count_missing(
                task,
                found,
                repeat=at_least,
                written=task.reads is not None and artifacts.has(task.reads),
                artifact_lost=task.writes and not artifacts.has(task.key),
            )
            if missing:
                task = with_cost(task, self._costs(store))
        finally:
            store.close()
        known = [replace(each, cell=task.cell) for each in conclusive_attempts(task, found)]
        probe = replace(probe, own_process=probe.own_process or own_process)
        new = self._run_new(work, task, missing, probe) if missing else []
        return [*known, *new], new

    def _found(self, store: Store, task: Task) -> list[Attempt]:
        """Return the attempts of a task that the store has; durations count only in the session that measured them."""
        watch = self._watch
        if watch is not None and watch.needs_evidence:
            return [*store.all_with_evidence(task.key)][::-1]
        found = store.by_keys([task.key]).get(task.key, [])
        if watch is not None and watch.kind is WatchKind.TIME and not task.writes:
            return [each for each in found if each.session == self._session.id]
        return found

    def _costs(self, store: Store) -> Mapping[tuple[str, str], Cost]:
        """Return the costs of the last attempts of cells. They are read once."""
        with self._guard:
            if self._known_costs is None:
                self._known_costs = store.costs()
            return self._known_costs

    def _run_new(self, work: Work, task: Task, count: int, probe: Probe) -> list[Attempt]:
        task = self._pool.call(probe.claim, partial(self._layered, task))
        # A fork server pays where it serves more than one attempt.
        forks = not probe.own_process and (count > 1 or bool(task.overlays))
        tasks = [replace(task, own_process=not forks)] * count
        new = []
        attempts: Iterable[Attempt]
        if self._cluster is not None and self._cluster.takes(task):
            timeout_s = None if probe.subject.own_limit else self._session.timeout_s
            attempts = self._cluster.run(work, tasks, timeout_s=timeout_s)
        else:
            attempts = self._pool.run(tasks, probe.claim)
        for attempt in attempts:
            self._record(attempt)
            new.append(attempt)
        return new

    def _layered(self, task: Task) -> Task:
        """Return a task with the release that overlays its environment, if it is not installed."""
        layer = self._environments.layer_of(task.environment)
        return task if layer is None else replace(task, release=layer.overlay, layer=layer.text)
