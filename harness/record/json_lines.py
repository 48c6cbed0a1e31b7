"""Attempts as lines of JSON, with their evidence and a checksum, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.model import Attempt
from harness.record.rows import COLUMNS, SCRIPT, checksum_of, from_row, pack, to_row, unpack, with_evidence

Row = tuple[tuple[Any, ...], dict[str, bytes]]
"""The values of an attempt as rows.to_row returns them, and the shared texts by digest."""
_NAMES = tuple(COLUMNS.split(", "))
_LONGEST = 1 << 26
"""Bytes of a line."""


def to_line(attempt: Attempt) -> str:
    """Return an attempt as one line, without its end."""
    row, texts = to_row(attempt)
    values = dict(zip(_NAMES, row[:-1], strict=True))
    document = {
        **values,
        "versions": unpack(texts[values["versions"]]),
        "script": unpack(texts[values["script"]]),
        "evidence": unpack(row[-1]),
    }
    return json.dumps(document)


def from_line(line: str) -> Row:
    """Return the row of a line. Raises ValueError if it was changed or cut off."""
    document = json.loads(line)
    if not isinstance(document, dict) or document.keys() != {*_NAMES, "evidence"}:
        raise ValueError("it is no attempt")
    texts = dict(pack(_text(document[name])) for name in ("versions", "script"))
    document["versions"], document["script"] = texts
    values = tuple(document[name] for name in _NAMES)
    if checksum_of(values[:-1]) != document["checksum"]:
        raise ValueError("an attempt was changed")
    json.loads(_text(document["evidence"]))
    from_row(values, lambda digest: unpack(texts[digest]))
    return (*values, pack(document["evidence"])[1]), texts


def attempt_of_line(line: str) -> Attempt:
    """Return the attempt of a line, with its evidence. Raises ValueError."""
    row, texts = from_line(line)
    attempt = from_row(row[:-1], lambda digest: unpack(texts[digest]))
    return with_evidence(attempt, unpack(texts[row[SCRIPT - 1]]), row[-1])


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is missing")
    return value


def read_lines(path: Path) -> Iterator[Row]:
    """Yield the rows of a file. Raises ValueError, which names the line, and OSError."""
    with path.open("rb") as stream:
        for number, line in enumerate(iter(lambda: stream.readline(_LONGEST), b""), start=1):
            try:
                yield from_line(line.decode())
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                raise ValueError(f"line {number} is damaged: {error}") from error
