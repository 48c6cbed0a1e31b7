"""The metadata of an environment: when and how it was built, and the results of its imports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.environments.integrity import Contents
from harness.filesystem.atomic import write_whole
from harness.filesystem.reading import parse_json

# Increase this if existing environments become unusable.
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """How an environment was built, and a summary of its files."""

    built: str
    """Date and time, ISO 8601."""
    interpreter: str
    """The executable that it was built with."""
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
        """Write the manifest into the folder of the environment."""
        values = {"schema": SCHEMA, **asdict(self)}
        write_whole(folder / "manifest.json", json.dumps(values, indent=1) + "\n")


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest, or None if it is missing, invalid or of another schema."""
    try:
        values: dict[str, Any] = parse_json((folder / "manifest.json").read_text(encoding="utf-8"))
        if values.pop("schema") != SCHEMA:
            return None
        manifest = Manifest(**{**values, "contents": Contents(**values["contents"])})
        texts = [manifest.built, manifest.interpreter, manifest.interpreter_stamp, *manifest.versions.values()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return manifest if all(isinstance(each, str) for each in texts) else None


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """The result of importing modules."""

    error: str | None
    """The complete error message; None if the modules import."""
    certain: bool
    """False for a crash or a time-out: the machine may be the cause."""


def read_import_result(folder: Path, key: str) -> ImportResult | None:
    """Return the recorded result of these imports."""
    match _read_results(folder).get(key):
        case {"error": str() | None as error, "certain": bool(certain)}:
            return ImportResult(error=error, certain=certain)
    return None


def write_import_result(folder: Path, key: str, result: ImportResult) -> None:
    """Record the result of these imports."""
    results = {**_read_results(folder), key: asdict(result)}
    write_whole(folder / "imports.json", json.dumps(results, indent=1) + "\n")


def _read_results(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        values = parse_json((folder / "imports.json").read_text(encoding="utf-8"))
        return values if isinstance(values, dict) else {}
    except (OSError, ValueError):
        return {}
