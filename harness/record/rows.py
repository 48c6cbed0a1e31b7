"""Attempts as rows of the store, and back."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.model import Attempt, Cell, Evidence, NoVerdict, Outcome

COLUMNS = (
    "key, cell, outcome, stage, error, reason, settled, started, duration_s, interpreter, platform, lock, sandbox, "
    "isolation, script_s, peak_mib, condition, limit_s, cause, identity, external, layer, variables, versions, "
    "script, checksum"
)
SCRIPT = -2
"""Where among the values of COLUMNS the digest of the script is."""
_OUTPUTS = ("stdout", "stderr", "traceback", "dump")


def pack(text: str) -> tuple[str, bytes]:
    """Give a text's digest and its compressed form."""
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest(), zlib.compress(data)


def unpack(content: bytes) -> str:
    """Give back a text."""
    return zlib.decompress(content).decode("utf-8", "surrogatepass")


def checksum_of(values: Sequence[Any]) -> str:
    """Give the sum of an attempt's values without the sum: SQLite itself would not see that a byte of them changed."""
    return hashlib.sha256(json.dumps(list(values)).encode()).hexdigest()[:16]


def to_row(attempt: Attempt) -> tuple[tuple[Any, ...], dict[str, bytes]]:
    """Give an attempt's values in the order of COLUMNS, evidence last, and the shared texts that they refer to."""
    versions, versions_content = pack(json.dumps(dict(attempt.versions)))
    script, script_content = pack(attempt.evidence.script)
    _, evidence = pack(json.dumps({name: getattr(attempt.evidence, name) for name in _OUTPUTS}))
    values = (
        attempt.key,
        str(attempt.cell.named(attempt.cell.case.label)),
        attempt.outcome.value,
        attempt.stage,
        attempt.error,
        attempt.reason,
        int(attempt.settled),
        attempt.started.isoformat(),
        float(attempt.duration_s),
        attempt.interpreter,
        attempt.platform,
        attempt.lock,
        attempt.sandbox,
        attempt.isolation,
        float(attempt.script_s),
        attempt.peak_mib,
        attempt.condition,
        float(attempt.limit_s),
        attempt.cause.value if attempt.cause else "",
        attempt.identity,
        int(attempt.external),
        attempt.layer,
        json.dumps(dict(attempt.variables)),
        versions,
        script,
    )
    return (*values, checksum_of(values), evidence), {versions: versions_content, script: script_content}


def from_row(row: tuple[Any, ...], text: Callable[[str], str], cells: Mapping[str, Cell] | None = None) -> Attempt:
    """Make an attempt of the values in COLUMNS, without its evidence; `text` gives a shared text by its digest,
    `cells` those that are known by their ids.

    Raises ValueError, and others, if these are not the values that were recorded.
    """
    *values, checksum = row
    if checksum_of(values) != checksum:
        raise ValueError("an attempt is not as it was recorded")
    return Attempt(
        key=row[0],
        cell=(cells or {}).get(row[1]) or Cell.parse(row[1]),
        outcome=Outcome(row[2]),
        stage=row[3],
        error=row[4],
        reason=row[5],
        settled=bool(row[6]),
        started=dt.datetime.fromisoformat(row[7]),
        duration_s=row[8],
        interpreter=row[9],
        platform=row[10],
        lock=row[11],
        sandbox=row[12],
        isolation=row[13],
        script_s=row[14],
        peak_mib=row[15],
        condition=row[16],
        limit_s=row[17],
        cause=NoVerdict(row[18]) if row[18] else None,
        identity=row[19],
        external=bool(row[20]),
        layer=row[21],
        variables=_pairs(row[22]),
        versions=_pairs(text(row[23])),
    )


@functools.lru_cache(maxsize=1024)
def _pairs(content: str) -> tuple[tuple[str, str], ...]:
    """Read a JSON object; many attempts share the few that there are."""
    return tuple(json.loads(content).items())


def with_evidence(attempt: Attempt, script: str, content: bytes) -> Attempt:
    """Put the evidence to an attempt."""
    return replace(attempt, evidence=Evidence(script=script, **json.loads(unpack(content))))
