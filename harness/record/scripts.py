"""Scripts from outside as the store keeps them: by content, each with the labels and paths under which it was run."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.model import Scenario
from harness.record.migrations import migrate, unknown_migrations
from harness.record.opening import SQLITE_ERRORS, connect
from harness.record.rows import pack


@dataclass(frozen=True, kw_only=True)
class KnownScript:
    """A script that was run, planned or searched with under a label."""

    label: str
    identity: str
    path: str
    """The path from which it was last read; empty if that was not recorded."""
    seen: str
    """When, ISO 8601."""
    text: str
    write: str | None = None
    """The text of the first step, if it has two."""


def insert_scripts(connection: sqlite3.Connection, scenarios: Iterable[Scenario]) -> None:
    """Keep scripts from outside, in the caller's transaction."""
    now = dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")
    for scenario in scenarios:
        if not scenario.external:
            continue
        texts = [pack(scenario.script.text)]
        if scenario.write is not None:
            texts.append(pack(scenario.write.text))
        connection.executemany("INSERT OR IGNORE INTO texts VALUES (?, ?)", texts)
        write = texts[1][0] if scenario.write is not None else None
        path = os.path.realpath(scenario.path) if scenario.path.is_absolute() or scenario.path.exists() else ""
        row = (scenario.label, scenario.identity, path, now, texts[0][0], write)
        connection.execute(
            "INSERT INTO scripts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET seen = excluded.seen, "
            "path = CASE WHEN excluded.path = '' THEN path ELSE excluded.path END",
            row,
        )


def remember_scripts(path: Path, scenarios: Iterable[Scenario]) -> None:
    """Keep scripts in a store, so that ids which were printed are understood later. A store that cannot be written
    is left alone: the error is reported when results are recorded.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = connect(path, writable=True)
    except OSError:
        return
    try:
        migrate_and_insert(connection, scenarios)
    except SQLITE_ERRORS:
        return
    finally:
        connection.close()


def migrate_and_insert(connection: sqlite3.Connection, scenarios: Iterable[Scenario]) -> None:
    """Bring a store up to date, and keep scripts in it. Raises sqlite3.Error."""
    migrate(connection)
    if unknown_migrations(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        insert_scripts(connection, scenarios)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
