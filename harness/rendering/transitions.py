"""The transitions of the table: neighbouring versions of a family with different results.

A transition is two cells that were judged, with the cells between them that could not be judged. Releases without a
column are not part of it; there may be some between the two.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.version import Version

from harness.model import Case, Outcome
from harness.model.watch import DIFFERS, WORDS, Observed, WatchKind
from harness.rendering.results import FLAKY_WORD, EnvironmentColumn, Record, Results, records

# How long a script takes, and how much it needs, depends on the machine, too.
_NOT_JUDGED = (Outcome.TIMED_OUT.value, Outcome.OUT_OF_MEMORY.value)
_VERBS = {
    Outcome.FAILED.value: "fails",
    Outcome.CRASHED.value: "crashes",
    Outcome.TIMED_OUT.value: "reaches its time limit",
    FLAKY_WORD: "is flaky",
}


def judged_state(record: Record) -> bool | None:
    """Return True for a pass, False for another verdict, and None where the result says nothing of the version."""
    if not record.verdicts or record.state in _NOT_JUDGED:
        return None
    return record.state == Outcome.PASSED.value


@dataclass(frozen=True, kw_only=True)
class Step:
    """A cell as a step of its case through the versions of a family: the column is that of the version."""

    column: EnvironmentColumn
    record: Record
    compared: bool = False
    """True if what passing cells of the case show is compared."""

    @property
    def judged(self) -> bool:
        """Return True if the result does not depend on the machine, or if it is observed all the same."""
        if not self.record.verdicts or (self.compared and self.passes and self.observed is None):
            return False
        return self.record.state not in _NOT_JUDGED or _kind_of(self.record) is WatchKind.HANG

    @property
    def passes(self) -> bool:
        """Return True if it contains only passes."""
        return self.record.state == Outcome.PASSED.value

    @property
    def observed(self) -> Observed | None:
        """The observation of a pass; None without one."""
        return _observed(self.record)

    @property
    def group(self) -> str | None:
        """The group of the observation."""
        return self.observed.group if self.observed is not None else None

    @property
    def clean(self) -> bool:
        """Return True if there is nothing to say but that it passes; a watched script may pass without a warning."""
        seen = self.observed
        return self.passes and (seen is None or (seen.kind == WatchKind.WARNING.value and not seen.text))

    @property
    def shows(self) -> str:
        """Its result in a few words: `fails at load`."""
        seen = self.observed
        if seen is not None and not self.clean:
            words = WORDS[WatchKind(seen.kind)]
            return words.repeats if seen.group == DIFFERS else f"{words.message(seen.short)} [{seen.group}]"
        at = f" at {self.record.stage}" if self.record.stage and not self.passes else ""
        return f"{_VERBS.get(self.record.state, 'passes')}{at}"

    @property
    def verdict(self) -> tuple[str, str | None, str | None]:
        """The value that is compared with the neighbours."""
        return self.record.state, None if self.passes else self.record.signature, self.group


@dataclass(frozen=True, kw_only=True)
class Transition:
    """Two neighbouring steps with different verdicts, and the steps between them without a verdict."""

    last: Step
    first: Step
    between: tuple[Step, ...] = ()
    adjacent: bool = False
    """True if it is known that no other release lies between the two."""

    @property
    def kind(self) -> str:
        """The kind of the transition: introduced, fixed, or changed into another failure."""
        if self.last.passes != self.first.passes:
            return "introduced" if self.last.passes else "fixed"
        if self.last.passes and DIFFERS not in (self.last.group, self.first.group):
            return "introduced" if self.last.clean else "fixed" if self.first.clean else "changed"
        return "changed"

    @property
    def observed(self) -> str | None:
        """The kind of the observation that changed, if both sides pass."""
        return self.first.observed.kind if self.first.observed and self.last.observed else None

    @property
    def when(self) -> str:
        """When it happened, with its bounds: in a release, or between two."""
        if self.adjacent and not self.between:
            return f"in {self.first.column.version}"
        names = ", ".join(str(each.column.version) for each in self.between)
        untestable = f" (not testable: {names})" if names else ""
        return f"after {self.last.column.version} and not later than {self.first.column.version}{untestable}"


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Consecutive steps with the same result, and the transitions at both ends."""

    steps: tuple[Step, ...]
    start: Transition | None = None
    end: Transition | None = None

    @property
    def shown(self) -> Record:
        """The record that represents all of them."""
        return self.steps[0].record

    def sentence(self, reference: Callable[[Record], str]) -> str:
        """Return the result of the versions, with its first and last transition and the bounds that were run.

        `reference` returns what stands behind a failure to name its error, such as ` [2]`.
        """
        first, last = self.steps[0], self.steps[-1]
        versions = f"{first.column.version}" + ("" if first is last else f" to {last.column.version}")
        parts = [f"{versions}: {first.shows}{reference(first.record)}."]
        before = self.start.last if self.start and self.start.kind != "introduced" else None
        after = self.end.first if self.end and self.end.kind != "fixed" else None
        if self.start is None:
            parts.append(f"{first.column.version} is the first that was run.")
        elif before is None:
            parts.append(f"Introduced {self.start.when}.")
        neighbours = [each for each in (before, after) if each is not None]
        if neighbours:
            were = (
                "The neighbours that were run differ" if len(neighbours) > 1 else "The neighbour that was run differs"
            )
            shown = ", ".join(f"{each.column.version} {each.shows}{reference(each.record)}" for each in neighbours)
            parts.append(f"{were}: {shown}.")
        if self.end is None:
            parts.append(f"{last.column.version} is the last that was run.")
        elif after is None:
            parts.append(f"Fixed {self.end.when}.")
        return " ".join(parts)


@dataclass(frozen=True, kw_only=True)
class History:
    """A case in the versions of a family, oldest first; of a two-step case one step is held in one environment."""

    case: Case
    family: str
    held: str
    """`written in ID` or `read in ID`, of a two-step case; else nothing."""
    segments: tuple[Segment, ...]

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """Its transitions, oldest first."""
        return tuple(segment.start for segment in self.segments if segment.start is not None)

    @property
    def failing(self) -> tuple[Segment, ...]:
        """The segments that do not pass, or show something else. Their sentences also say where the passes are."""
        return tuple(segment for segment in self.segments if not segment.steps[0].clean)


def histories(results: Results) -> tuple[History, ...]:
    """Return the history of each case and family with a change, in the order of the table."""
    return tuple(_history(line) for line in _lines(results) if line.changes)


def timelines(results: Results) -> tuple[History, ...]:
    """Return the history of each case and family with a verdict, also of those without a change."""
    return tuple(_history(line) for line in _lines(results) if any(step.judged for step in line.steps))


@dataclass(frozen=True, kw_only=True)
class _Line:
    """Neighbouring cells: a case in the versions of a family, ascending."""

    case: Case
    family: str
    held: str
    steps: tuple[Step, ...]

    @property
    def changes(self) -> bool:
        """Return True if two judged steps differ."""
        return len({step.verdict for step in self.steps if step.judged}) > 1


def _observed(record: Record) -> Observed | None:
    """Return the observation of a cell that passes; None without one."""
    if not record.observations or record.state != Outcome.PASSED.value or _kind_of(record) is WatchKind.HANG:
        return None
    return record.observation


def _kind_of(record: Record) -> WatchKind | None:
    return WatchKind(record.observation.kind) if record.observation is not None else None


def _lines(results: Results) -> Iterator[_Line]:
    columns = {column.id: column for column in results.environments}
    ascending = sorted(columns.values(), key=lambda column: Version(column.version or "0"))
    # Columns of one version stay in the order in which their cells come.
    versions = [version for version, _ in itertools.groupby(Version(each.version or "0") for each in ascending)]
    ranks = {each.id: versions.index(Version(each.version or "0")) for each in ascending}
    lines: dict[tuple[str, str, str], list[tuple[EnvironmentColumn, Record]]] = {}
    cases: dict[str, Case] = {}
    for record in records(results):
        case = str(record.case)
        cases[case] = record.case
        for held, column in _sides(record, columns):
            if column.version is not None:
                lines.setdefault((case, column.family, held), []).append((column, record))
    for (case, family, held), found in lines.items():
        found.sort(key=lambda each: ranks[each[0].id])
        compared = any(_observed(record) is not None for _, record in found)
        steps = tuple(Step(column=column, record=record, compared=compared) for column, record in found)
        yield _Line(case=cases[case], family=family, held=held, steps=steps)


def _sides(record: Record, columns: Mapping[str, EnvironmentColumn]) -> Iterator[tuple[str, EnvironmentColumn]]:
    """Yield the columns of a cell. For a two-step case: its reader and its writer, each with the other fixed."""
    if record.writer is None:
        yield "", record.environment
    else:
        yield f"written in {record.writer}", record.environment
        yield f"read in {record.environment.id}", columns[record.writer]


def _history(line: _Line) -> History:
    segments: list[Segment] = []
    before = 0  # the place of the last that was judged
    for place, step in enumerate(line.steps):
        if not step.judged:
            continue
        if segments and line.steps[before].verdict == step.verdict:
            segments[-1] = replace(segments[-1], steps=(*segments[-1].steps, step))
            before = place
            continue
        transition = _transition(line.steps, before, place) if segments else None
        if transition is not None:
            segments[-1] = replace(segments[-1], end=transition)
        segments.append(Segment(steps=(step,), start=transition))
        before = place
    return History(case=line.case, family=line.family, held=line.held, segments=tuple(segments))


def _transition(steps: Sequence[Step], before: int, after: int) -> Transition:
    pairs = itertools.pairwise(steps[before : after + 1])
    adjacent = all(newer.column.follows == older.column.id for older, newer in pairs)
    return Transition(
        last=steps[before], first=steps[after], between=tuple(steps[before + 1 : after]), adjacent=adjacent
    )
