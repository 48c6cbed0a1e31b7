"""Owns tables of values that many parts of a document share."""

from __future__ import annotations

from collections.abc import Hashable


class Table:
    """Values that are stored once; parts of a document have their numbers."""

    def __init__(self) -> None:
        self.values: list[object] = []
        self._numbers: dict[object, int] = {}

    def number(self, value: object, key: Hashable = None) -> int:
        """Return the number of a value. A value that cannot be hashed has a key."""
        key = value if key is None else key
        if key not in self._numbers:
            self._numbers[key] = len(self.values)
            self.values.append(value)
        return self._numbers[key]
