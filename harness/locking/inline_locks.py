"""Resolve inline environments from the command line once."""

from __future__ import annotations

import datetime as dt
import threading

from harness.errors import HarnessError
from harness.locking.lock_cache import LockCache
from harness.locking.resolution import resolve
from harness.locking.source_builds import SourceBuilds
from harness.model import Lock
from harness.project.inline_environment import InlineEnvironment
from harness.uv.failures import UvFailed


def resolve_inline_environment(
    inline: InlineEnvironment,
    *,
    locks: LockCache,
    builds: SourceBuilds,
    now: dt.datetime | None = None,
    stop: threading.Event | None = None,
) -> Lock:
    """Return the cached lock of an inline environment, or resolve it now.

    Without a date, the moment of the first resolution is its date. Raises HarnessError.
    """
    moment = (now or dt.datetime.now(dt.timezone.utc)).replace(microsecond=0)

    def resolve_now() -> Lock:
        return resolve(inline.origin(min(inline.as_of or moment, moment)), builds=builds, stop=stop)

    try:
        return locks.find_or_resolve(_content(inline), inline.id, resolve_now)
    except UvFailed as error:
        raise HarnessError(
            f"{inline.id}: cannot be resolved: {error.kind.value}", why=error.why, next_step=error.next_step
        ) from error


def _content(inline: InlineEnvironment) -> list[object]:
    """Return everything that changes the resolution. Variables do not."""
    origin = inline.origin(dt.datetime(1, 1, 1, tzinfo=dt.timezone.utc))
    date = inline.as_of.isoformat() if inline.as_of else None
    return [inline.id, date, origin.python, origin.platform, origin.requirements, origin.overrides]
