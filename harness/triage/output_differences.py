"""Differences by version in the output of a script that passes everywhere. They are no verdict. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from harness.model import Pattern
from harness.model.observation import normalise_output
from harness.model.watch import WORDS, Observed, Watch, WatchKind
from harness.project.matrix import Matrix
from harness.rendering.observed import grouped
from harness.reports.report import Report
from harness.triage.answer import ShownGroup
from harness.triage.environments import people_name
from harness.triage.local_paths import without_local_paths
from harness.triage.nightly import releases_only
from harness.triage.observed_runs import CellRun, Problem, evidence_of
from harness.triage.reproduction import reported_failure

MOST_GROUPS = 6
"""More groups are no difference between versions: random numbers differ, too."""
_WATCHES = (Watch(), Watch(kind=WatchKind.WARNING, pattern=Pattern(r"^[\w.]*Warning: ")))


@dataclass(frozen=True, kw_only=True)
class Differences:
    """The groups of a script; none if it shows the same everywhere, or too many texts."""

    groups: tuple[ShownGroup, ...] = ()
    package: NormalizedName | None = None
    """The one whose versions tell the groups apart, as it is installed."""
    expected: str = ""
    """The letter of the group that prints what the report expects; empty if none does, or several do."""
    not_compared: int = 0
    """The number of texts, if there are too many to compare."""

    @property
    def kind(self) -> str | None:
        """The kind of the difference: `output` or `warning`."""
        return self.groups[0].kind if self.groups else None

    @property
    def sentence(self) -> str:
        """The sentence about the groups after `the script passes with ...`; empty if there are none."""
        if self.not_compared:
            return f"It prints {self.not_compared} different texts, which are not compared: random numbers differ, too."
        if not self.groups:
            return ""
        words = WORDS[WatchKind(self.groups[0].kind)]
        texts = ", ".join(
            f"{each.group} ({each.short or 'nothing'}) with {each.package} {each.versions}" for each in self.groups
        )
        right = f"expects {self.expected}" if self.expected else "does not say which is right"
        return f"It {words.differs.removesuffix(' where it passes')}: {texts}. The report {right}."

    @property
    def question(self) -> str:
        """The question to the reporter."""
        if self.not_compared:
            return "Could you set the seeds of all random numbers, and print only the value that is wrong?"
        if self.expected:
            short = next(each.short for each in self.groups if each.group == self.expected)
            return f"With which versions do you see something else than what you expect ({self.expected}: {short})?"
        texts = "; ".join(f"{each.group}: {each.short or '(nothing)'}" for each in self.groups)
        return f"Which of these do you see, and which do you expect? {texts}." if self.groups else ""

    def pair(self, ran: Iterable[CellRun]) -> tuple[str, str] | None:
        """Return an environment of the first group and one of the second."""
        places = {each.cell: each.place for each in ran}
        return (places[self.groups[0].cells[0]], places[self.groups[1].cells[0]]) if self.groups else None

    def letter_of(self, cell: str) -> str | None:
        """Return the group of a cell."""
        return next((each.group for each in self.groups if cell in each.cells), None)


def differences(ran: Iterable[CellRun], packages: Sequence[tuple[NormalizedName, str]]) -> Differences:
    """Group what passing cells print, or if that is the same, their Python warnings.

    `packages` are those whose versions may tell the groups apart, with their usual names: the one of which the fewest
    versions are in two groups is taken, the first of several. Cells with variables of their own are left out: these may
    replace a package.
    """
    passing = [each for each in ran if each.passed and not each.variables]
    for watch in _WATCHES:
        forked = {each.attempt.isolation for each in passing if each.attempt is not None}
        if watch.kind is WatchKind.WARNING and len(forked) != 1:
            continue  # a fork does not show the warnings of imports
        found = grouped({each.cell: [each.shown(watch)] for each in passing}, watched=False, kind=watch.kind)
        count = len({each.group for each in found.values()})
        if count > MOST_GROUPS:
            return Differences(not_compared=count)
        if count > 1 and packages:
            return _grouped(passing, found, packages)
    return Differences()


def differences_of(
    ran: Iterable[CellRun], problem: Problem, report: Report, matrix: Matrix, *, watched: bool
) -> Differences:
    """Return the differences between releases, if nothing fails and nothing says what is right."""
    ran = list(ran)
    if watched or not is_undecided(problem, report):
        return Differences()
    released = {each.cell for each in releases_only(evidence_of(ran, problem), matrix)}
    packages = dict.fromkeys(canonicalize_name(each.package) for each in matrix.families)
    cells = [each for each in ran if each.cell in released]
    return with_expected(differences(cells, [(each, people_name(each, matrix)) for each in packages]), report)


def with_expected(found: Differences, report: Report) -> Differences:
    """Return differences with the group that prints what the report expects, if it is one group."""
    wanted = [normalise_output(each.text).strip("\n") for each in report.outputs if each.role == "expected"]
    letters = [each.group for each in found.groups if any(one and one in each.text for one in wanted)]
    known = len(letters) == 1 and found.kind == WatchKind.OUTPUT.value
    return replace(found, expected=letters[0]) if known else found


def is_undecided(problem: Problem, report: Report) -> bool:
    """Return whether nothing says what the problem is: nothing fails, and the report quotes no exception."""
    return problem.failure is None and not problem.shows and reported_failure(report) is None


def between_groups(ran: Iterable[CellRun], found: Differences) -> Problem:
    """Return a problem by which the groups differ: the first one passes, the second one shows it, others fail."""
    watch = next(each for each in _WATCHES if each.kind.value == found.kind)
    texts = {each.cell: each.shown(watch) for each in ran if each.passed}
    first, second, *_ = (texts[each.cells[0]] for each in found.groups)
    return Problem(observed=watch.kind.value, watch=watch, output=second, right=(first,))


def _grouped(
    passing: Sequence[CellRun], found: Mapping[str, Observed], packages: Sequence[tuple[NormalizedName, str]]
) -> Differences:
    letters = {
        package: {
            version: {found[each.cell].group for each in passing if each.versions.get(package) == version}
            for version in sorted({each.versions[package] for each in passing if package in each.versions}, key=Version)
        }
        for package, _ in packages
    }
    package, name = min(packages, key=lambda each: _unclear(letters[each[0]]))
    versions = letters[package]
    order = list(dict.fromkeys(group for groups in versions.values() for group in sorted(groups)))
    groups = tuple(
        ShownGroup(
            group=chr(ord("A") + place), kind=shown[0].kind, package=name, ranges=_ranges(versions, group),
            text=without_local_paths(shown[0].text), short=without_local_paths(shown[0].short),
            cells=tuple(each.cell for each in passing if found[each.cell].group == group),
        )
        for place, group in enumerate(order)
        if (shown := [each for each in found.values() if each.group == group])
    )  # fmt: skip
    return Differences(groups=groups, package=package) if len(groups) > 1 else Differences()


def _unclear(versions: Mapping[str, set[str]]) -> tuple[int, int]:
    """Return a sort key of how badly versions separate groups: by the number of groups, then of versions in several."""
    return -len(set().union(*versions.values())), sum(len(each) > 1 for each in versions.values())


def _ranges(versions: Mapping[str, set[str]], group: str) -> tuple[tuple[str, str], ...]:
    """Return the neighbouring versions of a group."""
    ranges: list[tuple[str, str]] = []
    extends = False
    for version, groups in versions.items():
        if group in groups:
            ranges = [*ranges[:-1], (ranges[-1][0], version)] if extends else [*ranges, (version, version)]
        extends = groups == {group}
    return tuple(ranges)
