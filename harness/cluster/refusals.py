"""Reasons why a worker of a cluster cannot run the shards of this machine: other keys, or no sandbox."""

from __future__ import annotations

from collections.abc import Mapping

from harness.errors import some_of
from harness.execute.task import this_platform, worker_digest


class Unreachable(Exception):
    """A worker did not answer. It may be asked again."""


def reason_against(found: object, *, sandboxed: bool) -> str:
    """Return why a worker that described itself so is not used; empty if it is. Raises Unreachable.

    `found` is the result of `remote.describe`, or the exception that the call raised there.
    """
    if isinstance(found, (OSError, TimeoutError)):
        raise Unreachable(str(found))
    if not isinstance(found, dict):
        return f"repro-matrix is not installed there, or is an older version ({type(found).__name__}: {found})"
    if found["worker"] != worker_digest():
        return f"it has repro-matrix {found['version']}, or another state of it than this machine"
    if found["platform"] != this_platform():
        return f"it is {found['platform']}, and this is {this_platform()}"
    if found["sandboxed"] != sandboxed:
        return f"it has no sandbox: {found['why_not']}" if not found["sandboxed"] else "it has a sandbox"
    return ""


def reasons(refused: Mapping[str, str]) -> str:
    """Return the reasons against workers as one text, each with the addresses."""
    by_reason: dict[str, list[str]] = {}
    for address, reason in refused.items():
        by_reason.setdefault(reason, []).append(address)
    return "; ".join(f"{some_of(addresses, most=3)}: {reason}" for reason, addresses in by_reason.items())
