"""The values of a search: a subject (one case), candidates (environments), and the result of each probe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from harness.model import Attempt, Case, Cell, Environment, Header, Overlay, Scenario, Script


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The case that a search runs in each environment. One step of a two-step scenario may stay in one environment."""

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
        """Create a subject from a scenario and a case. The header need not declare the case."""
        return cls(scenario=narrowed(scenario, case), case=case, writer=writer, reader=reader)

    def cells(self, environment: Environment) -> tuple[Cell, ...]:
        """Return the cells to run for an environment, in order. The last cell is the result."""
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
    """An environment to probe. `make` creates it, which may take minutes, and raises Untestable."""

    name: str
    make: Callable[[], Environment]
    overlay: Callable[[], Overlay] | None = None


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """The result of a probe: all valid attempts, the new ones among them, or the reason why there are none."""

    environment: Environment | None = None
    attempts: tuple[Attempt, ...] = ()
    new: tuple[Attempt, ...] = ()
    reason: str = ""

    @property
    def attempt(self) -> Attempt | None:
        """The newest."""
        return self.attempts[-1] if self.attempts else None


def import_subject(modules: tuple[str, ...]) -> Subject:
    """Return a subject that only imports modules."""
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
