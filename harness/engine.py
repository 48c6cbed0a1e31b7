"""The scheduler of a command: the one place that puts together folders, fork servers, limits and the memory gate."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from harness.environments.store import Provided
from harness.execute.executor import ForkImports, run_task
from harness.execute.forkserver.pool import ForkServers
from harness.execute.task import Task
from harness.model import Attempt, Environment
from harness.schedule.local_pool import LocalScheduler
from harness.schedule.memory_gate import Memory
from harness.schedule.watcher import Watcher
from harness.session import RunFolder, Session

_SPARE_FORK_SERVERS = 2
"""One is created ahead while `jobs` are in use, and one may wait for its last attempt."""


@contextlib.contextmanager
def local_scheduler(
    session: Session,
    *,
    jobs: int,
    watcher: Watcher,
    provide: Callable[[Environment], Provided] | None = None,
    builders: int = 1,
) -> Iterator[LocalScheduler]:
    """Yield a scheduler with a temporary folder and fork servers. Raises HarnessError.

    `provide` replaces the creation of environments; `builders` is how many are created at a time.
    """
    session.require_condition()
    with RunFolder(session.cache / "runs") as runs, _fork_servers(session, runs, jobs) as fork_servers:
        groups = session.sandbox.groups
        yield LocalScheduler(
            jobs=jobs,
            provide=provide or session.provide,
            run_one=_run_one(session, runs, fork_servers, watcher),
            watcher=watcher,
            stop=session.stop,
            imports=ForkImports(fork_servers, watcher.note) if fork_servers is not None else None,
            memory=Memory(available_mib=groups.available_mib) if groups is not None else Memory(),
            builders=builders,
        )


@contextlib.contextmanager
def _fork_servers(session: Session, runs: Path, jobs: int) -> Iterator[ForkServers | None]:
    """Yield fork servers, which are created when they are needed; None if the sandbox cannot contain forks."""
    if not session.sandbox.forks:
        yield None
        return
    limit = jobs + _SPARE_FORK_SERVERS
    fork_servers = ForkServers(runs, limit=limit, stop=session.stop, sandbox=session.sandbox, hidden=session.hidden)
    try:
        yield fork_servers
    finally:
        fork_servers.close()


def _run_one(
    session: Session, runs: Path, fork_servers: ForkServers | None, watcher: Watcher
) -> Callable[[Task, Path], Attempt]:
    sandbox = session.sandbox  # probe it before threads use it

    def run_one(task: Task, python: Path) -> Attempt:
        attempt = run_task(
            task,
            python=python,
            runs=runs,
            artifacts=session.artifacts,
            stop=session.stop,
            sandbox=sandbox,
            hidden=session.hidden,
            fork_servers=fork_servers,
            on_output=partial(watcher.printed, task),
        )
        return replace(attempt, session=session.id)

    return run_one
