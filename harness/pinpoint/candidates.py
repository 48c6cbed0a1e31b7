"""What a search asks of an environment, and how that is run: one case, counting in what the store has."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from harness.environments.store import Provided, Unavailable
from harness.errors import HarnessError
from harness.execute.executor import run_task, unavailable
from harness.execute.forkserver.pool import ForkServers
from harness.execute.task import Task, make_task
from harness.model import Attempt, Case, Cell, Environment, Header, Outcome, Overlay, Scenario, Script
from harness.pinpoint.layers import Layer, Layers
from harness.pinpoint.swapped import Untestable
from harness.project.plan import PlannedCell, make_plan
from harness.project.selection import Selection
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is asked in each environment: one case. Of a two-step scenario one step may be held in an environment."""

    scenario: Scenario
    case: Case
    writer: Environment | None = None
    reader: Environment | None = None
    own_limit: bool = False
    """True if it keeps its own time limit, regardless of `--timeout`."""

    @classmethod
    def of(
        cls, scenario: Scenario, case: Case, *, writer: Environment | None = None, reader: Environment | None = None
    ) -> Subject:
        """Narrow a scenario to a case, which need not be one that its header declares; hold one of two steps."""
        return cls(scenario=narrowed(scenario, case), case=case, writer=writer, reader=reader)

    def cells(self, environment: Environment) -> tuple[Cell, ...]:
        """Return the cells to run for an environment, in this order; the last one is the result."""
        if self.scenario.write is None:
            return (Cell(case=self.case, environment=environment.id),)
        writer, reader = self.writer or environment, self.reader or environment
        return (
            Cell(case=self.case, environment=writer.id),
            Cell(case=self.case, environment=reader.id, writer=writer.id),
        )


def narrowed(scenario: Scenario, case: Case) -> Scenario:
    """Return a scenario with this case alone."""
    header = replace(scenario.header, parameters=tuple((name, (value,)) for name, value in case.parameters))
    return replace(scenario, script=replace(scenario.script, header=header))


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An environment to try, made when it is needed, which may take a while; raises Untestable."""

    name: str
    make: Callable[[], Environment]
    overlay: Callable[[], Overlay] | None = None


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """What a candidate showed: all attempts that count, the new ones among them, or why there are none."""

    environment: Environment | None = None
    attempts: tuple[Attempt, ...] = ()
    new: tuple[Attempt, ...] = ()
    reason: str = ""

    @property
    def attempt(self) -> Attempt | None:
        """The newest."""
        return self.attempts[-1] if self.attempts else None


class Runner:
    """Runs subjects in environments; records nothing. May be used from several threads."""

    def __init__(self, session: Session, folder: Path, fork_servers: ForkServers, layers: Layers | None) -> None:
        self._session = session
        self._runs_folder = folder
        self._fork_servers = fork_servers
        self._layers = layers
        self._guard = threading.Lock()
        self._writing: dict[str, threading.Lock] = {}
        self._written: dict[str, list[Attempt]] = {}

    def layer_of(self, environment: Environment) -> Layer | None:
        """Return the release that stands in front of another environment, if that is how an environment is had."""
        return self._layers.find(environment) if self._layers is not None else None

    def provide(self, environment: Environment, stop: threading.Event) -> Provided:
        """Return an environment on disk, or the host of the release that stands in front of it."""
        layer = self.layer_of(environment)
        host = layer.host if layer is not None else environment
        interpreter = self._session.interpreters.find(host.python, stop=stop)
        provided = self._session.environments.provide(host, interpreter, stop=stop)
        if layer is not None:
            self._session.bytecode.compile(layer.overlay.folder, interpreter, stop=stop)
        return provided

    def compile(self, overlay: Overlay, environment: Environment, stop: threading.Event) -> None:
        """Compile a source tree for the Python of an environment."""
        interpreter = self._session.interpreters.find(environment.python, stop=stop)
        self._session.bytecode.compile(overlay.folder, interpreter, stop=stop)

    def run(self, subject: Subject, candidate: Candidate, *, at_least: int, own_process: bool) -> ProbeResult:
        """Return what a subject shows. Run what is missing of so many attempts. Raises Interrupted."""
        try:
            environment = candidate.make()
            overlay = candidate.overlay() if candidate.overlay else None
            return self._run_in(subject, environment, overlay, at_least, own_process=own_process)
        except Untestable as error:
            return ProbeResult(reason=error.reason)

    def _run_in(
        self, subject: Subject, environment: Environment, overlay: Overlay | None, at_least: int, *, own_process: bool
    ) -> ProbeResult:
        planned = self._plan(environment, subject)
        for each in planned:
            if each.absence is not None:
                return ProbeResult(environment=environment, reason=f"{each.absence.outcome}: {each.absence.reason}")
        new: list[Attempt] = []
        reads: str | None = None
        attempts: list[Attempt] = []
        for each in planned:
            stepped = (subject.writer if each.writes else subject.reader) is None
            timeout_s = None if subject.own_limit else self._session.timeout_s
            task = self._task(each, reads, overlay if stepped else None, timeout_s)
            if task.writes:
                attempts, more = self._written_once(task, own_process)
            else:
                attempts, more = self._attempts(task, at_least, own_process)
            new += more
            if task.writes and not self._session.artifacts.has(task.key):
                if stepped and attempts and attempts[-1].outcome.is_failure:
                    break  # what it shows in this environment is that it cannot be written
                return ProbeResult(
                    environment=environment, new=tuple(new), reason=f"{each.environment.id} did not write"
                )
            reads = task.key if task.writes else None
        newest = attempts[-1]
        reason = "" if newest.is_verdict else f"{newest.outcome}: {newest.reason}"
        return ProbeResult(environment=environment, attempts=tuple(attempts), new=tuple(new), reason=reason)

    def _plan(self, environment: Environment, subject: Subject) -> tuple[PlannedCell, ...]:
        project = self._session.project
        cells = subject.cells(environment)
        others = [each for each in (environment, subject.writer, subject.reader) if each is not None]
        outside = {each.id: each for each in others if project.environment(each.id) is None}
        selection = Selection(cells=cells)
        return make_plan(project, selection, scripts=(subject.scenario,), written_out=tuple(outside.values())).cells

    def _task(self, planned: PlannedCell, reads: str | None, overlay: Overlay | None, timeout_s: float | None) -> Task:
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
            sandboxed=self._session.sandboxed,
            timeout_s=timeout_s,
            identity=scenario.identity,
            external=scenario.external,
        )

    def _written_once(self, task: Task, own_process: bool) -> tuple[list[Attempt], list[Attempt]]:
        """Return the attempts of a first step. Probes that run side by side share one: new ones belong to the first."""
        with self._guard:
            writing = self._writing.setdefault(task.key, threading.Lock())
        with writing:
            if task.key in self._written:
                return [replace(each, cell=task.cell) for each in self._written[task.key]], []
            attempts, new = self._attempts(task, 1, own_process)
            if attempts and attempts[-1].conclusive:
                self._written[task.key] = attempts
            return attempts, new

    def _attempts(self, task: Task, at_least: int, own_process: bool) -> tuple[list[Attempt], list[Attempt]]:
        """Return the conclusive attempts of a task, and the new ones among them. Run as many as are missing."""
        store = self._session.read_store()
        try:
            found = store.by_keys([task.key]).get(task.key, [])
            known = [
                replace(each, cell=task.cell) for each in found if each.conclusive and each.holds_within(task.limit_s)
            ]
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
            provided = self.provide(task.environment, self._session.stop)
            if task.overlay is not None:
                self.compile(task.overlay, task.environment, self._session.stop)
        except Unavailable as error:
            return [unavailable(task, error.reason, conclusive=error.conclusive)]
        if provided.import_error and task.script.header.requires_import:
            return [unavailable(task, f"does not import: {provided.import_error}", conclusive=provided.import_certain)]
        layer = self.layer_of(task.environment)
        if layer is not None:
            task = replace(task, release=layer.overlay, layer=layer.text)
        # A parent pays where it serves more than one attempt.
        forks = not own_process and (count > 1 or bool(task.overlays))
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
            sandbox=self._session.sandbox,
            hidden=self._session.hidden,
            fork_servers=self._fork_servers if forks else None,
        )


def import_subject(modules: tuple[str, ...]) -> Subject:
    """Check only that modules import."""
    text = "".join(f"import {module}\nassert {module}\n" for module in modules)
    script = Script(
        file_name="imports.py",
        text=text,
        code=text,
        header=Header(requires_import=False),
        marks=(),
        parameters_from=None,
    )
    name = f"imports_{'_'.join(modules)}"
    scenario = Scenario(name=name, subject="", path=Path(script.file_name), title="", script=script)
    return Subject(scenario=scenario, case=Case(scenario=name), own_limit=True)
