"""Silent bugs of TensorFlow: read a clone of the data set, and the rule that judges what its scripts print."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from benchmark.external.judging import version_of
from harness.errors import UsageError
from harness.model.observation import normalise_output
from harness.model.watch import DIFFERS
from harness.project.header_text import with_dependencies
from harness.project.selection import CHANGE_SEPARATOR
from harness.reports import read_report
from harness.reports.report import Report
from harness.reports.vocabulary import Vocabulary, reading_with
from harness.triage.local_paths import without_local_paths

ADDRESS = "https://github.com/amin-nikanjam/SilentBugsInTensorFlowKeras"
TABLE = Path("Artifacts/data.csv")
LATER = 2
"""Minor versions after the buggy one that are run, where the data set names no fixed release."""
PRINTS_NOTHING = "it prints nothing"
_FEWEST_WORDS = 4
"""Fewer words of a warning are not looked for in an issue: they may be anywhere."""
_COLUMNS = ("Issue number", "url", "Final Scenario", "Buggy Version", "Fixed Version")
_MINOR = re.compile(r"(?<![\d.-])v?(?P<major>[12])[.,](?P<minor>\d{1,2})(?!\d)(?P<rest>[\w.-]*(?: alpha| beta)?)")
_PRE = re.compile("rc|alpha|beta|dev")
_LINK = re.compile(r"https?://\S+")

Minor = tuple[int, int]


class Verdict(str, Enum):
    """What the versions show of a silent bug."""

    CONFIRMED = "confirmed"
    """The buggy version prints something else than a fixed one, or only it shows a warning that the issue quotes."""
    CONTRADICTED = "contradicted"
    """Both print the same, or a fixed one shows this warning, too."""
    RANDOM = "random"
    """Two runs in one version print different texts."""
    NOT_AVAILABLE = "not available"
    """Both print the same, and the buggy version was a pre-release: its release may have the fix."""
    NOT_RUN = "does not run"
    NO_CODE = "no code"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, kw_only=True)
class SilentBug:
    """One bug of the data set."""

    id: str
    scenario: str
    source: str
    """The script of the issue, with the packages that it needs in its header; empty if it has none."""
    text: str = ""
    """The text of the issue."""
    buggy: Minor
    pre: bool
    """Whether the data set names only pre-releases as buggy."""
    fixed: Minor | None
    """The release that the data set names; None if it names none, or a nightly build."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A bug with its verdict, and the versions that show it."""

    id: str
    scenario: str
    verdict: Verdict
    buggy: str = ""
    fixed: str = ""
    reason: str = ""


def is_clone(root: Path) -> bool:
    """Return whether a folder looks like a clone of this data set."""
    return (root / TABLE).is_file()


def read_silent_bugs(
    root: Path, vocabulary: Vocabulary, *, oldest: Minor, packages: Callable[[Report], Sequence[str]]
) -> tuple[SilentBug, ...]:
    """Return the bugs whose buggy version is at least the oldest one. Raises UsageError for another table.

    `packages` returns the packages that the script of a report needs and that environments lack.
    """
    with (root / TABLE).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    missing = [each for each in _COLUMNS if not rows or each not in rows[0]]
    if missing:
        raise UsageError(f"{root / TABLE}: no column {', '.join(missing)}", next_step=f"Compare with {ADDRESS}")
    bugs = []
    for row in rows:
        named = [*released(row["Buggy Version"]), *minors(row["Buggy Version"])]
        if not named or named[0] < oldest:
            continue
        path = root / "Artifacts" / "Bugs_in_JSON" / f"issue_{row['Issue number']}.json"
        with reading_with(vocabulary):
            report = read_report(path) if path.is_file() else None
        bugs.append(
            SilentBug(
                id=f"tf-{row['url'].rstrip('/').rpartition('/')[2]}",
                scenario=row["Final Scenario"].strip(),
                source=_script_of(report, packages(report)) if report is not None else "",
                text=(json.loads(path.read_text(encoding="utf-8")).get("body") or "") if report is not None else "",
                buggy=named[0],
                pre=not [*released(row["Buggy Version"])],
                fixed=next((each for each in released(row["Fixed Version"]) if each > named[0]), None),
            )
        )
    return tuple(sorted(bugs, key=lambda each: each.id))


def minors(text: str) -> Iterable[Minor]:
    """Yield the minor versions in a text, in its order."""
    for each in _MINOR.finditer(_LINK.sub(" ", text)):
        yield int(each["major"]), int(each["minor"])


def released(text: str) -> Iterable[Minor]:
    """Yield the minor versions in a text that are neither pre-releases nor nightly builds."""
    for each in _MINOR.finditer(_LINK.sub(" ", text)):
        if not _PRE.search(each["rest"]):
            yield int(each["major"]), int(each["minor"])


def _script_of(report: Report, packages: Sequence[str]) -> str:
    if len(report.scripts) != 1:
        return ""
    return with_dependencies(with_values_shown(report.scripts[0].text), packages)


def with_values_shown(source: str) -> str:
    """Return a script that prints the values of its expressions, as an interactive Python does.

    The scripts of issues come from notebooks: what they are about is often the value of an expression.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return source
    expressions = [
        each for each in tree.body if isinstance(each, ast.Expr) and not isinstance(each.value, ast.Constant)
    ]
    for each in expressions:
        show = ast.parse("__import__('sys').__displayhook__", mode="eval").body
        each.value = ast.Call(func=show, args=[each.value], keywords=[])
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n" if expressions else source


def environments_of(bug: SilentBug, environments: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the environment of the buggy version, and those that may be fixed. Empty if there is none.

    The fixed ones are that of the named release, or those of the next minor versions.
    """
    by_minor = {version_of(each).release[:2]: each for each in sorted(environments, key=version_of)}
    later = [each for each in sorted(by_minor) if each > bug.buggy]
    wanted = [bug.fixed] if bug.fixed in by_minor else later[:LATER]
    return by_minor.get(bug.buggy, ""), tuple(by_minor[each] for each in wanted if each is not None)


def judge(bug: SilentBug, cells: Sequence[Mapping[str, Any]], environments: Sequence[str]) -> Judged:
    """Return the verdict of a bug. A cell is one of `harness run --watch output --json`."""
    buggy, later = environments_of(bug, environments)
    by_environment = _by_environment(cells)
    judged = partial(_judged, bug, buggy)
    if not bug.source:
        return judged(Verdict.NO_CODE)
    group, reason = _shown(by_environment.get(buggy))
    if group is None:
        return judged(Verdict.NOT_RUN, reason=reason)
    seen = [(each, *_shown(by_environment.get(each))) for each in later]
    if group == DIFFERS or (seen and all(found == DIFFERS for _, found, _ in seen)):
        return judged(Verdict.RANDOM)
    steady = [(each, found) for each, found, _ in seen if found not in (None, DIFFERS)]
    if not steady:
        return judged(Verdict.NOT_RUN, reason=next((why for _, _, why in seen if why), "no later version"))
    differs = next((each for each, found in steady if found != group), None)
    if differs is not None:
        return judged(Verdict.CONFIRMED, differs)
    return judged(_refuted(bug), steady[-1][0])


def judge_warnings(bug: SilentBug, cells: Sequence[Mapping[str, Any]], environments: Sequence[str]) -> Judged | None:
    """Return the verdict by the warnings that the issue quotes; None if the buggy version shows none of them.

    A cell is one of `harness run --watch warning --json`.
    """
    buggy, later = environments_of(bug, environments)
    by_environment = _by_environment(cells)
    shown = {each: _quoted_warnings(by_environment.get(each), bug.text) for each in (buggy, *later)}
    seen = [each for each in later if shown[each] is not None]
    if not shown[buggy] or not seen:
        return None
    without = next((each for each in seen if not shown[each]), None)
    if without is not None:
        return _judged(bug, buggy, Verdict.CONFIRMED, without)
    return _judged(bug, buggy, _refuted(bug), seen[-1])


def _by_environment(cells: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return cells by their environments, without the packages that were added."""
    return {cell["environment"].partition(CHANGE_SEPARATOR)[0]: cell for cell in cells}


def _quoted_warnings(cell: Mapping[str, Any] | None, text: str) -> list[str] | None:
    """Return the warnings of a cell whose words are in a text; None if it did not run to its end."""
    if cell is None or cell["outcome"] != "passed" or cell["observation"] is None:
        return None
    words = _words(text)
    lines = map(_words, cell["observation"]["text"].splitlines())
    return [each for each in lines if each.count(" ") >= _FEWEST_WORDS - 1 and each in words]


def _words(text: str) -> str:
    """Return a text in the form in which warnings are compared."""
    return " ".join(normalise_output(text).replace("`", "").split())


def _refuted(bug: SilentBug) -> Verdict:
    return Verdict.NOT_AVAILABLE if bug.pre else Verdict.CONTRADICTED


def _judged(bug: SilentBug, buggy: str, verdict: Verdict, fixed: str = "", reason: str = "") -> Judged:
    return Judged(
        id=bug.id,
        scenario=bug.scenario,
        verdict=verdict,
        buggy=str(version_of(buggy)) if buggy else "",
        fixed=str(version_of(fixed)) if fixed else "",
        reason=reason,
    )


def _shown(cell: Mapping[str, Any] | None) -> tuple[str | None, str]:
    """Return what a cell shows: a run to the end, or a failed assertion. None with the reason for all else."""
    if cell is None:
        return None, "no such version"
    if cell["outcome"] == "passed" and cell["observation"] is not None:
        shown = cell["observation"]
        return (shown["group"], "") if shown["text"].strip() or shown["group"] == DIFFERS else (None, PRINTS_NOTHING)
    error = cell["error"] or (cell["reason"] or "").partition(", ")[0] or cell["outcome"]
    if cell["outcome"] == "failed" and error.startswith("AssertionError"):
        return error, ""
    return None, f"{version_of(cell['environment'])}: {without_local_paths(error.splitlines()[0])}"
