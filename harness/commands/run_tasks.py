"""Run tasks for a command: announce them, show their progress, record their attempts."""

from __future__ import annotations

import sys

from harness.errors import counted
from harness.execute.task import Task
from harness.pipeline import Work, run_due
from harness.progress import progress_for
from harness.record.splits import ShardRun
from harness.record.store import Writer
from harness.session import Session


def run_tasks(
    session: Session,
    work: Work,
    due: list[Task],
    *,
    jobs: int,
    isolation: str = "fork",
    shard: ShardRun | None = None,
    project: str | None = None,
    cluster: str | None = None,
) -> int:
    """Run tasks, all of the work if the store turns out to be damaged; give how many attempts were recorded.

    `shard` is the shard whose tasks they are; `project` is the identity of another project than that of the session;
    `cluster` is the address of a cluster to run them on.
    """
    if not due:
        return 0
    with Writer(
        session.store_path,
        {task.environment.id for task in due},
        scripts=work.plan.scenarios,
        project=session.identity if project is None else project,
        shard=shard,
        notify=session.notify,
    ) as writer:
        if writer.notice:
            session.notify(writer.notice)
            due = list(work.tasks.values())
        _announce(session, work, due)
        with progress_for(sys.stderr, due, jobs=jobs) as progress:
            elsewhere = None
            if cluster is not None:
                from harness.cluster.scheduler import ClusterScheduler

                scheduler = ClusterScheduler(
                    session=session, work=work, address=cluster, watcher=progress, isolation=isolation
                )
                elsewhere = scheduler.run
            return run_due(
                session, work, due, writer, jobs=jobs, watcher=progress, isolation=isolation, elsewhere=elsewhere
            )


def _announce(session: Session, work: Work, due: list[Task]) -> None:
    """Report before the run what will be run, downloaded and kept."""
    used = {task.environment.id for task in due}
    environments = [each for each in work.plan.environments if each.id in used and each.id not in work.missing]
    needs = session.needs(environments)
    cells, where = counted(len(due), "cell"), counted(len(used), "environment")
    session.notify(f"{cells} to run in {where}; {needs.summary}. The cache is {session.cache}.")
