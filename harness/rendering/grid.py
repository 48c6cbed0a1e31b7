"""Owns the shape of the table: rows, columns, squares, and the state of each cell.

Every format draws this grid; none decides for itself what a cell means.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.errors import counted
from harness.model import DISPLAY, FLAKY, NEVER_RUN, WITHOUT_VERDICT, Case, Display, Scenario
from harness.model.case import write_value
from harness.rendering.causes import Cause, Causes
from harness.rendering.foreign_text import one_line
from harness.rendering.results import (
    FLAKY_WORD,
    NEVER_RUN_WORD,
    NO_VERDICT_WORD,
    EnvironmentColumn,
    Record,
    Results,
    by_family,
    records,
)
from harness.rendering.statements import Statement, statements_of
from harness.rendering.transitions import histories

NOT_ASKED = "not asked for"
STATES: dict[str, Display] = {
    **{outcome.value: display for outcome, display in DISPLAY.items()},
    FLAKY_WORD: FLAKY,
    NO_VERDICT_WORD: WITHOUT_VERDICT,
    NEVER_RUN_WORD: NEVER_RUN,
    NOT_ASKED: Display(mark="·", plain=".", style="dim", meaning="not part of this selection"),
}


@dataclass(frozen=True, kw_only=True)
class GridCell:
    """A cell of the grid. Only failures have a stage."""

    cell: str | None
    state: str
    stage: str | None = None
    passes: int = 0
    verdicts: int = 0
    duration_s: float = 0.0
    cause: Cause | None = None
    published: bool = False
    """True if it was not run here, and a published result stands for it."""

    @property
    def display(self) -> Display:
        """The mark, the plain word and the colour of its state."""
        return STATES[self.state]

    @property
    def ratio(self) -> str:
        """`k/n` for a flaky cell, else nothing."""
        return f"{self.passes}/{self.verdicts}" if self.state == FLAKY_WORD else ""

    @property
    def unexplained(self) -> bool:
        """Return True if it fails and has no label."""
        return self.cause is not None and self.cause.unexplained

    @property
    def verdict(self) -> tuple[str, str | None] | None:
        """The value that columns are compared by; None without a verdict."""
        if self.verdicts == 0:
            return None
        return self.state, self.cause.signature if self.cause else None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A case in every column."""

    scenario: Scenario
    case: Case
    cells: tuple[GridCell, ...]

    @property
    def differs(self) -> bool:
        """Return True if judged columns of the case differ. Unknown results are no difference."""
        return _differ(self.cells)


@dataclass(frozen=True, kw_only=True)
class Square:
    """A two-step case: a line a writer, a column a reader."""

    scenario: Scenario
    case: Case
    writers: tuple[EnvironmentColumn, ...]
    readers: tuple[EnvironmentColumn, ...]
    lines: tuple[tuple[GridCell, ...], ...]

    @property
    def differs(self) -> bool:
        """Return True if two of its judged cells differ."""
        return _differ(itertools.chain.from_iterable(self.lines))


def _differ(cells: Iterable[GridCell]) -> bool:
    return len({cell.verdict for cell in cells} - {None}) > 1


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many cells there are of each kind; every cell is counted once."""

    cells: int
    passed: int
    labelled: int
    unexplained: int
    flaky: int
    not_applicable: int
    unavailable: int
    error: int
    never_run: int
    no_verdict: int = 0

    @property
    def failed(self) -> int:
        """Crashes and cells over a limit among them; flaky cells not."""
        return self.labelled + self.unexplained

    def __str__(self) -> str:
        no_verdict = f", {self.no_verdict} without a verdict" if self.no_verdict else ""
        return (
            f"{cells_text(self.cells)}: {self.passed} passed, {self.failed} failed ({self.labelled} labelled, "
            f"{self.unexplained} unexplained), {self.flaky} flaky, {self.not_applicable} not applicable, "
            f"{self.unavailable} unavailable, {self.error} error, {self.never_run} never run{no_verdict}"
        )


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The table, ready to be drawn. `left_out` rows are the same in every column and were not asked for."""

    columns: tuple[EnvironmentColumn, ...]
    rows: tuple[Row, ...]
    squares: tuple[Square, ...]
    causes: tuple[Cause, ...]
    counts: Counts
    left_out: int = 0
    statements: tuple[Statement, ...] = ()
    """The transitions as sentences, for every border between versions of a family."""

    @property
    def left_out_text(self) -> str:
        """Return the number of omitted rows with the reason, or an empty string."""
        rows = counted(self.left_out, "row")
        return f"Not shown, since it is the same in every column: {rows}." if self.left_out else ""

    def statements_of(self, scenario: str) -> tuple[Statement, ...]:
        """Return the statements of one scenario."""
        return tuple(statement for statement in self.statements if statement.scenario == scenario)

    @property
    def families(self) -> tuple[tuple[str, tuple[EnvironmentColumn, ...]], ...]:
        """The columns by family, in order."""
        groups = itertools.groupby(self.columns, key=lambda column: column.family)
        return tuple((family, tuple(members)) for family, members in groups)

    @property
    def subjects(self) -> tuple[tuple[str, tuple[Row, ...]], ...]:
        """The rows by subject, in order; the subject as words, where the folder's name has underscores."""
        groups = itertools.groupby(self.rows, key=lambda row: row.scenario.subject)
        return tuple((subject.replace("_", " "), tuple(rows)) for subject, rows in groups)

    @property
    def unexplained(self) -> tuple[Cause, ...]:
        """The failures without a label."""
        return tuple(cause for cause in self.causes if cause.unexplained)

    @property
    def has_published(self) -> bool:
        """Return True if a cell was not run here and has a published result."""
        return any(cell.published for line in self._lines for cell in line)

    @property
    def _lines(self) -> list[tuple[GridCell, ...]]:
        return [row.cells for row in self.rows] + [line for square in self.squares for line in square.lines]

    @property
    def states(self) -> tuple[str, ...]:
        """The states that occur, in the order of the legend."""
        present = {cell.state for line in self._lines for cell in line}
        return tuple(state for state in STATES if state in present)


def build_grid(results: Results, *, only_differing: bool = False) -> Grid:
    """Arrange results as a grid. Optionally keep only the rows and squares whose columns differ."""
    found = records(results)
    causes = Causes(found)
    every_column = by_family(results.environments)
    one_step = [record for record in found if record.writer is None]
    two_step = [record for record in found if record.writer is not None]
    columns = _chosen(every_column, {record.environment.id for record in one_step})
    rows = list(_rows(one_step, columns, causes))
    squares = list(_squares(two_step, every_column, causes))
    shown_rows = tuple(row for row in rows if row.differs or not only_differing)
    shown_squares = tuple(square for square in squares if square.differs or not only_differing)
    grid = Grid(
        columns=columns,
        rows=shown_rows,
        squares=shown_squares,
        causes=(),
        counts=count(found),
        left_out=len(rows) + len(squares) - len(shown_rows) - len(shown_squares),
        statements=statements_of(histories(results), causes),
    )
    return _numbered(grid)


def meaning(state: str) -> str:
    """Return the name and meaning of a state."""
    text = STATES[state].meaning
    return text if text.startswith(state) else f"{state}: {text}"


def cells_text(number: int) -> str:
    """Return a number of cells in words."""
    return counted(number, "cell")


def parameter_texts(case: Case) -> tuple[str, ...]:
    """Return the parameters as in the id of the case: `shape=list`."""
    return tuple(f"{name}={one_line(write_value(value))}" for name, value in case.parameters)


def count(found: Iterable[Record]) -> Counts:
    """Count the cells by kind."""
    kinds = Counter(_kind(record) for record in found)
    return Counts(cells=sum(kinds.values()), **{name: kinds[name] for name in _KINDS})


_KINDS = ("passed", "labelled", "unexplained", "flaky", "not_applicable", "unavailable", "error", "never_run",
          "no_verdict")  # fmt: skip


def _kind(record: Record) -> str:
    if record.failure is not None and not record.flaky:
        return "labelled" if record.label else "unexplained"
    return record.state.replace(" ", "_")


def _numbered(grid: Grid) -> Grid:
    """Number the causes by their first place in the grid, and keep those that occur in it."""
    places = itertools.chain.from_iterable(
        [*(row.cells for row in grid.rows), *(line for square in grid.squares for line in square.lines)]
    )
    causes = {cell.cause.key: cell.cause for cell in places if cell.cause is not None}
    numbered = {key: replace(cause, number=number) for number, (key, cause) in enumerate(causes.items(), start=1)}

    def renew(cells: tuple[GridCell, ...]) -> tuple[GridCell, ...]:
        return tuple(_with_cause(cell, numbered[cell.cause.key]) if cell.cause else cell for cell in cells)

    return replace(
        grid,
        rows=tuple(replace(row, cells=renew(row.cells)) for row in grid.rows),
        squares=tuple(replace(each, lines=tuple(renew(line) for line in each.lines)) for each in grid.squares),
        causes=tuple(numbered.values()),
        statements=tuple(each.with_causes(numbered) for each in grid.statements),
    )


def _with_cause(cell: GridCell, cause: Cause) -> GridCell:
    # Not `replace`, which looks at each field anew: there are thousands of cells.
    return GridCell(
        cell=cell.cell,
        state=cell.state,
        stage=cell.stage,
        passes=cell.passes,
        verdicts=cell.verdicts,
        duration_s=cell.duration_s,
        cause=cause,
        published=cell.published,
    )


def _grid_cell(record: Record, causes: Causes) -> GridCell:
    cause = causes.of(record)
    return GridCell(
        cell=record.cell,
        state=record.state,
        stage=cause.stage if cause else None,
        passes=record.passes,
        verdicts=record.verdicts,
        duration_s=record.duration_s,
        cause=cause,
        published=record.published is not None,
    )


def _rows(found: Sequence[Record], columns: Sequence[EnvironmentColumn], causes: Causes) -> Iterator[Row]:
    # Cases are told apart by their ids: as values, `x=1` and `x=true` would be equal.
    first_of = {str(record.case): record for record in reversed(found)}
    lines = list(dict.fromkeys(str(record.case) for record in found))
    pairs = [(str(record.case), record.environment.id) for record in found]
    places = _pivot(lines, [column.id for column in columns], pairs)
    for line, row in zip(lines, places, strict=True):
        yield Row(scenario=first_of[line].scenario, case=first_of[line].case, cells=_cells(row, found, causes))


def _squares(found: Sequence[Record], columns: Sequence[EnvironmentColumn], causes: Causes) -> Iterator[Square]:
    for _, members in itertools.groupby(found, key=lambda record: str(record.case)):
        group = list(members)
        pairs = [(record.writer or "", record.environment.id) for record in group]
        writers = _chosen(columns, {writer for writer, _ in pairs})
        readers = _chosen(columns, {reader for _, reader in pairs})
        places = _pivot([writer.id for writer in writers], [reader.id for reader in readers], pairs)
        lines = tuple(_cells(line, group, causes) for line in places)
        yield Square(scenario=group[0].scenario, case=group[0].case, writers=writers, readers=readers, lines=lines)


def _chosen(columns: Iterable[EnvironmentColumn], ids: set[str]) -> tuple[EnvironmentColumn, ...]:
    return tuple(column for column in columns if column.id in ids)


def _cells(line: Sequence[int | None], found: Sequence[Record], causes: Causes) -> tuple[GridCell, ...]:
    nothing = GridCell(cell=None, state=NOT_ASKED)
    return tuple(nothing if place is None else _grid_cell(found[place], causes) for place in line)


def _pivot(lines: list[str], columns: list[str], pairs: list[tuple[str, str]]) -> list[list[int | None]]:
    """Return the position of the pair of each line and column, or None if there is none."""
    places = {pair: place for place, pair in enumerate(pairs)}
    return [[places.get((line, column)) for column in columns] for line in lines]
