"""The answer to a report as values, and as one JSON document (`"schema": 1`; docs/triage.md describes the keys)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from packaging.utils import NormalizedName

from harness.reports.report import Dropped, ScenarioFile
from harness.triage.claims import CheckedClaim
from harness.triage.nightly import NightlyResult
from harness.triage.ranges import Range

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """The result in the environment closest to the reporter's."""

    environment: str | None
    result: str
    """`reproduced`, `fails differently`, `does not fail` or `not possible`."""
    outcome: str | None = None
    error: str = ""
    reason: str = ""
    cell: str | None = None

    @property
    def reproduced(self) -> bool:
        """Return whether the environment shows the reported problem."""
        return self.result == "reproduced"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change that introduced or fixed a failure: two neighbouring versions, and the commit if it is known."""

    package: str
    last: str
    first: str
    commit: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class HeldPackage:
    """The package whose version was the same in all environments in which the responsible package was compared."""

    package: NormalizedName
    name: str
    """The name that people use."""
    version: str


@dataclass(frozen=True, kw_only=True)
class Workaround:
    """A workaround, with the cell that proves it."""

    text: str
    cell: str


@dataclass(frozen=True, kw_only=True)
class PairFacts:
    """Facts about a report with two steps: the failing pair that was searched, and the results of other writers."""

    writer: str
    reader: str
    """Environments. `ranges` has the readers of the files of this writer."""
    side: str | None
    """The side that changed: `writer`, `reader`, `both`; None if no side is known to have changed."""
    writer_ranges: tuple[Range, ...] = ()
    """The writers whose files this reader reads, and those whose files it does not."""
    write_script: str = ""
    install: tuple[str, str] = ("", "")
    """Shell lines of a notebook that install writer and reader."""


@dataclass(frozen=True, kw_only=True)
class ShownGroup:
    """The versions of a package with which a script shows the same."""

    group: str
    """A letter; A has the earliest version."""
    kind: str
    """`output` or `warning`."""
    package: str
    ranges: tuple[tuple[str, str], ...]
    """First and last version of neighbours that were run."""
    text: str
    short: str
    """The first line that not all groups show."""
    cells: tuple[str, ...]

    @property
    def versions(self) -> str:
        """The versions as text: `3.0.5 to 3.4.1 and 3.6.0`."""
        texts = [first if first == last else f"{first} to {last}" for first, last in self.ranges]
        return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


@dataclass(frozen=True, kw_only=True)
class KnownFailure:
    """The explanation of a message that was not reproduced, from published results of other scripts."""

    label: str
    note: str
    link: str
    cells: int
    """The number of published cells that raise it."""


@dataclass(frozen=True, kw_only=True)
class TriageAnswer:
    """The answer to one report. Every claim refers to cells."""

    name: str
    verdict: str
    observed: str
    reproduced: Reproduction
    responsible: str | None
    stepped: str | None
    """The package whose versions the ranges have, if none is responsible."""
    ranges: tuple[Range, ...] = ()
    introduced: Change | None = None
    fixed: Change | None = None
    transitions: tuple[dict[str, Any], ...] = ()
    forced: tuple[str, ...] = ()
    """The requirements that pip refuses in the environments with the problem."""
    claims: tuple[CheckedClaim, ...] = ()
    workarounds: tuple[Workaround, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    questions: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    other_failures: tuple[str, ...] = ()
    """Failures that were seen and are not the reported one."""
    not_tested: tuple[tuple[str, str], ...] = ()
    """Environments without a result, with the reason."""
    script: str = ""
    script_name: str = ""
    """The file name of the script in `commands`."""
    companions: tuple[ScenarioFile, ...] = ()
    """The files next to the script."""
    traceback: str = ""
    install: str = ""
    """Shell line of a notebook that installs the versions with which the problem shows."""
    pairs: PairFacts | None = None
    """Of a report with two steps."""
    files: tuple[FileAnswer, ...] = ()
    """Of a report with several model files: what holds for each of them."""
    cases: tuple[CaseAnswer, ...] = ()
    """Of a report with several tests, or with parameters: what holds for each of them."""
    cases_left_out: int = 0
    """The number of further cases, which were not run."""
    shown: tuple[ShownGroup, ...] = ()
    """The groups of output by version, if the script passes everywhere, and nothing says what is right."""
    is_reported: bool = True
    """False if the ranges are about another failure than that of the report, which nothing showed."""
    nightly: tuple[NightlyResult, ...] = ()
    """The results of nightly builds. `ranges` has releases only."""
    known: KnownFailure | None = None
    """An explanation of the reported message, if no environment showed it."""


@dataclass(frozen=True, kw_only=True)
class FileAnswer:
    """Which versions read one file, and the answer about this file alone."""

    file: str
    verdict: str
    ranges: tuple[Range, ...]
    answer: TriageAnswer


@dataclass(frozen=True, kw_only=True)
class CaseAnswer:
    """Which versions pass one case: a test, or a combination of parameters."""

    case: str
    followed: bool
    """Whether the answer is about this case."""
    ranges: tuple[Range, ...]


def document(answer: TriageAnswer) -> dict[str, Any]:
    """Return the answer as plain values for JSON."""
    reproduced = answer.reproduced
    return {
        "schema": SCHEMA,
        "name": answer.name,
        "verdict": answer.verdict,
        "observed": answer.observed,
        "reproduced": {
            "environment": reproduced.environment,
            "result": reproduced.result,
            "outcome": reproduced.outcome,
            "error": reproduced.error or None,
            "reason": reproduced.reason or None,
            "cell": reproduced.cell,
        },
        "responsible": answer.responsible,
        "stepped": answer.stepped,
        "ranges": _ranges(answer.ranges),
        "pairs": _pairs(answer.pairs),
        "files": [
            {
                "file": each.file,
                "verdict": each.verdict,
                "ranges": _ranges(each.ranges),
                "responsible": each.answer.responsible,
                "introduced": _change(each.answer.introduced),
                "fixed": _change(each.answer.fixed),
            }
            for each in answer.files
        ],
        "cases": [
            {"case": each.case, "followed": each.followed, "ranges": _ranges(each.ranges)} for each in answer.cases
        ],
        "cases_left_out": answer.cases_left_out,
        "shown": [_shown(each) for each in answer.shown],
        "nightly": [_nightly(each) for each in answer.nightly],
        "known": asdict(answer.known) if answer.known is not None else None,
        "introduced": _change(answer.introduced),
        "fixed": _change(answer.fixed),
        "transitions": list(answer.transitions),
        "forced": list(answer.forced),
        "claims": [
            {
                "text": each.claim.text,
                "line": each.claim.place.line,
                "file": each.claim.place.file or None,
                "says": each.claim.says.value,
                "package": each.claim.package,
                "version": each.claim.version,
                "writer": each.claim.writer or None,
                "result": each.result.value,
                "note": each.note or None,
                "cells": list(each.cells),
            }
            for each in answer.claims
        ],
        "ways_out": [{"text": each.text, "cell": each.cell} for each in answer.workarounds],
        "dropped": [
            {"line": each.place.line, "file": each.place.file or None, "text": each.text, "why": each.why}
            for each in answer.dropped
        ],
        "questions": list(answer.questions),
        "commands": list(answer.commands),
        "other_failures": list(answer.other_failures),
        "not_tested": [{"environment": environment, "reason": reason} for environment, reason in answer.not_tested],
    }


def _ranges(ranges: tuple[Range, ...]) -> list[dict[str, Any]]:
    return [
        {
            "package": each.package,
            "first": each.first,
            "last": each.last,
            "shows": each.shows.value,
            "error": each.error or None,
            "reason": each.reason or None,
            "cells": list(each.cells),
        }
        for each in ranges
    ]


def _shown(group: ShownGroup) -> dict[str, Any]:
    return {
        "group": group.group,
        "kind": group.kind,
        "package": group.package,
        "versions": [{"first": first, "last": last} for first, last in group.ranges],
        "text": group.text,
        "cells": list(group.cells),
    }


def _nightly(result: NightlyResult) -> dict[str, Any]:
    shown = result.evidence
    return {
        "package": result.package,
        "version": result.version,
        "built": result.built.isoformat() if result.built is not None else None,
        "commit": result.commit,
        "environment": shown.environment,
        "shows": shown.shows.value,
        "error": shown.error or None,
        "reason": shown.reason or None,
        "cell": shown.cell,
    }


def _pairs(pairs: PairFacts | None) -> dict[str, Any] | None:
    if pairs is None:
        return None
    return {
        "writer": pairs.writer,
        "reader": pairs.reader,
        "side": pairs.side,
        "writer_ranges": _ranges(pairs.writer_ranges),
    }


def _change(change: Change | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return {"package": change.package, "last": change.last, "first": change.first, "commit": change.commit}
