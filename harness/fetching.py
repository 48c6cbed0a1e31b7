"""Download the data of scripts: run each once with network access, and keep what its packages downloaded."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from pathlib import Path

from harness.errors import HarnessError, counted
from harness.execute.executor import attempt_of
from harness.execute.isolation import InProcess, new_folder
from harness.execute.task import Task
from harness.model import Attempt, Outcome, Scenario
from harness.rendering.foreign_text import one_line
from harness.session import RunFolder, Session

_log = logging.getLogger(__name__)
_MOST_TRIES = 3
"""Environments in which a script runs until it has downloaded something."""


def fetch_data(session: Session, scenario: Scenario, tasks: Iterable[Task]) -> None:
    """Run one task of a script with network access, and keep what its packages downloaded, unless that was done.

    If nothing was downloaded, try other environments: the script may fail before. Raises HarnessError.
    """
    fetched = session.fetched
    with fetched.guard:
        if fetched.has(scenario.identity) or scenario.identity in fetched.failed:
            return
        attempt = None
        for task in _spread(list(tasks)):
            try:
                python = session.provide(task.environment).python
            except HarnessError as error:
                session.notify(f"{scenario.name}: cannot run in {task.environment.id}: {one_line(str(error))}")
                continue
            try:
                attempt, files = _fetch(session, scenario, task, python)
            except OSError as error:
                raise HarnessError(
                    f"{scenario.name}: its data could not be kept", why=str(error), next_step="Check disk space"
                ) from error
            if attempt is None:
                return  # stopped
            if files:
                return
        fetched.failed.add(scenario.identity)
        if attempt is not None:
            session.notify(f"{scenario.name}: nothing was downloaded: {_ended(attempt)}")


def _spread(tasks: list[Task]) -> list[Task]:
    """Return the first, the last and the middle of tasks."""
    places = (0, len(tasks) - 1, len(tasks) // 2)
    return [tasks[place] for place in dict.fromkeys(places)][:_MOST_TRIES] if tasks else []


def _fetch(session: Session, scenario: Scenario, task: Task, python: Path) -> tuple[Attempt | None, int]:
    """Run a task with network access. Return its attempt, None if it was stopped, and how many files were kept."""
    environment = task.environment
    session.notify(f"{scenario.name}: running once with network access in {environment.id}, to download its data")
    started = dt.datetime.now(dt.timezone.utc)
    with RunFolder(session.cache / "runs") as runs:
        method = InProcess(python=python, runs=runs, sandbox=session.sandbox, hidden=session.hidden, network=True)
        folder = new_folder(method)
        try:
            folder.make(task.script.files)
            ended = method.run(task, folder, session.stop)
            if ended.stopped:
                return None, 0
            attempt = attempt_of(task, folder, ended, started, method)
            caches = session.project.matrix.caches
            count = session.fetched.keep(scenario.identity, folder, caches, environment=environment.id)
        finally:
            folder.remove()
    _log.info("%s: fetched %d files in %s: %s", scenario.name, count, environment.id, attempt.outcome)
    data = session.fetched.read(scenario.identity, caches)
    if data is not None:
        size = f"{data.bytes / 1e6:.1f} MB"
        session.notify(f"{scenario.name}: fetched {counted(count, 'file')}, {size}, {_ended(attempt)}")
    elif attempt.outcome is not Outcome.PASSED:
        session.fetched.forget(scenario.identity)
    return attempt, count


def _ended(attempt: Attempt) -> str:
    """Return the end of the script in words."""
    said = one_line(attempt.error or attempt.reason, longest=200)
    where = f"in {attempt.cell.environment}"
    return f"and passed {where}" if attempt.outcome is Outcome.PASSED else f"it {attempt.outcome} {where}: {said}"
