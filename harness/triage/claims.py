"""Compare what a report claims with what was run. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name, canonicalize_version
from packaging.version import InvalidVersion, Version

from harness.model.nightly import is_nightly as is_development_build
from harness.reports.mentions import is_commit
from harness.reports.report import Claim, Says
from harness.triage.evidence import Evidence, Shows
from harness.triage.reporters_python import python_of

_NOT_RUN = "no environment with this version was run"


class Checked(str, Enum):
    """The result of checking a claim."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    NOT_TESTED = "not tested"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, kw_only=True)
class CheckedClaim:
    """A claim with the cells that confirm or contradict it."""

    claim: Claim
    result: Checked
    cells: tuple[str, ...] = ()
    note: str = ""
    installed: bool = False
    """True if an environment has this version, whether the script could run there or not."""


def check(
    claims: Iterable[Claim],
    evidence: Sequence[Evidence],
    *,
    provides: Mapping[str, str],
    own: Collection[str] = (),
    refused: Callable[[str], Sequence[str]] = lambda environment: (),
) -> tuple[CheckedClaim, ...]:
    """Check each claim against the evidence from environments with that version.

    `provides` maps a package that is installed to the name that reports use, such as tensorflow-cpu to tensorflow. A
    version of two numbers stands for all releases of that minor version. Another failure than the reported one
    confirms neither "works" nor "fails". What a report says twice is checked once, at its first line. Where one of the
    reporter's own environments, `own`, has the version, the others do not count. `refused` returns why pip refuses the
    packages of an environment: another failure there contradicts nothing.
    """
    unique: dict[tuple[str, ...], Claim] = {}
    for claim in claims:
        key = (canonicalize_name(claim.package), canonicalize_version(claim.version, strip_trailing_zero=False),
               claim.writer, claim.says.value)  # fmt: skip
        unique.setdefault(key, claim)
    return tuple(_check(claim, evidence, provides, own, refused) for claim in unique.values())


def without_verdict(checked: CheckedClaim, why: str) -> CheckedClaim:
    """Return a claim that counts as not tested, though cells with its version ran: nothing says what is right."""
    return checked if checked.result is Checked.NOT_TESTED else replace(checked, result=Checked.NOT_TESTED, note=why)


def questions_about(checked: Iterable[CheckedClaim]) -> tuple[str, ...]:
    """Return the questions about failing versions that do not install and could not be tested.

    A nightly build or a commit is not asked about if the report names a release that fails, too.
    """
    checked = tuple(checked)
    fails = [each for each in checked if each.claim.says is Says.FAILS]
    released = any((each.cells or each.installed) and _is_released(each.claim) for each in fails)
    return tuple(
        f"Does it also fail with {'another' if _is_released(each.claim) else 'a released'} version? "
        f"{each.claim.subject} was not tested: {each.note.rstrip('.')}."
        for each in checked
        if each.result is Checked.NOT_TESTED and each.claim.says is Says.FAILS and not each.cells and not each.installed
        and not each.claim.commented and not (released and not _is_released(each.claim))
    )  # fmt: skip


def _is_released(claim: Claim) -> bool:
    return not is_nightly(claim) and not is_commit(claim.version)


def _check(
    claim: Claim,
    evidence: Sequence[Evidence],
    provides: Mapping[str, str],
    own: Collection[str],
    refused: Callable[[str], Sequence[str]],
) -> CheckedClaim:
    fitting = [each for each in evidence if not each.variables and _has(each, claim, provides)]
    conclusive = [each for each in fitting if each.shows.conclusive]
    conclusive = [each for each in conclusive if each.environment in own] or conclusive
    if not conclusive:
        return CheckedClaim(
            claim=claim,
            result=Checked.NOT_TESTED,
            note=_why_not(claim, fitting, evidence),
            installed=any(each.started or each.shows is Shows.NOT_APPLICABLE for each in fitting),
        )
    wanted = Shows.PASSES if claim.says is Says.WORKS else Shows.BUG
    against = Shows.BUG if claim.says is Says.WORKS else Shows.PASSES
    agreeing = [each.cell for each in conclusive if each.shows is wanted]
    opposing = [each.cell for each in conclusive if each.shows is against]
    if agreeing and opposing:
        cells = (*agreeing, *opposing)
        note = _other_releases(claim, conclusive, wanted, against, provides)
        if not note and claim.says is Says.FAILS and own:
            passing = next(each.environment for each in conclusive if each.shows is against)
            shown = next(each.environment for each in conclusive if each.shows is wanted)
            note = f"it depends on {'Python' if python_of(shown) else 'other packages'}: {passing} passes"
        if note:
            return CheckedClaim(claim=claim, result=Checked.CONFIRMED, cells=cells, note=note)
        note = "environments with this version differ: the other packages decide"
        return CheckedClaim(claim=claim, result=Checked.NOT_TESTED, cells=cells, note=note)
    if agreeing:
        return CheckedClaim(claim=claim, result=Checked.CONFIRMED, cells=tuple(agreeing))
    if opposing:
        return CheckedClaim(claim=claim, result=Checked.CONTRADICTED, cells=tuple(opposing))
    return _with_another_failure(claim, conclusive, refused)


def _with_another_failure(
    claim: Claim, failing: Sequence[Evidence], refused: Callable[[str], Sequence[str]]
) -> CheckedClaim:
    """Return a claim about a version that shows another failure than the reported one wherever it was run."""
    reasons = [refused(each.environment) for each in failing]
    contradicted = claim.says is Says.WORKS and not all(reasons)
    note = "it fails there, with another error"
    if claim.says is Says.WORKS and not contradicted:
        note = f"{note}; but pip refuses these packages together: {reasons[0][0]}"
    return CheckedClaim(
        claim=claim,
        result=Checked.CONTRADICTED if contradicted else Checked.NOT_TESTED,
        cells=tuple(each.cell for each in failing),
        note=note,
    )


def _other_releases(
    claim: Claim, conclusive: Sequence[Evidence], wanted: Shows, against: Shows, provides: Mapping[str, str]
) -> str:
    """Return which releases of a claimed `2.15` differ from the claim, if each release shows one thing only."""
    names = _names_of(claim, provides)
    shown: dict[str, set[Shows]] = {}
    for each in conclusive:
        for name in names & each.versions.keys():
            shown.setdefault(each.versions[name], set()).add(each.shows)
    others = [version for version, results in shown.items() if against in results]
    if not others or any({wanted, against} <= results for results in shown.values()):
        return ""
    one, several = ("passes", "pass") if against is Shows.PASSES else ("fails", "fail")
    return f"not with all of its releases: {_listed(others, among=shown)} {one if len(others) == 1 else several}"


def _listed(versions: Collection[str], *, among: Iterable[str]) -> str:
    """Return versions as text. Neighbours among all that were run are a range: `3.0.0 to 3.4.1 and 3.6.0`."""
    parts: list[str] = []
    for chosen, neighbours in itertools.groupby(sorted(among, key=Version), key=lambda each: each in versions):
        run = list(neighbours)
        if chosen:
            parts += [f"{run[0]} to {run[-1]}"] if len(run) > 3 else run
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]


def _why_not(claim: Claim, fitting: Sequence[Evidence], evidence: Sequence[Evidence]) -> str:
    """Return why nothing conclusive was run with a claimed version."""
    reasons = [each.reason for each in fitting]
    if is_nightly(claim) and not any(reasons):
        return "a nightly build changes every day, and that of the report cannot be installed again"
    # An environment that could not be made has no versions; its id names the one that was wanted.
    if is_commit(claim.version):
        return "a commit, not a release: `harness pinpoint --repository DIR --commits GOOD..BAD` searches commits"
    wanted = f"{canonicalize_name(claim.package)}=={claim.version}"
    reasons += [each.reason for each in evidence if wanted in each.environment.split()]
    return next((each for each in reasons if each), _NOT_RUN if evidence else "nothing was run")


def is_nightly(claim: Claim) -> bool:
    """Return whether a claim is about a nightly build."""
    return "nightly" in claim.package or "nightly" in claim.version.lower() or is_development_build(claim.version)


def _has(evidence: Evidence, claim: Claim, provides: Mapping[str, str]) -> bool:
    """Return whether a cell has the claimed version; of two steps, whether writer and reader have theirs."""
    names = _names_of(claim, provides)
    if evidence.writer and claim.writer and not _installed(evidence.written_with, names, claim.writer):
        return False
    return _installed(evidence.versions, names, claim.version)


def _names_of(claim: Claim, provides: Mapping[str, str]) -> set[NormalizedName]:
    """Return the claimed package, and those that are installed in its place."""
    claimed = canonicalize_name(claim.package)
    return {claimed, *(canonicalize_name(giver) for giver, given in provides.items() if given == claimed)}


def _installed(versions: Mapping[NormalizedName, str], names: set[NormalizedName], claimed: str) -> bool:
    return any(name in versions and covers(claimed, versions[name]) for name in names)


def covers(claimed: str, installed: str) -> bool:
    """Return whether an installed version is meant by a claimed one: `2.15` covers 2.15.1, `2.15.0` does not."""
    try:
        wanted, found = Version(claimed), Version(installed)
    except InvalidVersion:
        try:
            return SpecifierSet(claimed).contains(installed, prereleases=True)
        except InvalidSpecifier:
            return False
    if len(wanted.release) <= 2 and wanted.pre is None and wanted.dev is None:
        return found.release[: len(wanted.release)] == wanted.release
    return wanted == found
