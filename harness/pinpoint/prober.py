"""Run one case in one environment after another, for a search. Attempts in the store are not run again.

Probes are ordinary attempts: the scheduler of runs executes them, and they are recorded like all others.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from harness.cluster.connection import count_workers
from harness.cluster.pool import ClusterPool
from harness.engine import local_scheduler
from harness.errors import HarnessError
from harness.execute.executor import Interrupted
from harness.model import Attempt, Case, Environment, Evidence, Outcome
from harness.model.durations import LEAST_REPEATS
from harness.model.watch import Watch, WatchKind
from harness.pinpoint.candidates import Candidate, ProbeResult, Subject, import_subject
from harness.pinpoint.commits.generated_sources import Generator
from harness.pinpoint.cooperative_lock import CooperativeLock
from harness.pinpoint.environments.derived import Untestable
from harness.pinpoint.environments.overlaid_releases import Layers
from harness.pinpoint.environments.probed import ProbedEnvironments
from harness.pinpoint.runner import Probe, Runner
from harness.record.store import Writer
from harness.schedule.request import Claim, Priority
from harness.schedule.watcher import Watcher
from harness.session import Session

_MOST_PROBES = 256
"""How many probes may be in progress. Each has a thread that only waits; the scheduler limits what runs."""
_POLL_S = 0.5
_T = TypeVar("_T")


class SearchStopped(Exception):
    """The search was stopped from outside; what was run is recorded."""


class Prober:
    """Runs candidates: one subject in many environments."""

    def __init__(
        self,
        session: Session,
        subject: Subject,
        *,
        jobs: int,
        repeat: int = 1,
        watch: Watch | None = None,
        cluster: str | None = None,
    ) -> None:
        """With a `watch`, attempts come with what they showed. To measure durations, one attempt runs at a time.

        With the address of a `cluster`, probes run there. Durations are measured here.
        """
        self._watch = watch
        self._session = session
        self._subject = subject
        measures = watch is not None and watch.kind is WatchKind.TIME
        self._jobs = 1 if measures else jobs
        self._cluster = None if measures else cluster
        self.jobs = self._jobs if self._cluster is None else count_workers(self._cluster)
        """How many probes run at a time."""
        self._repeat = max(repeat, LEAST_REPEATS) if measures else repeat
        self._builders = 1 if measures else jobs + 1
        self._twice = 2 * self._repeat if measures else max(2, repeat)
        """How many attempts a repeat needs."""
        self.layers: Layers | None = None
        """Which releases need no environment of their own; set before the prober is opened."""
        self._ended = threading.Event()
        self._started: dict[str, tuple[Candidate, Claim, Future[ProbeResult]]] = {}
        self._import_checks: dict[tuple[str, tuple[str, ...], bool], Future[ProbeResult]] = {}
        self._repeats: dict[str, Future[ProbeResult]] = {}
        self._ahead: set[str] = set()
        self._results: dict[str, ProbeResult] = {}
        self._counted: set[Future[ProbeResult]] = set()
        self._lock = CooperativeLock()
        self._finished: queue.SimpleQueue[Attempt] = queue.SimpleQueue()
        """Attempts to record, in the thread that has the store open for writing."""
        self.runs = 0
        """Attempts that were run, not found in the store."""
        self.ran: set[str] = set()
        """Names of the candidates of which there were any."""

    @property
    def on_cluster(self) -> bool:
        """True if probes run on a cluster."""
        return self._cluster is not None

    @contextlib.contextmanager
    def open(self) -> Iterator[Prober]:
        """Open the store for writing, and a scheduler. What has finished when it is closed is recorded."""
        session = self._session
        session.require_condition()
        self._environments = ProbedEnvironments(session, self.layers)
        self._recorder = threading.get_ident()
        search, scripts = f"search {self._subject.case}", [self._subject.scenario]
        with contextlib.ExitStack() as stack:
            writer = Writer(session.store_path, [search], scripts=scripts, project=session.identity)
            self._writer = stack.enter_context(writer)
            if self._writer.notice:
                session.notify(self._writer.notice)
            stack.callback(self._record_finished)
            self._threads = stack.enter_context(ThreadPoolExecutor(_MOST_PROBES, thread_name_prefix="probe"))
            scheduler = stack.enter_context(
                local_scheduler(
                    session,
                    jobs=self._jobs,
                    watcher=Watcher(),
                    provide=self._environments.provide,
                    builders=self._builders,
                )
            )
            self._pool = stack.enter_context(scheduler.open())
            stack.callback(self._ended.set)
            cluster = None
            if self._cluster is not None:
                cluster = stack.enter_context(ClusterPool(session, self._cluster).open())
            self._runner = Runner(
                session, self._environments, self._pool, self._finished.put, watch=self._watch, cluster=cluster
            )
            yield self

    def side_by_side(self, searches: Sequence[Callable[[], _T]]) -> list[_T]:
        """Call searches that use this prober, and return their results. While one waits for a probe, others run.

        Raises what one of them raises, once all have ended.
        """
        if len(searches) < 2:
            return [each() for each in searches]
        with ThreadPoolExecutor(len(searches), thread_name_prefix="search") as threads:
            running = [threads.submit(self._lock.call, each) for each in searches]
            while futures.wait(running, timeout=_POLL_S).not_done:
                self._record_finished()
        self._record_finished()
        return [each.result() for each in running]

    def knows(self, candidate: Candidate) -> bool:
        """Return True if the result of a candidate was asked for before."""
        return candidate.name in self._results

    def start(self, candidate: Candidate) -> None:
        """Run a candidate in the background: it will be asked for."""
        self._start(candidate, Priority.EXPECTED)

    def _start(self, candidate: Candidate, priority: Priority) -> None:
        if candidate.name not in self._started and candidate.name not in self._results:
            claim = Claim(priority=priority)
            future = self._submit(self._subject, candidate, self._repeat, claim)
            self._started[candidate.name] = candidate, claim, future

    def _submit(
        self, subject: Subject, candidate: Candidate, at_least: int, claim: Claim, *, own_process: bool = False
    ) -> Future[ProbeResult]:
        probe = Probe(subject=subject, candidate=candidate, at_least=at_least, own_process=own_process, claim=claim)
        return self._threads.submit(self._runner.run, probe)

    def provide_ahead(self, candidate: Candidate) -> None:
        """Create the environment of a candidate in the background: it may be needed."""
        if self._cluster is None and candidate.name not in {*self._started, *self._ahead, *self._results}:
            self._ahead.add(candidate.name)
            claim = Claim(priority=Priority.POSSIBLE)
            self._threads.submit(self._pool.call, claim, partial(self._provide_quietly, candidate))

    def result_of_other(self, subject: Subject, candidate: Candidate) -> ProbeResult:
        """Return the result of another subject in a candidate, in a process of its own. Raises SearchStopped."""
        return self._wait_for(candidate, self._submit(subject, candidate, 1, Claim(), own_process=True), again=True)

    def traceback_of(self, attempt: Attempt) -> str:
        """Return the traceback of an attempt, as the store has it."""
        return self.evidence_of(attempt).traceback

    def evidence_of(self, attempt: Attempt) -> Evidence:
        """Return the evidence of an attempt, as the store has it."""
        store = self._session.read_store()
        try:
            known = store.latest_with_evidence(attempt.key)
        finally:
            store.close()
        return known.evidence if known is not None else attempt.evidence

    def result_of(self, candidate: Candidate) -> ProbeResult:
        """Return the result of a candidate. Run the attempts that the store does not have."""
        if candidate.name not in self._results:
            self._start(candidate, Priority.AWAITED)
            _, claim, future = self._started[candidate.name]
            claim.priority = Priority.AWAITED
            self._results[candidate.name] = self._wait_for(candidate, future)
            self._started.pop(candidate.name, None)  # only now: another search may ask for it meanwhile
        return self._results[candidate.name]

    def start_repeat(self, candidate: Candidate) -> None:
        """Repeat a candidate in the background, in a process of its own; enough earlier repeats count, too."""
        if candidate.name not in self._repeats:
            self._repeats[candidate.name] = self._submit(
                self._subject, candidate, self._twice, Claim(), own_process=True
            )

    def repeat(self, candidate: Candidate) -> ProbeResult:
        """Return the result of a repeated candidate."""
        self.start_repeat(candidate)
        self._results[candidate.name] = self._wait_for(candidate, self._repeats[candidate.name], again=True)
        self._repeats.pop(candidate.name, None)
        return self._results[candidate.name]

    @property
    def subject(self) -> Subject:
        """The subject that runs in each environment."""
        return self._subject

    @property
    def case(self) -> Case:
        """The case that runs in each environment."""
        return self._subject.case

    def provide(self, environment: Environment) -> None:
        """Create an environment now. Raises HarnessError, SearchStopped."""
        self._call(partial(self._environments.provide, environment))

    def generator(self, environment: Environment, module: str) -> Generator | None:
        """Return the generator of the sources of a package, with the Python of an environment; None without one."""
        session = self._session
        found = next((each for each in session.project.matrix.generate if each.module == module), None)
        if found is None:
            return None
        return Generator(
            generation=found,
            find_python=lambda: self._environments.provide(environment).python,
            variables=environment.variables,
            sandbox=session.sandbox,
            hidden=session.hidden,
            stop=session.stop,
        )

    def folder_of(self, environment: Environment) -> Path:
        """Return the folder of an environment, or of its host. Create it if it is missing. Raises HarnessError."""
        return self._call(partial(self._environments.folder_of, environment))

    def installed_folder(self, environment: Environment) -> Path | None:
        """Return the folder of an environment that is installed; None if it is an overlay, or not on disk."""
        if self.is_layered(environment):
            return None
        folder = self._session.folder_of(environment)
        return folder if folder is not None and folder.is_dir() else None

    def sources_of(self, environment: Environment) -> Path:
        """Return the folder with the files of the stepped package in an environment. Raises HarnessError."""
        return self._call(partial(self._environments.sources_of, environment))

    def is_layered(self, environment: Environment) -> bool:
        """Return True if an environment is a release as an overlay over another environment."""
        return self._environments.layer_of(environment) is not None

    def finished(self) -> list[tuple[Candidate, ProbeResult]]:
        """Return the candidates that were run in the background and are not requested yet."""
        done = [(candidate, future) for candidate, _, future in self._started.values() if future.done()]
        return [(candidate, future.result()) for candidate, future in done if future.exception() is None]

    def start_import_check(self, candidate: Candidate, modules: tuple[str, ...], *, own_process: bool = False) -> None:
        """Import modules in the background: `import_error` will be asked for."""
        key = (candidate.name, modules, own_process)
        if modules and key not in self._import_checks:
            # A fork server has imported its modules without the release.
            self._import_checks[key] = self._submit(
                import_subject(modules), candidate, 1, Claim(), own_process=own_process
            )

    def import_error(self, candidate: Candidate, modules: tuple[str, ...], *, own_process: bool = False) -> str | None:
        """Return the exception of importing modules in the environment of a candidate, None if they import."""
        if not modules:
            return None
        self.start_import_check(candidate, modules, own_process=own_process)
        key = (candidate.name, modules, own_process)
        result = self._wait_for(candidate, self._import_checks[key], again=True)
        self._import_checks.pop(key, None)
        attempt = result.attempt
        if attempt is None or attempt.outcome is Outcome.PASSED or not attempt.conclusive:
            return None
        return attempt.error or (attempt.reason if attempt.cause is not None else None)

    def _call(self, function: Callable[[], _T]) -> _T:
        """Call a function in a thread that creates environments. Raises SearchStopped, and what it raises."""
        try:
            with self._lock.released():
                return self._pool.call(Claim(), function)
        except Interrupted:
            raise SearchStopped from None

    def _wait_for(self, candidate: Candidate, future: Future[ProbeResult], *, again: bool = False) -> ProbeResult:
        """Wait for a result, and record what finishes meanwhile. Raises SearchStopped."""
        with self._lock.released():
            while not futures.wait([future], timeout=_POLL_S).done:
                self._record_finished()
        self._record_finished()
        try:
            result = future.result()
        except Interrupted:
            raise SearchStopped from None
        if future not in self._counted:
            self._counted.add(future)
            self.runs += len(result.new)
        if result.new and not again:
            self.ran.add(candidate.name)
        if self._session.stop.is_set():
            raise SearchStopped
        return result

    def _record_finished(self) -> None:
        """Record the attempts that have finished, also those that are not requested yet.

        The store is written by the thread that opened it; in other threads this does nothing.
        """
        if threading.get_ident() != self._recorder:
            return
        with contextlib.suppress(queue.Empty):
            while True:
                self._writer.add(self._finished.get_nowait())

    def _provide_quietly(self, candidate: Candidate) -> None:
        """Create the environment of a candidate. Ignore errors: they are reported when it is really asked for."""
        with contextlib.suppress(Untestable, HarnessError, OSError):
            environment = candidate.make()
            if candidate.overlay is not None:
                environment = replace(environment, overlay=candidate.overlay())
            if not self._ended.is_set():
                self._environments.provide(environment, stop=self._ended)
