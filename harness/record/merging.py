"""Merge attempts of other machines into a store: each once, all or nothing, with the same result in every order."""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.errors import HarnessError, UsageError
from harness.record.attempt_ids import is_planned
from harness.record.json_lines import Row
from harness.record.migrations import migrate
from harness.record.opening import SQLITE_ERRORS, damaged, open_or_move_aside, reject_newer, unreadable
from harness.record.rows import COLUMNS, SCRIPT, from_row, insert_row, pack, unpack, with_evidence
from harness.record.splits import ShardRun, insert_project, insert_shard, projects_in, shards_in

_KEY, _CELL, _STARTED = 0, 1, 7
_NAMES = (*COLUMNS.split(", "), "evidence")
_ATTEMPT, _VERSIONS, _CHECKSUM, _EVIDENCE = map(_NAMES.index, ("attempt", "versions", "checksum", "evidence"))
_BAD_VALUE = (ValueError, TypeError, AttributeError, KeyError, zlib.error, UsageError)


class Source(Protocol):
    """Attempts of another machine."""

    @property
    def name(self) -> str:
        """Its path, as it was typed."""

    @property
    def projects(self) -> Collection[str]:
        """The identities of the projects of its attempts; none if that is not known."""

    @property
    def shards(self) -> Sequence[ShardRun]:
        """The shards whose runs it has."""

    def rows(self) -> Iterator[Row]:
        """Yield its attempts. Raises HarnessError if one is damaged."""


@dataclass(frozen=True, kw_only=True)
class StoreSource:
    """A store of another machine. It is copied, and stays as it is."""

    name: str
    connection: sqlite3.Connection
    """Of the copy."""

    @classmethod
    def open(cls, path: Path, copy: Path) -> StoreSource:
        """Copy a store, and open the copy. Raises HarnessError if it is no store, or one of a newer version."""
        connection = sqlite3.connect(copy, isolation_level=None)
        try:
            _copy(path, connection)
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise damaged(path, "its integrity check fails")
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'attempts'").fetchone():
                raise not_a_store(path, "It has no table of attempts")
            migrate(connection)
        except SQLITE_ERRORS as error:
            connection.close()
            raise not_a_store(path, f"SQLite: {error}") from error
        except HarnessError:
            connection.close()
            raise
        reject_newer(connection, path)
        return cls(name=str(path), connection=connection)

    @property
    def projects(self) -> list[str]:
        """The identities of the projects whose runs it has."""
        return projects_in(self.connection)

    @property
    def shards(self) -> list[ShardRun]:
        """The shards whose runs it has."""
        return shards_in(self.connection)

    def rows(self) -> Iterator[Row]:
        """Yield its attempts."""
        try:
            for row in self.connection.execute(f"SELECT {COLUMNS}, evidence FROM attempts ORDER BY id"):
                texts = {digest: self._content(digest) for digest in (row[_VERSIONS], row[SCRIPT - 1])}
                with_evidence(from_row(row[:-1], _reader(texts)), "", row[_EVIDENCE])
                yield row, texts
        except (*SQLITE_ERRORS, *_BAD_VALUE) as error:
            raise damaged(Path(self.name), str(error)) from error

    def _content(self, digest: str) -> bytes:
        (content,) = self.connection.execute("SELECT content FROM texts WHERE digest = ?", [digest]).fetchone() or (
            b"",
        )
        if pack(unpack(content))[0] != digest:
            raise ValueError(f"the text {digest} was changed")
        return bytes(content)

    def insert_context(self, target: sqlite3.Connection) -> None:
        """Add its scripts from outside, and how plans were split there, to a store in the caller's transaction."""
        for label, identity, path, seen, script, write in self.connection.execute("SELECT * FROM scripts").fetchall():
            texts = [(digest, self._content(digest)) for digest in (script, write) if digest is not None]
            target.executemany("INSERT OR IGNORE INTO texts VALUES (?, ?)", texts)
            target.execute(
                "INSERT INTO scripts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET seen = excluded.seen, "
                "path = excluded.path WHERE (excluded.seen, excluded.path) > (seen, path)",
                (label, identity, path, seen, script, write),
            )
        for row in self.connection.execute("SELECT split, selection, shards, made, content FROM splits").fetchall():
            target.execute("INSERT OR IGNORE INTO texts VALUES (?, ?)", (row[-1], self._content(row[-1])))
            target.execute("INSERT OR IGNORE INTO splits VALUES (?, ?, ?, ?, ?)", row)


def _reader(texts: Mapping[str, bytes]) -> Callable[[str], str]:
    return lambda digest: unpack(texts[digest])


def _copy(path: Path, target: sqlite3.Connection) -> None:
    """Copy a store that another process may be writing. Without permission to write in its folder, read it as it is."""
    for mode in ("mode=ro", "immutable=1"):
        source = sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)
        try:
            source.backup(target)
            return
        except sqlite3.OperationalError:
            if mode == "immutable=1":
                raise
        finally:
            source.close()


def not_a_store(path: Path, why: str) -> HarnessError:
    """Return the error for a file that is no store."""
    return UsageError(
        f"{path} is not a store of attempts",
        why=why,
        next_step="Name an attempts.sqlite, or a folder that `harness work` wrote. Nothing was merged",
    )


@dataclass(kw_only=True)
class Merged:
    """The result of a merge."""

    added: int = 0
    known: int = 0
    """Attempts that were there already."""
    repeated: list[str] = field(default_factory=list)
    """The cells of planned attempts that were run twice. The first to start is kept, the others are left out."""


def merge(path: Path, sources: Sequence[Source], *, notify: Callable[[str], None]) -> Merged:
    """Merge sources into a store: all attempts or, if one is damaged, none. Raises HarnessError."""
    chosen = _choose(sources)
    path.parent.mkdir(parents=True, exist_ok=True)
    connection, notice = open_or_move_aside(path)
    if notice:
        notify(notice)
    with contextlib.closing(connection):
        try:
            connection.execute("BEGIN IMMEDIATE")
            merged = _insert(connection, sources, chosen)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise unreadable(path, error) from error
    return merged


def _choose(sources: Iterable[Source]) -> dict[tuple[str, str], tuple[str, str]]:
    """Read all attempts, and return start and checksum of the one to keep by key and id: the first to start."""
    chosen: dict[tuple[str, str], tuple[str, str]] = {}
    for source in sources:
        for row, _ in source.rows():
            id, this = (row[_KEY], row[_ATTEMPT]), (row[_STARTED], row[_CHECKSUM])
            chosen[id] = min(this, chosen.get(id, this))
    return chosen


def _insert(
    connection: sqlite3.Connection, sources: Iterable[Source], chosen: dict[tuple[str, str], tuple[str, str]]
) -> Merged:
    merged = Merged()
    inserted: set[tuple[str, str]] = set()
    repeated: dict[str, None] = {}
    for source in sources:
        for row, texts in source.rows():
            id = (row[_KEY], row[_ATTEMPT])
            if chosen[id] != (row[_STARTED], row[_CHECKSUM]):
                repeated[row[_CELL]] = None
            elif insert_row(connection, row, texts):
                merged.added += 1
                inserted.add(id)
            elif id not in inserted:
                merged.known += 1
                if _checksum(connection, id) != row[_CHECKSUM]:
                    repeated[row[_CELL]] = None
        for identity in source.projects:
            insert_project(connection, identity)
        for run in source.shards:
            insert_shard(connection, run)
        if isinstance(source, StoreSource):
            source.insert_context(connection)
    merged.repeated = list(repeated)
    return merged


def _checksum(connection: sqlite3.Connection, id: tuple[str, str]) -> str:
    return str(connection.execute("SELECT checksum FROM attempts WHERE key = ? AND attempt = ?", id).fetchone()[0])


def planned_cells(source: Source, split: str) -> dict[str, str]:
    """Return the cells of the attempts that a split planned, by key."""
    return {row[_KEY]: row[_CELL] for row, _ in source.rows() if is_planned(row[_ATTEMPT], split)}
