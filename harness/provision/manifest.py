"""What is written down beside an environment: when and with what it was built, and what its imports gave."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.provision.condition import Contents
from harness.provision.files import write_whole

# Raised when environments that were built before are of no use any more.
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """How an environment was built, and what it looked like then."""

    built: str
    """Date and time, ISO 8601."""
    interpreter: str
    """The executable that it was made with."""
    interpreter_stamp: str
    """Size and date of that executable."""
    versions: Mapping[str, str]
    contents: Contents
    disk_bytes: int
    """Size of all files, bytecode included, hard links counted."""
    duration_s: float
    lock: str
    """The text of the lock."""

    def write(self, folder: Path) -> None:
        """Write it into an environment's folder."""
        values = {"schema": SCHEMA, **asdict(self)}
        write_whole(folder / "manifest.json", json.dumps(values, indent=1) + "\n")


def read_manifest(folder: Path) -> Manifest | None:
    """Read it; None if there is none, or none that this version understands."""
    try:
        values: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if values.pop("schema") != SCHEMA:
            return None
        manifest = Manifest(**{**values, "contents": Contents(**values["contents"])})
        texts = [manifest.built, manifest.interpreter, manifest.interpreter_stamp, *manifest.versions.values()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return manifest if all(isinstance(each, str) for each in texts) else None


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """What importing gave."""

    error: str | None
    """Why it does not import, in full."""
    certain: bool
    """Whether it would be the same again: a crash or a time limit may have been the machine's."""


def read_import_result(folder: Path, key: str) -> ImportResult | None:
    """Read what these imports gave earlier."""
    match _read_results(folder).get(key):
        case {"error": str() | None as error, "certain": bool(certain)}:
            return ImportResult(error=error, certain=certain)
    return None


def write_import_result(folder: Path, key: str, result: ImportResult) -> None:
    """Note what these imports gave."""
    results = {**_read_results(folder), key: asdict(result)}
    write_whole(folder / "imports.json", json.dumps(results, indent=1) + "\n")


def _read_results(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        values = json.loads((folder / "imports.json").read_text(encoding="utf-8"))
        return values if isinstance(values, dict) else {}
    except (OSError, ValueError, RecursionError):
        return {}
