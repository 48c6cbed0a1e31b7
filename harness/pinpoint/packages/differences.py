"""The differences of two environments, and mixed environments: the good one with some values of the bad one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from harness.errors import UsageError
from harness.locking.resolution import resolve
from harness.model import Environment, Lock, LockOrigin
from harness.pinpoint.environments.derived import find_or_resolve
from harness.project.inline_environment import FAMILY
from harness.project.project import environment_of
from harness.session import Session

PYTHON = "python"
_NEVER = "sys_platform == 'never'"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A package, a Python or an environment variable that differs between two environments; None where it is absent."""

    kind: str
    name: str
    good: str | None
    bad: str | None


def differences(good: Environment, bad: Environment) -> tuple[Difference, ...]:
    """Return the differences of two environments: the Python, then variables and packages by name."""
    found: list[Difference] = []
    if good.python != bad.python:
        found.append(Difference(kind=PYTHON, name=PYTHON, good=good.python, bad=bad.python))
    for kind, one, another in (
        ("variable", dict(good.variables), dict(bad.variables)),
        ("package", dict(good.lock.versions), dict(bad.lock.versions)),
    ):
        found += [
            Difference(kind=kind, name=name, good=one.get(name), bad=another.get(name))
            for name in sorted({*one, *another})
            if one.get(name) != another.get(name)
        ]
    return tuple(found)


class MixedEnvironments:
    """Create environments that mix the packages, the Python and the variables of a good and a bad environment."""

    def __init__(self, session: Session, good: Environment, bad: Environment) -> None:
        if good.lock.origin.platform != bad.lock.origin.platform:
            raise UsageError(f"{good.id} and {bad.id} are for different platforms, and cannot be mixed")
        self._session = session
        self.good = good
        self.bad = bad
        self.differences = differences(good, bad)

    @property
    def overridden(self) -> frozenset[NormalizedName]:
        """The packages whose bounds do not count, since a lock of the two overrides them."""
        both = (*self.good.lock.origin.overrides, *self.bad.lock.origin.overrides)
        return frozenset(canonicalize_name(Requirement(text).name) for text in both)

    def name_of(self, moved: Iterable[Difference]) -> str:
        """Return the name of a mixed environment: it lists the moved differences, or the others if these are fewer."""
        names = {each.name for each in moved}
        left = [each.name for each in self.differences if each.name not in names]
        if not left:
            return self.bad.id
        if not names:
            return self.good.id
        if len(left) < len(names):
            return f"{self.bad.id} with {', '.join(left)} of {self.good.id}"
        moved_names = ", ".join(each.name for each in self.differences if each.name in names)
        return f"{self.good.id} with {moved_names} of {self.bad.id}"

    def mix(self, moved: tuple[Difference, ...], *, forced: bool = False) -> Environment:
        """Return the good environment with these values of the bad one. Raises Untestable if it cannot be installed.

        `forced` also installs combinations that pip would refuse.
        """
        if len(moved) == len(self.differences):
            return self.bad
        if not moved:
            return self.good
        id = self.name_of(moved)
        lock = self._lock(moved, id, forced=forced)
        variables = tuple(self._values("variable", dict(self.good.variables), moved).items())
        made = environment_of(lock, self._session.project.matrix, variables=variables)
        return replace(made, id=id, variables=variables, imports=self.good.imports or self.bad.imports)

    def _values(self, kind: str, good: dict[str, str], moved: tuple[Difference, ...]) -> dict[str, str]:
        values = dict(good)
        for each in moved:
            if each.kind == kind:
                values.pop(each.name, None)
                if each.bad is not None:
                    values[each.name] = each.bad
        return values

    def _lock(self, moved: tuple[Difference, ...], id: str, *, forced: bool) -> Lock:
        good, bad = self.good.lock, self.bad.lock
        python = next((each.bad for each in moved if each.kind == PYTHON), None) or self.good.python
        versions = self._values("package", {str(name): each for name, each in good.versions.items()}, moved)
        pins = tuple(f"{name}=={version}" for name, version in versions.items())
        origin = LockOrigin(
            environment=id,
            family=FAMILY,
            package=None,
            version=None,
            python=python,
            platform=good.origin.platform,
            as_of=max(good.origin.as_of, bad.origin.as_of, self._base_date()),
            requirements=pins,
            constraints=self._constraints(versions),
            overrides=tuple(dict.fromkeys([*(pins if forced else ()), *self._overrides(versions)])),
            sources=tuple(sorted({*good.origin.sources, *bad.origin.sources})),
        )
        content = [origin.requirements, origin.constraints, origin.overrides, python, origin.platform]
        lock = find_or_resolve(
            self._session,
            [*content, origin.as_of.isoformat()],
            id,
            lambda: resolve(origin, builds=self._session.builds, stop=self._session.stop),
            kind="between-",
        )
        # A release that is overlaid later needs the packages, but not these versions.
        return replace(lock, origin=replace(lock.origin, requirements=tuple(versions), constraints=()))

    def _base_date(self) -> dt.datetime:
        """Return the latest date of the bases: it may be later than the dates of the releases."""
        families = [self._session.project.matrix.family(each.family) for each in (self.good, self.bad)]
        days = [each.base.as_of for each in families if each is not None and each.base is not None]
        return max([*days, self.good.lock.origin.as_of])

    def _constraints(self, versions: dict[str, str]) -> tuple[str, ...]:
        """Pin packages that only one side has, in case another package requires them."""
        both = {**self.bad.lock.versions, **self.good.lock.versions}
        return tuple(f"{name}=={version}" for name, version in sorted(both.items()) if name not in versions)

    def _overrides(self, versions: dict[str, str]) -> tuple[str, ...]:
        """Keep the overrides of the two environments: excluded packages, and packages whose bounds are ignored."""
        found: dict[str, None] = {}
        for text in (*self.good.lock.origin.overrides, *self.bad.lock.origin.overrides):
            name = canonicalize_name(Requirement(text).name)
            if name in versions and _NEVER not in text:
                found[f"{name}=={versions[name]}"] = None
            elif name not in versions:
                found[text] = None
        return tuple(found)
