"""Owns the input of a report: `Results`, one record per cell, and the DataFrame.

Knows no format. Nothing here reads a file, a clock or the store.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from harness.model import Attempt, Case, CellResult, Environment, Label, NoVerdict, Outcome, Scenario, Value, label_of
from harness.model.watch import Observed

if TYPE_CHECKING:
    import pandas as pd

NEVER_RUN_WORD = "never run"
FLAKY_WORD = "flaky"
NO_VERDICT_WORD = "no verdict"

COLUMNS = (
    "cell", "scenario", "subject", "title", "parameters", "case", "environment", "writer", "family", "python",
    "outcome", "stage", "error", "signature", "label", "note", "link", "reason", "cause",
    "duration_s", "attempts", "passes", "flaky", "published",
)  # fmt: skip
_TYPES = {"duration_s": "float64", "attempts": "int64", "passes": "int64", "flaky": "bool"}


@dataclass(frozen=True, kw_only=True)
class EnvironmentColumn:
    """An environment as a column: id, family, Python, main versions, variables and date."""

    id: str
    family: str
    python: str
    packages: tuple[tuple[str, str], ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    as_of: dt.date | None = None
    package: str | None = None
    """Which package its family steps, if it is of a family."""
    version: str | None = None
    """The version of that package."""
    follows: str | None = None
    """The environment of the release just before, where it is known that no other release lies between."""
    changes: str = ""
    """The packages that were added to an environment or replaced in it, as in `--with`."""
    lock: str = ""
    """The fingerprint of its lockfile."""

    @classmethod
    def of(
        cls,
        environment: Environment,
        *,
        show: Iterable[str],
        package: str | None = None,
        follows: str | None = None,
        changes: str = "",
    ) -> EnvironmentColumn:
        """Return the column of an environment with the versions of these packages."""
        versions = environment.lock.versions
        names = [canonicalize_name(name) for name in show]
        return cls(
            id=environment.id,
            family=environment.family,
            python=environment.python,
            packages=tuple((name, versions[name]) for name in names if name in versions),
            variables=environment.variables,
            as_of=environment.lock.origin.as_of.date(),
            package=package,
            version=environment.lock.origin.version if package else None,
            follows=follows,
            changes=changes,
            lock=environment.lock.fingerprint,
        )


@dataclass(frozen=True, kw_only=True)
class Results:
    """The input of a report: a CellResult for each selected cell, run or never run.

    Columns stand in the order of the environments, rows in that of the scenarios; the order of the cells is free.
    """

    scenarios: tuple[Scenario, ...]
    environments: tuple[EnvironmentColumn, ...]
    cells: tuple[CellResult, ...]
    generated: dt.datetime
    title: str = "Compatibility table"
    notes: tuple[str, ...] = ()
    observed: Mapping[str, tuple[Observed, ...]] = field(default_factory=dict)
    """Observations of cells, by their ids."""
    platform: str = ""
    """The platform on which the cells were run, such as `linux-x86_64`."""

    def __post_init__(self) -> None:
        known_scenarios = _unique("scenario", [scenario.name for scenario in self.scenarios])
        known_environments = _unique("environment", [environment.id for environment in self.environments])
        _unique("cell", [str(result.cell) for result in self.cells])
        for result in self.cells:
            cell = result.cell
            if cell.case.scenario not in known_scenarios:
                raise ValueError(f"{cell}: its scenario is not among those of the results")
            for environment in (cell.environment, cell.writer or cell.environment):
                if environment not in known_environments:
                    raise ValueError(f"{cell}: its environment {environment} is not among those of the results")

    @functools.cached_property
    def records(self) -> tuple[Record, ...]:
        """One record per cell, in an order independent of the order of the cells. Computed once."""
        return _records_of(self)


def _unique(what: str, ids: list[str]) -> set[str]:
    seen = set(ids)
    if len(seen) < len(ids):
        twice = sorted(each for each in seen if ids.count(each) > 1)
        raise ValueError(f"{what} given twice: {', '.join(twice)}")
    return seen


@dataclass(frozen=True, kw_only=True)
class Record:
    """A cell with everything that reports show of it.

    For a flaky cell, stage, error, signature and label are those of its newest failure, even if it passed since.
    A failure with a cause is none here: it has an error and a cause, and neither signature nor label.
    """

    cell: str
    scenario: Scenario
    case: Case
    environment: EnvironmentColumn
    writer: str | None
    outcome: str
    failure: Outcome | None
    stage: str | None
    error: str
    signature: str | None
    label: Label | None
    reason: str
    cause: NoVerdict | None
    duration_s: float
    attempts: int
    passes: int
    verdicts: int
    flaky: bool
    started: dt.datetime | None
    isolation: str = ""
    """How the script was run, and what contained it; empty where none was run."""
    sandbox: str = ""
    condition: str = ""
    """The differences from the ordinary condition; empty if there are none."""
    observations: tuple[Observed, ...] = ()
    """Its observations, one for each kind, if they are watched or differ between its neighbours."""
    published: str | None = None
    """The place of a published result, if the cell was not run here."""

    @property
    def observation(self) -> Observed | None:
        """The first observation: what is watched, or what it printed before what it warned of."""
        return self.observations[0] if self.observations else None

    @property
    def state(self) -> str:
        """The state of the cell: its outcome, or `flaky`, `no verdict` or `never run`."""
        if self.flaky:
            return FLAKY_WORD
        return NO_VERDICT_WORD if self.no_verdict else self.outcome

    @property
    def no_verdict(self) -> bool:
        """Return True if it failed for an external cause: neither a pass nor a failure."""
        return self.cause is not None and Outcome(self.outcome).is_failure

    @property
    def parameters(self) -> Mapping[str, Value]:
        """The case's parameters by name."""
        return self.case.values


def records(results: Results) -> tuple[Record, ...]:
    """Return one record per cell, in an order independent of the order of the cells."""
    return results.records


def _records_of(results: Results) -> tuple[Record, ...]:
    scenarios = {scenario.name: scenario for scenario in results.scenarios}
    columns = {environment.id: environment for environment in results.environments}
    found = [
        _record(
            result,
            scenarios[result.cell.case.scenario],
            columns[result.cell.environment],
            columns[result.cell.writer].changes if result.cell.writer else "",
        )
        for result in results.cells
    ]
    if results.observed:
        found = [replace(each, observations=results.observed.get(each.cell, ())) for each in found]
    rank = _Rank(results)
    return tuple(sorted(found, key=rank))


def condition_text(condition: str, *changes: str) -> str:
    """Return the differences from the ordinary condition: options of an attempt, and changed packages."""
    if not condition and not any(changes):
        return ""  # of thousands of cells, nearly all
    added = (f"with {each}" for each in dict.fromkeys(changes) if each)
    return ", ".join(filter(None, (condition, *added)))


def _record(result: CellResult, scenario: Scenario, environment: EnvironmentColumn, writer_changes: str) -> Record:
    current, flaky = result.current, result.flaky
    shown = shown_attempt(result)
    failed = shown is not None and shown.outcome.is_failure and shown.cause is None
    ran = shown is not None and shown.outcome.shown_by_scenario and bool(shown.key)
    return Record(
        cell=str(result.cell),
        scenario=scenario,
        case=result.cell.case,
        environment=environment,
        writer=result.cell.writer,
        outcome=NEVER_RUN_WORD if current is None else current.outcome.value,
        failure=shown.outcome if shown and failed else None,
        stage=shown.stage if shown else None,
        error=shown.error if shown else "",
        signature=shown.signature if shown and failed else None,
        label=label_of(shown, result.labels) if shown and failed else None,
        reason=shown.reason if shown else "",
        cause=shown.cause if shown else None,
        duration_s=current.duration_s if current else 0.0,
        attempts=sum(each.publication is None for each in result.attempts),
        passes=result.passes,
        verdicts=len(result.verdicts),
        flaky=flaky,
        started=current.started if current else None,
        isolation=shown.isolation if shown and ran else "",
        sandbox=shown.sandbox if shown and ran else "",
        condition=condition_text(shown.condition if shown else "", environment.changes, writer_changes),
        published=shown.publication.source if shown and shown.publication else None,
    )


def shown_attempt(result: CellResult) -> Attempt | None:
    """Return the attempt that a report shows for a cell: the current one, of a flaky cell the newest failure."""
    if not result.flaky:
        return result.current
    return next((attempt for attempt in reversed(result.verdicts) if attempt.outcome.is_failure), result.current)


class _Rank:
    """The place of a record: subject and scenario as given, cases as declared, environments as given."""

    def __init__(self, results: Results) -> None:
        subjects = list(dict.fromkeys(scenario.subject for scenario in results.scenarios))
        self._scenarios = {
            scenario.name: (subjects.index(scenario.subject), position)
            for position, scenario in enumerate(results.scenarios)
        }
        self._cases = {str(case): at for scenario in results.scenarios for at, case in enumerate(scenario.cases())}
        self._columns = {column.id: at for at, column in enumerate(by_family(results.environments))}

    def __call__(self, record: Record) -> tuple[tuple[int, int], int, str, int, int]:
        # A case with values that the header does not list stands after those that it does.
        case = self._cases.get(str(record.case), len(self._cases))
        writer = self._columns[record.writer] if record.writer is not None else -1
        place = self._scenarios[record.scenario.name]
        return place, case, str(record.case), writer, self._columns[record.environment.id]


def by_family(environments: Iterable[EnvironmentColumn]) -> tuple[EnvironmentColumn, ...]:
    """Bring the members of each family together, families and members in the order given."""
    families: dict[str, list[EnvironmentColumn]] = {}
    for environment in environments:
        families.setdefault(environment.family, []).append(environment)
    return tuple(environment for members in families.values() for environment in members)


def to_frame(results: Results) -> pd.DataFrame:
    """Return a DataFrame with one row per cell and the columns `COLUMNS` (see docs/reading_the_table.md).

    A cell that was never run has the outcome "never run", so that counting the outcomes does not lose it.
    """
    return frame_from([_row(record) for record in records(results)])


def frame_from(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Return a DataFrame of rows with the keys `COLUMNS`."""
    import pandas as pd  # half a second that most commands need not spend

    # As objects first: versions of pandas convert None to different values.
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object).astype(_TYPES)


def _row(record: Record) -> dict[str, object]:
    label = record.label
    return {
        "cell": record.cell,
        "scenario": record.scenario.name,
        "subject": record.scenario.subject,
        "title": record.scenario.title,
        "parameters": dict(record.parameters),
        "case": str(record.case),
        "environment": record.environment.id,
        "writer": record.writer,
        "family": record.environment.family,
        "python": record.environment.python,
        "outcome": record.outcome,
        "stage": record.stage,
        "error": record.error,
        "signature": record.signature,
        "label": label.label if label else None,
        "note": label.note if label else None,
        "link": label.link if label else None,
        "reason": record.reason,
        "cause": record.cause.value if record.cause else None,
        "duration_s": math.nan if record.published else record.duration_s,
        "attempts": record.attempts,
        "passes": record.passes,
        "flaky": record.flaky,
        "published": record.published,
    }
