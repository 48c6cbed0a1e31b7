"""The commit that an installed package was built from, if one of its files names it."""

from __future__ import annotations

import re
from pathlib import Path

from harness.environments.integrity import site_packages

_MOST_BYTES = 64 << 20
# The output of `git describe`: tag, number of commits since the tag, commit.
_DESCRIBED = re.compile(rb"(?<![\w.])v?[0-9][\w.]*(?:-[\w.]+)*?-[0-9]+-g([0-9a-f]{7,40})(?![0-9a-f])")


def commit_in(folder: Path, file: str) -> str | None:
    """Return the commit that a file of an environment's packages names; None if there is none, or no such file."""
    try:
        with (site_packages(folder) / file).open("rb") as stream:
            found = _DESCRIBED.search(stream.read(_MOST_BYTES))
    except (OSError, StopIteration):
        return None
    return found[1].decode() if found is not None else None
