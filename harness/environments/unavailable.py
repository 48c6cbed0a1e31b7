"""The reason why an environment cannot be provided."""

from __future__ import annotations

from harness.errors import HarnessError
from harness.model import Lock
from harness.model.nightly import built_on, is_nightly
from harness.uv.failures import FailureKind, UvFailed


class Unavailable(HarnessError):
    """The environment cannot be provided. `conclusive` is True if a retry would fail in the same way."""

    def __init__(self, environment: str, reason: str, *, conclusive: bool, next_step: str = "") -> None:
        super().__init__(f"{environment}: not available", why=reason, next_step=next_step)
        self.reason = reason
        self.conclusive = conclusive


def unavailable(id: str, error: UvFailed, lock: Lock) -> Unavailable:
    """Convert a failed installation into Unavailable.

    A missing wheel is final, and so is a nightly build that is gone. An index that lacks another file, or serves
    another one, may be repaired.
    """
    if error.kind is not FailureKind.CONFLICT:
        return Unavailable(id, error.summary, conclusive=error.kind is FailureKind.NO_WHEEL, next_step=error.next_step)
    gone = nightly_builds_in(error.output, lock)
    if gone:
        next_step = "`harness lock` takes the newest build. `harness archive` keeps the wheels of nightly builds"
        reason = f"the package index no longer offers {', '.join(gone)}: it removes nightly builds after some time"
        return Unavailable(id, reason, conclusive=True, next_step=next_step)
    reason = f"the package index does not offer the locked files: {error.reason}"
    return Unavailable(
        id, reason, conclusive=False, next_step="Try again later, or update the lock with `harness lock --upgrade`"
    )


def nightly_builds_in(output: str, lock: Lock) -> tuple[str, ...]:
    """Return the nightly builds of a lock that the index does not have by uv's output, with the day of the build."""
    found = []
    for pin in lock.pins:
        if is_nightly(pin.version) and f"no version of {pin.name}=={pin.version}" in output:
            day = built_on(pin.version)
            found.append(f"{pin.name} {pin.version}" + (f" (built {day.isoformat()})" if day is not None else ""))
    return tuple(found)
