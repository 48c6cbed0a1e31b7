"""Decide the responsible package, the workarounds, and where a failure was introduced and fixed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from harness.model import Environment
from harness.model.watch import WORDS, WatchKind
from harness.pinpoint.environments.derived import changes_of
from harness.project.matrix import Matrix
from harness.triage.answer import Change, HeldPackage, Workaround
from harness.triage.evidence import Evidence, Failure, Shows
from harness.triage.local_paths import without_local_paths
from harness.triage.observed_runs import differing_line
from harness.triage.ranges import Border, Range, borders_of
from harness.triage.releases import without_package

MOST_WAYS_OUT = 4
_LONGEST_FAILURE = 300
"""Characters of another failure, so that its environments follow on the line."""
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


def responsible_package(evidence: Sequence[Evidence], matrix: Matrix) -> NormalizedName | None:
    """Return the responsible package, if the environments of the matrix show it.

    In a family with a fixed base, nothing but the family's package differs: a pass and the bug in it name that package.
    """
    for family in matrix.families:
        if family.base is None:
            continue
        shown = {each.shows for each in evidence if each.family == family.name}
        if {Shows.PASSES, Shows.BUG} <= shown:
            return canonicalize_name(family.package)
    return _replaced_package(evidence, matrix)


def _replaced_package(evidence: Sequence[Evidence], matrix: Matrix) -> NormalizedName | None:
    """Return the package that a family replaces, if it decides: with it and without it, the same version differs.

    Either the bug is gone with the replacement, or it shows with the replacement only.
    """
    for family in matrix.families:
        if family.replaces is None:
            continue
        package, replaced = canonicalize_name(family.package), canonicalize_name(family.replaces)
        plain = _shown_by_version(
            (each for each in evidence if not each.variables and replaced in each.versions), package
        )
        other = _shown_by_version((each for each in evidence if each.family == family.name), package)
        pairs = {(plain[version], other[version]) for version in plain.keys() & other.keys()}
        if pairs in ({(Shows.BUG, Shows.PASSES)}, {(Shows.PASSES, Shows.BUG)}):
            return replaced
    return None


def _shown_by_version(evidence: Iterable[Evidence], package: NormalizedName) -> dict[str, Shows]:
    """Return the result of each version of a package, for versions with one result only."""
    shown: dict[str, set[Shows]] = {}
    for each in evidence:
        if each.shows.conclusive and package in each.versions:
            shown.setdefault(each.versions[package], set()).add(each.shows)
    return {version: found.pop() for version, found in shown.items() if len(found) == 1}


def only_replaced_package(evidence: Sequence[Evidence], matrix: Matrix) -> NormalizedName | None:
    """Return the responsible package, if the bug occurs only where one package of an environment was replaced.

    The same environment with other versions of the package does not show it. The package of a family without a fixed
    base is not one: with its version, the whole environment differs.
    """
    moving = {canonicalize_name(each.package) for each in matrix.families if each.base is None}
    conclusive = [each for each in evidence if each.shows.conclusive]
    decisive: set[NormalizedName] | None = None
    for bug in (each for each in conclusive if each.shows is Shows.BUG):
        replaced, _ = changes_of(bug.environment)
        packages = {
            package
            for package in replaced
            if package not in moving
            and any(
                other.shows is not Shows.BUG
                and without_package(other.environment, package) == without_package(bug.environment, package)
                for other in conclusive
            )
        }
        decisive = packages if decisive is None else decisive & packages
    return decisive.pop() if decisive is not None and len(decisive) == 1 else None


def decides_in_one_base(evidence: Iterable[Evidence], package: NormalizedName) -> bool:
    """Return whether a package has the bug in one environment only, in which it was replaced, and passes in others.

    Then other environments say nothing of its versions: Keras 2.7 fails in TensorFlow 2.6 and passes in 2.7.
    """
    plain = [each for each in evidence if package in each.versions and not each.variables]
    bugs = [each for each in plain if each.shows is Shows.BUG]
    bases = {without_package(each.environment, package) for each in bugs}
    if len(bases) != 1 or any(package not in changes_of(each.environment)[0] for each in bugs):
        return False
    versions = {each.versions[package] for each in bugs}
    return any(
        each.shows is Shows.PASSES
        and each.versions[package] in versions
        and without_package(each.environment, package) not in bases
        for each in plain
    )


def nearest_pair(evidence: Sequence[Evidence], environments: Mapping[str, Environment]) -> tuple[str, str] | None:
    """Return a passing and a failing environment that differ in as few packages as possible, and in no variable."""
    plain = [each for each in evidence if each.environment in environments and not each.variables]
    good = [each for each in plain if each.shows is Shows.PASSES]
    bad = [each for each in plain if each.shows is Shows.BUG]
    pairs = [(_distance(environments[a.environment], environments[b.environment]), a, b) for a in good for b in bad]
    if not pairs:
        return None
    _, passing, failing = min(pairs, key=lambda pair: (pair[0], pair[1].environment, pair[2].environment))
    return passing.environment, failing.environment


def _distance(one: Environment, other: Environment) -> int:
    """Return in how many packages, variables and Pythons two environments differ."""
    names = {*one.lock.versions, *other.lock.versions}
    packages = sum(one.lock.versions.get(name) != other.lock.versions.get(name) for name in names)
    return packages + 50 * (one.python != other.python)


def place_to_search(
    evidence: Sequence[Evidence], package: NormalizedName, matrix: Matrix, nearest: str | None
) -> str | None:
    """Return the failing environment in which the releases of a package are searched; None if none has the package.

    It is one of a family with a fixed base in which something passes, otherwise the one that is `nearest` to a pass:
    in a base where everything fails, no release may pass.
    """
    bases = {each.name for each in matrix.families if each.base is not None}
    bases &= {each.family for each in evidence if each.shows is Shows.PASSES}
    failing = [each for each in evidence if each.shows is Shows.BUG and package in each.versions]
    failing.sort(key=lambda each: (each.family not in bases, each.environment != nearest))
    return failing[0].environment if failing else None


def differing_packages(one: Environment, other: Environment) -> tuple[NormalizedName, ...]:
    """Return the packages in which two environments differ."""
    before, after = one.lock.versions, other.lock.versions
    return tuple(sorted(name for name in {*before, *after} if before.get(name) != after.get(name)))


def points_of(
    document: Mapping[str, Any], failure: Failure | None, package: NormalizedName, *, expected: str | None = None
) -> tuple[Evidence, ...]:
    """Return the releases that a search ran as evidence. The keys are those of `pinpoint --json`.

    Without a failure the problem is something that is shown, and `expected` is the text that is right.
    """
    return tuple(_point(each, failure, package, expected) for each in document["tested"])


def _point(
    point: Mapping[str, Any], failure: Failure | None, package: NormalizedName, expected: str | None
) -> Evidence:
    state, error = point["state"], point.get("error") or ""
    shows = Shows.NOT_TESTED
    if state == "good":
        shows = Shows.PASSES
    elif failure is None and point.get("observation"):
        line = differing_line(point["observation"]["text"], expected)
        shows = Shows.BUG if state == "bad" else Shows.OTHER if state == "other" else Shows.NOT_TESTED
        words = WORDS[WatchKind(point["observation"]["kind"])]
        timed = point["observation"]["kind"] == WatchKind.TIME.value
        error = line if shows is Shows.BUG and not timed else words.message(line)
    elif failure is None and state in ("bad", "other"):
        shows = Shows.OTHER
    elif failure is not None and state in ("bad", "other"):
        shows = Shows.BUG if failure.matches(error) else Shows.OTHER
    elif point.get("outcome") == "not applicable":
        shows = Shows.NOT_APPLICABLE
    return Evidence(
        cell=point["cell"] or f"{package} {point['version']}",
        environment=point["environment"] or "",
        family="",
        versions={package: point["version"]},
        shows=shows,
        error=without_local_paths(error) if shows in (Shows.BUG, Shows.OTHER) else "",
        # The outcome is the first word of some reasons, and is shown already.
        reason=without_local_paths(point.get("reason") or "").removeprefix(f"{Shows.NOT_APPLICABLE.value}: "),
    )


def changes(
    ranges: Sequence[Range], transitions: Iterable[Mapping[str, Any]], reported: str | None
) -> tuple[Change | None, Change | None]:
    """Return the changes that introduced and fixed the reported failure, with the commits that a search found.

    Of several affected ranges, the one with the reported version counts, otherwise the last one.
    """
    affected = [place for place, each in enumerate(ranges) if each.shows is Shows.BUG]
    if not affected:
        return None, None
    place = next((each for each in affected if reported and _within(ranges[each], reported)), affected[-1])
    commits = {(each["last"], each["first"]): each.get("commit") for each in transitions}
    borders = {(border.last, border.first): border for border in borders_of(ranges)}
    introduced = next(
        (each for each in borders.values() if each.introduced and each.first == ranges[place].first), None
    )
    fixed = next((each for each in borders.values() if not each.introduced and each.last == ranges[place].last), None)
    return _change(introduced, commits), _change(fixed, commits)


def _within(range: Range, version: str) -> bool:
    try:
        return Version(range.first) <= Version(version) <= Version(range.last)
    except InvalidVersion:
        return False


def _change(border: Border | None, commits: Mapping[tuple[str, str], Any]) -> Change | None:
    if border is None:
        return None
    commit = commits.get((border.last, border.first))
    return Change(package=border.package, last=border.last, first=border.first, commit=commit)


def workarounds(
    evidence: Sequence[Evidence], ranges: Sequence[Range], *, held: HeldPackage | None = None
) -> tuple[Workaround, ...]:
    """Return the workarounds: later versions, other variables, earlier versions, with a cell that passes.

    If the versions were compared with one version of another package, a later version of that package counts, too.
    Without a cell that shows the problem there is nothing to avoid.
    """
    if all(each.shows is not Shows.BUG for each in evidence):
        return ()
    found: list[Workaround] = []
    affected = [each for each in ranges if each.shows is Shows.BUG]
    passing = [each for each in ranges if each.shows is Shows.PASSES]
    if affected:
        last = Version(affected[-1].last)
        later = [each for each in passing if Version(each.first) > last]
        earlier = [each for each in passing if Version(each.last) < last]
        found += [Workaround(text=f"{each.package} {each.text}", cell=each.cells[0]) for each in later[:1]]
        found += [
            Workaround(text=f"{each.package} {each.last}", cell=each.cells[-1]) for each in reversed(earlier[-1:])
        ]
    if affected and held is not None:
        found += _with_later_version(evidence, affected[0], held)
    by_variables: dict[tuple[tuple[str, str], ...], list[Evidence]] = {}
    for each in evidence:
        if each.variables:
            by_variables.setdefault(each.variables, []).append(each)
    for variables, group in by_variables.items():
        if all(each.shows is Shows.PASSES for each in group if each.shows.conclusive):
            passed = [each for each in group if each.shows is Shows.PASSES and _avoids(each, evidence)]
            text = " ".join(f"{name}={value}" for name, value in variables)
            found += [Workaround(text=f"set {text}", cell=passed[-1].cell)] if passed else []
    return tuple(found[:MOST_WAYS_OUT])


def _avoids(cell: Evidence, evidence: Sequence[Evidence]) -> bool:
    """Return whether a cell with variables passes where the environment that is most like it shows the problem."""
    plain = [each for each in evidence if not each.variables and each.shows.conclusive]
    alike = [(len(set(each.versions.items()) & set(cell.versions.items())), each) for each in plain]
    most = max((count for count, _ in alike), default=0)
    return not alike or any(each.shows is Shows.BUG for count, each in alike if count == most)


def _with_later_version(evidence: Sequence[Evidence], affected: Range, held: HeldPackage) -> list[Workaround]:
    """Return the first later version of another package that passes with an affected version, or a later one."""
    fitting = []
    for each in evidence:
        found, other = each.versions.get(affected.package), each.versions.get(held.package)
        if each.shows is not Shows.PASSES or each.variables or found is None or other is None:
            continue
        if Version(found) >= Version(affected.first) and Version(other) > Version(held.version):
            fitting.append((Version(other), f"{held.name} {other} with {affected.package} {found}", each.cell))
    return [Workaround(text=text, cell=cell) for _, text, cell in sorted(fitting)[:1]]


def failure_line(error: str) -> str:
    """Return the first line of a failure, shortened and without addresses: these differ in each attempt."""
    line = _ADDRESS.sub("0x...", next(iter(error.splitlines()), ""))
    return line if len(line) <= _LONGEST_FAILURE else f"{line[:_LONGEST_FAILURE].rstrip()}..."


def other_failures(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """Return the observed failures other than the reported one, with the first cell of each."""
    seen: dict[str, list[str]] = {}
    for each in evidence:
        if each.shows is Shows.OTHER:
            seen.setdefault(failure_line(each.error), []).append(each.environment)
    return tuple(
        f"{line} (in {', '.join(places[:3])}{', ...' if len(places) > 3 else ''})" for line, places in seen.items()
    )
