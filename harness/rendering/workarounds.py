"""The workarounds of a failure: changes with which the same case passes, each with the cell that shows it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.version import Version

from harness.model.case import write_value
from harness.rendering.foreign_text import one_line
from harness.rendering.results import EnvironmentColumn, Record
from harness.rendering.transitions import judged_state

_MOST_VALUES = 5


@dataclass(frozen=True, kw_only=True)
class Workaround:
    """A change with which a failing cell passes: another environment, or another value of a parameter."""

    text: str
    environment: str | None = None
    parameter: tuple[str, str] | None = None
    """A parameter and its value, as in the id of the case."""


class Workarounds:
    """Finds the workarounds of each failure. Other versions, variables and dates come before other parameters."""

    def __init__(self, found: Sequence[Record], names: Mapping[str, str]) -> None:
        self._names = names
        self._states = {(str(each.case), each.writer, each.environment.id): judged_state(each) for each in found}
        columns = {each.environment.id: each.environment for each in found}.values()
        self._families: dict[str, list[EnvironmentColumn]] = {}
        self._releases: dict[tuple[str | None, str | None], list[EnvironmentColumn]] = {}
        for column in sorted(columns, key=lambda each: Version(each.version or "0")):
            self._families.setdefault(column.family, []).append(column)
            self._releases.setdefault((column.package, column.version), []).append(column)
        self._siblings = _siblings(found)
        self._lines: dict[tuple[str, str | None, str], Mapping[str, tuple[Workaround, ...]]] = {}
        self._found: dict[str, tuple[Workaround, ...]] = {}

    def of(self, record: Record) -> tuple[Workaround, ...]:
        """Return the workarounds of a failing cell, or nothing if it does not fail."""
        if record.failure is None:
            return ()
        if record.cell not in self._found:
            versions = self._other_versions(record)
            self._found[record.cell] = (*self._same_release(record), *versions, *self._other_parameters(record))
        return self._found[record.cell]

    def _same_release(self, record: Record) -> Iterator[Workaround]:
        """Yield environments of the same release with other variables, or with other dependencies."""
        own = record.environment
        for column in self._releases[own.package, own.version] if own.version else ():
            if column.id == own.id or self._states.get((str(record.case), record.writer, column.id)) is not True:
                continue
            settings = [f"{name}={value}" for name, value in column.variables if (name, value) not in own.variables]
            if settings:
                yield Workaround(text=f"set {' '.join(settings)}", environment=column.id)
            elif column.as_of and own.as_of and column.as_of < own.as_of:
                yield Workaround(text=f"use dependencies as of {column.as_of.isoformat()}", environment=column.id)

    def _other_versions(self, record: Record) -> tuple[Workaround, ...]:
        """Return the next version of the family that passes, and the last one before."""
        own = record.environment
        if own.version is None:
            return ()
        key = (str(record.case), record.writer, own.family)
        if key not in self._lines:
            self._lines[key] = self._line(*key)
        return self._lines[key].get(own.id, ())

    def _line(self, case: str, writer: str | None, family: str) -> Mapping[str, tuple[Workaround, ...]]:
        """Return the later and the earlier version that passes, for each version of a family that does not."""
        members = self._families[family]
        states = [self._states.get((case, writer, column.id)) for column in members]
        later: dict[str, Workaround] = {}
        newer: Workaround | None = None
        passes, fails = 0, 0
        for column, state in zip(reversed(members), reversed(states), strict=True):
            if state is True:
                passes += 1
                newer = self._version(column, " or newer" if passes > 1 and not fails else "")
            else:
                if newer is not None:
                    later[column.id] = newer
                fails += state is False
        found: dict[str, tuple[Workaround, ...]] = {}
        older: EnvironmentColumn | None = None
        for column, state in zip(members, states, strict=True):
            if state is True:
                older = column
            else:
                earlier = () if older is None else (self._version(older, ""),)
                found[column.id] = (*((later[column.id],) if column.id in later else ()), *earlier)
        return found

    def _version(self, column: EnvironmentColumn, more: str) -> Workaround:
        name = self._names.get(column.package or "", column.package or "")
        return Workaround(text=f"use {name} {column.version}{more}", environment=column.id)

    def _other_parameters(self, record: Record) -> Iterator[Workaround]:
        """Yield the values of one parameter with which the case passes in the same environment."""
        for name, value in record.case.parameters:
            rest = tuple((other, repr(each)) for other, each in record.case.parameters if other != name)
            for other, case in self._siblings[record.case.scenario, name, rest]:
                passes = self._states.get((case, record.writer, record.environment.id)) is True
                if passes and other != write_value(value):
                    yield Workaround(text=f"use {one_line(f'{name}={other}')}", parameter=(name, other))


def _siblings(found: Iterable[Record]) -> Mapping[tuple[object, ...], Sequence[tuple[str, str]]]:
    """Return the first values of each parameter with their cases, by scenario and the other parameters."""
    siblings: dict[tuple[object, ...], list[tuple[str, str]]] = {}
    for case in {str(each.case): each.case for each in found}.values():
        for name, value in case.parameters:
            rest = tuple((other, repr(each)) for other, each in case.parameters if other != name)
            group = siblings.setdefault((case.scenario, name, rest), [])
            if len(group) < _MOST_VALUES:
                group.append((write_value(value), str(case)))
    return siblings
