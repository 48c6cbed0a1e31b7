"""Resolve inline environments from the command line once, and cache their locks."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import threading
from pathlib import Path

from harness.errors import HarnessError, UsageError
from harness.filesystem.atomic import write_whole
from harness.locking.resolution import resolve
from harness.locking.source_builds import SourceBuilds
from harness.model import Lock
from harness.project.inline_environment import WrittenOut
from harness.project.lock_file import read_lock, write_lock
from harness.uv.failures import UvFailed


def resolve_written_out(
    written: WrittenOut,
    *,
    cache: Path,
    builds: SourceBuilds,
    now: dt.datetime | None = None,
    stop: threading.Event | None = None,
) -> Lock:
    """Return the cached lock of an inline environment, or resolve it now.

    Without a date, the moment of the first resolution is its date. Raises HarnessError.
    """
    path = cache / "locks" / f"{_digest(written)}.txt"
    with contextlib.suppress(OSError, UsageError, ValueError):  # not resolved yet, or invalid
        known = read_lock(path)
        if not known.unexplained:
            return known
    moment = (now or dt.datetime.now(dt.timezone.utc)).replace(microsecond=0)
    try:
        lock = resolve(written.origin(min(written.as_of or moment, moment)), builds=builds, stop=stop)
    except UvFailed as error:
        raise HarnessError(
            f"{written.id}: cannot be resolved: {error.kind.value}", why=error.why, next_step=error.next_step
        ) from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, write_lock(lock))
    except OSError as error:
        raise HarnessError(
            f"{path}: cannot be written",
            why=str(error),
            next_step="Check the permissions and disk space, or set HARNESS_CACHE to another folder",
        ) from error
    return lock


def _digest(written: WrittenOut) -> str:
    """Return a digest of everything that changes the resolution. Variables do not."""
    origin = written.origin(dt.datetime(1, 1, 1, tzinfo=dt.timezone.utc))
    date = written.as_of.isoformat() if written.as_of else None
    content = [written.id, date, origin.python, origin.platform, origin.requirements, origin.overrides]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:24]
