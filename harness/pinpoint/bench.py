"""Runs one case in one environment after the other, for a search: what the store knows is not run again.

Probes are ordinary attempts, recorded like all others. Those that are needed in any case run side by side.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import HarnessError
from harness.execute.parents import Parents
from harness.execute.run_task import Interrupted, run_task, unavailable
from harness.execute.task import Task, make_task
from harness.model import Attempt, Case, Cell, Environment, Header, Outcome, Overlay, Scenario, Script
from harness.pinpoint.swapped import Untestable
from harness.plan.plan import PlannedCell, make_plan
from harness.plan.selection import Selection
from harness.provision.environments import Provided, Unavailable
from harness.record.store import Writer
from harness.session import RunFolder, Session


class SearchStopped(Exception):
    """The search was stopped from outside; what was run is recorded."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is asked in each environment: one case. Of a two-step scenario one step may be held in an environment."""

    scenario: Scenario
    case: Case
    writer: Environment | None = None
    reader: Environment | None = None

    @classmethod
    def of(cls, scenario: Scenario, case: Case) -> Subject:
        """Narrow a scenario to a case, which need not be one that its header declares."""
        return cls(scenario=narrowed(scenario, case), case=case)

    def cells(self, environment: Environment) -> tuple[Cell, ...]:
        """Give what is to be run for an environment, in this order; the last one is what is asked."""
        if self.scenario.write is None:
            return (Cell(case=self.case, environment=environment.id),)
        writer, reader = self.writer or environment, self.reader or environment
        return (
            Cell(case=self.case, environment=writer.id),
            Cell(case=self.case, environment=reader.id, writer=writer.id),
        )


def narrowed(scenario: Scenario, case: Case) -> Scenario:
    """Give a scenario with this case alone."""
    header = replace(scenario.header, parameters=tuple((name, (value,)) for name, value in case.parameters))
    return replace(scenario, script=replace(scenario.script, header=header))


@dataclass(frozen=True, kw_only=True)
class Trial:
    """An environment to try, made when it is needed, which may take a while; raises Untestable."""

    name: str
    make: Callable[[], Environment]
    overlay: Callable[[], Overlay] | None = None


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a trial showed: all attempts that count, the new ones among them, or why there are none."""

    environment: Environment | None = None
    attempts: tuple[Attempt, ...] = ()
    new: tuple[Attempt, ...] = ()
    reason: str = ""

    @property
    def attempt(self) -> Attempt | None:
        """The newest."""
        return self.attempts[-1] if self.attempts else None


class Bench:
    """Where trials run. One subject, many environments."""

    def __init__(self, session: Session, subject: Subject, *, jobs: int, repeat: int = 1) -> None:
        self._session = session
        self._subject = subject
        self._jobs = jobs
        self._repeat = repeat
        self._ended = threading.Event()
        self._begun: dict[str, Future[Shown]] = {}
        self._again: dict[str, Future[Shown]] = {}
        self._ahead: dict[str, Future[None]] = {}
        self._shown: dict[str, Shown] = {}
        self.runs = 0
        """Attempts that were run, not found in the store."""
        self.ran: set[str] = set()
        """Names of the trials of which there were any."""

    @contextlib.contextmanager
    def open(self) -> Iterator[Bench]:
        """Hold what trials need: the store for writing, a folder, processes that have done the imports."""
        stop, session = self._session.stop, self._session
        with contextlib.ExitStack() as stack:
            self._writer = stack.enter_context(Writer(session.store_path, [f"search {self._subject.case}"]))
            if self._writer.notice:
                session.say(self._writer.notice)
            self._runs_folder = stack.enter_context(RunFolder(session.cache / "runs"))
            self._parents = Parents(self._runs_folder, limit=self._jobs, stop=stop)
            stack.callback(self._parents.close)
            self._runners = ThreadPoolExecutor(self._jobs, thread_name_prefix="probe")
            # What somebody waits for does not queue behind what was begun ahead.
            self._urgent = ThreadPoolExecutor(self._jobs, thread_name_prefix="probe-now")
            self._builders = ThreadPoolExecutor(1, thread_name_prefix="ahead")
            stack.callback(self._end)
            yield self

    def _end(self) -> None:
        self._ended.set()
        for pool in (self._runners, self._urgent):
            pool.shutdown(cancel_futures=True)
        self._builders.shutdown(cancel_futures=True)

    def begin(self, trial: Trial) -> None:
        """Run a trial in the background: it will be asked for."""
        self._begin(trial, self._runners)

    def _begin(self, trial: Trial, pool: ThreadPoolExecutor) -> None:
        if trial.name not in self._begun and trial.name not in self._shown:
            self._begun[trial.name] = pool.submit(self._run, trial, self._repeat, own_process=False)

    def provide_ahead(self, trial: Trial) -> None:
        """Make the environment of a trial in the background: it may be asked for."""
        if trial.name not in {*self._begun, *self._ahead, *self._shown}:
            self._ahead[trial.name] = self._builders.submit(self._provide_quietly, trial)

    def show(self, trial: Trial) -> Shown:
        """Give what a trial shows, running what the store does not know yet."""
        if trial.name not in self._shown:
            self._begin(trial, self._urgent)
            self._shown[trial.name] = self._recorded(trial, self._begun.pop(trial.name))
        return self._shown[trial.name]

    def begin_again(self, trial: Trial) -> None:
        """Repeat a trial in the background, in a process of its own; enough earlier repeats count, too."""
        if trial.name not in self._again:
            self._again[trial.name] = self._urgent.submit(self._run, trial, max(2, self._repeat), own_process=True)

    def show_again(self, trial: Trial) -> Shown:
        """Give what a trial shows if it is repeated."""
        self.begin_again(trial)
        self._shown[trial.name] = self._recorded(trial, self._again.pop(trial.name), again=True)
        return self._shown[trial.name]

    def folder_of(self, environment: Environment) -> Path:
        """Say where an environment that was tried is on disk."""
        interpreter = self._session.interpreters.find(environment.python)
        return self._session.environments.folder_of(environment.lock, interpreter)

    def import_error(self, trial: Trial, modules: tuple[str, ...]) -> str | None:
        """Say what importing modules raises in the environment of a trial, None if they import."""
        if not modules:
            return None
        script = _import_script(modules)
        name = f"imports_{'_'.join(modules)}"
        scenario = Scenario(name=name, subject="", path=Path(script.file_name), title="", script=script)
        subject = Subject(scenario=scenario, case=Case(scenario=name))
        shown = self._recorded(
            trial, self._urgent.submit(self._run, trial, 1, own_process=False, subject=subject), again=True
        )
        attempt = shown.attempt
        return attempt.error if attempt is not None and attempt.outcome.is_failure else None

    def _recorded(self, trial: Trial, future: Future[Shown], *, again: bool = False) -> Shown:
        while True:
            with contextlib.suppress(futures.TimeoutError):
                shown = future.result(timeout=0.5)
                break
            if self._session.stop.is_set() and future.cancel():
                raise SearchStopped
        for attempt in shown.new:
            # What a stop cut short was not seen to be so.
            if attempt.settled or not self._session.stop.is_set():
                self._writer.add(attempt)
        self.runs += len(shown.new)
        if shown.new and not again:
            self.ran.add(trial.name)
        if self._session.stop.is_set():
            raise SearchStopped
        return shown

    def _provide_quietly(self, trial: Trial) -> None:
        """Whatever goes wrong will be said when the environment is really asked for."""
        with contextlib.suppress(Untestable, HarnessError, OSError):
            environment = trial.make()
            if not self._ended.is_set():
                self._provide(environment, self._ended)
            if trial.overlay is not None:
                trial.overlay()

    def _provide(self, environment: Environment, stop: threading.Event) -> Provided:
        interpreter = self._session.interpreters.find(environment.python, stop=stop)
        return self._session.environments.provide(environment, interpreter, stop=stop)

    def _run(self, trial: Trial, at_least: int, *, own_process: bool, subject: Subject | None = None) -> Shown:
        """Run in a thread of a pool; nothing is recorded here."""
        try:
            environment = trial.make()
            overlay = trial.overlay() if trial.overlay else None
            return self._run_in(environment, overlay, at_least, own_process, subject or self._subject)
        except Untestable as error:
            return Shown(reason=error.reason)
        except Interrupted:
            raise SearchStopped from None

    def _run_in(
        self, environment: Environment, overlay: Overlay | None, at_least: int, own_process: bool, subject: Subject
    ) -> Shown:
        planned = self._plan(environment, subject)
        for each in planned:
            if each.absence is not None:
                return Shown(environment=environment, reason=f"{each.absence.outcome}: {each.absence.reason}")
        new: list[Attempt] = []
        reads: str | None = None
        attempts: list[Attempt] = []
        for each in planned:
            stepped = each.environment.id == environment.id
            task = self._task(each, reads, overlay if stepped else None)
            wanted = 1 if task.writes else at_least
            attempts, more = self._attempts(task, wanted, own_process)
            new += more
            if task.writes and not self._session.artifacts.has(task.key):
                if stepped and attempts and attempts[-1].outcome.is_failure:
                    break  # what it shows in this environment is that it cannot be written
                return Shown(environment=environment, new=tuple(new), reason=f"{each.environment.id} did not write")
            reads = task.key if task.writes else None
        newest = attempts[-1]
        reason = "" if newest.outcome.shown_by_scenario else f"{newest.outcome}: {newest.reason}"
        return Shown(environment=environment, attempts=tuple(attempts), new=tuple(new), reason=reason)

    def _plan(self, environment: Environment, subject: Subject) -> tuple[PlannedCell, ...]:
        project = self._session.project
        cells = subject.cells(environment)
        others = [each for each in (environment, subject.writer, subject.reader) if each is not None]
        outside = {each.id: each for each in others if project.environment(each.id) is None}
        selection = Selection(cells=cells)
        return make_plan(project, selection, scripts=(subject.scenario,), written_out=tuple(outside.values())).cells

    def _task(self, planned: PlannedCell, reads: str | None, overlay: Overlay | None) -> Task:
        scenario = planned.scenario
        script = scenario.write if planned.writes and scenario.write is not None else scenario.script
        try:
            interpreter = self._session.interpreters.find(planned.environment.python, stop=self._session.stop).id
        except HarnessError as error:
            raise Untestable(" ".join(str(error).split())) from error
        return make_task(
            planned.cell,
            script,
            planned.environment,
            interpreter=interpreter,
            caller_variables=self._session.variables,
            writes=planned.writes,
            reads=reads if planned.writer is not None else None,
            overlay=overlay,
        )

    def _attempts(self, task: Task, at_least: int, own_process: bool) -> tuple[list[Attempt], list[Attempt]]:
        """Give the settled attempts of a task, running as many as are lacking, and apart from them the new ones."""
        store = self._session.read_store()
        try:
            known = [attempt for attempt in store.by_keys([task.key]).get(task.key, []) if attempt.settled]
        finally:
            store.close()
        if known and not known[-1].outcome.shown_by_scenario:
            return known, []
        lacking = at_least - len(known)
        if task.writes and not self._session.artifacts.has(task.key):
            lacking = max(1, lacking)
        new = self._run_new(task, lacking, own_process) if lacking > 0 else []
        return [*known, *new], new

    def _run_new(self, task: Task, count: int, own_process: bool) -> list[Attempt]:
        try:
            provided = self._provide(task.environment, self._session.stop)
        except Unavailable as error:
            return [unavailable(task, error.reason, settled=error.settled)]
        if provided.import_error and task.script.header.requires_import:
            return [unavailable(task, f"does not import: {provided.import_error}", settled=True)]
        # A parent pays where it serves more than one attempt.
        forks = not own_process and (count > 1 or task.overlay is not None)
        attempts = [self._run_once(task, provided.python, forks) for _ in range(count)]
        if attempts[-1].outcome is Outcome.ERROR:
            attempts.append(self._run_once(task, provided.python, False))
        return attempts

    def _run_once(self, task: Task, python: Path, forks: bool) -> Attempt:
        return run_task(
            task,
            python=python,
            runs=self._runs_folder,
            artifacts=self._session.artifacts,
            stop=self._session.stop,
            parents=self._parents if forks else None,
        )


def _import_script(modules: tuple[str, ...]) -> Script:
    text = "".join(f"import {module}\n" for module in modules)
    return Script(
        file_name="imports.py",
        text=text,
        code=text,
        header=Header(requires_import=False),
        marks=(),
        parameters_from=None,
    )
