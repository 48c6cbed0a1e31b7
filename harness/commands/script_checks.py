"""Refuse files that are no script or do nothing, before anything runs: they would pass or fail everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.errors import Problems
from harness.model import Scenario, Script
from harness.reports.kinds import advice
from harness.reports.scripts import Refusal, check_script, find_fault
from harness.session import Session


def require_runnable(session: Session, scenarios: Iterable[Scenario]) -> None:
    """Raise one UsageError that names each script that no Python reads, or that executes nothing."""
    problems = Problems()
    for scenario in scenarios:
        for path, script in _steps(scenario):
            refusal = _check(session, path, script.text)
            if refusal is not None:
                where = str(path) if refusal.line is None else f"{path}:{refusal.line}"
                problems.add(where, refusal.what, advice(refusal, str(path)))
    problems.raise_if_any("The scripts cannot be used")


def _steps(scenario: Scenario) -> Iterator[tuple[Path, Script]]:
    for script in (scenario.write, scenario.script):
        if script is not None:
            yield scenario.path / script.file_name if scenario.write else scenario.path, script


def _check(session: Session, path: Path, text: str) -> Refusal | None:
    fault = find_fault(text)
    if fault is not None:
        from harness.environments.parsing import read_elsewhere

        reading = read_elsewhere(path, session.interpreters.installed(), session.variables, stop=session.stop)
        if reading is not None and reading.fault is None:
            return reading.refusal
        fault = reading.fault if reading is not None else fault
    return check_script(text, name=path.name, fault=fault)
