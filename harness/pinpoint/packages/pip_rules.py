"""Packages that pip moves together, from the requirements of the packages of two environments. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from harness.pinpoint.packages.differences import Difference


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two environments: its packages, and the requirements of each that count there."""

    versions: Mapping[NormalizedName, str]
    requires: Mapping[NormalizedName, Sequence[Requirement]]


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """A package at the version of one side needs another one at the version of the same side."""

    package: NormalizedName
    bad: bool
    needed: NormalizedName
    text: str


@dataclass(kw_only=True)
class PipRules:
    """The requirements that both environments meet, and that a mixed environment can violate.

    A requirement that an environment itself does not meet is none: the environment is there all the same.
    """

    differences: Sequence[Difference]
    good: Side
    bad: Side
    ignored: Collection[NormalizedName] = ()
    """Packages whose bounds do not count, since a lock overrides them."""
    _rules: list[_Rule] = field(init=False, default_factory=list)
    _needs: dict[NormalizedName, set[NormalizedName]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._packages = {canonicalize_name(each.name) for each in self.differences if each.kind == "package"}
        for name in self._packages:
            self._add(name, self.bad, self.good, bad=True)
            self._add(name, self.good, self.bad, bad=False)
        for rule in self._rules:
            first, then = (rule.package, rule.needed) if rule.bad else (rule.needed, rule.package)
            self._needs.setdefault(first, set()).add(then)

    def _add(self, name: NormalizedName, own: Side, other: Side, *, bad: bool) -> None:
        """Add what a package of one side does not find on the other side."""
        for requirement in own.requires.get(name, ()) if name in own.versions else ():
            needed = canonicalize_name(requirement.name)
            if needed in self.ignored or needed not in self._packages or not _meets(own, needed, requirement):
                continue
            if not _meets(other, needed, requirement):
                found = other.versions.get(needed)
                asked = f"{name} {own.versions[name]} requires {requirement.name}{requirement.specifier}"
                text = f"pip refuses it: {asked}, not {found}" if found is not None else f"pip refuses it: {asked}"
                self._rules.append(_Rule(package=name, bad=bad, needed=needed, text=text))

    def needs(self, difference: Difference) -> tuple[Difference, ...]:
        """Return a difference with all others that have to move with it, in the order of the differences."""
        if difference.kind != "package":
            return (difference,)
        found: set[NormalizedName] = set()
        pending = [canonicalize_name(difference.name)]
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                pending.extend(self._needs.get(name, ()))
        return tuple(each for each in self.differences if each.kind == "package" and each.name in found)

    def refusal(self, moved: Collection[Difference]) -> str | None:
        """Return why pip refuses the good environment with these differences, None if nothing is known against it."""
        names = {canonicalize_name(each.name) for each in moved if each.kind == "package"}
        for rule in self._rules:
            if (rule.package in names) is rule.bad and (rule.needed in names) is not rule.bad:
                return rule.text
        return None


def _meets(side: Side, needed: NormalizedName, requirement: Requirement) -> bool:
    found = side.versions.get(needed)
    return found is not None and requirement.specifier.contains(found, prereleases=True)
