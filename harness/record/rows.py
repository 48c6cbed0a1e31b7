"""Attempts as rows of the store, and back."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
import sqlite3
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.model import Attempt, Cell, Evidence, NoVerdict, Outcome
from harness.record.attempt_ids import derived_id

COLUMNS = (
    "key, cell, outcome, stage, error, reason, settled, started, duration_s, interpreter, platform, lock, sandbox, "
    "isolation, script_s, peak_mib, condition, limit_s, cause, identity, external, layer, limits, attempt, session, "
    "stage_s, variables, versions, script, checksum"
)
SCRIPT = -2
"""The index of the digest of the script in COLUMNS."""
_OUTPUTS = ("stdout", "stderr", "traceback", "dump")


def pack(text: str) -> tuple[str, bytes]:
    """Return the digest of a text and its compressed form."""
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest(), zlib.compress(data)


# Thousands of attempts share the text of a script and the versions of an environment.
_pack_shared = functools.lru_cache(maxsize=128)(pack)


def unpack(content: bytes) -> str:
    """Return a decompressed text."""
    return zlib.decompress(content).decode("utf-8", "surrogatepass")


def checksum_of(values: Sequence[Any]) -> str:
    """Return the checksum of an attempt's other values. SQLite itself does not detect changed bytes."""
    return hashlib.sha256(json.dumps(list(values)).encode()).hexdigest()[:16]


def to_row(attempt: Attempt) -> tuple[tuple[Any, ...], dict[str, bytes]]:
    """Return the values of an attempt in the order of COLUMNS, evidence last, and the shared texts by digest."""
    versions, versions_content = _pack_shared(json.dumps(dict(attempt.versions)))
    script, script_content = _pack_shared(attempt.evidence.script)
    _, evidence = pack(json.dumps({name: getattr(attempt.evidence, name) for name in _OUTPUTS}))
    values = (
        attempt.key,
        str(attempt.cell.named(attempt.cell.case.label)),
        attempt.outcome.value,
        attempt.stage,
        attempt.error,
        attempt.reason,
        int(attempt.conclusive),
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
        attempt.limits,
        attempt.id,
        attempt.session,
        json.dumps(attempt.stage_s) if attempt.stage_s else "",
        json.dumps(dict(attempt.variables)),
        versions,
        script,
    )
    return (*values, checksum_of(values), evidence), {versions: versions_content, script: script_content}


def derived_id_of(attempt: Attempt) -> str:
    """Return the id of an attempt without a split."""
    return derived_id(
        key=attempt.key,
        cell=str(attempt.cell.named(attempt.cell.case.label)),
        outcome=attempt.outcome.value,
        stage=attempt.stage,
        error=attempt.error,
        reason=attempt.reason,
        conclusive=attempt.conclusive,
        started=attempt.started.isoformat(),
        duration_s=float(attempt.duration_s),
    )


def from_row(row: tuple[Any, ...], text: Callable[[str], str], cells: Mapping[str, Cell] | None = None) -> Attempt:
    """Return an attempt from the values in COLUMNS, without its evidence.

    `text` returns a shared text by its digest; `cells` are known cells by their ids. Raises ValueError and other
    exceptions if the values were changed.
    """
    *values, checksum = row
    if checksum_of(values) != checksum:
        raise ValueError("an attempt was changed")
    return Attempt(
        key=row[0],
        cell=(cells or {}).get(row[1]) or Cell.parse(row[1]),
        outcome=Outcome(row[2]),
        stage=row[3],
        error=row[4],
        reason=row[5],
        conclusive=bool(row[6]),
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
        limits=row[22],
        id=row[23],
        session=row[24],
        stage_s=tuple((str(name), float(seconds)) for name, seconds in json.loads(row[25])) if row[25] else (),
        variables=_pairs(row[26]),
        versions=_pairs(text(row[27])),
    )


@functools.lru_cache(maxsize=1024)
def _pairs(content: str) -> tuple[tuple[str, str], ...]:
    """Parse a JSON object. Many attempts share few of them, so results are cached."""
    return tuple(json.loads(content).items())


def insert_row(connection: sqlite3.Connection, row: tuple[Any, ...], texts: Mapping[str, bytes]) -> bool:
    """Insert an attempt in the caller's transaction, unless its key and id are there. Return True if it is new."""
    connection.executemany("INSERT OR IGNORE INTO texts VALUES (?, ?)", list(texts.items()))
    marks = ",".join("?" * len(row))
    done = connection.execute(f"INSERT OR IGNORE INTO attempts ({COLUMNS}, evidence) VALUES ({marks})", row)
    return done.rowcount == 1


def with_evidence(attempt: Attempt, script: str, content: bytes) -> Attempt:
    """Return the attempt with its evidence."""
    return replace(attempt, evidence=Evidence(script=script, **json.loads(unpack(content))))
