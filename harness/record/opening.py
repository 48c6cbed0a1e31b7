"""Open the file of a store, migrate it, and move it aside if it is damaged."""

from __future__ import annotations

import datetime as dt
import sqlite3
import time
from pathlib import Path

from harness.errors import HarnessError
from harness.record.migrations import migrate, unknown_migrations

# The message of an error may quote damaged text that cannot be decoded.
SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
# SQLite's messages about the disk, permissions and other processes. Its other errors come from the content of the file:
# in a damaged schema, for example, a column has another name.
_OF_THE_SYSTEM = (
    "access permission denied", "disk I/O error", "disk is full", "interrupted", "is locked", "large file support",
    "locking protocol", "not authorized", "out of memory", "readonly database", "unable to open database file",
)  # fmt: skip


_BUSY_S = 30.0
"""How long to wait for other processes."""
_POLL_S = 0.02


class DamagedStore(HarnessError):
    """The content of the file is damaged."""


def connect(path: Path, *, writable: bool) -> sqlite3.Connection:
    """Open the file; with `writable`, create it if it is missing. Raises HarnessError."""
    # isolation_level None: the code begins each transaction itself.
    mode = "rwc" if writable else "rw"
    try:
        return sqlite3.connect(
            f"{path.resolve().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=_BUSY_S
        )
    except sqlite3.Error as error:
        raise unreadable(path, error) from error


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open an existing store, and migrate it if an earlier version wrote it."""
    connection = connect(path, writable=False)
    try:
        migrate(connection)
    except SQLITE_ERRORS as error:
        connection.close()
        raise unusable(path, error) from error
    reject_newer(connection, path)
    return connection


def open_or_move_aside(path: Path) -> tuple[sqlite3.Connection, str]:
    """Open a store for writing. Return the connection and a notice, which is empty unless the store was damaged.

    A damaged store is moved aside, never deleted, and replaced by a new one.
    """
    connection = connect(path, writable=True)
    try:
        healthy = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        damage = "its integrity check fails"
    except SQLITE_ERRORS as error:
        if _is_environmental(error):
            connection.close()
            raise unreadable(path, error) from error
        healthy, damage = False, str(error)
    notice = ""
    if not healthy:
        connection.close()
        notice = move_aside(path, damage)
        connection = connect(path, writable=True)
    try:
        _use_write_ahead_log(connection)
        # A crash of this process loses nothing in either mode. FULL would wait for the disk after each cell.
        connection.execute("PRAGMA synchronous = NORMAL")
        migrate(connection)
    except SQLITE_ERRORS as error:
        connection.close()
        raise unusable(path, error) from error
    reject_newer(connection, path)
    return connection, notice


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch a store to a write-ahead log. SQLite does not wait here for a process that migrates the same store."""
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(_POLL_S)


def reject_newer(connection: sqlite3.Connection, path: Path) -> None:
    """Close a store and raise HarnessError if a newer version of this project wrote it."""
    if newer := unknown_migrations(connection):
        connection.close()
        raise HarnessError(
            f"{path}: a newer version of this project wrote the store",
            why=f"It has the migrations {', '.join(sorted(newer))}",
            next_step="Update this checkout, or set HARNESS_STORE to another file",
        )


def _is_environmental(error: Exception) -> bool:
    """Return True for an error of the disk or of permissions, False for damaged content."""
    return isinstance(error, sqlite3.OperationalError) and any(sign in str(error) for sign in _OF_THE_SYSTEM)


def move_aside(path: Path, damage: str) -> str:
    """Rename a damaged store. Return a notice for the user. Raises HarnessError."""
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
        f"{path}: the store is damaged ({damage}). It was renamed to {aside.name}, nothing was deleted. A new store "
        "was created: cells run again. `sqlite3 FILE .recover` may recover the old one."
    )


def unusable(path: Path, error: Exception) -> HarnessError:
    """Return the error for an exception of SQLite: an unusable file or damaged content."""
    return unreadable(path, error) if _is_environmental(error) else damaged(path, str(error))


def unreadable(path: Path, error: Exception) -> HarnessError:
    """Return the error for a store that cannot be opened or written."""
    return HarnessError(
        f"{path}: the store cannot be used",
        why=str(error),
        next_step="Check disk space and permissions, or set HARNESS_STORE to another file; nothing was changed",
    )


def damaged(path: Path, damage: str) -> DamagedStore:
    """Return the error for damaged content."""
    return DamagedStore(
        f"{path}: the store is damaged",
        why=damage,
        next_step="`harness run` renames it and creates a new one; nothing is deleted",
    )
