"""Find the releases that the matrix does not cover yet: newer final releases, and the newest release candidate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import Version

from harness.locking.package_index import Release
from harness.project.matrix import Family

_UPPER = ("<", "<=")


@dataclass(frozen=True, kw_only=True)
class NewReleases:
    """New releases of a family that have no lock, and the changes of the family that they need."""

    family: Family
    added: tuple[Version, ...] = ()
    """Versions that get an environment."""
    superseded: tuple[Version, ...] = ()
    """Pre-releases that lose theirs, as a newer release replaces them."""
    versions: str | None = None
    """The specifier to write, if the present one ends before the new releases."""
    also: tuple[str, ...] | None = None
    """The additional versions to write, if they change."""
    notes: tuple[str, ...] = ()
    """Reasons why new releases get no environment."""

    @property
    def changes_matrix(self) -> bool:
        """Return True if matrix.toml must change."""
        return self.versions is not None or self.also is not None


def find_news(family: Family, releases: Iterable[Release], locked: Iterable[Version]) -> NewReleases:
    """Compare the releases of a family's package with those that have a lock."""
    available = {each.version: each for each in releases if not each.yanked}
    known = set(locked)
    if isinstance(family.versions, tuple):
        listed = tuple(each for each in family.choose(available) if each not in known)
        return NewReleases(family=family, added=listed, notes=_not_listed(family, available))
    specifier, notes = _extended(family, available)
    candidate = _candidate(family, available)
    if candidate is not None and _why_not(family, available[candidate]):
        notes += (_note(family, available[candidate]),)
        candidate = None
    wanted = replace(family, versions=specifier, also=())
    # The last release of a minor that another one follows stays: tiers and published results name it.
    kept = [each for each in family.also if not each.is_prerelease]
    if family.pick == "last of each minor":
        chosen = wanted.choose(available)
        kept += [each for each in sorted(known) if wanted.contains(each) and each not in (*chosen, *kept)]
    also = (*kept, *([candidate] if candidate is not None else []))
    covered = replace(wanted, also=also).choose(available)
    missing = [each for each in covered if each not in known]
    added = tuple(each for each in missing if not _why_not(family, available[each]))
    dropped = {each for each in family.also if each.is_prerelease and each not in also} & known
    if family.pick == "last of each week":  # of a week that is over, the index may have nothing any more
        dropped |= {each for each in known if each in available and each not in covered}
    if family.pick == "newest" and added:
        dropped |= {each for each in known if each not in covered}
    return NewReleases(
        family=family,
        added=added,
        superseded=tuple(sorted(dropped)),
        versions=str(specifier) if added and specifier != family.versions else None,
        also=tuple(map(str, also)) if also != family.also else None,
        notes=(*notes, *(_note(family, available[each]) for each in missing if each not in added)),
    )


def _note(family: Family, release: Release) -> str:
    return f"{family.package} {release.version}: {_why_not(family, release)}"


def _extended(family: Family, available: Iterable[Version]) -> tuple[SpecifierSet, tuple[str, ...]]:
    """Return the specifier with its upper bound raised over the newest final release, if that is what excludes it."""
    specifier = family.versions
    assert isinstance(specifier, SpecifierSet)
    final = [each for each in available if not each.is_prerelease]
    covered = [each for each in final if specifier.contains(each)]
    newest = max(final, default=None)
    if newest is None or not covered or newest <= max(covered):
        return specifier, ()
    others = [each for each in specifier if each.operator not in _UPPER]
    raised = Specifier(f"<{newest.major}.{newest.minor + 1}")
    extended = SpecifierSet(",".join(map(str, (*others, raised))))
    if not extended.contains(newest):
        return specifier, (f'{family.package} {newest}: excluded by `versions = "{specifier}"`',)
    # In the order in which a person writes them: the lower bound first.
    return _Ordered(",".join([*map(str, sorted(others, key=_place)), str(raised)])), ()


class _Ordered(SpecifierSet):
    """A specifier set that prints itself in the order in which it was written."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._text = text

    def __str__(self) -> str:
        return self._text


def _place(specifier: Specifier) -> tuple[bool, str]:
    return not specifier.operator.startswith(">"), str(specifier)


def _candidate(family: Family, available: Iterable[Version]) -> Version | None:
    """Return the newest release candidate, if there is no later final release."""
    if family.prereleases:
        return None  # they are covered as releases are
    available = list(available)
    newest = max((each for each in available if not each.is_prerelease), default=None)
    candidates = [each for each in available if each.pre and each.pre[0] == "rc" and not each.is_devrelease]
    newer = [each for each in candidates if newest is not None and each > newest]
    return max(newer, default=None)


def _why_not(family: Family, release: Release) -> str | None:
    python = family.python_for(release.version)
    if python is None:
        return f"families.{family.name}.pythons has no Python for it"
    if not release.has_wheel_for(python):
        return f"it has no wheel for Python {python}; see families.{family.name}.pythons"
    return None


def _not_listed(family: Family, available: Iterable[Version]) -> tuple[str, ...]:
    assert isinstance(family.versions, tuple)
    newest = max((each for each in available if not each.is_prerelease), default=None)
    if newest is None or newest <= max(family.versions, default=newest):
        return ()
    return (f"{family.package} {newest}: families.{family.name} lists its versions, and is not extended",)
