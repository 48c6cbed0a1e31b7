"""The store of attempts: an append-only SQLite database with one writer per environment and any number of readers."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import HarnessError, UsageError
from harness.model import Attempt, Cell, Scenario
from harness.record.attempt_ids import candidates
from harness.record.opening import SQLITE_ERRORS, damaged, open_or_move_aside, open_to_read, unreadable, unusable
from harness.record.rows import (
    COLUMNS,
    SCRIPT,
    derived_id_of,
    from_row,
    insert_row,
    pack,
    to_row,
    unpack,
    with_evidence,
)
from harness.record.run_lock import lock_folder, run_lock
from harness.record.scripts import KnownScript, insert_scripts
from harness.record.splits import ShardRun, insert_project, insert_shard

_KEYS_PER_QUERY = 500
# A row may exist although the index does not have it: a disk error may have damaged the index only.
_TABLE, _WITHOUT_INDEX = "attempts", "attempts NOT INDEXED"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of an attempt: seconds, and peak memory in MiB (0 if unknown)."""

    duration_s: float
    peak_mib: int


class Store:
    """Read attempts. A missing file is an empty store."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = open_to_read(path) if path.exists() else None
        self._text = functools.lru_cache(maxsize=1024)(self._read_text)

    def close(self) -> None:
        """Close the database."""
        if self._connection is not None:
            self._connection.close()

    def by_keys(self, keys: Iterable[str], cells: Mapping[str, Cell] | None = None) -> dict[str, list[Attempt]]:
        """Return the attempts of each key that has any, oldest first, without their evidence.

        The order is that of their starts, also after a merge of stores in any order. `cells` are known cells by their
        ids: the caller can save the parsing of thousands of ids.
        """
        found: dict[str, list[Attempt]] = {}
        with self._report_damage():
            for row in self._under(dict.fromkeys(keys)):
                attempt = from_row(row, self._text, cells or {})
                found.setdefault(attempt.key, []).append(attempt)
        for attempts in found.values():
            if len(attempts) > 1:
                attempts.sort(key=lambda each: each.started)
        return found

    def _under(self, wanted: Mapping[str, None]) -> Iterator[tuple]:  # type: ignore[type-arg]
        """Yield the rows of these keys, in the order of recording for each key."""
        if len(wanted) > _KEYS_PER_QUERY and 2 * len(wanted) > self.count():
            # For many keys, a scan of the table is faster than the index.
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
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            some = keys[start : start + _KEYS_PER_QUERY]
            marks = ",".join("?" * len(some))
            yield from self._rows(f"SELECT {COLUMNS} FROM {table} WHERE key IN ({marks}) ORDER BY id", some)

    def latest_with_evidence(self, key: str) -> Attempt | None:
        """Return the newest conclusive attempt of a key, or else the newest attempt, with its evidence."""
        attempts = self.all_with_evidence(key)
        newest = next(attempts, None)
        return (
            newest
            if newest is None or newest.conclusive
            else next((each for each in attempts if each.conclusive), newest)
        )

    def all_with_evidence(self, key: str) -> Iterator[Attempt]:
        """Yield the attempts of a key with their evidence, newest first."""
        query = f"SELECT {COLUMNS}, evidence FROM {{}} WHERE key = ? ORDER BY started DESC, id DESC"
        rows = [*self._rows(query.format(_TABLE), [key])] or [*self._rows(query.format(_WITHOUT_INDEX), [key])]
        for *values, evidence in rows:
            attempt = self._attempt(tuple(values))
            with self._report_damage():
                attempt = with_evidence(attempt, self._text(values[SCRIPT]), evidence)
            yield attempt

    def of_cell(self, cell: Cell, identity: str) -> Iterator[Attempt]:
        """Return the attempts of a cell under all conditions and labels, newest first, without their evidence.

        The identity is empty for a scenario of the project, which its name identifies.
        """
        where = "identity = ?" if identity else "external = 0 AND cell = ?"
        values = [identity or str(cell.named(cell.case.label))]
        for row in self._rows(f"SELECT {COLUMNS} FROM attempts WHERE {where} ORDER BY started DESC, id DESC", values):
            attempt = self._attempt(row)
            named = attempt.cell.named(cell.case.scenario)
            if named == cell:
                yield replace(attempt, cell=named)

    def scripts(self, label: str) -> tuple[KnownScript, ...]:
        """Return the scripts from outside that were run under a label, newest first."""
        query = "SELECT label, identity, path, seen, script, write FROM scripts WHERE label = ? ORDER BY seen DESC"
        with self._report_damage():
            return tuple(
                KnownScript(
                    label=label,
                    identity=identity,
                    path=path,
                    seen=seen,
                    text=self._text(script),
                    write=self._text(write) if write is not None else None,
                )
                for label, identity, path, seen, script, write in self._rows(query, [label])
            )

    def labels(self) -> list[str]:
        """Return the labels of all scripts from outside."""
        return [label for (label,) in self._rows("SELECT DISTINCT label FROM scripts ORDER BY label", [])]

    def costs(self) -> dict[tuple[str, str], Cost]:
        """Return the duration of each cell's last attempt, under any condition, by the recorded name of its task."""
        query = (
            "SELECT cell, identity, external, duration_s, peak_mib FROM attempts WHERE duration_s > 0 "
            "AND typeof(duration_s) = 'real' AND typeof(peak_mib) = 'integer' ORDER BY id"
        )
        costs: dict[tuple[str, str], Cost] = {}
        for cell, identity, external, duration_s, mib in self._rows(query, []):
            cost = Cost(duration_s=duration_s, peak_mib=mib)
            costs[cell, identity] = cost
            if not external:
                costs[cell, ""] = cost
        return costs

    def conditions(self, cells: Collection[tuple[str, str]]) -> dict[tuple[str, str], set[str]]:
        """Return the conditions under which each of these cells was run, by what its task is recorded as."""
        found: dict[tuple[str, str], set[str]] = {}
        query = "SELECT DISTINCT cell, identity, external, condition FROM attempts"
        for cell, identity, external, condition in self._rows(query, []):
            for recorded in ((cell, identity), (cell, "")):
                if recorded in cells and (recorded[1] or not external):
                    found.setdefault(recorded, set()).add(condition)
        return found

    def has_other_condition(self, than: str) -> bool:
        """Return True if an attempt was made under another condition. It takes less time than `conditions`."""
        return any(self._rows("SELECT 1 FROM attempts WHERE condition IS NOT ? LIMIT 1", [than]))

    def count(self) -> int:
        """Return the number of attempts."""
        return int(next(iter(self._rows("SELECT count(*) FROM attempts", [])), (0,))[0])

    def cells(self) -> list[Cell]:
        """Return the cells that have an attempt, sorted."""
        rows = self._rows("SELECT DISTINCT cell FROM attempts ORDER BY cell", [])
        with self._report_damage():
            return [Cell.parse(cell) for (cell,) in rows]

    def _rows(self, query: str, values: list[str]) -> Iterator[tuple]:  # type: ignore[type-arg]
        if self._connection is None:
            return
        try:
            yield from self._connection.execute(query, values)
        except SQLITE_ERRORS as error:
            raise unusable(self.path, error) from error

    def _attempt(self, row: tuple) -> Attempt:  # type: ignore[type-arg]
        with self._report_damage():
            return from_row(row, self._text)

    @contextlib.contextmanager
    def _report_damage(self) -> Iterator[None]:
        """Raise DamagedStore for invalid values. SQLite does not check the values of its tables."""
        try:
            yield
        except (ValueError, TypeError, AttributeError, KeyError, zlib.error, UsageError) as error:
            raise damaged(self.path, f"invalid value: {error}") from error

    def _read_text(self, digest: str) -> str:
        for (content,) in self._rows("SELECT content FROM texts WHERE digest = ?", [digest]):
            text = unpack(content)
            if pack(text)[0] == digest:
                return text
            raise ValueError(f"the text {digest} was changed")
        raise ValueError(f"the text {digest} is missing")


class Writer:
    """Add attempts. While it is open, it holds the run locks of its environments."""

    def __init__(
        self,
        path: Path,
        environments: Iterable[str],
        *,
        scripts: Iterable[Scenario] = (),
        project: str = "",
        shard: ShardRun | None = None,
        notify: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Open a store for the runs of a project (see `merging`), or of one of its shards."""
        self.path = path
        self.notice = ""
        self._split = shard.split if shard is not None else ""
        self._notify = notify
        self._environments = sorted(set(environments))
        self._locks = contextlib.ExitStack()
        with self._locks:
            self._acquire_locks()
            self._connection, self.notice = open_or_move_aside(path)
            self._file = _file_id(path)
            self._keep(scripts, project, shard)
            self._locks = self._locks.pop_all()

    def _keep(self, scripts: Iterable[Scenario], project: str, shard: ShardRun | None) -> None:
        """Keep scripts from outside with their labels, so that the ids of their cells are understood later."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            insert_scripts(self._connection, scripts)
            insert_project(self._connection, project)
            insert_shard(self._connection, shard)
            self._connection.execute("COMMIT")
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise unreadable(self.path, error) from error

    def _acquire_locks(self) -> None:
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
                self._restore_if_deleted()
        finally:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._locks.close()

    def _restore_if_deleted(self) -> None:
        """Restore the file if it was deleted. A deleted file stays complete while it is open. Raises HarnessError."""
        there = _file_id(self.path)
        if there == self._file:
            return
        if there is not None:
            raise HarnessError(
                f"{self.path}: another file replaced the store during this run",
                why="Further results would be written to the old file and lost",
                next_step="Restore the right file, then run the same command again",
            )
        if not lock_folder(self.path).is_dir():
            self._acquire_locks()  # the held locks were deleted, too, and protect nothing
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection.execute("VACUUM INTO ?", (str(self.path),))
            self._connection.close()
        except (sqlite3.Error, OSError) as error:
            raise unreadable(self.path, error) from error
        self._connection, _ = open_or_move_aside(self.path)
        self._file = _file_id(self.path)
        self._notify(f"{self.path}: the store was deleted during this run. It was restored completely.")

    def add(self, attempt: Attempt) -> bool:
        """Add an attempt, unless it is there. After this returns, a crash of this process does not lose it.

        Return True if it was added.
        """
        self._restore_if_deleted()
        derived = derived_id_of(attempt)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            added = any(
                insert_row(self._connection, *to_row(replace(attempt, id=id)))
                for id in candidates(attempt.id, self._split, conclusive=attempt.conclusive, derived=derived)
            )
            self._connection.execute("COMMIT")
        except (sqlite3.Error, UnicodeEncodeError) as error:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise HarnessError(
                f"{self.path}: the attempt of {attempt.cell} could not be recorded",
                why=str(error),
                next_step="Earlier results are safe. Free disk space, then run the same command again",
            ) from error
        return added


def _file_id(path: Path) -> tuple[int, int] | None:
    """Return device and inode of the file at a path, None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
