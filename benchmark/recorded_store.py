"""Fill a store with an attempt of every cell of a tier, to measure a run with nothing to do."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from harness.model import Attempt, Evidence, Outcome
from harness.pipeline import prepare
from harness.project.plan import make_plan
from harness.project.selection import Selection
from harness.record.store import Writer
from harness.session import Session


def fill(session: Session, tier: str) -> int:
    """Record a passed attempt of every cell that could run. Return their number."""
    work = prepare(session, make_plan(session.project, Selection(tier=tier)))
    now = dt.datetime.now(dt.timezone.utc)
    with Writer(Path(session.store_path), {"benchmark"}) as writer:
        for task in work.tasks.values():
            versions = tuple((str(name), version) for name, version in task.environment.lock.versions.items())
            writer.add(
                Attempt(
                    cell=task.cell,
                    key=task.key,
                    outcome=Outcome.PASSED,
                    started=now,
                    duration_s=1.0,
                    interpreter=task.interpreter,
                    lock=task.environment.lock.fingerprint,
                    versions=versions,
                    evidence=Evidence(script=task.script.text),
                )
            )
    return len(work.tasks)
