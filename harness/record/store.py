"""The store of attempts: SQLite, append-only, written by one coordinator at a time, read by anyone."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError, UsageError
from harness.model import Attempt, Cell
from harness.record.holding import lock_folder, run_lock
from harness.record.opening import SQLITE_ERRORS, damaged, open_or_move_aside, open_to_read, unreadable, unusable
from harness.record.rows import COLUMNS, SCRIPT, from_row, pack, to_row, unpack, with_evidence

_AT_ONCE = 500
# What the index does not lead to may be there: a disk may have changed the index alone.
_TABLE, _WITHOUT_INDEX = "attempts", "attempts NOT INDEXED"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What an attempt took: seconds, and MiB of memory or 0 if that is not known."""

    duration_s: float
    peak_mib: int


class Store:
    """Reads attempts. A store that is not there yet is an empty one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = open_to_read(path) if path.exists() else None
        self._text = functools.lru_cache(maxsize=1024)(self._read_text)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()

    def by_keys(self, keys: Iterable[str], cells: Mapping[str, Cell] | None = None) -> dict[str, list[Attempt]]:
        """Give the attempts under each key that has any, oldest first, without their evidence.

        Whoever has the cells gives them by their ids, so that thousands need not be parsed.
        """
        found: dict[str, list[Attempt]] = {}
        with self._damage_named():
            for row in self._under(dict.fromkeys(keys)):
                attempt = from_row(row, self._text, cells or {})
                found.setdefault(attempt.key, []).append(attempt)
        return found

    def _under(self, wanted: Mapping[str, None]) -> Iterator[tuple]:  # type: ignore[type-arg]
        """Give the rows under these keys, for each in the order recorded."""
        if len(wanted) > _AT_ONCE and 2 * len(wanted) > self.count():
            # To look up each of so many takes twice as long as to go through all.
            for row in self._rows(f"SELECT {COLUMNS} FROM attempts ORDER BY id", []):
                if row[0] in wanted:
                    yield row
            return
        found = set()
        for row in self._where_key(_TABLE, list(wanted)):
            found.add(row[0])
            yield row
        yield from self._where_key(_WITHOUT_INDEX, [key for key in wanted if key not in found])

    def _where_key(self, table: str, keys: list[str]) -> Iterator[tuple]:  # type: ignore[type-arg]
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            yield from self._rows(f"SELECT {COLUMNS} FROM {table} WHERE key IN ({marks}) ORDER BY id", some)

    def latest_with_evidence(self, key: str) -> Attempt | None:
        """Give the newest settled attempt under a key, or else the newest at all, with its evidence."""
        attempts = self.all_with_evidence(key)
        newest = next(attempts, None)
        return newest if newest is None or newest.settled else next((each for each in attempts if each.settled), newest)

    def all_with_evidence(self, key: str) -> Iterator[Attempt]:
        """Give the attempts under a key, newest first, each with its evidence."""
        query = f"SELECT {COLUMNS}, evidence FROM {{}} WHERE key = ? ORDER BY id DESC"
        rows = [*self._rows(query.format(_TABLE), [key])] or [*self._rows(query.format(_WITHOUT_INDEX), [key])]
        for *values, evidence in rows:
            attempt = self._attempt(tuple(values))
            with self._damage_named():
                attempt = with_evidence(attempt, self._text(values[SCRIPT]), evidence)
            yield attempt

    def latest_of_cell(self, cell: str) -> Attempt | None:
        """Give the newest attempt of a cell under whatever conditions, with its evidence."""
        for (key,) in self._rows("SELECT key FROM attempts WHERE cell = ? ORDER BY id DESC LIMIT 1", [cell]):
            return self.latest_with_evidence(key)
        return None

    def of_cell(self, cell: str) -> Iterator[Attempt]:
        """Return the attempts of a cell under whatever conditions, newest first, without their evidence."""
        for row in self._rows(f"SELECT {COLUMNS} FROM attempts WHERE cell = ? ORDER BY id DESC", [cell]):
            yield self._attempt(row)

    def costs(self) -> dict[str, Cost]:
        """Give what each cell took when it last ran, under whatever conditions."""
        query = (
            "SELECT cell, duration_s, peak_mib FROM attempts WHERE duration_s > 0 "
            "AND typeof(duration_s) = 'real' AND typeof(peak_mib) = 'integer' ORDER BY id"
        )
        return {cell: Cost(duration_s=duration_s, peak_mib=mib) for cell, duration_s, mib in self._rows(query, [])}

    def conditions(self, ids: Collection[str]) -> dict[str, set[str]]:
        """Return the conditions under which each of these cells was run, by id, whatever else has changed since."""
        found: dict[str, set[str]] = {}
        for cell, condition in self._rows("SELECT DISTINCT cell, condition FROM attempts", []):
            if cell in ids:
                found.setdefault(cell, set()).add(condition)
        return found

    def count(self) -> int:
        """Give the number of attempts."""
        return int(next(iter(self._rows("SELECT count(*) FROM attempts", [])), (0,))[0])

    def cells(self) -> list[Cell]:
        """Give every cell of which there is an attempt."""
        rows = self._rows("SELECT DISTINCT cell FROM attempts ORDER BY cell", [])
        with self._damage_named():
            return [Cell.parse(cell) for (cell,) in rows]

    def _rows(self, query: str, values: list[str]) -> Iterator[tuple]:  # type: ignore[type-arg]
        if self._connection is None:
            return
        try:
            yield from self._connection.execute(query, values)
        except SQLITE_ERRORS as error:
            raise unusable(self.path, error) from error

    def _attempt(self, row: tuple) -> Attempt:  # type: ignore[type-arg]
        with self._damage_named():
            return from_row(row, self._text)

    @contextlib.contextmanager
    def _damage_named(self) -> Iterator[None]:
        """Values that cannot have been written: sqlite3 does not look at what is in a cell of its tables."""
        try:
            yield
        except (ValueError, TypeError, AttributeError, KeyError, zlib.error, UsageError) as error:
            raise damaged(self.path, f"a value of it cannot be read: {error}") from error

    def _read_text(self, digest: str) -> str:
        for (content,) in self._rows("SELECT content FROM texts WHERE digest = ?", [digest]):
            text = unpack(content)
            if pack(text)[0] == digest:
                return text
            raise ValueError(f"the text {digest} is not as it was recorded")
        raise ValueError(f"the text {digest} is missing")


class Writer:
    """Adds attempts; as long as it is open, no other run works on the same environments of this store."""

    def __init__(
        self, path: Path, environments: Iterable[str], *, say: Callable[[str], None] = lambda line: None
    ) -> None:
        self.path = path
        self.notice = ""
        self._say = say
        self._environments = sorted(set(environments))
        self._locks = contextlib.ExitStack()
        with self._locks:
            self._hold()
            self._connection, self.notice = open_or_move_aside(path)
            self._file = _file_at(path)
            self._locks = self._locks.pop_all()

    def _hold(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for environment in self._environments:
                self._locks.enter_context(run_lock(self.path, environment))
        except OSError as error:
            raise unreadable(self.path, error) from error

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._put_back_if_gone()
        finally:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._locks.close()

    def _put_back_if_gone(self) -> None:
        """See that what is written is what lies at the path. A file that was deleted is whole as long as it is open."""
        there = _file_at(self.path)
        if there == self._file:
            return
        if there is not None:
            raise HarnessError(
                f"{self.path}: the store was replaced by another file while this run wrote it",
                why="what is recorded from now on would be lost with the old one",
                next_step="Put the right one there, then run the same command again",
            )
        if not lock_folder(self.path).is_dir():
            self._hold()  # those that are run_lock lie nowhere, and would keep nobody out
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection.execute("VACUUM INTO ?", (str(self.path),))
            self._connection.close()
        except (sqlite3.Error, OSError) as error:
            raise unreadable(self.path, error) from error
        self._connection, _ = open_or_move_aside(self.path)
        self._file = _file_at(self.path)
        self._say(
            f"{self.path}: the store was deleted while this run wrote it. It was put back, with all that it held."
        )

    def add(self, attempt: Attempt) -> None:
        """Add an attempt: once this returns, a crash of ours does not lose it."""
        self._put_back_if_gone()
        row, texts = to_row(attempt)
        marks = ",".join("?" * len(row))
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR IGNORE INTO texts VALUES (?, ?)", list(texts.items()))
            self._connection.execute(f"INSERT INTO attempts ({COLUMNS}, evidence) VALUES ({marks})", row)
            self._connection.execute("COMMIT")
        except (sqlite3.Error, UnicodeEncodeError) as error:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise HarnessError(
                f"{self.path}: the attempt of {attempt.cell} could not be recorded",
                why=str(error),
                next_step="What was recorded before is safe. Make room, then run the same command again",
            ) from error


def _file_at(path: Path) -> tuple[int, int] | None:
    """Say which file lies at a path, None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
