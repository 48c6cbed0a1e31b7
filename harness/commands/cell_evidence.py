"""The attempts of one cell and their evidence, as text. For `harness show` and `harness replay`."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.commands.arguments import CommandOptions
from harness.commands.conditions import condition_options
from harness.commands.selected_plan import overlay_of, plan_of_cell
from harness.errors import HarnessError
from harness.model import Attempt, Cell, CellResult, Label, Outcome, label_of
from harness.model.durations import Measured
from harness.model.watch import Observed, Watch, WatchKind
from harness.pipeline import Work, prepare
from harness.project.selection import changes_of
from harness.record.store import Store
from harness.rendering.foreign_text import one_line, plain
from harness.rendering.results import condition_text
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class CellOptions(CommandOptions):
    """One cell, and its overlay."""

    cell: str
    overlay: str | None
    """PACKAGE=DIR."""


@dataclass(frozen=True, kw_only=True)
class CellEvidence:
    """The attempts of a cell, and the one to show."""

    attempt: Attempt
    result: CellResult
    """All attempts under the same conditions."""
    current: bool = True
    """True if these are today's."""

    @classmethod
    def read(cls, store: Store, cell: Cell, key: str, limit_s: float, *, current: bool = True) -> CellEvidence | None:
        """Read the attempts under a key that hold within a time limit, and choose the newest that counts, if any."""
        found = (replace(each, cell=cell) for each in store.all_with_evidence(key))
        holding = [each for each in found if each.holds_within(limit_s)]
        result = CellResult(cell=cell, attempts=tuple(holding[::-1]))
        return cls(attempt=result.current, result=result, current=current) if result.current is not None else None

    @property
    def newest(self) -> CellEvidence:
        """The same, with the newest attempt, whether it counts or not."""
        return replace(self, attempt=self.result.attempts[-1])

    @property
    def failing(self) -> CellEvidence:
        """The same, with the newest that did not pass, if repeats differ."""
        failing = (each for each in reversed(self.result.verdicts) if each.outcome is not Outcome.PASSED)
        return replace(self, attempt=next(failing, self.attempt)) if self.result.flaky else self

    @property
    def repeats(self) -> str:
        """The results of the repeats, the most frequent first; empty for one attempt."""
        verdicts = self.result.verdicts
        if len(verdicts) < 2:
            return ""
        if not self.result.flaky:
            return f"{len(verdicts)}, all alike"
        # By signature, since the words of one failure may differ in each repeat; said in the words of the newest.
        newest = {each.signature: each for each in verdicts}
        kinds = [(count, newest[kind]) for kind, count in Counter(each.signature for each in verdicts).most_common()]
        shown = "; ".join(
            f"{count} {each.outcome} {one_line(each.error, longest=100)}".rstrip() for count, each in kinds
        )
        return f"flaky, {self.result.passes} of {len(verdicts)} passed: {shown}"


def work_of(session: Session, options: CellOptions, command: str, *, fetch: bool = False) -> Work:
    """Plan one cell, named by its id or by PATH@ENVIRONMENT. Raises HarnessError if it is known not to run."""
    plan = plan_of_cell(session, options.cell, command=command)
    planned = plan.cells[0]
    if planned.absence is not None:
        raise HarnessError(f"{planned.cell}: {planned.absence.outcome}", why=planned.absence.reason)
    return prepare(session, plan, fetch=fetch, overlay=overlay_of(session, options.overlay))


def replay_command(session: Session, cell: Cell, options: CellOptions) -> str:
    """Return the command that runs a cell again, under the same condition."""
    return f"{session.command} {shlex.join(['replay', str(cell), *condition_options(session, options.overlay)])}"


def condition_of(session: Session, attempt: Attempt) -> str:
    """Return the differences from the ordinary condition, with the packages that were added to the environments."""
    families = [each.name for each in session.project.matrix.families]
    environments = filter(None, (attempt.cell.environment, attempt.cell.writer))
    return condition_text(attempt.condition, *(changes_of(each, families) for each in environments))


def find_label(session: Session, attempt: Attempt) -> Label | None:
    """Return the label of the scenario that applies to an attempt."""
    scenarios = {scenario.name: scenario for scenario in session.project.scenarios}
    scenario = scenarios.get(attempt.cell.case.scenario)
    return label_of(attempt, scenario.header.labels) if scenario else None


def _how_it_was_run(attempt: Attempt) -> Iterator[tuple[str, str]]:
    if attempt.publication is not None:
        where = f" on {attempt.platform}" if attempt.platform else ""
        yield "published", f"in {attempt.publication.source}; run{where}, and never here"
        return
    yield (
        "run",
        f"{attempt.started:%Y-%m-%d %H:%M:%S} UTC, {attempt.duration_s:.1f} s, "
        f"isolation {attempt.isolation}, sandbox {attempt.sandbox}, limits {attempt.limits}",
    )
    yield "overlay", attempt.layer
    yield "python", f"{attempt.interpreter} on {attempt.platform}"


def observed_of(seen: CellEvidence, watch: Watch) -> Observed | None:
    """Return the observation of an attempt; of durations, the median of its session. It belongs to no group."""
    attempt = seen.attempt
    if watch.kind is not WatchKind.TIME:
        text = watch.text_of(attempt)
    else:
        alike = [each for each in seen.result.verdicts if (each.session, each.isolation) == _how(attempt)]
        measured = Measured.of(alike, stage=watch.stage) if attempt.outcome is Outcome.PASSED else None
        text = measured.text if measured is not None else None
    return Observed(kind=watch.kind.value, group="", text=text) if text is not None else None


def _how(attempt: Attempt) -> tuple[str, str]:
    return attempt.session, attempt.isolation


def text_of(session: Session, seen: CellEvidence, again: str, observed: Observed | None = None) -> str:
    """Return all evidence as text; `again` is the command that runs the cell again."""
    attempt = seen.attempt
    label = find_label(session, attempt)
    facts = [
        ("cell", str(attempt.cell)),
        ("outcome", attempt.outcome.value + ("" if seen.current else "  (under other conditions than today's)")),
        ("condition", attempt.condition),
        ("repeats", seen.repeats),
        ("stage", attempt.stage or ""),
        ("error", attempt.error),
        ("cause", attempt.cause.value if attempt.cause else ""),
        ("reason", attempt.reason),
        (observed.kind if observed else "", observed.text or "(none)" if observed else ""),
        ("signature", attempt.signature or ""),
        ("label", f"{label.label}: {label.note}" + (f" {label.link}" if label.link else "") if label else ""),
        *_how_it_was_run(attempt),
        ("variables", " ".join(f"{name}={value}" for name, value in attempt.variables)),
        ("versions", " ".join(f"{name}=={version}" for name, version in attempt.versions)),
    ]
    # Indented, no line of a script's looks like one of ours.
    lines = [f"{name:>10}  {plain(value)}".replace("\n", "\n" + " " * 12) for name, value in facts if value]
    for name in ("traceback", "dump", "stdout", "stderr"):
        text = getattr(attempt.evidence, name)
        if text.strip():
            lines += ["", f"--- {name}", *(f"  {plain(line)}" for line in plain(text).rstrip().split("\n"))]
    lines += ["", f"To run it again: {again}", ""]
    return "\n".join(lines)
