"""Write the published site into a folder, with the evidence of its cells from the store."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.commands.output_files import write_file
from harness.commands.recorded_searches import recorded_searches
from harness.errors import HarnessError
from harness.filesystem.reading import parse_json
from harness.model import Attempt, Evidence
from harness.record.store import Store
from harness.rendering.results import Results
from harness.rendering.site.content import Content
from harness.rendering.site.files import DATA_FOLDERS, files, transfer_files
from harness.session import Session
from harness.transfer.table import load_transfer

_TRANSFER = Path("results", "transfer", "transfer.json")
_SUFFIXES = (".js", ".json", ".svg")


def write_site(session: Session, results: Results, folder: Path) -> int:
    """Write the site and remove data files of earlier results. Return the number of files."""
    searches = recorded_searches(session)
    with contextlib.closing(session.read_store()) as store:
        content = Content(
            results=results,
            text=session.project.matrix.site,
            command="harness",
            transfer=_transfer(session),
            searches=searches,
            evidence_of=lambda attempt: _evidence(store, attempt),
        )
        is_site, written = _is_site(folder), set()
        for name, text in files(content):
            write_file(folder / name, text)
            written.add(folder / name)
    for part in DATA_FOLDERS if is_site else ():
        for path in (folder / part).iterdir():
            if path.suffix in _SUFFIXES and path not in written:
                _remove(path)
    return len(written)


def write_transfer(session: Session, folder: Path) -> list[Path]:
    """Put the published table of readers into a site that exists. Return the paths of the files."""
    transfer = _transfer(session)
    if transfer is None or not _is_site(folder):
        return []
    path = folder / "index.json"
    try:
        index = parse_json(path.read_text(encoding="utf-8"))
        written = [(folder / name, text) for name, text in transfer_files(index, transfer)]
    except (OSError, ValueError, TypeError) as error:
        raise HarnessError(
            f"{path}: is no index of a site, so the site keeps the old table of readers",
            why=str(error),
            next_step="`harness report` writes the whole site",
        ) from error
    for path, text in written:
        write_file(path, text)
    return [path for path, _ in written]


def _is_site(folder: Path) -> bool:
    """Return True if the folder already has a site: its data files can be removed."""
    return (folder / "index.js").is_file() and (folder / "page" / "app.js").is_file()


def _transfer(session: Session) -> Mapping[str, Any] | None:
    """Return the published table of readers, or None if the project has none."""
    path = session.root / _TRANSFER
    if not path.is_file():
        return None
    load_transfer(path)  # refuses what is no table of readers
    document: Mapping[str, Any] = parse_json(path.read_text(encoding="utf-8"))
    return document


def _evidence(store: Store, attempt: Attempt) -> Evidence:
    """Return the texts of an attempt, which results do not contain."""
    found = (each.evidence for each in store.all_with_evidence(attempt.key) if each.started == attempt.started)
    return next(found, attempt.evidence)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise HarnessError(f"{path}: is out of date and could not be removed", why=str(error)) from error
