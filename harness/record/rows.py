"""Attempts as rows of the store, and back."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.model import Attempt, Cell, Evidence, Outcome

COLUMNS = (
    "key, cell, outcome, stage, error, reason, settled, started, duration_s, interpreter, platform, lock, sandbox, "
    "isolation, script_s, peak_mib, variables, versions, script"
)
_OUTPUTS = ("stdout", "stderr", "traceback", "dump")


def pack(text: str) -> tuple[str, bytes]:
    """Give a text's digest and its compressed form."""
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest(), zlib.compress(data)


def unpack(content: bytes) -> str:
    """Give back a text."""
    return zlib.decompress(content).decode("utf-8", "surrogatepass")


def to_row(attempt: Attempt) -> tuple[tuple[Any, ...], dict[str, bytes]]:
    """Give an attempt's values in the order of COLUMNS, evidence last, and the shared texts that they refer to."""
    versions, versions_content = pack(json.dumps(dict(attempt.versions)))
    script, script_content = pack(attempt.evidence.script)
    _, evidence = pack(json.dumps({name: getattr(attempt.evidence, name) for name in _OUTPUTS}))
    row = (
        attempt.key,
        str(attempt.cell),
        attempt.outcome.value,
        attempt.stage,
        attempt.error,
        attempt.reason,
        int(attempt.settled),
        attempt.started.isoformat(),
        attempt.duration_s,
        attempt.interpreter,
        attempt.platform,
        attempt.lock,
        attempt.sandbox,
        attempt.isolation,
        attempt.script_s,
        attempt.peak_mib,
        json.dumps(dict(attempt.variables)),
        versions,
        script,
        evidence,
    )
    return row, {versions: versions_content, script: script_content}


def from_row(row: tuple[Any, ...], text: Callable[[str], str]) -> Attempt:
    """Make an attempt of the values in COLUMNS, without its evidence; `text` gives a shared text by its digest."""
    return Attempt(
        key=row[0],
        cell=Cell.parse(row[1]),
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
        variables=tuple(json.loads(row[16]).items()),
        versions=tuple(json.loads(text(row[17])).items()),
    )


def with_evidence(attempt: Attempt, script: str, content: bytes) -> Attempt:
    """Put the evidence to an attempt."""
    return replace(attempt, evidence=Evidence(script=script, **json.loads(unpack(content))))
