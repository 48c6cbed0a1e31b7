"""Owns published results as values: reads a results.json, and says whether its cells hold for the scripts of today.

Starts nothing and asks no network. A published result holds for a cell only if the script and the locks are the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.model import Attempt, Cell, Environment, NoVerdict, Outcome, Publication, Scenario
from harness.rendering.difference import read_results
from harness.rendering.results import NEVER_RUN_WORD

_NEVER = dt.datetime.fromtimestamp(0, dt.timezone.utc)


@dataclass(frozen=True, kw_only=True)
class PublishedCell:
    """A cell of a results.json: its values, where they are published, and for which script and locks they hold."""

    source: str
    values: Mapping[str, Any]
    script: Mapping[str, Any]
    environment: Mapping[str, Any]
    writer: Mapping[str, Any] | None
    platform: str
    confirmed: bool
    """True if it is next to a published transition: such cells were run in separate processes, too."""

    @property
    def outcome(self) -> str:
        """The word for its outcome."""
        return str(self.values["outcome"])

    @property
    def signature(self) -> str | None:
        """The signature of its failure, or None."""
        return self._text("signature")

    @property
    def label(self) -> str | None:
        """The label of its failure when it was published, or None."""
        return self._text("label")

    def _text(self, key: str) -> str | None:
        value = self.values.get(key)
        return value if isinstance(value, str) else None

    def stale(self, scenario: Scenario, environment: Environment, writer: Environment | None) -> str | None:
        """Return why the result says nothing of this script in these environments, or None if it holds."""
        if self.script.get("digest") is None or self.environment.get("lock") is None:
            return "it was published without the digests of its script and lock"
        if self.script["digest"] != scenario.digest:
            return "the script has changed since"
        if self.outcome == Outcome.TIMED_OUT.value and self.script.get("timeout_s") != scenario.header.timeout_s:
            return "the time limit of the script has changed since"
        sides = ((self.environment, environment), (self.writer, writer))
        for known, now in sides:
            if now is not None and (known is None or known.get("lock") != now.lock.fingerprint):
                return f"the lock of {now.id} has changed since"
            if now is not None and known is not None and known.get("variables") != dict(now.variables):
                return f"the variables of {now.id} have changed since"
        return None

    def is_same_result(self, other: PublishedCell) -> bool:
        """Return whether another file has the same result of the same script and environments on the same platform."""
        return replace(other, source=self.source, confirmed=self.confirmed) == self

    def attempts(self, cell: Cell) -> tuple[Attempt, ...]:
        """Return attempts that stand for the result: of a flaky cell as many as it had, the failures last."""
        values = self.values
        if self.outcome == NEVER_RUN_WORD:
            return ()
        shown = self._attempt(cell, Outcome(self.outcome))
        flaky = values.get("flaky")
        if not isinstance(flaky, dict):
            return (shown,)
        # Stage, error, signature and label of a flaky cell are those of its newest failure.
        failure = shown if shown.outcome.is_failure else self._attempt(cell, Outcome.FAILED)
        passed = Attempt(
            cell=cell,
            key="",
            outcome=Outcome.PASSED,
            started=_NEVER,
            isolation="process" if self.confirmed else "fork",
            publication=Publication(source=self.source, signature=None, label=None, note=None),
        )
        passes, number = int(flaky["passes"]), int(flaky["of"])
        failures = (failure,) * (number - passes)
        return (*failures, *(passed,) * passes) if not shown.outcome.is_failure else (*(passed,) * passes, *failures)

    def _attempt(self, cell: Cell, outcome: Outcome) -> Attempt:
        cause = self._text("cause")
        return Attempt(
            cell=cell,
            key="",
            outcome=outcome,
            stage=self._text("stage"),
            error=_lines_of(self._text("error") or "", self._text("error_head")),
            reason=self._text("reason") or "",
            cause=NoVerdict(cause) if cause else None,
            started=_NEVER,
            platform=self.platform,
            isolation="process" if self.confirmed else "fork",
            publication=Publication(
                source=self.source, signature=self.signature, label=self.label, note=self._text("note")
            ),
        )


def _lines_of(error: str, head: str | None) -> str:
    """Return a published error split into lines, so that the first two are the lines that tables show."""
    first, space, second = (head or "").partition(" ")
    if not space or not error.startswith(f"{head} "):
        return error
    return "\n".join([first, second, error[len(head or "") + 1 :]])


@dataclass(frozen=True, kw_only=True)
class Published:
    """Published cells by their ids."""

    cells: Mapping[str, PublishedCell]
    sources: tuple[str, ...]

    def of(self, cell: Cell) -> PublishedCell | None:
        """Return the published result of a cell, or None."""
        return self.cells.get(str(cell))


def cells_of(document: Mapping[str, Any], source: str) -> dict[str, PublishedCell]:
    """Return the cells of a results.json that were run or ruled out."""
    scripts = {each["scenario"]: each for each in document.get("scenarios", ())}
    environments = {each["environment"]: each for each in document.get("environments", ())}
    platform = str(document.get("platform") or "")
    transitions = document.get("transitions", ())
    # A note says that something was not confirmed: then nothing counts as confirmed.
    confirmed = {cell for each in transitions for cell in each["cells"]} if not document.get("notes") else set()
    found = {}
    for values in document["cells"]:
        script, environment = scripts.get(values.get("scenario")), environments.get(values.get("environment"))
        if script is None or environment is None or not _is_known(values):
            continue
        found[values["cell"]] = PublishedCell(
            source=source,
            values=values,
            script=script,
            environment=environment,
            writer=environments.get(values["writer"]) if values.get("writer") else None,
            platform=platform,
            confirmed=values["cell"] in confirmed,
        )
    return found


def _is_known(values: Mapping[str, Any]) -> bool:
    """Return True for a cell with a result in words that this version knows: later versions may add some."""
    try:
        Outcome(values["outcome"])
        NoVerdict(values.get("cause") or NoVerdict.SYNTAX)
    except ValueError:
        return False
    return True


def read_published(paths: Iterable[tuple[Path, str]]) -> Published:
    """Read results.json files, each with the name that is shown for it. The first that has a cell counts.

    A file of fewer environments may lack a transition that another one confirms: the same result is confirmed in both.
    A file that does not exist has no cells. Raises UsageError for an invalid one.
    """
    cells: dict[str, PublishedCell] = {}
    sources = []
    for path, source in paths:
        if not path.is_file():
            continue
        sources.append(source)
        for id, cell in cells_of(read_results(path), source).items():
            known = cells.setdefault(id, cell)
            if cell.confirmed and known.is_same_result(cell):
                cells[id] = replace(known, confirmed=True)
    return Published(cells=cells, sources=tuple(sources))
