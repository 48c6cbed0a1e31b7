"""Identities of scripts for attempts that were recorded before scripts had identities. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.model.scenario import identity_of_two

_LABEL_END = re.compile(r"[@\[]")
_READER = re.compile(r"@[^@]* -> [^@]*$")


def identities_of_old(
    rows: Iterable[tuple[int, str, str, str]],
) -> tuple[list[tuple[str, int]], list[tuple[str, str, str, str, str | None]]]:
    """Return the identities of attempts that were recorded without, by their ids, and the scripts that they ran.

    Rows are id, cell, digest of the text and start, oldest first. A reader read what the last writer before it wrote.
    """
    rows = list(rows)
    two_steps = {_label(cell) for _, cell, _, _ in rows if _READER.search(cell)}
    writes: dict[str, str] = {}
    pending: dict[str, list[int]] = {}
    identities: dict[int, str] = {}
    scripts: dict[tuple[str, str], tuple[str, str, str, str, str | None]] = {}
    for id, cell, digest, started in rows:
        label = _label(cell)
        if label not in two_steps:
            identities[id] = digest
            scripts[label, digest] = (label, digest, started, digest, None)
        elif not _READER.search(cell):
            if writes.get(label) != digest:
                pending[label] = []
            writes[label] = digest
            pending[label].append(id)
        elif label in writes:
            identity = identity_of_two(digest, writes[label])
            identities |= dict.fromkeys([id, *pending[label]], identity)
            pending[label] = []
            scripts[label, identity] = (label, identity, started, digest, writes[label])
    return [(identity, id) for id, identity in identities.items()], list(scripts.values())


def _label(cell: str) -> str:
    return _LABEL_END.split(cell, maxsplit=1)[0]
