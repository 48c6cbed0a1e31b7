"""Workarounds of reads that are not full, from other reads of the same table. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from harness.transfer.grades import Grade
from harness.transfer.table import PLAIN, Question, Transfer


class Change(str, Enum):
    """The kinds of changes."""

    OPTION = "option"
    """The same file and reader, another option."""
    FORMAT = "format"
    """The same versions, another format."""
    WRITER = "writer"
    """The same file, read by the version that wrote it."""
    READER = "reader"
    """The same file, another reader."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """A change, and how many of the reads with that change restore the model."""

    change: Change
    names: tuple[str, ...]
    """The option, the format, or the readers; empty for `Change.WRITER`."""
    full: int
    partial: int
    tried: int
    shown_by: Question
    """One of the reads that restore everything, or else of those that restore a part."""


def workarounds(table: Transfer, questions: Sequence[Question]) -> list[Way]:
    """Return the changes with which some of the reads restore weights and predictions, in the order of `Change`."""
    found = [
        *(_way(table, Change.OPTION, (name,), _with_option(questions, name)) for name in table.options),
        *(_way(table, Change.FORMAT, (each.name,), _in_format(questions, each.name)) for each in table.formats),
        _way(table, Change.WRITER, (), _unique(questions, lambda each: replace(each, reader=each.writer))),
        _best_readers(table, questions),
    ]
    return [each for each in found if each is not None]


def _with_option(questions: Iterable[Question], option: str) -> Iterator[Question]:
    return _unique(questions, lambda each: replace(each, option=option))


def _in_format(questions: Iterable[Question], format: str) -> Iterator[Question]:
    others = [each for each in questions if each.format != format]
    return _unique(others, lambda each: replace(each, format=format, option=PLAIN))


def _unique(questions: Iterable[Question], change: Callable[[Question], Question]) -> Iterator[Question]:
    """Return the changed questions, without those that the change leaves as they are."""
    return iter(dict.fromkeys(change(each) for each in questions if change(each) != each))


def _way(table: Transfer, change: Change, names: tuple[str, ...], changed: Iterable[Question]) -> Way | None:
    """Return the result of the changed reads; None if none of them restores anything."""
    by_grade: dict[Grade, list[Question]] = {grade: [] for grade in Grade}
    for each in changed:
        by_grade[table.reading(each).grade].append(each)
    full, partial = by_grade[Grade.FULL], by_grade[Grade.PARTIAL]
    if not full and not partial:
        return None
    tried = sum(len(reads) for grade, reads in by_grade.items() if grade is not Grade.NOT_TESTED)
    return Way(
        change=change,
        names=names,
        full=len(full),
        partial=len(partial),
        tried=tried,
        shown_by=(full or partial)[0],
    )


def _best_readers(table: Transfer, questions: Sequence[Question]) -> Way | None:
    """Return the readers that read most files of other versions in full; of those, the ones that fail least."""
    ways = []
    for reader in table.readers:
        files = dict.fromkeys(replace(each, reader=reader) for each in questions if each.writer != reader)
        way = _way(table, Change.READER, (reader,), files)
        if way is not None and way.full:
            ways.append(way)
    if not ways:
        return None
    best = max(ways, key=_success)
    return replace(best, names=tuple(name for way in ways if _success(way) == _success(best) for name in way.names))


def _success(way: Way) -> tuple[int, int]:
    return way.full, -way.tried
