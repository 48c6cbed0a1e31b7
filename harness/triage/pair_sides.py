"""The evidence of pairs seen from one side: the readers of one writer's files, the writers for one reader. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from harness.triage.answer import Workaround
from harness.triage.attribution import points_of
from harness.triage.evidence import Evidence, Failure, Shows
from harness.triage.ranges import Range


def readers_of(evidence: Iterable[Evidence], writer: str) -> tuple[Evidence, ...]:
    """Return the evidence of the readers of one writer's files."""
    return tuple(each for each in evidence if each.writer == writer)


def writers_for(evidence: Iterable[Evidence], reader: str, families: Mapping[str, str]) -> tuple[Evidence, ...]:
    """Return the evidence of the writers for one reader, with the writer's environment and versions.

    `families` has the family of an environment by its id.
    """
    return tuple(
        replace(
            each,
            environment=each.writer,
            family=families.get(each.writer, ""),
            versions=each.written_with,
            writer=each.writer,
        )
        for each in evidence
        if each.environment == reader and each.writer
    )


def points_of_side(
    document: Mapping[str, Any] | None,
    failure: Failure | None,
    package: NormalizedName,
    known: Sequence[Evidence],
    held: Evidence | None = None,
) -> tuple[Evidence, ...]:
    """Return the releases that the search of one side ran; cells that are known are left out.

    `held` is a cell of the held writer, None if the reader is held.
    """
    if document is None:
        return ()
    seen = {each.cell for each in known}
    points = (each for each in points_of(document, failure, package) if each.cell not in seen)
    if held is None:
        return tuple(replace(each, writer=each.environment) for each in points)
    return tuple(replace(each, writer=held.writer, written_with=held.written_with) for each in points)


def workarounds_of_pair(
    readers: Sequence[Range], writers: Sequence[Range], chain: tuple[Evidence, Evidence] | None, reader: str
) -> tuple[Workaround, ...]:
    """Return the workarounds: other readers, other writers, and an intermediate release.

    A chain is a pass of its reading and a pass of the reader with what it writes: the two were not run as one.
    """
    found = [*_others(readers, "read with"), *_others(writers, "write with")]
    if chain is not None:
        middle = readers[0].package if readers else canonicalize_name("")
        version = chain[0].versions.get(middle)
        if version is not None:
            name = f"{middle} {version}"
            text = f"load the file with {name} and save it again: {reader} reads the files of {name} (run as two pairs)"
            found.append(Workaround(text=text, cell=chain[1].cell))
    return tuple(found)


def _others(ranges: Sequence[Range], words: str) -> list[Workaround]:
    affected = [each for each in ranges if each.shows is Shows.BUG]
    if not affected:
        return []
    passing = [each for each in ranges if each.shows is Shows.PASSES]
    last = Version(affected[-1].last)
    later = [each for each in passing if Version(each.first) > last][:1]
    earlier = [each for each in passing if Version(each.last) < last][-1:]
    return [
        *(Workaround(text=f"{words} {each.package} {each.text}", cell=each.cells[0]) for each in later),
        *(Workaround(text=f"{words} {each.package} {each.last}", cell=each.cells[-1]) for each in earlier),
    ]


def chain_between(readers: Iterable[Evidence], writers: Iterable[Evidence]) -> tuple[Evidence, Evidence] | None:
    """Return the latest environment that reads the file and whose own files the reader reads, as two passing cells."""
    reads = {each.environment: each for each in readers if each.shows is Shows.PASSES and not each.variables}
    found = [
        (reads[each.environment], each)
        for each in writers
        if each.shows is Shows.PASSES and each.environment in reads and reads[each.environment].cell != each.cell
    ]
    return found[-1] if found else None
