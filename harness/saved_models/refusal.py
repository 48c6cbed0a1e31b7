"""Errors for a saved model that cannot be read, and the budget of a read."""

from __future__ import annotations

LONGEST_TEXT = 1 << 26
"""Bytes of one configuration. The largest models that are published have a few MiB."""
MOST_PARTS = 1 << 18
"""Members of an archive, messages of a file, nodes of a graph."""


class Refusal(Exception):
    """A file is not read: what it is or what is wrong with it, and what to do."""

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step


class Damaged(Refusal):
    """A file contradicts its own format: it is damaged, truncated or made by hand."""


class Budget:
    """The bytes and parts that may still be read: it stops a file that refers to itself or to the same bytes."""

    def __init__(self, *, most_bytes: int = 4 * LONGEST_TEXT, most_parts: int = MOST_PARTS) -> None:
        self._bytes = most_bytes
        self._parts = most_parts

    def spend(self, length: int) -> None:
        """Count one part of `length` bytes. Raises Damaged if the budget is spent."""
        self._bytes -= length
        self._parts -= 1
        if self._bytes < 0 or self._parts < 0:
            raise Damaged("it has more parts than any model needs")
