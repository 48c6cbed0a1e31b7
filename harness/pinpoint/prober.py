"""Runs one case in one environment after the other, for a search: what the store knows is not run again.

Probes are ordinary attempts, recorded like all others. Those that are needed in any case run side by side.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from harness.errors import HarnessError
from harness.execute.executor import Interrupted
from harness.execute.forkserver.pool import ForkServers
from harness.model import Attempt, Case, Environment, Outcome
from harness.pinpoint.candidates import Candidate, ProbeResult, Runner, Subject, import_subject
from harness.pinpoint.generated import Generator
from harness.pinpoint.layers import Layers
from harness.pinpoint.swapped import Untestable
from harness.record.store import Writer
from harness.session import RunFolder, Session


class SearchStopped(Exception):
    """The search was stopped from outside; what was run is recorded."""


class Prober:
    """Where candidates run. One subject, many environments."""

    def __init__(self, session: Session, subject: Subject, *, jobs: int, repeat: int = 1) -> None:
        self._session = session
        self._subject = subject
        self.jobs = jobs
        self._repeat = repeat
        self.layers: Layers | None = None
        """Which releases need no environment of their own; set before the prober is opened."""
        self._ended = threading.Event()
        self._begun: dict[str, Future[ProbeResult]] = {}
        self._again: dict[str, Future[ProbeResult]] = {}
        self._ahead: dict[str, Future[None]] = {}
        self._shown: dict[str, ProbeResult] = {}
        self.runs = 0
        """Attempts that were run, not found in the store."""
        self.ran: set[str] = set()
        """Names of the candidates of which there were any."""

    @contextlib.contextmanager
    def open(self) -> Iterator[Prober]:
        """Hold what candidates need: the store for writing, a folder, processes that have done the imports."""
        stop, session = self._session.stop, self._session
        session.require_condition()
        with contextlib.ExitStack() as stack:
            search, scripts = f"search {self._subject.case}", [self._subject.scenario]
            self._writer = stack.enter_context(Writer(session.store_path, [search], scripts=scripts))
            if self._writer.notice:
                session.notify(self._writer.notice)
            folder = stack.enter_context(RunFolder(session.cache / "runs"))
            fork_servers = ForkServers(
                folder, limit=self.jobs, stop=stop, sandbox=session.sandbox, hidden=session.hidden
            )
            stack.callback(fork_servers.close)
            self._runner = Runner(session, folder, fork_servers, self.layers)
            self._runners = ThreadPoolExecutor(self.jobs, thread_name_prefix="probe")
            # What somebody waits for does not queue behind what was begun ahead.
            self._urgent = ThreadPoolExecutor(self.jobs, thread_name_prefix="probe-now")
            self._builders = ThreadPoolExecutor(1, thread_name_prefix="ahead")
            stack.callback(self._end)
            yield self

    def _end(self) -> None:
        self._ended.set()
        for pool in (self._runners, self._urgent):
            pool.shutdown(cancel_futures=True)
        self._builders.shutdown(cancel_futures=True)

    def begin(self, candidate: Candidate) -> None:
        """Run a candidate in the background: it will be asked for."""
        self._begin(candidate, self._runners)

    def _begin(self, candidate: Candidate, pool: ThreadPoolExecutor) -> None:
        if candidate.name not in self._begun and candidate.name not in self._shown:
            self._begun[candidate.name] = pool.submit(self._run, self._subject, candidate, self._repeat)

    def provide_ahead(self, candidate: Candidate) -> None:
        """Create the environment of a candidate in the background: it may be needed."""
        if candidate.name not in {*self._begun, *self._ahead, *self._shown}:
            self._ahead[candidate.name] = self._builders.submit(self._provide_quietly, candidate)

    def traceback_of(self, attempt: Attempt) -> str:
        """Return the traceback of an attempt, as the store has it."""
        store = self._session.read_store()
        try:
            known = store.latest_with_evidence(attempt.key)
        finally:
            store.close()
        return known.evidence.traceback if known is not None else attempt.evidence.traceback

    def show(self, candidate: Candidate) -> ProbeResult:
        """Return what a candidate shows. Run what the store does not have yet."""
        if candidate.name not in self._shown:
            self._begin(candidate, self._urgent)
            self._shown[candidate.name] = self._recorded(candidate, self._begun.pop(candidate.name))
        return self._shown[candidate.name]

    def begin_again(self, candidate: Candidate) -> None:
        """Repeat a candidate in the background, in a process of its own; enough earlier repeats count, too."""
        if candidate.name not in self._again:
            self._again[candidate.name] = self._urgent.submit(
                self._run, self._subject, candidate, max(2, self._repeat), own_process=True
            )

    def show_again(self, candidate: Candidate) -> ProbeResult:
        """Return what a candidate shows if it is repeated."""
        self.begin_again(candidate)
        self._shown[candidate.name] = self._recorded(candidate, self._again.pop(candidate.name), again=True)
        return self._shown[candidate.name]

    @property
    def case(self) -> Case:
        """What is asked."""
        return self._subject.case

    def provide(self, environment: Environment) -> None:
        """Have an environment made now. Raises HarnessError."""
        self._runner.provide(environment, self._session.stop)

    def generator(self, environment: Environment, module: str) -> Generator | None:
        """Return what completes the sources of a package, with the Python of an environment; None if nothing does."""
        session = self._session
        found = next((each for each in session.project.matrix.generate if each.module == module), None)
        if found is None:
            return None
        return Generator(
            generation=found,
            find_python=lambda: self._runner.provide(environment, session.stop).python,
            variables=environment.variables,
            sandbox=session.sandbox,
            hidden=session.hidden,
            stop=session.stop,
        )

    def folder_of(self, environment: Environment) -> Path:
        """Return where an environment that was tried is on disk, or the host of the release that stood in front."""
        layer = self._runner.layer_of(environment)
        host = layer.host if layer is not None else environment
        interpreter = self._session.interpreters.find(host.python)
        folder = self._session.environments.folder_of(host.lock, interpreter)
        if not folder.is_dir():  # what it shows is known from another search, or it was pruned since
            self._runner.provide(host, self._session.stop)
        return folder

    def is_layered(self, environment: Environment) -> bool:
        """Return True if an environment is a release as an overlay over another environment."""
        return self._runner.layer_of(environment) is not None

    def import_error(self, candidate: Candidate, modules: tuple[str, ...], *, own_process: bool = False) -> str | None:
        """Return what importing modules raises in the environment of a candidate, None if they import."""
        if not modules:
            return None
        # What a fork's parent has imported, it has imported without the release.
        future = self._urgent.submit(self._run, import_subject(modules), candidate, 1, own_process=own_process)
        shown = self._recorded(candidate, future, again=True)
        attempt = shown.attempt
        if attempt is None or attempt.outcome is Outcome.PASSED or not attempt.conclusive:
            return None
        return attempt.error or (attempt.reason if attempt.cause is not None else None)

    def _recorded(self, candidate: Candidate, future: Future[ProbeResult], *, again: bool = False) -> ProbeResult:
        while True:
            with contextlib.suppress(futures.TimeoutError):
                shown = future.result(timeout=0.5)
                break
            if self._session.stop.is_set() and future.cancel():
                raise SearchStopped
        for attempt in shown.new:
            # What a stop cut short was not seen to be so.
            if attempt.conclusive or not self._session.stop.is_set():
                self._writer.add(attempt)
        self.runs += len(shown.new)
        if shown.new and not again:
            self.ran.add(candidate.name)
        if self._session.stop.is_set():
            raise SearchStopped
        return shown

    def _provide_quietly(self, candidate: Candidate) -> None:
        """Whatever goes wrong will be said when the environment is really asked for."""
        with contextlib.suppress(Untestable, HarnessError, OSError):
            environment = candidate.make()
            if not self._ended.is_set():
                self._runner.provide(environment, self._ended)
            if candidate.overlay is not None:
                self._runner.compile(candidate.overlay(), environment, self._ended)

    def _run(self, subject: Subject, candidate: Candidate, at_least: int, *, own_process: bool = False) -> ProbeResult:
        """Run in a thread of a pool; nothing is recorded here."""
        try:
            return self._runner.run(subject, candidate, at_least=at_least, own_process=own_process)
        except Interrupted:
            raise SearchStopped from None
