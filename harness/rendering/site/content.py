"""Owns what the documents of the site share: records, causes, workarounds, and stable names of files."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.model import Attempt, CellResult, Evidence
from harness.model.site import SiteText
from harness.rendering.causes import Causes
from harness.rendering.results import EnvironmentColumn, Record, Results, by_family, records, shown_attempt
from harness.rendering.site.searches import Search
from harness.rendering.transitions import History, histories
from harness.rendering.workarounds import Workarounds

SCHEMA = 1
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,79}")


def no_evidence(attempt: Attempt) -> Evidence:
    """Return the texts that an attempt itself has."""
    return attempt.evidence


@dataclass(frozen=True)
class Content:
    """Everything that the site shows; its documents are views of it."""

    results: Results
    text: SiteText = field(default_factory=SiteText)
    command: str = "harness"
    transfer: Mapping[str, Any] | None = None
    """The published document of the table of readers: who can read which saved model."""
    searches: tuple[Search, ...] = ()
    """Recorded searches: which commits caused transitions."""
    evidence_of: Callable[[Attempt], Evidence] = field(default=no_evidence)

    @functools.cached_property
    def records(self) -> tuple[Record, ...]:
        """One record per cell, in the order of the table."""
        return records(self.results)

    @functools.cached_property
    def cells(self) -> Mapping[str, CellResult]:
        """The attempts of each cell, by its id."""
        return {str(each.cell): each for each in self.results.cells}

    @functools.cached_property
    def columns(self) -> tuple[EnvironmentColumn, ...]:
        """The environments that have cells, by family."""
        used = {each.environment.id for each in self.records} | {each.writer for each in self.records}
        return tuple(column for column in by_family(self.results.environments) if column.id in used)

    @functools.cached_property
    def families(self) -> Mapping[str, str]:
        """The family of each environment."""
        return {column.id: column.family for column in self.results.environments}

    @functools.cached_property
    def causes(self) -> Causes:
        """The causes of cells that do not pass."""
        return Causes(self.records)

    @functools.cached_property
    def workarounds(self) -> Workarounds:
        """The workarounds of failures."""
        return Workarounds(self.records, self.text.names)

    @functools.cached_property
    def histories(self) -> tuple[History, ...]:
        """The cases with transitions."""
        return histories(self.results)

    @functools.cached_property
    def shown(self) -> Mapping[str, Attempt]:
        """The attempt that is shown for each cell that was run here."""
        found = ((name, shown_attempt(each)) for name, each in self.cells.items())
        return {name: each for name, each in found if each is not None and each.key and each.publication is None}

    @functools.cached_property
    def measured(self) -> tuple[dt.date, dt.date] | None:
        """The days of the oldest and of the newest attempt that is shown."""
        days = [attempt.started.date() for attempt in self.shown.values()]
        return (min(days), max(days)) if days else None


def file_name(id: str) -> str:
    """Return a stable, unique file name without suffix for the id of a case or environment."""
    if _FILE_NAME.fullmatch(id):
        return id
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", id.partition("[")[0])[:60].strip("-") or "id"
    return f"{stem}-{hashlib.sha256(id.encode(errors='replace')).hexdigest()[:10]}"
