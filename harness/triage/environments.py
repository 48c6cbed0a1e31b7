"""Choose the environments that answer a report: the reporter's, those of its claims, those between two that differ."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from harness.model import Environment
from harness.model.nightly import is_nightly
from harness.project.matrix import Family, Matrix
from harness.project.selection import CHANGE_SEPARATOR
from harness.reports.report import Claim, Report, Says
from harness.triage.claims import covers
from harness.triage.environments_by_date import imported_family, newest_member
from harness.triage.evidence import Evidence, Shows

_JAX, _JAXLIB = canonicalize_name("jax"), canonicalize_name("jaxlib")
_MINOR = re.compile(r"\d+\.\d+")
MOST_CLAIMED = 6
"""Environments that are run because the report names their versions."""


def installed_name(package: str, matrix: Matrix) -> NormalizedName:
    """Return the package that this project installs where a report says `tensorflow`.

    If several packages provide it, the one of the first family counts: releases come before nightly builds.
    """
    name = canonicalize_name(package)
    names = {name, *(canonicalize_name(giver) for giver, given in matrix.provides if canonicalize_name(given) == name)}
    families = (canonicalize_name(family.package) for family in matrix.families)
    provided = (canonicalize_name(giver) for giver, _ in matrix.provides)
    return next((each for each in (*families, *provided) if each in names), name)


def people_name(package: NormalizedName, matrix: Matrix) -> str:
    """Return the usual name of a package: tensorflow for tensorflow-cpu."""
    names = {canonicalize_name(giver): given for giver, given in matrix.provides}
    return names.get(package, str(package))


def failing_versions(claims: Iterable[Claim], matrix: Matrix) -> dict[NormalizedName, str]:
    """Return the version of each installed package with which the reporter sees the failure, exact ones first."""
    claims = tuple(claims)
    failing = [claim for claim in claims if claim.says is Says.FAILS]
    # Of one version, a report may say both: of different files, for example.
    works = {(each.package, each.version) for each in claims if each.says is Says.WORKS}
    versions: dict[NormalizedName, str] = {}
    for claim in sorted(failing, key=lambda each: ((each.package, each.version) in works, not _is_exact(each.version))):
        versions.setdefault(installed_name(claim.package, matrix), claim.version)
    return versions


def reporters_environments(
    fails: Mapping[NormalizedName, str],
    environments: Sequence[Environment],
    matrix: Matrix,
    *,
    date: dt.date | None = None,
) -> tuple[str, ...]:
    """Return the environments closest to the reporter's, as ids or inline environments; none without a version.

    The family of the first package that has one is the base, as it was on its day; in the second environment the other
    packages of the report replace those of the base. A version that a report names may be wrong: both are tried.
    `date` is that of the report: of a major version alone, the newest release on this day is taken.
    """
    for family in matrix.families:
        package = canonicalize_name(family.package)
        if package not in fails or family.variables != _common(matrix):
            continue
        base = _of_version(family, fails[package], environments, date)
        if base is None:
            continue
        id, known = base
        others = _releases({name: version for name, version in fails.items() if name != package})
        if known is not None:
            others = {name: version for name, version in others.items() if not _installed(known, name, version)}
        return (id, _with_versions(id, others)) if others else (id,)
    return ()


def environments_of_report(
    report: Report, environments: Sequence[Environment], matrix: Matrix
) -> tuple[tuple[str, ...], bool]:
    """Return the environments closest to the reporter's, and whether they are only those of the day of the report."""
    fails = failing_versions(report.own_claims, matrix)
    named = reporters_environments(fails, environments, matrix, date=report.date)
    if named or report.date is None:
        return named, False
    code = [each.text or "" for each in report.scripts]
    return _environments_of_day(fails, environments, matrix, date=report.date, code=code), True


def _environments_of_day(
    fails: Mapping[NormalizedName, str],
    environments: Sequence[Environment],
    matrix: Matrix,
    *,
    date: dt.date,
    code: Iterable[str],
) -> tuple[str, ...]:
    """Return the environments of a reporter who names no version: the newest on the day, in the family of the code.

    If the report names exact versions of other packages, a second environment has them.
    """
    families = [each for each in matrix.families if each.variables == _common(matrix)]
    names = [people_name(canonicalize_name(each.package), matrix) for each in families]
    family = imported_family(code, families, names)
    found = newest_member(family, environments, date) if family is not None else None
    if family is None or found is None:
        return ()
    own = canonicalize_name(family.package)
    others = _releases({name: version for name, version in fails.items() if name != own})
    return (found.id, _with_versions(found.id, others)) if others else (found.id,)


def with_one_version_each(own: Sequence[str]) -> tuple[str, ...]:
    """Return the environments with one version each, if the environment with all versions of a report cannot be built.

    `own` is the result of `reporters_environments`.
    """
    if len(own) < 2:
        return ()
    base, changes = own[0], own[1].removeprefix(own[0] + CHANGE_SEPARATOR).split()
    return tuple(f"{base}{CHANGE_SEPARATOR}{change}" for change in changes) if len(changes) > 1 else ()


def _with_versions(base: str, versions: Mapping[NormalizedName, str]) -> str:
    wanted = dict(versions)
    if jax := wanted.get(_JAX):
        wanted.setdefault(_JAXLIB, jax)  # older releases of jax do not require it
    return f"{base}{CHANGE_SEPARATOR}{' '.join(f'{name}=={version}' for name, version in wanted.items())}"


def _common(matrix: Matrix) -> tuple[tuple[str, str], ...]:
    return matrix.variables


def _installed(environment: Environment, name: NormalizedName, version: str) -> bool:
    installed = environment.lock.versions.get(name)
    return installed is not None and covers(version, installed)


def _is_exact(version: str) -> bool:
    try:
        parsed = Version(version)
        return len(parsed.release) >= 3
    except InvalidVersion:
        return False


def _releases(versions: Mapping[NormalizedName, str]) -> dict[NormalizedName, str]:
    """Return exact versions, of `2.7` the first release; others, such as a major version, name none."""
    first = {name: f"{version}.0" if _MINOR.fullmatch(version) else version for name, version in versions.items()}
    return {name: version for name, version in first.items() if _is_exact(version)}


def _of_version(
    family: Family, version: str, environments: Sequence[Environment], date: dt.date | None = None
) -> tuple[str, Environment | None] | None:
    """Return the id of a family's environment of a version: one of the matrix, or one that is made for it."""
    members = [each for each in environments if each.family == family.name]
    if version.isdigit() or version.startswith("<"):
        fitting = [each for each in members if covers(version, each.lock.origin.version or "")]
        newest = newest_member(family, fitting, date, at_least_one=True)
        return (newest.id, newest) if newest is not None else None
    for each in members:
        if each.lock.origin.version is not None and covers(version, each.lock.origin.version):
            return each.id, each
    if not _is_exact(version) or family.python_for(Version(version)) is None:
        return None
    return f"{family.name}{CHANGE_SEPARATOR}{canonicalize_name(family.package)}=={version}", None


def claimed_environments(
    claims: Iterable[Claim], environments: Sequence[Environment], matrix: Matrix, *, base: str | None = None
) -> tuple[tuple[Claim, str], ...]:
    """Return an environment for each claim about a version, at most MOST_CLAIMED: failing ones first, comments last.

    A version of a package that no family is about is installed in `base`, the reporter's environment, if the report
    has both working and failing versions of it: only the two together show whether it decides.
    """
    claims = tuple(claims)
    compared = _compared_packages(claims, matrix) if base is not None else frozenset[NormalizedName]()
    chosen: list[tuple[Claim, str]] = []
    for claim in sorted(claims, key=lambda each: (each.commented, each.says is not Says.FAILS)):
        package = installed_name(claim.package, matrix)
        if base is None or package not in compared:
            id = _environment_of(package, claim.version, environments, matrix)
        else:
            needless = not _is_exact(claim.version) and _has_exact(claims, claim)
            id = None if needless else _with_versions(base, {package: claim.version})
        if id is not None:
            chosen.append((claim, id))
    kept = tuple(dict.fromkeys(id for _, id in chosen))[:MOST_CLAIMED]
    return tuple((claim, id) for claim, id in chosen if id in kept)


def _environment_of(
    package: NormalizedName, version: str, environments: Sequence[Environment], matrix: Matrix
) -> str | None:
    """Return the environment of a family of the package, or the first one that has this version of it."""
    for family in matrix.families:
        if canonicalize_name(family.package) == package and family.variables == _common(matrix):
            found = _of_version(family, version, environments)
            if found is not None:
                return found[0]
    return next(iter(_with_version(package, version, environments, matrix)), None)


def _compared_packages(claims: Sequence[Claim], matrix: Matrix) -> frozenset[NormalizedName]:
    """Return the packages without a family of which the report has both a working and a failing version."""
    families = {canonicalize_name(family.package) for family in matrix.families}
    said: dict[NormalizedName, set[Says]] = {}
    for claim in claims:
        if _is_version(claim.version):
            said.setdefault(installed_name(claim.package, matrix), set()).add(claim.says)
    return frozenset(name for name, says in said.items() if len(says) > 1 and name not in families)


def _has_exact(claims: Sequence[Claim], claim: Claim) -> bool:
    """Return whether another claim says the same of an exact version that this one covers."""
    return any(
        each.package == claim.package
        and each.says is claim.says
        and _is_exact(each.version)
        and covers(claim.version, each.version)
        for each in claims
    )


def _is_version(version: str) -> bool:
    try:
        Version(version)
    except InvalidVersion:
        return False
    return True


def _with_version(
    package: NormalizedName, version: str, environments: Sequence[Environment], matrix: Matrix
) -> list[str]:
    return [
        each.id for each in environments if each.variables == _common(matrix) and _installed(each, package, version)
    ]


def _in_order(family: str, environments: Sequence[Environment], run: Iterable[str]) -> list[str]:
    """Return the ids of a family's environments, and of further releases that were run: `tf + tensorflow==2.3.0`.

    A report may name a release that the family does not have.
    """
    members = [each for each in environments if each.family == family]
    ids = [each.id for each in members]
    found = (re.fullmatch(rf"{re.escape(family + CHANGE_SEPARATOR)}[\w.-]+==(?P<version>[\w.]+)", id) for id in run)
    further = [(Version(each["version"]), each.group()) for each in found if each is not None]
    for version, id in sorted(further, reverse=True):
        versions = (each.lock.origin.version for each in members)
        ids.insert(sum(each is not None and Version(each) <= version for each in versions), id)
    return ids


def middle(
    evidence: Sequence[Evidence], environments: Sequence[Environment], families: Iterable[str]
) -> tuple[str, ...]:
    """Return the middle environment of each two neighbours of a family with different results; both of two.

    Half of the time the other one of two is needed, too, alone in a round, in which one core has nothing to do.
    """
    shown = {each.environment: each.shows for each in evidence}
    wanted: list[str] = []
    for family in families:
        members = _in_order(family, environments, shown)
        known = [place for place, id in enumerate(members) if shown.get(id, Shows.NOT_TESTED).conclusive]
        for before, after in itertools.pairwise(known):
            untested = [id for id in members[before + 1 : after] if id not in shown]
            if untested and shown[members[before]] is not shown[members[after]]:
                wanted += untested if len(untested) == 2 else [untested[len(untested) // 2]]
    return tuple(dict.fromkeys(wanted))


def nightly_beside(chosen: Sequence[Environment], environments: Sequence[Environment]) -> tuple[Environment, ...]:
    """Return the nightly builds that are not among the chosen environments: every answer says what they show."""
    ids = {each.id for each in chosen}
    return tuple(each for each in environments if each.id not in ids and is_nightly(each.lock.origin.version or ""))


def ends_of_bases(
    matrix: Matrix, environments: Sequence[Environment], package: NormalizedName | None = None
) -> dict[str, tuple[str, str]]:
    """Return the first and the last environment of each family with a fixed base, or of those of one package.

    A family with variables of its own, such as another backend, is left out: nobody asked for it.
    """
    ends = {}
    for family in matrix.families:
        members = [each.id for each in environments if each.family == family.name]
        wanted = package is None or canonicalize_name(family.package) == package
        if family.base is not None and family.variables == _common(matrix) and members and wanted:
            ends[family.name] = (members[0], members[-1])
    return ends
