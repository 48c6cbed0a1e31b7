"""Read TOML tables written by users: check every key, and collect all problems with their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from harness.errors import Problems, first_line, near_misses

T = TypeVar("T")


class Table:
    """A TOML table. Each value is checked when it is taken; keys that remain at the end are unknown keys."""

    def __init__(self, values: Mapping[str, Any], *, where: str, problems: Problems) -> None:
        self._remaining = dict(values)
        self._known: set[str] = set()
        self.where = where
        self.problems = problems

    def place(self, key: str) -> str:
        """Return the place of a key for error messages: `file: table.key`."""
        return f"{self.where}.{key}" if self.where.count(": ") else f"{self.where}: {key}"

    def take(self, key: str, kind: type[T] | tuple[type, ...], default: T, *, what: str) -> T:
        """Take a value, or the default if the key is missing. A value of another type is a problem."""
        self._known.add(key)
        if key not in self._remaining:
            return default
        value = self._remaining.pop(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool and kind != (bool,)):
            self.problems.add(self.place(key), f"{value!r} is not {what}", f"Write {what}")
            return default
        return cast(T, value)

    def rename(self, old: str, new: str) -> None:
        """Read a deprecated key under its new name, and report its deprecation."""
        if old not in self._remaining:
            return
        value = self._remaining.pop(old)
        if new in self._remaining:
            self.problems.add(self.place(old), f"{old} is the old name of {new}, and both are present", f"Delete {old}")
            return
        self._remaining[new] = value
        self.problems.deprecate(self.place(old), f"{old} was renamed to {new}", f"Rename it: {old} will be removed")

    def text(self, key: str, default: str = "") -> str:
        """Take a string."""
        return self.take(key, str, default, what="a string")

    def required_text(self, key: str, fix: str) -> str:
        """Take a string that must not be missing or empty. `fix` is the next step for the user."""
        if self.has(key) and self._remaining[key] != "":
            return self.text(key)
        self._remaining.pop(key, None)
        self.problems.add(self.place(key), "missing", fix)
        return ""

    def optional_text(self, key: str) -> str | None:
        """Take a string, or None if the key is missing."""
        return self.text(key) if self.has(key) else None

    def has(self, key: str) -> bool:
        """Return True if the key is present and not taken yet."""
        self._known.add(key)
        return key in self._remaining

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of strings."""
        values = self.take(key, list, [], what="a list of strings")
        if not all(isinstance(each, str) for each in values):
            self.problems.add(self.place(key), f"{values!r} is not a list of strings")
            return ()
        return tuple(values)

    def table(self, key: str) -> Table:
        """Take a table, or an empty one if the key is missing."""
        values = self.take(key, dict, {}, what="a table")
        return Table(values, where=self.place(key), problems=self.problems)

    def tables(self, key: str) -> list[Table]:
        """Take an array of tables."""
        values = self.take(key, list, [], what="an array of tables")
        tables = []
        for number, each in enumerate(values, start=1):
            if isinstance(each, dict):
                tables.append(Table(each, where=f"{self.place(key)}[{number}]", problems=self.problems))
            else:
                self.problems.add(self.place(key), f"{each!r} is not a table", f"Write [[{key}]]")
        return tables

    def items(self) -> list[tuple[str, Any]]:
        """Take all remaining keys and values: a table whose keys are names chosen by the user."""
        remaining, self._remaining = list(self._remaining.items()), {}
        return remaining

    def parsed(self, key: str, text: str, parse: Callable[[str], T]) -> T | None:
        """Parse the text of `key`. A ValueError of the parser is a problem."""
        try:
            return parse(text)
        except ValueError as error:
            self.problems.add(self.place(key), f"invalid value {text!r}: {first_line(error)}")
            return None

    def end(self) -> None:
        """Report the keys that were not taken."""
        for key in self._remaining:
            hint = near_misses(key, self._known) or f"Valid keys: {', '.join(sorted(self._known))}"
            self.problems.add(self.place(key), "unknown key", hint)
