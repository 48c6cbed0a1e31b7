"""Reads of a file at an offset, within its end and within a budget."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from harness.saved_models.refusal import LONGEST_TEXT, Budget, Damaged, Refusal


class Window:
    """A file, or a part of one, that is read piece by piece."""

    def __init__(self, stream: BinaryIO, *, start: int, size: int, budget: Budget) -> None:
        self._stream = stream
        self._start = start
        self.size = size
        self.budget = budget

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from an offset. Raises Damaged if the file ends before."""
        if offset < 0 or length < 0 or offset + length > self.size:
            raise Damaged(f"it refers to bytes {offset:,} to {offset + length:,}, and ends at {self.size:,}")
        if length > LONGEST_TEXT:
            raise Damaged(f"one part of it has {length:,} bytes; at most {LONGEST_TEXT:,} are read")
        self.budget.spend(length)
        self._stream.seek(self._start + offset)
        data = self._stream.read(length)
        if len(data) != length:
            raise Damaged("it became shorter while it was read")
        return data

    def part(self, offset: int, size: int) -> Window:
        """Return a window on a part of this one. Raises Damaged if that is not within it."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise Damaged(f"it refers to bytes {offset:,} to {offset + size:,}, and ends at {self.size:,}")
        return Window(self._stream, start=self._start + offset, size=size, budget=self.budget)


def open_regular(path: Path, *, below: Path | None = None) -> BinaryIO:
    """Open a file for reading. Raises Refusal for what is no file, or is a link that leads out of the folder `below`.

    Devices and pipes are not waited for.
    """
    if below is not None and not path.resolve().is_relative_to(below.resolve()):
        raise Refusal(
            f"{path.name} is a symbolic link that leads out of the folder",
            "If you trust it, copy the folder with its targets: cp -rL",
        )
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Refusal("it is not a regular file" if below is None else f"{path.name} is not a regular file")
    return os.fdopen(descriptor, "rb")


def window_of(stream: BinaryIO, budget: Budget | None = None) -> Window:
    """Return a window on a whole file."""
    return Window(stream, start=0, size=os.fstat(stream.fileno()).st_size, budget=budget or Budget())
