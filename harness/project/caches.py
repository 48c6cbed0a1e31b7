"""The part of matrix.toml that says where packages keep what they download."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.model import Cache, CachePlace
from harness.project.toml_table import Table

_FOLDER = re.compile(r"(?!\.{1,2}(?:/|$))[\w.-]+(?:/(?!\.{1,2}(?:/|$))[\w.-]+)*")


def read_caches(table: Table) -> tuple[Cache, ...]:
    """Read `[caches.NAME]`; what is wrong is noted in the problems of the table."""
    return tuple(_read(table))


def _read(table: Table) -> Iterator[Cache]:
    for name, values in table.items():
        if not isinstance(values, dict):
            table.problems.add(table.place(name), f"{values!r} is not a table", f"Write [caches.{name}]")
            continue
        each = Table(values, where=table.place(name), problems=table.problems)
        folder = each.required_text("folder", 'Write the folder, such as folder = ".keras"')
        if folder and not _FOLDER.fullmatch(folder):
            each.problems.add(each.place("folder"), f"{folder!r} is not a relative path", 'Write for example ".keras"')
        place = each.text("in", CachePlace.HOME.value)
        valid = [member.value for member in CachePlace]
        if place not in valid:
            each.problems.add(each.place("in"), f"invalid value {place!r}", f"Write one of: {', '.join(valid)}")
        leave_out = each.texts("leave-out")
        each.end()
        if folder and place in valid:
            yield Cache(folder=folder, place=CachePlace(place), leave_out=leave_out)
