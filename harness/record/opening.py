"""How a store's file is opened, brought up to date, and moved aside if it is damaged; the errors that say so."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

from harness.errors import HarnessError
from harness.record.migrations import migrate, unknown_migrations

# The text of an error may quote what is damaged, and then cannot be decoded.
SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)


class DamagedStore(HarnessError):
    """What is in the file is not what was written."""


def _connect(path: Path, *, writable: bool) -> sqlite3.Connection:
    # isolation_level None: transactions are where the code says BEGIN, nowhere else.
    mode = "rwc" if writable else "rw"
    try:
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=30)
    except sqlite3.Error as error:
        raise unreadable(path, error) from error


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a store that exists; one of an earlier version is brought up to date first."""
    connection = _connect(path, writable=False)
    try:
        migrate(connection)
    except SQLITE_ERRORS as error:
        connection.close()
        raise unusable(path, error) from error
    _refuse_newer(connection, path)
    return connection


def open_or_move_aside(path: Path) -> tuple[sqlite3.Connection, str]:
    """Open for writing. A damaged store is moved aside, never emptied, and a new one begun; the notice says so."""
    connection = _connect(path, writable=True)
    try:
        healthy = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        damage = "its check fails"
    except SQLITE_ERRORS as error:
        if _is_environmental(error):
            connection.close()
            raise unreadable(path, error) from error
        healthy, damage = False, str(error)
    notice = ""
    if not healthy:
        connection.close()
        notice = move_aside(path, damage)
        connection = _connect(path, writable=True)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # A crash of ours loses nothing in either mode; FULL would wait for the disk after every cell.
        connection.execute("PRAGMA synchronous = NORMAL")
        migrate(connection)
    except sqlite3.Error as error:
        connection.close()
        raise unreadable(path, error) from error
    _refuse_newer(connection, path)
    return connection, notice


def _refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    if newer := unknown_migrations(connection):
        connection.close()
        raise HarnessError(
            f"{path}: the store was written by a newer version of this project",
            why=f"it knows {', '.join(sorted(newer))}",
            next_step="Update this checkout, or set HARNESS_STORE to another file",
        )


def _is_environmental(error: Exception) -> bool:
    """Whether an error speaks of the disk or of permissions, and not of what is in the file."""
    # A step that is not remembered as done would be done again: its name was hit.
    signs = ("malformed", "Could not decode", "duplicate column name", "already exists")
    return isinstance(error, sqlite3.OperationalError) and not any(sign in str(error) for sign in signs)


def move_aside(path: Path, damage: str) -> str:
    """Move a damaged store aside, so that a new one is begun; give the notice that says so. Raises HarnessError."""
    stamp = dt.datetime.now(dt.timezone.utc).strftime("%Y%m%dT%H%M%S%f")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    try:
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            companion = path.with_name(path.name + suffix)
            if companion.exists():
                companion.rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise unreadable(path, error) from error
    return (
        f"{path}: the store is damaged ({damage}). It was moved to {aside.name}, nothing of it is deleted, "
        "and a new one begun: cells run again. `sqlite3 FILE .recover` may bring back the old one."
    )


def unusable(path: Path, error: Exception) -> HarnessError:
    """Return the error for what SQLite refuses: the disk or permissions, or damage."""
    return unreadable(path, error) if _is_environmental(error) else damaged(path, str(error))


def unreadable(path: Path, error: Exception) -> HarnessError:
    """Return the error for a store that the system does not let us use."""
    return HarnessError(
        f"{path}: the store cannot be used",
        why=str(error),
        next_step="Make room or give permission, or set HARNESS_STORE to another file; nothing in it was changed",
    )


def damaged(path: Path, damage: str) -> DamagedStore:
    """Return the error for a store whose content is not what was written."""
    return DamagedStore(
        f"{path}: the store is damaged",
        why=damage,
        next_step="`harness run` moves it aside and begins a new one; nothing is deleted",
    )
