"""Owns the ways out of a failure: changes with which the same case passes. Pure; each names the cell that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.version import Version

from harness.model.case import write_value
from harness.report.foreign_text import one_line
from harness.report.results import EnvironmentColumn, Record
from harness.report.transitions import judged_state

_Place = tuple[str, str | None, str]
_MOST_VALUES = 4


@dataclass(frozen=True, kw_only=True)
class WayOut:
    """A change with which a failing cell passes: another environment, or another value of a parameter."""

    text: str
    environment: str | None = None
    parameter: tuple[str, str] | None = None
    """A parameter and its value, as in the id of the case."""


class WaysOut:
    """Finds the ways out of each failure. Other versions, variables and dates come before other parameters."""

    def __init__(self, found: Sequence[Record], names: Mapping[str, str]) -> None:
        self._names = names
        self._states = {(str(each.case), each.writer, each.environment.id): judged_state(each) for each in found}
        columns = {each.environment.id: each.environment for each in found}.values()
        self._family: dict[str, list[EnvironmentColumn]] = {}
        self._release: dict[tuple[str | None, str | None], list[EnvironmentColumn]] = {}
        for column in sorted(columns, key=lambda each: Version(each.version or "0")):
            self._family.setdefault(column.family, []).append(column)
            self._release.setdefault((column.package, column.version), []).append(column)
        self._siblings: dict[tuple[object, ...], dict[str, str]] = {}
        for case in {str(each.case): each.case for each in found}.values():
            for name, value in case.parameters:
                rest = tuple((other, repr(each)) for other, each in case.parameters if other != name)
                self._siblings.setdefault((case.scenario, name, rest), {})[write_value(value)] = str(case)

    def of(self, record: Record) -> tuple[WayOut, ...]:
        """Return the ways out of a failing cell, or nothing if it does not fail."""
        if record.failure is None:
            return ()
        return (*self._same_release(record), *self._other_versions(record), *self._other_parameters(record))

    def _passes(self, record: Record, column: EnvironmentColumn) -> bool:
        return self._states.get((str(record.case), record.writer, column.id)) is True

    def _same_release(self, record: Record) -> Iterator[WayOut]:
        """Yield environments of the same release with other variables, or with other dependencies."""
        own = record.environment
        for column in self._release[own.package, own.version] if own.version else ():
            if column.id == own.id or not self._passes(record, column):
                continue
            settings = [f"{name}={value}" for name, value in column.variables if (name, value) not in own.variables]
            if settings:
                yield WayOut(text=f"set {' '.join(settings)}", environment=column.id)
            elif column.as_of and own.as_of and column.as_of < own.as_of:
                yield WayOut(text=f"use dependencies as of {column.as_of.isoformat()}", environment=column.id)

    def _other_versions(self, record: Record) -> Iterator[WayOut]:
        """Yield the next version of the family that passes, and the last one before."""
        own = record.environment
        if own.version is None:
            return
        name = self._names.get(own.package or "", own.package or "")
        members = self._family[own.family]
        at = next(place for place, column in enumerate(members) if column.id == own.id)
        later = members[at + 1 :]
        newer = next((place for place, column in enumerate(later) if self._passes(record, column)), None)
        if newer is not None:
            case, writer = str(record.case), record.writer
            after = [self._states.get((case, writer, column.id)) for column in later[newer:]]
            more = " or newer" if False not in after and after.count(True) > 1 else ""
            yield WayOut(text=f"use {name} {later[newer].version}{more}", environment=later[newer].id)
        older = next((column for column in reversed(members[:at]) if self._passes(record, column)), None)
        if older is not None:
            yield WayOut(text=f"use {name} {older.version}", environment=older.id)

    def _other_parameters(self, record: Record) -> Iterator[WayOut]:
        """Yield the values of one parameter with which the case passes in the same environment."""
        for name, value in record.case.parameters:
            rest = tuple((other, repr(each)) for other, each in record.case.parameters if other != name)
            siblings = self._siblings[record.case.scenario, name, rest]
            place = (record.writer, record.environment.id)
            for other, case in [*siblings.items()][: _MOST_VALUES + 1]:
                if other != write_value(value) and self._states.get((case, *place)) is True:
                    yield WayOut(text=f"use {one_line(f'{name}={other}')}", parameter=(name, other))
