"""The schema of the store as ordered, named migrations. Each runs once, in its own transaction."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator

from harness.record.attempt_ids import candidates, derived_id
from harness.record.old_identities import identities_of_old
from harness.record.rows import COLUMNS, checksum_of

Migration = Callable[[sqlite3.Connection], None]


def m001_attempts(connection: sqlite3.Connection) -> None:
    """Create tables of attempts, and of shared texts (scripts, lists of versions) by digest."""
    connection.execute("CREATE TABLE texts (digest TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID")
    connection.execute(
        """
        CREATE TABLE attempts (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL,
            cell TEXT NOT NULL,
            outcome TEXT NOT NULL,
            stage TEXT,
            error TEXT NOT NULL,
            reason TEXT NOT NULL,
            settled INTEGER NOT NULL,
            started TEXT NOT NULL,
            duration_s REAL NOT NULL,
            interpreter TEXT NOT NULL,
            platform TEXT NOT NULL,
            lock TEXT NOT NULL,
            sandbox TEXT NOT NULL,
            variables TEXT NOT NULL,
            versions TEXT NOT NULL REFERENCES texts (digest),
            script TEXT NOT NULL REFERENCES texts (digest),
            evidence BLOB NOT NULL
        )
        """
    )
    connection.execute("CREATE INDEX attempts_by_key ON attempts (key)")
    connection.execute("CREATE INDEX attempts_by_cell ON attempts (cell)")


def m002_attempts_are_immutable(connection: sqlite3.Connection) -> None:
    """Add triggers that reject changes and deletions of attempts."""
    for verb in ("UPDATE", "DELETE"):
        connection.execute(
            f"CREATE TRIGGER no_{verb.lower()} BEFORE {verb} ON attempts "
            "BEGIN SELECT RAISE(ABORT, 'attempts are never changed'); END"
        )


def m003_isolation(connection: sqlite3.Connection) -> None:
    """Add the isolation of an attempt. Earlier attempts had a fresh process."""
    connection.execute("ALTER TABLE attempts ADD COLUMN isolation TEXT NOT NULL DEFAULT 'process'")


def m004_costs(connection: sqlite3.Connection) -> None:
    """Add the duration of the script in its process and its peak memory. Both are unknown for earlier attempts."""
    connection.execute("ALTER TABLE attempts ADD COLUMN script_s REAL NOT NULL DEFAULT 0")
    connection.execute("ALTER TABLE attempts ADD COLUMN peak_mib INTEGER NOT NULL DEFAULT 0")


def m005_checksums(connection: sqlite3.Connection) -> None:
    """Add a checksum to each attempt, to detect changes by a broken disk."""
    connection.execute("ALTER TABLE attempts ADD COLUMN checksum TEXT NOT NULL DEFAULT ''")


def m007_conditions(connection: sqlite3.Connection) -> None:
    """Record the condition of an attempt and its time limit; before this, only whether it was sandboxed is known."""
    connection.execute("ALTER TABLE attempts ADD COLUMN condition TEXT NOT NULL DEFAULT ''")
    connection.execute("ALTER TABLE attempts ADD COLUMN limit_s REAL NOT NULL DEFAULT 0")
    with _updating(connection):
        connection.execute("UPDATE attempts SET condition = 'sandbox off' WHERE sandbox = 'none' AND duration_s > 0")


def m008_causes(connection: sqlite3.Connection) -> None:
    """Keep why an attempt is no verdict, if it ended for a cause other than the scenario or the version."""
    connection.execute("ALTER TABLE attempts ADD COLUMN cause TEXT NOT NULL DEFAULT ''")


def m009_identities(connection: sqlite3.Connection) -> None:
    """Record which script an attempt ran, by its content, and keep each script from outside with its label and path."""
    connection.execute("ALTER TABLE attempts ADD COLUMN identity TEXT NOT NULL DEFAULT ''")
    connection.execute("ALTER TABLE attempts ADD COLUMN external INTEGER NOT NULL DEFAULT 0")
    connection.execute("CREATE INDEX attempts_by_identity ON attempts (identity)")
    connection.execute(
        """
        CREATE TABLE scripts (
            label TEXT NOT NULL,
            identity TEXT NOT NULL,
            path TEXT NOT NULL,
            seen TEXT NOT NULL,
            script TEXT NOT NULL REFERENCES texts (digest),
            write TEXT REFERENCES texts (digest),
            PRIMARY KEY (label, identity)
        ) WITHOUT ROWID
        """
    )
    rows = connection.execute("SELECT id, cell, script, started FROM attempts ORDER BY id").fetchall()
    identities, scripts = identities_of_old(rows)
    with _updating(connection):
        connection.executemany("UPDATE attempts SET identity = ? WHERE id = ?", identities)
    connection.executemany("INSERT OR REPLACE INTO scripts VALUES (?, ?, '', ?, ?, ?)", scripts)


def m010_layers(connection: sqlite3.Connection) -> None:
    """Add the release that overlaid the environment. Earlier attempts had none."""
    connection.execute("ALTER TABLE attempts ADD COLUMN layer TEXT NOT NULL DEFAULT ''")


def m011_limits(connection: sqlite3.Connection) -> None:
    """Record what enforced the limits of memory and processes; all before this were polled."""
    connection.execute("ALTER TABLE attempts ADD COLUMN limits TEXT NOT NULL DEFAULT 'polled'")


def m012_attempt_ids(connection: sqlite3.Connection) -> None:
    """Identify each attempt, so that stores can be merged; note the projects, the splits and the shards that ran."""
    connection.execute("ALTER TABLE attempts ADD COLUMN attempt TEXT NOT NULL DEFAULT ''")
    query = (
        "SELECT id, key, cell, outcome, stage, error, reason, settled, started, duration_s FROM attempts ORDER BY id"
    )
    ids: dict[tuple[str, str], int] = {}
    for row, key, cell, outcome, stage, error, reason, conclusive, started, duration_s in connection.execute(query):
        derived = derived_id(
            key=key,
            cell=cell,
            outcome=outcome,
            stage=stage,
            error=error,
            reason=reason,
            conclusive=bool(conclusive),
            started=started,
            duration_s=duration_s,
        )
        free = (each for each in candidates("", "", conclusive=False, derived=derived) if (key, each) not in ids)
        ids[key, next(free)] = row
    with _updating(connection):
        connection.executemany(
            "UPDATE attempts SET attempt = ? WHERE id = ?", [(attempt, row) for (_, attempt), row in ids.items()]
        )
    connection.execute("CREATE UNIQUE INDEX attempts_by_attempt ON attempts (key, attempt)")
    connection.execute("DROP INDEX attempts_by_key")  # the new one begins with the key
    connection.execute("CREATE TABLE projects (identity TEXT PRIMARY KEY) WITHOUT ROWID")
    connection.execute(
        """
        CREATE TABLE splits (
            split TEXT PRIMARY KEY,
            selection TEXT NOT NULL,
            shards INTEGER NOT NULL,
            made TEXT NOT NULL,
            content TEXT NOT NULL REFERENCES texts (digest)
        ) WITHOUT ROWID
        """
    )
    connection.execute(
        """
        CREATE TABLE shards (
            split TEXT NOT NULL,
            number INTEGER NOT NULL,
            filled INTEGER NOT NULL,
            shards INTEGER NOT NULL,
            version TEXT NOT NULL,
            worker TEXT NOT NULL,
            PRIMARY KEY (split, number)
        ) WITHOUT ROWID
        """
    )


def m013_times(connection: sqlite3.Connection) -> None:
    """Add the session of an attempt, and how long its stages took. Both are unknown for earlier attempts."""
    connection.execute("ALTER TABLE attempts ADD COLUMN session TEXT NOT NULL DEFAULT ''")
    connection.execute("ALTER TABLE attempts ADD COLUMN stage_s TEXT NOT NULL DEFAULT ''")


MIGRATIONS: tuple[Migration, ...] = (
    m001_attempts,
    m002_attempts_are_immutable,
    m003_isolation,
    m004_costs,
    m005_checksums,
    m007_conditions,
    m008_causes,
    m009_identities,
    m010_layers,
    m011_limits,
    m012_attempt_ids,
    m013_times,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the missing migrations."""
    seen = _seen(connection)
    pending = [migration for migration in MIGRATIONS if migration.__name__ not in seen]
    if not pending:
        return
    connection.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)")
    for migration in pending:
        connection.execute("BEGIN IMMEDIATE")
        try:
            if migration.__name__ in _seen(connection):  # another process applied it
                connection.execute("ROLLBACK")
                continue
            migration(connection)
            if migration is pending[-1]:
                _sum_up(connection)  # with the last step, or not at all
            connection.execute("INSERT INTO migrations VALUES (?)", (migration.__name__,))
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _sum_up(connection: sqlite3.Connection) -> None:
    """Recompute the checksums of all attempts, because they cover all columns."""
    if not any(row[1] == "checksum" for row in connection.execute("PRAGMA table_info(attempts)")):
        return
    rows = connection.execute(f"SELECT id, {COLUMNS} FROM attempts").fetchall()
    sums = [(checksum_of(values[:-1]), id) for id, *values in rows]
    with _updating(connection):
        connection.executemany("UPDATE attempts SET checksum = ? WHERE id = ?", sums)


@contextlib.contextmanager
def _updating(connection: sqlite3.Connection) -> Iterator[None]:
    """Allow updates temporarily. The transaction of the caller is rolled back on failure."""
    (trigger,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'no_update'").fetchone()
    connection.execute("DROP TRIGGER no_update")
    yield
    connection.execute(trigger)


def unknown_migrations(connection: sqlite3.Connection) -> set[str]:
    """Return the migrations that a newer version of this project has applied."""
    return _seen(connection) - {migration.__name__ for migration in MIGRATIONS}


def _seen(connection: sqlite3.Connection) -> set[str]:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone()
    return {name for (name,) in connection.execute("SELECT name FROM migrations")} if known else set()
