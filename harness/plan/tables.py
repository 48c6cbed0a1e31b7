"""Reading hand-written TOML tables: every key accounted for, every problem noted with its place, none fatal alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from harness.errors import Problems, first_line, near_misses

T = TypeVar("T")


class Table:
    """A TOML table that is being read: what is taken is checked, what is left over at the end is an unknown key."""

    def __init__(self, values: Mapping[str, Any], *, where: str, problems: Problems) -> None:
        self._left = dict(values)
        self._known: set[str] = set()
        self.where = where
        self.problems = problems

    def place(self, key: str) -> str:
        """Name a key the way errors name it: `file: table.key`."""
        return f"{self.where}.{key}" if self.where.count(": ") else f"{self.where}: {key}"

    def take(self, key: str, kind: type[T] | tuple[type, ...], default: T, *, what: str) -> T:
        """Take a value of a type, or the default if the key is not there; another type is a problem."""
        self._known.add(key)
        if key not in self._left:
            return default
        value = self._left.pop(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool and kind != (bool,)):
            self.problems.add(self.place(key), f"{value!r} is not {what}", f"Write {what}")
            return default
        return cast(T, value)

    def text(self, key: str, default: str = "") -> str:
        """Take a string."""
        return self.take(key, str, default, what="a string")

    def required_text(self, key: str, fix: str) -> str:
        """Take a string that must be there and not be empty; `fix` says what to write."""
        if self.has(key) and self._left[key] != "":
            return self.text(key)
        self._left.pop(key, None)
        self.problems.add(self.place(key), "missing", fix)
        return ""

    def optional_text(self, key: str) -> str | None:
        """Take a string, or None if the key is not there."""
        return self.text(key) if self.has(key) else None

    def has(self, key: str) -> bool:
        """Whether the key is there, and not taken yet."""
        self._known.add(key)
        return key in self._left

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of strings."""
        values = self.take(key, list, [], what="a list of strings")
        if not all(isinstance(each, str) for each in values):
            self.problems.add(self.place(key), f"{values!r} is not a list of strings")
            return ()
        return tuple(values)

    def table(self, key: str) -> Table:
        """Take a table, an empty one if the key is not there."""
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
        """Take all that is left: the keys are names that the author chose."""
        left, self._left = list(self._left.items()), {}
        return left

    def parsed(self, key: str, text: str, parse: Callable[[str], T]) -> T | None:
        """Parse a text that was taken at `key`; what the parser raises is a problem."""
        try:
            return parse(text)
        except ValueError as error:
            self.problems.add(self.place(key), f"{text!r} cannot be read: {first_line(error)}")
            return None

    def end(self) -> None:
        """Note the keys that nobody took."""
        for key in self._left:
            hint = near_misses(key, self._known) or f"Known here: {', '.join(sorted(self._known))}"
            self.problems.add(self.place(key), "unknown key", hint)
