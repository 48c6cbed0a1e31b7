"""The shortest way from a file to a reader that cannot read it: load it in X, save it as Y. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.readers.grading import Grading
from harness.transfer.grades import Grade

LONGEST = 2
"""The most environments between the file and its reader."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a chain."""

    load_in: str
    save_as: str
    cells: tuple[str, ...]
    """The attempts that show that this environment reads the file before it, in full."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Steps after which the wanted reader reads the file in full; none if it reads the file as it is."""

    steps: tuple[Step, ...]
    cells: tuple[str, ...]
    """The attempts that show that the wanted reader reads the last file."""


def find_chain(grading: Grading, writers: Sequence[str], format: str, wanted: str) -> Chain | None:
    """Return the shortest chain, of full readings only; None if none is known. The newest environment comes first."""
    direct = grading.answer(writers, format, wanted)
    if direct.grade is Grade.FULL:
        return Chain(steps=(), cells=direct.cells)
    paths: list[tuple[tuple[Step, ...], Sequence[str], str]] = [((), writers, format)]
    seen: set[tuple[str, str]] = set()
    for _ in range(LONGEST):
        longer: list[tuple[tuple[Step, ...], Sequence[str], str]] = []
        for steps, written_by, kept_as in paths:
            for reader, saved_as in _next(grading, written_by, kept_as, seen):
                step = Step(load_in=reader, save_as=saved_as, cells=grading.answer(written_by, kept_as, reader).cells)
                last = grading.answer((reader,), saved_as, wanted)
                if last.grade is Grade.FULL and not last.untested:
                    return Chain(steps=(*steps, step), cells=last.cells)
                longer.append(((*steps, step), (reader,), saved_as))
        paths = longer
    return None


def _next(
    grading: Grading, writers: Sequence[str], format: str, seen: set[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Yield the environments that read a file in full, with each format in which they save such a model."""
    keeps = {each.name: each.keeps for each in grading.table.formats}
    for reader in reversed(grading.table.readers):
        if reader not in grading.table.writers:
            continue
        answer = grading.answer(writers, format, reader)
        if answer.grade is not Grade.FULL or answer.untested:
            continue
        for saved_as, what in keeps.items():
            if (reader, saved_as) in seen or what != keeps.get(format) or what == "function":
                continue
            if grading.writes(reader, saved_as):
                seen.add((reader, saved_as))
                yield reader, saved_as
