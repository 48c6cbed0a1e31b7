"""Files that commands write: whole files, and sections of Markdown files."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError, UsageError

if TYPE_CHECKING:
    import pandas as pd


def write_section(path: Path, section: str, text: str) -> None:
    """Write a text between the markers of a section of a file."""
    write_file(path, with_section(path, section, text))


def with_section(path: Path, section: str, text: str) -> str:
    """Return the text of a file with a section replaced. Raises HarnessError if the markers are missing."""
    from harness.rendering.publish import replace_between_markers

    try:
        before = path.read_text(encoding="utf-8")
    except OSError as error:
        raise HarnessError(f"{path}: could not be read", why=str(error)) from error
    return replace_between_markers(before, section, text)


def write_file(path: Path, text: str) -> Path:
    """Write a file whole or not at all. Return its path."""
    _write(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline=""))
    return path


LARGE_CSV = 1_000_000
"""Bytes. A published CSV file that is larger is compressed: its lines repeat most of their text."""


def write_published_csv(path: Path, text: str) -> Path:
    """Write a CSV file that is published and remove its other form. Return the path: a large file is FILE.csv.bz2."""
    data, packed = text.encode(), path.with_name(f"{path.name}.bz2")
    large = len(data) > LARGE_CSV
    if large:
        # Unlike zlib and xz, bzip2 has one implementation: the same text is the same bytes on all machines.
        compressed = _bzip2(data, packed)
        _write(packed, lambda temporary: temporary.write_bytes(compressed))
    else:
        write_file(path, text)
    written, other = (packed, path) if large else (path, packed)
    try:
        other.unlink(missing_ok=True)
    except OSError as error:
        raise HarnessError(f"{other}: is out of date and could not be removed", why=str(error)) from error
    return written


def _bzip2(data: bytes, path: Path) -> bytes:
    try:
        import bz2
    except ImportError as error:  # Python was built where the headers of libbz2 were missing
        raise HarnessError(
            f"{path}: could not be written, this Python has no bz2", why=str(error), next_step="Use another Python"
        ) from error
    return bz2.compress(data)


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a DataFrame of results as Parquet; parameters become JSON. Raises HarnessError without pyarrow."""
    if importlib.util.find_spec("pyarrow") is None:
        raise HarnessError(
            "--format parquet needs pyarrow, which is not installed", next_step="pip install 'repro-matrix[parquet]'"
        )
    table = frame.assign(parameters=frame["parameters"].map(json.dumps))
    _write(path, lambda temporary: table.to_parquet(temporary, engine="pyarrow", index=False))


def _write(path: Path, write: Callable[[Path], object]) -> None:
    if path.is_dir():
        raise UsageError(f"{path}: is a folder", next_step="Name a file")
    temporary = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # not there, or what should be its folder is none
            temporary.unlink()
        raise HarnessError(f"{path}: could not be written", why=str(error)) from error
