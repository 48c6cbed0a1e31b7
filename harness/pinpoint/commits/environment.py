"""Environments with the sources of a commit as an overlay: `keras3.4.1 + keras@0123456789`."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from pathlib import Path

from harness.errors import HarnessError
from harness.model import Environment, Overlay
from harness.project.selection import CHANGE_SEPARATOR

_COMMIT = re.compile(r"(?P<module>\w+)@(?P<sha>[0-9a-f]{10,40})")
_SHORT = 10


def commit_in(id: str) -> re.Match[str] | None:
    """Return the module and the commit at the end of an environment's id, or None."""
    return _COMMIT.fullmatch(id.rpartition(CHANGE_SEPARATOR)[2].strip())


def note_commit(trees: Path, sha: str, overlay: Overlay) -> None:
    """Record which cached tree a commit has, so that its cells can be run again without the repository."""
    with contextlib.suppress(OSError):  # then it asks for the search again
        folder = trees / "commits"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{overlay.package}@{sha[:_SHORT]}").write_text(overlay.digest, encoding="ascii")


def at_commit(base: Environment, id: str, trees: Path) -> Environment:
    """Return a base with the sources of the commit that the id names. Raises HarnessError if they are not there."""
    commit = commit_in(id)
    assert commit is not None
    module, sha = commit["module"], commit["sha"]
    digest = ""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        digest = (trees / "commits" / f"{module}@{sha[:_SHORT]}").read_text(encoding="ascii").strip()
    if not re.fullmatch("[0-9a-f]{40}", digest) or not (trees / digest).is_dir():
        raise HarnessError(
            f"{id}: the sources of {module} at {sha} are not in the cache",
            why="Only a search writes them",
            next_step="Run `harness pinpoint` with --repository again",
        )
    overlay = Overlay(package=module, folder=trees / digest, digest=digest)
    return replace(base, id=f"{base.id}{CHANGE_SEPARATOR}{module}@{sha[:_SHORT]}", overlay=overlay)
