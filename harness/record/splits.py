"""Splits and shards in a store: how a plan was split, which shards ran, and the projects of the attempts."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.record.migrations import migrate, unknown_migrations
from harness.record.opening import SQLITE_ERRORS, connect, unreadable
from harness.record.rows import pack, unpack


@dataclass(frozen=True, kw_only=True)
class ShardRun:
    """The run of one shard of a split."""

    split: str
    number: int
    """From 1."""
    filled: int
    """How many shards of the split have cells; those after them have none."""
    shards: int
    version: str
    """The version of this project."""
    worker: str
    """The identity of the worker in keys."""

    def __str__(self) -> str:
        return f"{self.number}/{self.shards}"


@dataclass(frozen=True, kw_only=True)
class KnownSplit:
    """How a selection was split: for each shard, the keys and how many attempts of each."""

    split: str
    shards: tuple[tuple[tuple[str, int], ...], ...]


def insert_project(connection: sqlite3.Connection, identity: str) -> None:
    """Note the project of the attempts that follow, in the caller's transaction."""
    if identity:
        connection.execute("INSERT OR IGNORE INTO projects VALUES (?)", [identity])


def insert_shard(connection: sqlite3.Connection, run: ShardRun | None) -> None:
    """Note that a shard runs, in the caller's transaction."""
    if run is not None:
        row = (run.split, run.number, run.filled, run.shards, run.version, run.worker)
        connection.execute("INSERT OR REPLACE INTO shards VALUES (?, ?, ?, ?, ?, ?)", row)


def projects_in(connection: sqlite3.Connection) -> list[str]:
    """Return the identities of the projects whose runs are in a store. Raises sqlite3.Error."""
    return [identity for (identity,) in connection.execute("SELECT identity FROM projects ORDER BY identity")]


def shards_in(connection: sqlite3.Connection) -> list[ShardRun]:
    """Return the shards whose runs are in a store. Raises sqlite3.Error."""
    query = "SELECT split, number, filled, shards, version, worker FROM shards ORDER BY split, number"
    return [
        ShardRun(split=split, number=number, filled=filled, shards=shards, version=version, worker=worker)
        for split, number, filled, shards, version, worker in connection.execute(query)
    ]


def known_shards(path: Path) -> list[ShardRun]:
    """Return the shards whose runs are in the store of this path. An unusable store has none."""
    if not path.exists():
        return []
    try:
        with contextlib.closing(connect(path, writable=False)) as connection:
            migrate(connection)
            return shards_in(connection)
    except SQLITE_ERRORS:
        return []


def known_splits(path: Path, selection: str, shards: int) -> Iterable[KnownSplit]:
    """Return the splits of a selection into `shards` shards, newest first; none of an unusable store."""
    if not path.exists():
        return []
    try:
        with contextlib.closing(connect(path, writable=False)) as connection:
            migrate(connection)
            query = (
                "SELECT split, texts.content FROM splits JOIN texts ON digest = splits.content "
                "WHERE selection = ? AND shards = ? ORDER BY made DESC"
            )
            return [
                KnownSplit(split=split, shards=_shards_of(unpack(content)))
                for split, content in connection.execute(query, (selection, shards)).fetchall()
            ]
    except SQLITE_ERRORS:
        return []  # the error is reported when its attempts are needed


def _shards_of(content: str) -> tuple[tuple[tuple[str, int], ...], ...]:
    return tuple(tuple((str(key), int(count)) for key, count in shard) for shard in json.loads(content))


def remember_split(path: Path, split: KnownSplit, *, selection: str) -> None:
    """Keep how a selection was split: shards that run later are those of the same split. Raises HarnessError."""
    digest, content = pack(json.dumps(split.shards))
    now = dt.datetime.now(dt.timezone.utc).isoformat()
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = connect(path, writable=True)
    try:
        migrate(connection)
        if unknown_migrations(connection):
            return
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT OR IGNORE INTO texts VALUES (?, ?)", (digest, content))
        connection.execute(
            "INSERT OR REPLACE INTO splits VALUES (?, ?, ?, ?, ?)",
            (split.split, selection, len(split.shards), now, digest),
        )
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise unreadable(path, error) from error
    finally:
        connection.close()
