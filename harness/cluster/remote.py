"""The functions that the workers of a cluster run. A worker needs the same version of this project, and no clone.

Arguments and results are values of JSON, so that any version can say that it is another one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import platform
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import __version__
from harness.environments.unavailable import Unavailable
from harness.errors import HarnessError
from harness.execute.task import this_platform, worker_digest
from harness.filesystem.folders import OwnedFolder
from harness.pipeline import run_due
from harness.record.json_lines import to_line
from harness.record.store import Store, Writer
from harness.sandbox.policy import SandboxMode
from harness.schedule.watcher import Watcher
from harness.session import Session, cache_folder
from harness.shards.reading import read_environment, read_shard

_MOST_LINES, _LONGEST_LINE = 200, 2000
_guard = threading.Lock()
"""A worker runs one shard at a time, even if it has several threads."""


def describe(sandbox: str) -> dict[str, Any]:
    """Return what a coordinator compares: version, worker, platform, sandbox. `sandbox` is a sandbox mode."""
    found = {"version": __version__, "worker": worker_digest(), "platform": this_platform(), "host": platform.node()}
    session = _session(Path.cwd(), sandbox)
    try:
        why_not = "" if session.sandbox.contains else str(session.sandbox.why_not)
        return {**found, "sandboxed": session.sandbox.contains, "why_not": why_not}
    except HarnessError as error:
        return {**found, "sandboxed": False, "why_not": " ".join(str(error).split())}
    finally:
        _close(session)


def create_environment(document: dict[str, Any], sandbox: str) -> dict[str, Any]:
    """Create an environment of a shard in the cache of this worker, or find it there. Return what to show of it."""
    with _guard, OwnedFolder(cache_folder(os.environ) / "runs", "shard-") as folder:
        session = _session(folder, sandbox)
        try:
            provided = session.provide(read_environment(document, folder))
        except HarnessError as error:
            # If no worker can create it, each cell records this when the shard runs: it is a result.
            conclusive = isinstance(error, Unavailable) and error.conclusive
            return {"built": False, "why_not": " ".join(str(error).split()), "conclusive": conclusive}
        finally:
            _close(session)  # a build from source has a sandbox
        return {"built": provided.built, "why_not": "", "conclusive": True}


def run_shard(document: dict[str, Any], sandbox: str) -> dict[str, Any]:
    """Run a shard. Return its attempts as lines, the messages for people, and a log; or why it cannot run here."""
    notes: list[str] = []
    with _guard, _logged() as log, OwnedFolder(cache_folder(os.environ) / "runs", "shard-") as folder:
        session = _session(folder, sandbox, notes)
        try:
            lines = _run(session, document, folder)
        except HarnessError as error:
            return {"lines": [], "notes": notes, "log": log, "refused": " ".join(str(error).split())}
        finally:
            _close(session)
    return {"lines": lines, "notes": notes, "log": log, "refused": ""}


class _Lines(logging.Handler):
    """Keeps the first records as lines."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        if len(self.lines) < _MOST_LINES:
            moment = dt.datetime.fromtimestamp(record.created, dt.timezone.utc)
            text = f"{moment:%H:%M:%S}Z {record.levelname} {record.name} {record.getMessage()}"
            self.lines.append(text[:_LONGEST_LINE])


@contextlib.contextmanager
def _logged() -> Iterator[list[str]]:
    """Yield the log records of the block: the log of the run has them, with the address of this worker."""
    logger, handler = logging.getLogger("harness"), _Lines()
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield handler.lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _session(folder: Path, sandbox: str, notes: list[str] | None = None) -> Session:
    return Session(
        root=folder,
        variables={**os.environ, "HARNESS_STORE": str(folder / "attempts.sqlite")},
        notify=(notes if notes is not None else []).append,
        sandbox_mode=SandboxMode(sandbox),
    )


def _close(session: Session) -> None:
    """Remove the control group of a session: a worker has thousands of them, one after another."""
    if "sandbox" in vars(session) and session.sandbox.groups is not None:
        session.sandbox.groups.close()


def _run(session: Session, document: dict[str, Any], folder: Path) -> list[str]:
    shard = read_shard(session, document, folder / "input", name="the shard")
    tasks = [task for task in shard.work.tasks.values() for _ in range(shard.attempts[task.key])]
    environments = {task.environment.id for task in tasks}
    with Writer(session.store_path, environments, shard=shard.run, project=shard.project) as writer:
        run_due(session, shard.work, tasks, writer, jobs=1, watcher=Watcher(), isolation=shard.isolation)
    with contextlib.closing(Store(session.store_path)) as store:
        keys = dict.fromkeys(task.key for task in shard.work.tasks.values())
        return [to_line(each) for key in keys for each in store.all_with_evidence(key)]
